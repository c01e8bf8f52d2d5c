"""What a comparison says of each row that was compared, one outcome a row: what a matrix is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

from aebench import registry
from aebench.comparison.absent import LOST, untrained
from aebench.comparison.findings import (
    MEASURES,
    QUALITY_WEIGHT,
    Weight,
    again,
    described,
    first_moved,
    in_words,
    mended,
    metric_in_words,
    most,
    part_of,
    share,
    speed_weight,
    speeds,
)  # fmt: skip
from aebench.comparison.verdict import WEIGHTS
from aebench.records.comparisons import Comparison, MovedRung, Numbers
from aebench.records.matrices import Outcome
from aebench.running.options import DTYPES

NUMBERS_WEIGHT: dict[str, Weight] = {
    "parted": "regression", "failed": "regression", "not compared": "undone", "mended": "improvement",
    "moved": "moved",
}  # fmt: skip
CLIMB, TRAINING = "climb", "training"


def outcomes(found: Comparison) -> list[Outcome]:
    """Of every row of numbers, quality, speed and memory that was asked for."""
    return [*_numbers(found), *_quality(found), *_speed(found)]


def gravest(of: Sequence[Outcome]) -> Outcome:
    """The gravest of these."""
    return min(of, key=_gravity)


def _gravity(outcome: Outcome) -> int:
    return len(WEIGHTS) if outcome.weight is None else WEIGHTS.index(outcome.weight)


def _numbers(found: Comparison) -> Iterator[Outcome]:
    """One of each autoencoder in each framework, over both dtypes."""
    wanted = product(found.options.autoencoders, found.pairs) if "numbers" in found.only else ()
    for name, sides in wanted:
        if registry.offers(sides.framework, name):
            rows = [row for row in found.numbers if (row.autoencoder, row.framework) == (name, sides.framework)]
            row, verdict, weight, sentence = _climbed(rows)
            yield Outcome(
                framework=sides.framework, autoencoder=name, what="numbers", row=row, verdict=verdict, weight=weight,
                sentence=sentence, command=again(found, sides.framework, [name], "numbers"),
            )  # fmt: skip


def _climbed(rows: Sequence[Numbers]) -> tuple[str, str, Weight | None, str]:
    """Of one autoencoder's climbs: the rung, the verdict, how grave it is, and a sentence."""
    wrong = [row for row in rows if NUMBERS_WEIGHT.get(row.verdict) in ("regression", "undone")]
    for row in sorted(wrong, key=lambda row: WEIGHTS.index(NUMBERS_WEIGHT[row.verdict])):
        why = row.parting or "; ".join(f"{name} failed: {reason}" for name, reason in row.failures.items())
        rung = _where(row).rung if row.verdict == "parted" else CLIMB
        return rung, row.verdict, NUMBERS_WEIGHT[row.verdict], f"{row.dtype}, {why or 'was not compared'}"
    if len(rows) < len(DTYPES):
        return CLIMB, "undecided", "undecided", "the time was over before it had climbed the ladder"
    if lost := [rung for rung in rows[0].vacuous if all(rung in row.vacuous for row in rows)]:
        return lost[0], "undecided", "undecided", f"rung {', '.join(lost)} is vacuous, it lets anything through"
    if better := [row for row in rows if row.verdict == "mended"]:
        return _where(better[0]).rung, "mended", "improvement", f"{better[0].dtype}, {mended(better[0])}"
    both = next((f"; {row.dtype}, parts from the reference, on both sides: {row.both}" for row in rows if row.both), "")
    moved = [row for row in rows if row.verdict == "moved"]
    if not moved:
        return "", "identical", "moved" if both else None, both.removeprefix("; ") or "identical in every value"
    # The first of all rungs, in whichever dtype.
    row = min(moved, key=lambda row: (row.rungs.index(first_moved(row)), -most(row).share))
    other = max(moved, key=lambda row: most(row).share)
    first, worst = first_moved(row), most(other)
    besides = f"; most in rung {worst.rung}, {'' if other is row else f'{other.dtype}, '}{share(worst)}"
    besides = "" if worst is first else besides
    return first.rung, "moved", "moved", f"{row.dtype}, {described(first)}, still in bounds{besides}{both}"


def _where(row: Numbers) -> MovedRung:
    """The first rung that parted; where only one side parts, and from the reference, the first in which it does."""
    side = "base" if row.verdict == "mended" else "head"
    parted = (rung for rung in row.rungs if rung.verdict == "parted" or getattr(rung, side) > 1.0)
    return next(parted, None) or most(row)


def _quality(found: Comparison) -> Iterator[Outcome]:
    """One of each metric with a margin, and of trainings that failed or were not decided."""
    for it in found.quality:
        framework = next((sides.framework for sides in found.pairs if sides.base == it.base), it.base)
        command = again(found, framework, [it.autoencoder], "quality")
        outcome = partial(Outcome, framework=framework, autoencoder=it.autoencoder, what="quality", command=command)
        for row in it.rows:
            if row.margin is not None:
                decided = row.verdict != "undecided" or it.verdict == "undecided"
                weight = QUALITY_WEIGHT.get(row.verdict) if decided else None
                yield outcome(row=row.metric, verdict=row.verdict, weight=weight, sentence=metric_in_words(row))
        if it.failures:
            why = "; ".join(f"{name} failed: {reason}" for name, reason in it.failures.items())
            weight = "undone" if it.base in it.failures else "regression"
            yield outcome(row=TRAINING, verdict="failed", weight=weight, sentence=why)
        elif it.reason is not None:
            yield outcome(row=TRAINING, verdict="undecided", weight="undecided", sentence=it.reason)
    for sides in found.pairs:
        for name in untrained(found, sides):
            yield Outcome(
                framework=sides.framework, autoencoder=name, what="quality", row=TRAINING, verdict="not compared",
                weight="undone", sentence=LOST, command=again(found, sides.framework, [name], "quality"),
            )  # fmt: skip


def _speed(found: Comparison) -> Iterator[Outcome]:
    """One of each measure of speed and memory."""
    for sides in found.pairs:
        for row, verdict in speeds(found, sides).items():
            # The import is timed with whichever autoencoder.
            names = [row.autoencoder] if row.autoencoder else found.timed.get(sides.framework, [])[:1]
            yield Outcome(
                framework=sides.framework, autoencoder=row.autoencoder, what=part_of(row),
                row=MEASURES.get(row.measure, row.measure), verdict=verdict.word, weight=speed_weight(verdict),
                sentence=in_words(verdict), command=again(found, sides.framework, names, part_of(row)),
            )  # fmt: skip
