"""Trainings that leap: whose error, after falling, is suddenly orders of magnitude larger.

A leap is an error after an epoch that is not a number or exceeds `FACTOR` times the smallest one before it, in a
training whose last error is a number. One that ends in none came to nothing, which its metrics say: it counts neither
among those that leapt nor among those that did not. The line is not fine: in the committed baseline, trainings without
a leap come back to at most 6.4 times their smallest error, and those with one exceed 13 times theirs
(tests/test_leaps.py). A mean over trainings of which some leapt describes none of them, so they are counted: the share
with an exact interval, two frameworks by an exact test paired by seed, and every other metric is compared among the
seeds at which neither leapt. What falls back before its epoch ends is not seen.

Sources: Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial";
McNemar 1947, "Note on the sampling error of the difference between correlated proportions", in its exact form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from scipy import stats

FACTOR = 10.0
ERROR = "test_mse"
"""The curve in which leaps are looked for: the test error after each epoch of the last phase."""


@dataclass(frozen=True)
class Leaps:
    """One framework's trainings by seed: whether each leapt."""

    by_seed: dict[int, bool]

    @property
    def count(self) -> int:
        """Trainings that leapt."""
        return sum(self.by_seed.values())

    @property
    def interval(self) -> tuple[float, float]:
        """The exact (Clopper-Pearson) 95 % interval of the share of trainings that leap."""
        return _interval(self.count, len(self.by_seed), 0.95)


@dataclass(frozen=True)
class Shares:
    """Two frameworks' leaps at the seeds that both have.

    n: seeds. left, right: seeds at which only this one leapt. p: of "both leap as often", exact, two-sided.
    """

    n: int
    left: int
    right: int

    @property
    def p(self) -> float:
        """Exact McNemar test: among seeds at which just one leaps, either is as likely."""
        discordant = self.left + self.right
        return float(stats.binomtest(self.left, discordant).pvalue) if discordant else 1.0

    @property
    def p_more(self) -> float:
        """The same one-sided: of "right leaps no more often than left"."""
        discordant = self.left + self.right
        return float(stats.binomtest(self.right, discordant, alternative="greater").pvalue) if discordant else 1.0

    def limits(self, level: float) -> tuple[float, float]:
        """Between which shares of seeds right leaps more often than left; each limit fails at that level at most.

        Exact (Clopper-Pearson) limits of the seeds at which only one of the two leaps, each at half the level.
        """
        only_left, only_right = (_interval(count, self.n, 1.0 - level) for count in (self.left, self.right))
        return only_right[0] - only_left[1], only_right[1] - only_left[0]


@cache
def _interval(count: int, n: int, confidence: float) -> tuple[float, float]:
    """The exact (Clopper-Pearson) interval of a share, two-sided."""
    found = stats.binomtest(count, n).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


def compare(left: Leaps, right: Leaps) -> Shares | None:
    """How two frameworks' leaps compare; None without a common seed."""
    seeds = [seed for seed in left.by_seed if seed in right.by_seed]
    if not seeds:
        return None
    only_left = sum(left.by_seed[s] and not right.by_seed[s] for s in seeds)
    return Shares(len(seeds), only_left, sum(right.by_seed[s] and not left.by_seed[s] for s in seeds))


def leap(errors: Mapping[int, float]) -> int | None:
    """The epoch of the first leap in errors by epoch; None without one, or where the last error is not a number."""
    if not ends_in_a_number(errors):
        return None
    smallest = math.inf
    for epoch, error in errors.items():
        if not math.isfinite(error) or error > FACTOR * smallest:
            return epoch
        smallest = min(smallest, error)
    return None


def ends_in_a_number(errors: Mapping[int, float]) -> bool:
    """Whether there are errors, and the last one is finite."""
    return bool(errors) and math.isfinite(errors[max(errors)])


def leapt(trial: Mapping[str, Any]) -> bool | None:
    """Whether the training leapt; None where nothing says so: it has no curve, or ends in no number."""
    curve = errors(trial)
    return leap(curve) is not None if ends_in_a_number(curve) else None


def errors(trial: Mapping[str, Any]) -> dict[int, float]:
    """Epoch -> error of a trial after it, in the last phase; empty where it has no such curve.

    Read from a trial's history, or from the curves of a baseline, so that older records have it, too.
    """
    if "curves" in trial:
        last: Mapping[str, Any] = next(reversed(trial["curves"].values()), {})
        return dict(zip(map(int, last.get("epoch", ())), last.get(ERROR, ()), strict=False))
    epochs: Sequence[Mapping[str, Any]] = next(reversed(trial.get("history", {}).values()), ())
    return {int(epoch["epoch"]): epoch[ERROR] for epoch in epochs if ERROR in epoch}
