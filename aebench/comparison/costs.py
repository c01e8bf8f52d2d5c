"""What trainings cost, seconds and memory, against a baseline's: counted on its kind of machine, else information."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aebench.comparison.findings import Finding, Weight
from aebench.comparison.rows import UNITS
from aebench.comparison.rows import costs as costs_of
from aebench.comparison.unmatched import Trials, common
from aebench.comparison.verdicts import loaded
from aebench.measures import Margin
from aebench.records.comparisons import What
from aebench.records.conditions import Busy, Conditions, other_machine
from aebench.records.fields import checked
from aebench.records.limits import Entries, Limit

NAMES: dict[str, tuple[What, str, str]] = {
    "seconds_per_1000_images": ("speed", "training", "{:.4g} s for 1,000 images"),
    "peak_bytes": ("memory", "peak memory", "{:,.0f} bytes"),
}


def judged(
    accepted: Trials, measured: Trials, entries: Entries, again: str | None
) -> tuple[list[Finding], dict[str, str]]:
    """What costs more or less than its limit allows; and what every row is called that was held against one, with its
    framework.

    Medians over the seeds of both sides are compared. again: the command that makes the run again.
    """
    found: list[Finding] = []
    counted, uncounted = dict[str, str](), dict[str, None]()
    pairs = {key: common(trials, measured.get(key, ())) for key, trials in accepted.items()}
    for key, both in ((key, both) for key, both in pairs.items() if both):
        sides = [[pair[side] for pair in both] for side in (0, 1)]
        if why := _elsewhere(*sides):
            uncounted[why] = None
            continue
        busy = loaded([_conditions(trial).busy or Busy() for trial in sides[1]])
        for metric in UNITS:
            base, head = _median(sides[0], metric), _median(sides[1], metric)
            entry = entries.get((key[0], metric))
            if base is None or not isinstance(entry, Limit) or not entry.covers(key[1]):
                continue  # there is no such row, or that it has no limit is a finding already
            margin = entry.margin(key[1])
            if margin is not None:
                counted[_about(key, metric)] = key[1]
            row = _held(key, metric, base, head, margin, busy)
            found += [replace(finding, command=again) for finding in row]
    words = "seconds and memory are not held against the baseline's: {}"
    found += [Finding("speed", ("costs",), "moved", words.format(why)) for why in uncounted]
    return found, counted


def _elsewhere(accepted: Sequence[Mapping[str, Any]], measured: Sequence[Mapping[str, Any]]) -> str | None:
    """Why what these cost cannot be compared; None where it can."""
    sides = [[trial for trial in trials if "failure" not in trial] for trials in (accepted, measured)]
    if not all(sides):
        return "a training failed"
    if any(trial["conditions"] is None for side in sides for trial in side):
        return "on which machine is not on record"
    then, now = (_conditions(side[0]).machine for side in sides)
    return other_machine(then, now)


def _conditions(trial: Mapping[str, Any]) -> Conditions:
    return checked(trial["conditions"], Conditions)


def _median(trials: Sequence[Mapping[str, Any]], metric: str) -> float | None:
    """Of the trainings; None where one of them has no number, as one that ran beside others has not."""
    trained = [trial for trial in trials if "failure" not in trial]
    found = [[value for name, value in costs_of(trial) if name == metric and math.isfinite(value)] for trial in trained]
    values = [value for of_one in found for value in of_one]
    return statistics.median(values) if values and all(found) else None


def _about(key: tuple[str, str], metric: str) -> str:
    return ", ".join((*key, NAMES[metric][1]))


def _held(
    key: tuple[str, str], metric: str, base: float, head: float | None, limit: Margin | None, busy: str | None
) -> Iterator[Finding]:
    """What there is to say of one row."""
    what, _, form = NAMES[metric]
    about = (_about(key, metric),)
    if head is None:
        yield Finding(what, about, "undone", "the baseline says what it took, and the run does not at each seed")
        return
    if limit is None:
        return
    share = 1.0 + limit.value
    least, most = (base / share, base * share) if limit.relative else (base - limit.value, base + limit.value)
    if least <= head <= most:
        return
    weight: Weight = "regression" if head > most else "improvement"
    times = f", {head / base:.2f} times as much" if base else ""
    words = f"{form.format(base)} → {form.format(head)}{times}; up to {form.format(most)} is allowed"
    if what == "speed" and busy:
        weight, words = "undecided", f"{words}; not counted, since {busy}"
    yield Finding(what, about, weight, words)
