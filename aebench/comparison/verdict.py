"""What a comparison comes to: findings, each a sentence, and one verdict over them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from aebench.records.comparisons import Comparison, MovedRung, Numbers, What

Weight = Literal["regression", "undone", "undecided", "improvement", "moved"]
WEIGHTS: tuple[Weight, ...] = ("regression", "undone", "undecided", "improvement", "moved")
# Exit status of the worst finding; design.md's order, in which a regression that is sure comes before what is not.
STATUS: dict[Weight, int] = {"regression": 1, "undone": 2, "undecided": 125, "improvement": 0, "moved": 0}
WRONG: dict[Weight, str] = {
    "regression": "got worse", "undone": "could not be compared", "undecided": "undecided"
}  # fmt: skip
# A share of the bound that differs by less is as near to the reference as before.
AS_NEAR = 1.25


@dataclass(frozen=True)
class Finding:
    """One thing that is to be known. sentence: what, by how much, how sure. command: what shows it again."""

    what: What
    about: str
    weight: Weight
    sentence: str
    command: str | None = None


def findings(found: Comparison) -> list[Finding]:
    """Everything that got worse, could not be compared or decided, got better or moved; the gravest first."""
    every = list(_of_numbers(found))
    return sorted(every, key=lambda finding: WEIGHTS.index(finding.weight))


def status(every: Iterable[Finding]) -> int:
    """The exit status of the gravest."""
    return STATUS[min((finding.weight for finding in every), key=WEIGHTS.index, default="moved")]


def sentence(found: Comparison, every: Sequence[Finding]) -> str:
    """The verdict in one line, with what was compared."""
    counts = {weight: sum(finding.weight == weight for finding in every) for weight in WEIGHTS}
    wrong = [f"{counts[weight]} {words}" for weight, words in WRONG.items() if counts[weight]]
    outcome = ", ".join(wrong) if wrong else "nothing got worse"
    unfinished = "" if found.complete else " so far (not finished)"
    return f"{found.base.name} → {found.head.name}: {outcome}{unfinished}."


def compared(found: Comparison) -> Iterator[str]:
    """What was compared, a sentence a part."""
    if "numbers" in found.only:
        yield _numbers_compared(found)


def _numbers_compared(found: Comparison) -> str:
    rows = found.numbers
    autoencoders = len({row.autoencoder for row in rows})
    kinds = [(verdict, sum(row.verdict == verdict for row in rows)) for verdict in ("identical", "moved", "parted")]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in kinds if count) or "none"
    versions = "; ".join(versions_of(found))
    arrays = sum(rung.arrays for row in rows for rung in row.rungs)
    return (
        f"Numbers: {autoencoders} autoencoder{'s' * (autoencoders != 1)}, {arrays:,} pairs of arrays in {versions}: "
        f"{counts} of {len(rows)} climbs."
    )


def versions_of(found: Comparison) -> Iterator[str]:
    """Each framework with its version on both sides."""
    for pair in found.pairs:
        sides = [found.conditions.subjects.get(name) for name in (pair.base, pair.head)]
        base, head = ((side.version if side else None) or "unknown" for side in sides)
        yield f"{pair.framework} {base}" + ("" if base == head else f" → {head}")


def _of_numbers(found: Comparison) -> Iterator[Finding]:
    for row in found.numbers:
        about = f"{row.autoencoder}, {row.framework}, {row.dtype}"
        if row.verdict == "parted":
            yield Finding("numbers", about, "regression", row.parting or "", row.command)
        elif row.verdict in ("failed", "not compared"):
            why = "; ".join(f"{name} failed: {reason}" for name, reason in row.failures.items())
            weight: Weight = "regression" if row.verdict == "failed" else "undone"
            yield Finding("numbers", about, weight, why or "was not compared", row.command)
        elif row.both:
            yield Finding(
                "numbers", about, "moved", f"parts from the reference, on both sides: {row.both}", row.command
            )
    yield from _vacuous(found.numbers)
    yield from _moved(found)


def _vacuous(rows: Sequence[Numbers]) -> Iterator[Finding]:
    """Rungs that no dtype could judge."""
    ordered = sorted(rows, key=lambda row: (row.autoencoder, row.framework))
    for (name, framework), some in groupby(ordered, key=lambda row: (row.autoencoder, row.framework)):
        group = [row for row in some if row.rungs]
        lost = [rung for rung in (group[0].vacuous if group else ()) if all(rung in row.vacuous for row in group)]
        if lost:
            words = f"rung {', '.join(lost)} is vacuous, it lets anything through"
            yield Finding("numbers", f"{name}, {framework}", "undecided", words, group[0].command)


def _moved(found: Comparison) -> Iterator[Finding]:
    """For each framework and dtype how many moved, and which most."""
    rows = [row for row in found.numbers if row.rungs]
    for framework, dtype in dict.fromkeys((row.framework, row.dtype) for row in rows):
        mine = [row for row in rows if (row.framework, row.dtype) == (framework, dtype)]
        moved = [row for row in mine if row.verdict == "moved"]
        if moved:
            row, rung = max(((row, first_moved(row)) for row in moved), key=lambda pair: most(pair[0]).share)
            worst = most(row)
            words = (
                f"{len(moved)} of {len(mine)} moved, within the bounds; most {row.autoencoder}, from rung {rung.rung} "
                f"on: {described(worst)}"
            )
            yield Finding("numbers", f"{framework}, {dtype}", "moved", words, row.command)


def first_moved(row: Numbers) -> MovedRung:
    """The first rung of a row that moved."""
    return next(rung for rung in row.rungs if rung.verdict != "identical")


def most(row: Numbers) -> MovedRung:
    """The rung that moved by the largest share of its bound."""
    return max(row.rungs, key=lambda rung: rung.share)


def described(rung: MovedRung) -> str:
    """By how much a rung moved, of its bound, and whether away from the reference."""
    digits = "" if rung.relative <= 0 else f"equal to {max(0.0, -math.log10(rung.relative)):.1f} digits, "
    return f"{digits}{rung.share:.0%} of the bound{_direction(rung)}"


def _direction(rung: MovedRung) -> str:
    if math.isnan(rung.base) or math.isnan(rung.head):
        return ""
    if max(rung.base, rung.head) <= AS_NEAR * min(rung.base, rung.head):
        return ", as near to the reference as before"
    near = rung.head < rung.base
    times = "" if min(rung.base, rung.head) <= 0.0 else f" ×{max(rung.base, rung.head) / min(rung.base, rung.head):.1f}"
    return f",{times} {'nearer to' if near else 'further from'} the reference"
