"""The quality of finished trainings, metric by metric: each framework's values over seeds, and how they compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np

from aebench import registry
from aebench.measures import Margin
from aebench.quality import equivalence, leaps
from aebench.quality.equivalence import LEVEL, Comparison, confidence
from aebench.quality.family import holm
from aebench.quality.leaps import Leaps, Shares
from aebench.quality.margins import margin
from aebench.registry import ARBITER

Trials = Sequence[Mapping[str, Any]]
Verdict = Literal["equivalent", "different", "undecided", "no margin"]
LEAPS = "leaps"


@dataclass(frozen=True)
class Values:
    """One metric in one framework: its finite values by seed, without those of trainings that leapt.

    invalid: seeds at which it is not a number. leapt: seeds at which the training leapt.
    """

    by_seed: dict[int, float]
    invalid: tuple[int, ...] = ()
    leapt: tuple[int, ...] = ()

    @property
    def mean(self) -> float:
        """Mean over the seeds; NaN without any."""
        return float(np.mean(list(self.by_seed.values()))) if self.by_seed else math.nan

    @property
    def half_width(self) -> float:
        """Half the width of the mean's 95 % confidence interval; infinite for fewer than two seeds."""
        return confidence(list(self.by_seed.values()))


@dataclass(frozen=True)
class Pair:
    """Two frameworks and how a metric compares between them.

    p: of no difference larger than the margin, adjusted for all comparisons of the call; None without a margin.
    family: how many comparisons that are.
    """

    left: str
    right: str
    comparison: Comparison | Shares
    p: float | None
    family: int = 1

    @property
    def verdict(self) -> Verdict:
        """Equivalent within the margin, different beyond it, or neither shown."""
        if self.p is None:
            return "no margin"
        if self.p <= LEVEL:
            return "different"
        equivalent = isinstance(self.comparison, Comparison) and self.comparison.equivalent
        return "equivalent" if equivalent else "undecided"

    @property
    def seeds_to_see(self) -> int | None:
        """How many seeds would show a difference of twice the margin, in this call; None where that is not known."""
        return self.comparison.seeds_to_see(LEVEL / self.family) if isinstance(self.comparison, Comparison) else None


@dataclass(frozen=True)
class Row:
    """One metric of one autoencoder. pairs: the comparisons of the frameworks, over the seeds that both have.

    version: of the metric's formula. Values of two versions are two rows, and are not compared.
    """

    autoencoder: str
    metric: str
    version: int
    unit: str
    margin: Margin | None
    values: Mapping[str, Values | Leaps]
    pairs: tuple[Pair, ...]


def rows(trials: Trials) -> list[Row]:
    """Every metric of these trials' documents, autoencoders in their order; failed trials have none.

    The verdicts belong together: all of a call share the level.
    """
    finished = [trial for trial in trials if "metrics" in trial]
    names = registry.in_order(trial["autoencoder"] for trial in finished)
    found = [row for name in names for row in _rows_of(name, [t for t in finished if t["autoencoder"] == name])]
    return _as_a_family(found)


def _as_a_family(found: Sequence[Row]) -> list[Row]:
    """The same rows, p values adjusted for all their comparisons."""
    p_values = [pair.p for row in found for pair in row.pairs if pair.p is not None]
    adjusted = iter(holm(p_values))
    return [
        replace(row, pairs=tuple(
            pair if pair.p is None else replace(pair, p=next(adjusted), family=len(p_values)) for pair in row.pairs
        ))
        for row in found
    ]  # fmt: skip


def _rows_of(name: str, trials: Trials) -> Iterator[Row]:
    frameworks = list(dict.fromkeys(trial["framework"] for trial in trials))
    leapt = _leaps(trials, frameworks)
    # Where none leapt nothing could be shown: such a test takes no part in the family.
    if any(found.count for found in leapt.values()):
        pairs = _pairs(frameworks, lambda left, right: _shares(leapt, left, right))
        yield Row(name, LEAPS, 1, "trainings", None, leapt, pairs)
    own = registry.autoencoders()[name].measures.margins if name in registry.autoencoders() else ()
    described = {(metric, found.get("version") or 1): found["unit"]
                 for trial in trials for metric, found in trial["metrics"].items()}  # fmt: skip
    for (metric, version), unit in described.items():
        values = {
            framework: _values(metric, version, [t for t in trials if t["framework"] == framework], leapt)
            for framework in frameworks
        }
        yield _row(Row(name, metric, version, unit, margin(metric, own), values, ()), values)


def _row(row: Row, values: Mapping[str, Values]) -> Row:
    """The row with its frameworks compared."""
    pairs = _pairs(list(values), lambda a, b: _compared(values[a].by_seed, values[b].by_seed, row.margin))
    return replace(row, pairs=pairs)


def _leaps(trials: Trials, frameworks: Sequence[str]) -> dict[str, Leaps]:
    """Which trainings leapt, by framework; empty where no curve says so."""
    known = {(t["framework"], int(t["seed"])): leaps.leapt(t) for t in trials}
    found = {
        framework: Leaps({seed: it for (of, seed), it in sorted(known.items()) if of == framework and it is not None})
        for framework in frameworks
    }
    return {framework: leapt for framework, leapt in found.items() if leapt.by_seed}


def _values(metric: str, version: int, trials: Trials, leapt: Mapping[str, Leaps]) -> Values:
    found = {
        int(t["seed"]): float(t["metrics"][metric]["value"]) for t in trials
        if metric in t["metrics"] and (t["metrics"][metric].get("version") or 1) == version
    }  # fmt: skip
    gone = {seed for t in trials for seed, it in _of(leapt, t).by_seed.items() if it}
    finite = {seed: value for seed, value in sorted(found.items()) if math.isfinite(value) and seed not in gone}
    invalid = tuple(sorted(seed for seed, value in found.items() if not math.isfinite(value)))
    return Values(finite, invalid, tuple(sorted(gone & set(found) - set(invalid))))


def _of(leapt: Mapping[str, Leaps], trial: Mapping[str, Any]) -> Leaps:
    return leapt.get(trial["framework"], Leaps({}))


def compared_pairs(frameworks: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs whose quality is compared: every two frameworks; the reference only where there is just one other."""
    others = [name for name in frameworks if name != ARBITER]
    return list(combinations(others if len(others) > 1 else frameworks, 2))


def _pairs(frameworks: Sequence[str], compared: Callable[[str, str], Comparison | Shares | None]) -> tuple[Pair, ...]:
    found = ((left, right, compared(left, right)) for left, right in compared_pairs(frameworks))
    return tuple(Pair(left, right, it, it.p) for left, right, it in found if it is not None)


def _shares(leapt: Mapping[str, Leaps], left: str, right: str) -> Shares | None:
    return leaps.compare(leapt[left], leapt[right]) if left in leapt and right in leapt else None


def _compared(left: Mapping[int, float], right: Mapping[int, float], allowed: Margin | None) -> Comparison | None:
    """The comparison over the common seeds; None where there are none."""
    seeds = [seed for seed in left if seed in right]
    return equivalence.compare([left[s] for s in seeds], [right[s] for s in seeds], allowed) if seeds else None
