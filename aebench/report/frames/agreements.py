"""Tables of the agreement ladder: pairs, rungs, arrays that nothing can judge, and how differences grow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aebench.report.frames.conditions import Sets, options
from aebench.report.frames.frame import (
    AUTOENCODER,
    DTYPE,
    FAILURE,
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

PAIR = (
    AUTOENCODER,
    SEED,
    DTYPE,
    text("left", "one subject; of a failure the one that did not climb"),
    text("right", "the other"),
)
PAIRS = (
    *PAIR,
    text("parting", "the first place where they part; missing where they agree"),
    text("arbiter", "who judged; missing where nobody did"),
    FAILURE,
    text("command", "what climbs the pair again"),
)
RUNGS = (
    *PAIR,
    text("rung", "of the ladder"),
    text("place", "phase, step, array with the least headroom"),
    number("relative", "largest difference there, over the largest magnitude of the reference"),
    number("headroom", "how many times as large it might be"),
    number("bound", "the largest difference that is allowed, as relative"),
    text("reason", "where the bound comes from"),
    integer("arrays", "compared on the rung"),
    number("sensitivity", "the smallest relative fault that the rung shows"),
    flag("vacuous", "the rung lets anything through, in every dtype"),
)
BLIND = (
    *PAIR,
    text("place", "phase, step, array that no bound of this dtype can judge"),
    number("sensitivity", "the smallest relative fault that it shows"),
)
GROWTH = (
    *(field for field in PAIR if field is not SEED),
    integer("step", "of training"),
    number("relative", "how far the pair is apart, over the largest parameter"),
)


def of_one(content: Content) -> list[Frame]:
    """Of the agreements of one autoencoder."""
    failures = [
        {"autoencoder": content["autoencoder"], "framework": name, "failure": why}
        for name, why in content["failures"].items()
    ]
    return [*ladders(content["agreements"], failures), Sets(content["conditions"]).frame()]


def of_several(content: Content) -> list[Frame]:
    """Of the agreements of several autoencoders and seeds."""
    asked = {**content["options"], "climbing": content["climbing"]}
    return [
        *ladders(content["agreements"], content["failures"]),
        options(asked),
        Sets(content["conditions"]).frame(),
    ]


def ladders(agreements: Sequence[Content], failures: Iterable[Content]) -> Iterator[Frame]:
    """Pairs, those that failed among them; rungs; blind arrays."""
    lost = ({**without(row, "framework"), "left": row["framework"]} for row in failures)
    yield frame("agreements", "Pairs of subjects", PAIRS, [*map(_pair, agreements), *lost])
    yield frame("rungs", "Pairs of subjects, rung by rung", RUNGS, (row for it in agreements for row in _rungs(it)))
    blind = (
        {**of(PAIR, it), "place": place, "sensitivity": least}
        for it in agreements
        for place, least in it.get("blind", {}).items()
    )
    yield frame("blind", "Arrays that no bound can judge", BLIND, blind)


def _pair(it: Content) -> dict[str, Any]:
    return without(it, "rungs", "vacuous", "blind")


def _rungs(it: Content) -> Iterator[dict[str, Any]]:
    vacuous = it.get("vacuous", ())
    yield from ({**of(PAIR, it), **rung, "vacuous": rung["rung"] in vacuous} for rung in it["rungs"])


def growth(content: Content) -> list[Frame]:
    """How differences grow with the steps."""
    rows = (
        {**without(it, "steps", "relative"), "step": step, "relative": relative}
        for it in content["growth"]
        for step, relative in zip(it["steps"], it["relative"], strict=True)
    )
    return [
        frame("growth", "How far a pair is apart, step by step", GROWTH, rows),
        options(content["measurement"]),
        Sets(content["conditions"]).frame(),
    ]
