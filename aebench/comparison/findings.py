"""What a comparison found, part by part: each finding a sentence, with the command that shows it again."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from aebench.comparison.noninferior import LOOKS
from aebench.comparison.sequential import Thresholds
from aebench.comparison.sides import fixed
from aebench.comparison.speed import Question, Row, verdicts
from aebench.comparison.verdicts import Verdict, Word
from aebench.counted import counted
from aebench.records.archive import SUFFIX
from aebench.records.blocks import Pair
from aebench.records.comparisons import Comparison, MovedRung, Numbers, Sides, What
from aebench.records.comparisons import Weight as Weight
from aebench.records.fields import plain
from aebench.records.qualities import Quality, QualityRow

SEEDS = range(LOOKS[-1])  # of trainings, in this order, as many as decide
# A share of the bound that differs by less is as near to the reference as before.
AS_NEAR = 1.25
# Two values that are within their bound and agree in fewer digits are both next to nothing.
DIGIT = 0.3
WEIGHT_OF: dict[Word, Weight] = {
    "slower": "regression", "more": "regression", "faster": "improvement", "less": "improvement",
    "undecided": "undecided", "unusable": "undecided", "failed": "undone",
}  # fmt: skip
QUALITY_WEIGHT: dict[str, Weight] = {
    "worse": "regression", "better": "improvement", "undecided": "undecided", "not compared": "undone",
}  # fmt: skip
MEASURES = {"memory": "peak memory", "device memory": "peak memory of the device", "import": "import"}


@dataclass(frozen=True)
class Finding:
    """One thing that is to be known. abouts: what it is about. sentence: by how much, how sure. command: what shows it
    again."""

    what: What
    abouts: tuple[str, ...]
    weight: Weight
    sentence: str
    command: str | None = None

    @property
    def about(self) -> str:
        """What it is about, in one line."""
        return "; ".join(self.abouts)


def of_numbers(found: Comparison) -> Iterator[Finding]:
    """What parted, could not be compared or judged, and how much moved."""
    for row in found.numbers:
        about = (named(row),)
        if row.verdict == "parted":
            yield Finding("numbers", about, "regression", row.parting or "", _climb_again(found, row))
        elif row.verdict == "mended":
            yield Finding("numbers", about, "improvement", mended(row), _climb_again(found, row))
        elif row.verdict in ("failed", "not compared"):
            why = "; ".join(f"{name} failed: {reason}" for name, reason in row.failures.items())
            weight: Weight = "regression" if row.verdict == "failed" else "undone"
            yield Finding("numbers", about, weight, why or "was not compared", _climb_again(found, row))
        elif row.both:
            words = f"parts from the reference, on both sides: {row.both}"
            yield Finding("numbers", about, "moved", words, _climb_again(found, row))
    yield from _vacuous(found)
    yield from _moved(found)


def mended(row: Numbers) -> str:
    """What base does that head does no more."""
    return f"base parts from the reference, and head does not: {row.parting}"


def _vacuous(found: Comparison) -> Iterator[Finding]:
    """Rungs that no dtype could judge."""
    ordered = sorted(found.numbers, key=lambda row: (row.autoencoder, row.framework))
    for (name, framework), some in groupby(ordered, key=lambda row: (row.autoencoder, row.framework)):
        group = [row for row in some if row.rungs]
        lost = [rung for rung in (group[0].vacuous if group else ()) if all(rung in row.vacuous for row in group)]
        if lost:
            words = f"rung {', '.join(lost)} is vacuous, it lets anything through"
            yield Finding("numbers", (f"{name}, {framework}",), "undecided", words, _climb_again(found, group[0]))


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
                f"on, in rung {worst.rung}: {described(worst)}"
            )
            yield Finding("numbers", (f"{framework}, {dtype}",), "moved", words, _climb_again(found, row))


def first_moved(row: Numbers) -> MovedRung:
    """The first rung of a row that moved."""
    return next(rung for rung in row.rungs if rung.verdict != "identical")


def most(row: Numbers) -> MovedRung:
    """The rung that moved by the largest share of its bound."""
    return max(row.rungs, key=lambda rung: rung.share)


def described(rung: MovedRung) -> str:
    """By how much a rung moved, of its bound, and whether away from the reference."""
    return f"{_alike(rung.relative)}{share(rung)} of the bound{_direction(rung)}"


def share(rung: MovedRung) -> str:
    """How much of its bound a rung moved by; what moved at all is not called nothing."""
    return "less than 1%" if 0.0 < rung.share < 0.005 else f"{rung.share:.0%}"


def _alike(relative: float) -> str:
    """How many digits agree, or that not one does."""
    if relative <= 0.0:
        return ""
    digits = -math.log10(relative)
    return f"equal to {digits:.1f} digits, " if digits >= DIGIT else "no digit alike, "


def _direction(rung: MovedRung) -> str:
    if math.isnan(rung.base) or math.isnan(rung.head):
        return ""
    if max(rung.base, rung.head) <= AS_NEAR * min(rung.base, rung.head):
        return ", as near to the reference as before"
    near = rung.head < rung.base
    times = "" if min(rung.base, rung.head) <= 0.0 else f" ×{max(rung.base, rung.head) / min(rung.base, rung.head):.1f}"
    return f",{times} {'nearer to' if near else 'further from'} the reference"


def of_quality(found: Comparison) -> Iterator[Finding]:
    """Every metric that got worse or better, what could not be compared, and where nothing was decided."""
    for it in found.quality:
        framework = next((sides.framework for sides in found.pairs if sides.base == it.base), it.base)
        yield from judged([it], again(found, framework, [it.autoencoder], "quality"))


def judged(found: Iterable[Quality], command: str | None) -> Iterator[Finding]:
    """The same of these alone. command: what shows them again."""
    for it in found:
        about = f"{it.autoencoder}, {it.head}"
        for row in it.rows:
            weight = QUALITY_WEIGHT.get(row.verdict)
            if weight is not None and (row.verdict != "undecided" or it.verdict == "undecided"):
                yield Finding("quality", (metric_of(it, row),), weight, metric_in_words(row), command)
        if it.failures:
            failed: Weight = "undone" if it.base in it.failures else "regression"
            why = "; ".join(f"{name} failed: {reason}" for name, reason in it.failures.items())
            yield Finding("quality", (f"{about}, quality",), failed, why, command)
        elif it.reason is not None:
            yield Finding("quality", (f"{about}, quality",), "undecided", it.reason, command)


def metric_of(it: Quality, row: QualityRow) -> str:
    """What a metric of an autoencoder's trainings is called."""
    return f"{it.autoencoder}, {it.head}, {row.metric}"


