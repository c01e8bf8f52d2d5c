"""Tables of `aebench bench`: shares of the ceiling, blocks, and rounds of before there were blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aebench.records.fields import checked
from aebench.records.measurements import Bench, Case
from aebench.report.frames.blocks import Numbered, of_blocks
from aebench.report.frames.conditions import Sets, options
from aebench.report.frames.frame import (
    AUTOENCODER,
    BUSY,
    FAILURE,
    Content,
    Frame,
    busy,
    flag,
    frame,
    integer,
    number,
    of,
    text,
    without,
)
from aebench.speed import shares

CASE = (
    AUTOENCODER,
    text("use", "what is timed of the trained model; missing for training"),
    integer("batch", "images in a batch; missing for the source's"),
    number("width", "factor on every hidden layer"),
)
SHARES = (
    *CASE,
    text("subject", "who was timed; ceiling: the fastest libraries together"),
    text("kind", "framework, peer, ceiling, or a part of it: products, traffic"),
    integer("blocks", "that have its numbers"),
    number("seconds_per_1000_images", "geometric mean over the blocks", "s"),
    number("seconds_low", "lower end of its 95 % interval", "s"),
    number("seconds_high", "upper end", "s"),
    number("share", "of the ceiling: the ceiling's seconds over the subject's"),
    number("share_low", "lower end of its 95 % interval"),
    number("share_high", "upper end"),
    FAILURE,
)
FORMER = (
    *CASE,
    flag("narrow", "whether its layers were narrower than the source's"),
    text("subject", "who was timed"),
    text("kind", "framework, peer, ceiling, or a part of it"),
    text("libraries", "of the ceiling: the fastest for each part"),
    integer("images", "of the first rounds"),
    number("first_seconds", "of the first round", "s"),
    number("second_seconds", "of the second", "s"),
    number("compile_seconds", "of the first beyond a warm one", "s"),
    number("import_seconds", "of the framework", "s"),
    integer("peak_bytes", "most that the process has held at once, the ceiling's matrices among it", "bytes"),
    integer("peak_device_bytes", "most that its tensors have held on the GPU", "bytes"),
    text("lost", "rounds in which its process broke off, and why"),
    *BUSY,
    FAILURE,
)
FORMER_ROUNDS = (
    *CASE,
    text("subject", "who was timed"),
    text("kind", "framework, peer, ceiling, or a part of it"),
    integer("round", "its number, counted from 1"),
    number("seconds_per_1000_images", "of the round", "s"),
)


def bench(content: Content) -> list[Frame]:
    """Of timings in blocks; of rounds in one process, too, where an earlier aebench has left some."""
    former = content.get("former", {"rounds": None, "cases": ()})
    asked = {**content["options"], "blocks": content["blocks"], "rounds": former["rounds"]}
    blocks = [
        Numbered(of(CASE, case), number, block)
        for case in content["cases"]
        for number, block in enumerate(case["blocks"], 1)
    ]
    return [
        frame("shares", "Seconds, and shares of the ceiling", SHARES, _shares(checked(content, Bench).cases)),
        *of_blocks(CASE, blocks),
        *_former(former["cases"]),
        options(asked if former["rounds"] else without(asked, "rounds")),
        Sets(content["conditions"]).frame(),
    ]


def _shares(cases: list[Case]) -> Iterator[dict[str, Any]]:
    """A row for each subject of each case, the ceiling, and whatever failed in every block."""
    for case in cases:
        what = {field.name: getattr(case, field.name) for field in CASE}
        parts = [(name, part) for part, name in shares.libraries(case).items()]
        for key in (*shares.compared(case), shares.CEILING, *parts):
            if seconds := shares.seconds(case, key):
                yield {
                    **what, **_who(key), **_interval("seconds", "seconds_per_1000_images", seconds),
                    **_interval("share", "share", shares.ratio(case, shares.CEILING, key)),
                    "blocks": len(shares.of(case, key)) or None,
                }  # fmt: skip
        yield from ({**what, **_who(key), "failure": why} for key, why in shares.failures(case).items())


def _who(key: shares.Key) -> dict[str, str]:
    return {"subject": key[0], "kind": key[1]}


def _interval(name: str, middle: str, found: shares.Interval | None) -> dict[str, float]:
    return {} if found is None else {middle: found.middle, f"{name}_low": found.low, f"{name}_high": found.high}


def _former(cases: list[Content]) -> Iterator[Frame]:
    """What was timed in rounds of one process per subject, whose luck they do not show."""
    rows = [(case, subject) for case in cases for subject in (*_ceiling(case), *case["subjects"])]
    every = (
        {
            **of(CASE, case), "narrow": case["narrow"], "subject": it["name"], **busy(case.get("busy")),
            **without(it, "name", "seconds_per_1000_images", "lost"), "lost": "; ".join(it.get("lost", ())) or None,
        }
        for case, it in rows
    )  # fmt: skip
    yield frame("former", "Timings in one process each, of an earlier aebench", FORMER, every)
    rounds = (
        {
            **of(CASE, case),
            "subject": it["name"],
            "kind": it["kind"],
            "round": place,
            "seconds_per_1000_images": seconds,
        }
        for case, it in rows
        for place, seconds in enumerate(it["seconds_per_1000_images"], start=1)
    )  # fmt: skip
    yield frame("former_rounds", "Their rounds", FORMER_ROUNDS, rounds)


def _ceiling(case: Content) -> Iterator[dict[str, Any]]:
    """The ceiling as one of the subjects."""
    if known := case["ceiling"]:
        libraries = ", ".join(f"{part} by {name}" for part, name in known["libraries"].items())
        seconds = known["seconds_per_1000_images"]
        yield {"name": "ceiling", "kind": "ceiling", "libraries": libraries, "seconds_per_1000_images": seconds}
