"""Tables of audits and of bundles."""

from __future__ import annotations

from aebench.report.frames.conditions import Sets, flattened, options
from aebench.report.frames.frame import (
    AUTOENCODER,
    DTYPE,
    FAILURE,
    FRAMEWORK,
    SEED,
    Content,
    Frame,
    flag,
    frame,
    integer,
    number,
    of,
    text,
    without,
)

CASE = (
    text("part", "numbers, quality, speed or memory"),
    text("kind", "what the fault counts as"),
    text("fault", "that was planted"),
    FRAMEWORK,
    AUTOENCODER,
    integer("number", "of its repetitions, from 0"),
)
CASES = (*CASE, number("seconds", "how long it took", "s"), FAILURE)
OUTCOMES = (
    *CASE,
    text("row", "a rung, a metric or a measure"),
    flag("planted", "the fault touches it"),
    text("verdict", "what was said of it"),
    number("ratio", "head over base"),
    integer("blocks", "of fresh processes, or pairs of trainings, that it took"),
    number("seconds", "until it was decided", "s"),
)
CLIMB = (AUTOENCODER, SEED, DTYPE)
CLIMBS = (
    *CLIMB,
    integer("steps", "that were climbed"),
    text("dataset", "of the images"),
    text("data", "the member with images and labels"),
    text("drawn", "the member with all that was drawn"),
)
TRACES = (*CLIMB, text("subject", "who climbed"), text("member", "with its trace"))
SPECIFICATIONS = (*CLIMB, text("property", "its path in the specification"), text("value", "as text"))
MEMBERS = (
    text("member", "a file within the bundle"),
    integer("size", "unpacked", "bytes"),
    text("sha256", "of its content"),
)


def audit(content: Content) -> list[Frame]:
    """Faults that were planted, and what was said of every row."""
    outcomes = ({**of(CASE, it), **row} for it in content["cases"] for row in it["outcomes"])
    return [
        frame("cases", "Faults that were planted", CASES, (without(it, "outcomes") for it in content["cases"])),
        frame("outcomes", "What was said of every row", OUTCOMES, outcomes),
        options({"complete": content["complete"]}),
        Sets(content["conditions"]).frame(),
    ]


def bundle(content: Content) -> list[Frame]:
    """What a bundle holds."""
    climbs = [({**of(CLIMB, it), "autoencoder": it["specification"]["name"]}, it) for it in content["climbs"]]
    rows = ({**key, **without(it, "specification", "traces")} for key, it in climbs)
    traces = ({**key, "subject": who, "member": file} for key, it in climbs for who, file in it["traces"].items())
    facts = (
        {**key, "property": ".".join(path), "value": value}
        for key, it in climbs
        for path, value in flattened(it["specification"])
    )
    members = ({"member": name, **it} for name, it in content["members"].items())
    return [
        frame("climbs", "Climbs of the bundle", CLIMBS, rows),
        frame("traces", "Who climbed", TRACES, traces),
        frame("members", "Files within the bundle", MEMBERS, members),
        frame("specifications", "What was climbed", SPECIFICATIONS, facts),
        options({name: content[name] for name in ("full", "ladder")}),
        Sets(content["conditions"]).frame(),
    ]