def metric_in_words(row: QualityRow) -> str:
    """From where to where, by how much of what is allowed, over how many seeds; or why nothing can be said."""
    if row.difference is None or row.base is None or row.head is None:
        return row.reason or f"undecided after {counted(row.pairs, 'seed')}"
    scale, unit = (100.0, "% of their mean") if row.relative else (1.0, row.unit)
    parts = [f"{row.base:.6g} → {row.head:.6g}, by {scale * row.difference:+.3g} {unit}"]
    if row.low is not None and row.high is not None:
        parts.append(f"({scale * row.low:+.3g} to {scale * row.high:+.3g})")
    besides = f"; {row.reason}" if row.reason else ""
    allowed = "" if row.margin is None else f"; {scale * row.margin:.3g} {'%' if row.relative else unit} is the margin"
    return f"{' '.join(parts)}{allowed}; {counted(row.pairs, 'seed')}{besides}"


def of_speed(found: Comparison) -> Iterator[Finding]:
    """Every row of speed and memory that is not as before, or that is not decided; what has one reason is one."""
    for sides in found.pairs:
        same: dict[tuple[What, Weight, str], list[Row]] = {}
        for row, verdict in speeds(found, sides).items():
            weight = speed_weight(verdict)
            if weight is not None:
                same.setdefault((part_of(row), weight, in_words(verdict)), []).append(row)
        for (what, weight, words), rows in same.items():
            abouts = tuple(_named(row, sides) for row in rows)
            names = dict.fromkeys(row.autoencoder for row in rows if row.autoencoder)
            timed = list(names) or found.timed.get(sides.framework, [])[:1]
            yield Finding(what, abouts, weight, words, again(found, sides.framework, timed, what))


