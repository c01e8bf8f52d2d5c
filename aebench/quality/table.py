"""The quality of finished trainings, metric by metric: each framework's values over seeds, and how they compare."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from aebench import registry
from aebench.quality.equivalence import Equivalence, compare, confidence
from aebench.quality.margins import Margin, margin
from aebench.registry import ARBITER

Trials = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Values:
    """One metric in one framework: its finite values by seed, and the seeds at which it is not a number."""

    by_seed: dict[int, float]
    invalid: tuple[int, ...] = ()

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
    """Two frameworks and how a metric compares between them."""

    left: str
    right: str
    equivalence: Equivalence


@dataclass(frozen=True)
class Row:
    """One metric of one autoencoder. pairs: the comparisons of the frameworks, over the seeds that both have."""

    autoencoder: str
    metric: str
    unit: str
    margin: Margin
    values: dict[str, Values]
    pairs: tuple[Pair, ...]


def rows(trials: Trials) -> list[Row]:
    """Every metric of these trials' documents, autoencoders in their order; failed trials have none."""
    finished = [trial for trial in trials if "metrics" in trial]
    known = [n for n in registry.autoencoders() if any(t["autoencoder"] == n for t in finished)]
    return [row for name in known for row in _rows_of(name, [t for t in finished if t["autoencoder"] == name])]


def _rows_of(name: str, trials: Trials) -> Iterable[Row]:
    described = {metric: found for trial in trials for metric, found in trial["metrics"].items()}
    frameworks = list(dict.fromkeys(trial["framework"] for trial in trials))
    for metric, found in described.items():
        values = {framework: _values(metric, [t for t in trials if t["framework"] == framework])
                  for framework in frameworks}  # fmt: skip
        allowed = margin(metric)
        pairs = tuple(
            Pair(left, right, compared)
            for left, right in compared_pairs(frameworks)
            if (compared := _compared(values[left].by_seed, values[right].by_seed, allowed))
        )
        yield Row(name, metric, found["unit"], allowed, values, pairs)


def _values(metric: str, trials: Trials) -> Values:
    found = {int(t["seed"]): float(t["metrics"][metric]["value"]) for t in trials if metric in t["metrics"]}
    finite = {seed: value for seed, value in sorted(found.items()) if math.isfinite(value)}
    return Values(finite, tuple(sorted(set(found) - set(finite))))


def compared_pairs(frameworks: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs whose quality is compared: every two frameworks; the reference only where there is just one other."""
    others = [name for name in frameworks if name != ARBITER]
    return list(combinations(others if len(others) > 1 else frameworks, 2))


def _compared(left: Mapping[int, float], right: Mapping[int, float], allowed: Margin) -> Equivalence | None:
    """The comparison over the common seeds; None where there are none, or where a share of nothing is no margin."""
    seeds = [seed for seed in left if seed in right]
    pairs = [left[s] for s in seeds], [right[s] for s in seeds]
    width = allowed.at(float(np.mean(pairs))) if seeds else 0.0
    return compare(*pairs, width) if width > 0 else None
