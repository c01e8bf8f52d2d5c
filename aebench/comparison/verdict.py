"""What a comparison comes to: findings, each a sentence, and one verdict over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import get_args

from aebench.comparison.absent import absent
from aebench.comparison.findings import Finding, Weight, of_numbers, of_quality, of_speed, speeds, thresholds
from aebench.comparison.sides import Named, is_commit
from aebench.comparison.verdicts import MEMORY_TOLERATED
from aebench.counted import counted
from aebench.records.comparisons import Comparison

WEIGHTS: tuple[Weight, ...] = get_args(Weight)  # the gravest first
# Exit status of the worst finding; design.md's order, in which a regression that is sure comes before what is not.
STATUS: dict[Weight, int] = {
    "regression": 1, "gone": 1, "undone": 2, "undecided": 125, "improvement": 0, "known": 0, "moved": 0,
}  # fmt: skip
OF_CLIMBS = ("identical", "moved", "mended", "parted")
WRONG: dict[Weight, str] = {
    "regression": "got worse", "gone": "no longer as known", "undone": "could not be compared",
    "undecided": "undecided",
}  # fmt: skip


def findings(found: Comparison) -> list[Finding]:
    """Everything that got worse, could not be compared or decided, got better or moved; the gravest first."""
    every = [*of_numbers(found), *of_quality(found), *of_speed(found), *absent(found)]
    if not found.complete and "numbers" in found.only:
        every.append(Finding("numbers", ("the ladder",), "undecided", "the time was over before all had climbed it"))
    return sorted(every, key=lambda finding: WEIGHTS.index(finding.weight))


def status(every: Iterable[Finding]) -> int:
    """The exit status of the gravest."""
    return STATUS[min((finding.weight for finding in every), key=WEIGHTS.index, default="moved")]


def sentence(found: Comparison, every: Sequence[Finding]) -> str:
    """The verdict in one line, with what was compared."""
    unfinished = "" if found.complete else " so far (not finished)"
    return f"{called(found.base)} → {called(found.head)}: {outcome(every)}{unfinished}."


def outcome(every: Iterable[Finding]) -> str:
    """How many findings of each grave kind there are, in words."""
    counts = Counter(finding.weight for finding in every)
    wrong = [f"{counts[weight]} {words}" for weight, words in WRONG.items() if counts[weight]]
    return ", ".join(wrong) or "nothing got worse"


def called(side: Named) -> str:
    """The environment's name; a commit as the user named it, too."""
    return f"{side.said} ({side.name})" if is_commit(side) else side.name


def compared(found: Comparison) -> Iterator[str]:
    """What was compared, a sentence a part."""
    if "numbers" in found.only:
        yield _numbers_compared(found)
    if found.quality:
        yield _quality_compared(found)
    if found.blocks:
        yield _speed_compared(found)


def _numbers_compared(found: Comparison) -> str:
    rows = found.numbers
    if not rows:
        return "Numbers: nothing was climbed."
    autoencoders = len({row.autoencoder for row in rows})
    kinds = [(verdict, sum(row.verdict == verdict for row in rows)) for verdict in OF_CLIMBS]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in kinds if count) or "none"
    versions = "; ".join(versions_of(found, {row.framework for row in rows}))
    arrays = sum(rung.arrays for row in rows for rung in row.rungs)
    return (
        f"Numbers: {counted(autoencoders, 'autoencoder')}, {arrays:,} pairs of arrays in {versions}: "
        f"{counts} of {len(rows)} climbs."
    )


def versions_of(found: Comparison, among: Collection[str] | None = None) -> Iterator[str]:
    """Each framework with its version on both sides; among: of these alone."""
    for framework, (base, head) in versions(found).items():
        if among is not None and framework not in among:
            continue
        yield f"{framework} {base}" + ("" if base == head else f" → {head}")


def versions(found: Comparison) -> dict[str, tuple[str, str]]:
    """By framework, its versions in base and in head."""
    subjects = found.conditions.subjects

    def of(name: str) -> str:
        return (subjects[name].version if name in subjects else None) or "unknown"

    return {sides.framework: (of(sides.base), of(sides.head)) for sides in found.pairs}


def _quality_compared(found: Comparison) -> str:
    """How many trainings, and what became of them."""
    counts = ", ".join(f"{n} {word}" for word, n in Counter(row.verdict for row in found.quality).items())
    trained = sum(2 * len(row.seeds) for row in found.quality)
    metrics = sum(row.margin is not None for quality in found.quality for row in quality.rows)
    return (
        f"Quality: {counted(trained, 'training')}, {counted(metrics, 'metric')} with a margin; "
        f"{counted(len(found.quality), 'autoencoder')}: {counts}."
    )


def _speed_compared(found: Comparison) -> str:
    """How many rows of speed and memory were decided, from how many blocks, and how sure."""
    rows = [verdict for sides in found.pairs for verdict in speeds(found, sides).values()]
    counts = ", ".join(f"{n} {word}" for word, n in Counter(verdict.word for verdict in rows).items())
    timed = {name for names in found.timed.values() for name in names}
    which = [name for name in found.options.autoencoders if name in timed]
    whose = "" if len(which) == len(found.options.autoencoders) else f" of {', '.join(which)}"
    parts = " and ".join(part for part in ("speed", "memory") if part in found.only).capitalize()
    versions = "; ".join(versions_of(found, found.timed))
    sure = " ".join(_how_sure(found))
    blocks = f"{counted(len(found.blocks), 'block')} of fresh processes"
    return f"{parts}{whose} in {versions}: {blocks}, {counted(len(rows), 'row')}: {counts}. {sure}"


def _how_sure(found: Comparison) -> Iterator[str]:
    """What is tolerated of each part, and how often the answer may be wrong."""
    asked = thresholds(found)
    if "speed" in found.only:
        yield (
            f"Up to {asked.tolerated:.0%} more time is tolerated, and fails in {asked.false_alarms:.0%} of calls at "
            f"most; {asked.intolerable:.0%} more passes in {asked.misses:.0%} of rows at most."
        )
    if "memory" in found.only:
        yield f"Up to {MEMORY_TOLERATED:.0%} more memory is tolerated."