def speed_weight(verdict: Verdict) -> Weight | None:
    """How grave it is; None where there is nothing to say. What only head cannot do is worse than before."""
    if verdict.word == "failed" and (verdict.reason or "").startswith("head: "):
        return "regression"
    return WEIGHT_OF.get(verdict.word)


def _named(row: Row, sides: Sides) -> str:
    whose = ", ".join(filter(None, (row.autoencoder, sides.framework)))
    return f"{whose}, {MEASURES.get(row.measure, row.measure)}"


def timed(found: Comparison, sides: Sides) -> list[str]:
    """What every row of speed and memory that is compared is called."""
    return [_named(row, sides) for row in speeds(found, sides)]


def named(row: Numbers) -> str:
    """What a row of numbers is called."""
    return f"{row.autoencoder}, {row.framework}, {row.dtype}"


def speeds(found: Comparison, sides: Sides) -> dict[Row, Verdict]:
    """What the blocks say of the framework, of each row that was asked for; without a block it is undecided."""
    every = verdicts(question(found, sides), blocks_of(found, sides)) if found.timed.get(sides.framework) else {}
    return {row: verdict for row, verdict in every.items() if part_of(row) in found.only}


def part_of(row: Row) -> What:
    """The part of a comparison that the row belongs to."""
    return "memory" if "memory" in row.measure else "speed"


def blocks_of(found: Comparison, sides: Sides) -> list[Pair]:
    """The framework's blocks: of base and head, and the controls, of base and base."""
    return [pair for pair in found.blocks if {subject.name for subject in pair.subjects} <= {sides.base, sides.head}]


def question(found: Comparison, sides: Sides, limit: float | None = None) -> Question:
    """What is asked of the framework's blocks. limit: seconds."""
    names = tuple(dict.fromkeys(found.timed.get(sides.framework, ())))
    return Question(sides.base, sides.head, names, thresholds(found), limit, speed="speed" in found.only)


def thresholds(found: Comparison) -> Thresholds:
    """Those of the comparison."""
    return Thresholds(**plain(found.limits))


def in_words(verdict: Verdict) -> str:
    """By how much, between which limits, after how many blocks; or why nothing can be said."""
    if verdict.word == "failed":
        return f"failed: {verdict.reason}"
    if verdict.word == "unusable":
        return f"not counted, since {verdict.reason}"
    more = "as much" if verdict.as_much else "as long"
    blocks = counted(verdict.blocks, "block")
    if not verdict.blocks:
        return "undecided: nothing of it was timed"
    if not math.isfinite(verdict.ratio):
        return f"undecided after {blocks}"
    limits = f"{verdict.low:.3f} to {verdict.high:.3f}" if math.isfinite(verdict.high) else "no limits yet"
    return f"{verdict.ratio:.3f} times {more} as base ({limits}, {blocks})"


def _climb_again(found: Comparison, row: Numbers) -> str:
    return again(found, row.framework, [row.autoencoder], "numbers")


def again(found: Comparison, framework: str, names: Sequence[str], what: What) -> str:
    """The command that compares these once more, and shows all of it."""
    sides = fixed(found.base), fixed(found.head)
    words = ["aebench", "compare", *sides, *names, "-f", framework, "--only", what, "--all"]
    options = found.options
    if not any(side.said.endswith(SUFFIX) for side in (found.base, found.head)):  # a bundle says these itself
        words += ["-d", options.dataset, "-p", options.schedule]
        words += ["-s", ",".join(map(str, options.seeds))] if list(options.seeds) != list(SEEDS) else []
    words += ["--data-dir", options.data_dir] if options.data_dir else []
    if what in ("speed", "memory"):
        asked, usual = thresholds(found), Thresholds()
        words += ["--tolerated", f"{asked.tolerated:g}"] if asked.tolerated != usual.tolerated else []
        words += ["--intolerable", f"{asked.intolerable:g}"] if asked.intolerable != usual.intolerable else []
    return shlex.join([*words, *(["--device", options.device] if options.device != "cpu" else [])])
