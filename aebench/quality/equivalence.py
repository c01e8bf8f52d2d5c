"""How far two frameworks end apart in one metric, over seeds: paired t tests against a margin stated beforehand.

The end of a training is chaotic in float32, so two sound frameworks end at different numbers, and only their
statistics can be compared. "No significant difference" would reward few seeds; here equality is what must be shown.

- *equivalent*: two one-sided tests at 5 % each, which is the 90 % interval of the mean difference within the margin.
  Where the true difference is as large as the margin or larger, this is claimed at most one time in twenty.
- *different*: a difference larger than the margin is shown. The null hypothesis is that it lies within the margin, on
  either side of nought, so each direction is tested at half the level. `aebench.quality.family` holds the level over
  all metrics of a call.

Both levels hold for normal differences of any spread. A standard deviation from few seeds is itself uncertain. Where
the margin is a share, each seed's difference is a share, too: of its own pair's mean, so that a pair that ends high
counts no more than one that ends low, and the margin is no random number.

Source: Schuirmann 1987, "A comparison of the two one-sided tests procedure and the power approach".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from aebench.arrays import Array
from aebench.measures import Margin

LEVEL = 0.05
POWER = 0.8
SEEN = 2.0
"""Margins that a true difference is large, when it is said how many seeds would show it to be larger than one."""
MOST_SEEDS = 10_000
ALIKE = 5
"""So many equal differences, that are not nought, show something: by luck 5 lie on one side in 1 case of 32."""
# Quantiles of the estimated deviation over which its distribution is averaged: three digits of the power.
NODES = 1_000


@dataclass(frozen=True)
class Comparison:
    """One metric over the seeds that both frameworks have: in its unit, or as a share of the pair's mean if `relative`.

    n: seeds. difference: mean of left minus right. deviation: standard deviation of the differences; None for one seed,
    and for fewer than `ALIKE` equal differences that are not nought, whose spread nobody has seen. low, high: the 90 %
    interval of the difference, infinite where the deviation is None. margin: None where the metric has none.
    p: of "the difference lies within the margin", two-sided; None without a margin.
    """

    n: int
    difference: float
    deviation: float | None
    low: float
    high: float
    margin: float | None
    p: float | None
    relative: bool = False

    @property
    def equivalent(self) -> bool:
        """Whether the interval lies within the margin."""
        return self.margin is not None and -self.margin < self.low and self.high < self.margin

    @property
    def seeds_to_decide(self) -> int | None:
        """How many seeds would show equivalence four times in five, at this spread, if there were no difference.

        None: more than `MOST_SEEDS`, or not known.
        """
        if self.deviation is None or self.margin is None:
            return None
        deviation, margin = self.deviation, self.margin
        return fewest_seeds(lambda seeds: power_of_equivalence(seeds, deviation, margin))

    def seeds_to_see(self, level: float = LEVEL) -> int | None:
        """How many seeds would show a difference of `SEEN` margins to be one, four times in five, at this spread.

        level: that of the verdict, `LEVEL` over the number of comparisons in a call. None: more than `MOST_SEEDS`, or
        not known.
        """
        if self.deviation is None or self.margin is None:
            return None
        deviation, margin = self.deviation, self.margin
        return fewest_seeds(lambda seeds: power_of_difference(seeds, deviation, margin, SEEN * margin, level))


def compare(left: Sequence[float], right: Sequence[float], margin: Margin | None) -> Comparison:
    """Compare by paired t tests; the values of one seed stand at the same place on both sides.

    Raises:
        ValueError: no values, unequal numbers of them, or values that are not finite.
    """
    if not (len(left) == len(right) > 0 and np.all(np.isfinite([*left, *right]))):
        raise ValueError(f"expected finite pairs, found {left} and {right}")
    relative, width = (margin.relative, margin.value) if margin else (False, None)
    sides = in_measure(left, right, margin)
    differences = sides[0] - sides[1]
    n, mean = len(differences), float(np.mean(differences))
    deviation = _deviation(differences, largest=float(np.max(np.abs(sides))))
    if deviation is None:
        p = None if width is None else 1.0
        return Comparison(n, mean, None, -math.inf, math.inf, width, p, relative)
    error = deviation / math.sqrt(n)
    half = float(special.stdtrit(n - 1, 1 - LEVEL)) * error
    p = None if width is None else _p(n, abs(mean) - width, error)
    return Comparison(n, mean, deviation, mean - half, mean + half, width, p, relative)


def in_measure(left: Sequence[float], right: Sequence[float], margin: Margin | None) -> Array:
    """Both sides, (2, pairs): in the metric's unit or, where the margin is a share, each pair over its own mean."""
    sides = np.asarray([left, right], np.float64)
    if margin is None or not margin.relative:
        return sides
    means = np.abs(sides.mean(axis=0))
    return np.asarray(sides / np.where(means > 0, means, 1.0))


def _deviation(differences: np.ndarray, largest: float) -> float | None:
    """Standard deviation of the differences, 0 when float64's rounding explains it; None when it is not known."""
    n = len(differences)
    if n == 1:
        return None
    deviation = float(np.std(differences, ddof=1))
    if deviation > n * np.finfo(np.float64).eps * largest:
        return deviation
    return None if np.any(differences) and n < ALIKE else 0.0


def _p(n: int, beyond: float, error: float) -> float:
    """Two-sided p value of a mean difference that lies `beyond` the margin; without spread that of the sign test."""
    if error == 0:
        return 2.0 ** (1 - n) if beyond > 0 else 1.0
    return min(1.0, 2 * float(special.stdtr(n - 1, -beyond / error)))


def confidence(values: Sequence[float], level: float = 0.95) -> float:
    """Half the width of the mean's confidence interval (Student's t); infinite for fewer than two values."""
    n = len(values)
    if n < 2:
        return math.inf
    return float(stats.t.ppf(0.5 + level / 2, n - 1) * np.std(values, ddof=1) / math.sqrt(n))


def power_of_equivalence(seeds: int, deviation: float, margin: float, difference: float = 0.0) -> float:
    """Probability that `seeds` pairs give the verdict "equivalent", for normal differences of that mean and deviation.

    The mean and the estimated deviation of normal values are independent: given the estimate, which is chi
    distributed, the mean must lie within what the interval's half width leaves of the margin.
    """
    if deviation == 0:
        return float(abs(difference) < margin)
    error, critical = deviation / math.sqrt(seeds), float(stats.t.ppf(1 - LEVEL, seeds - 1))
    ratios = stats.chi.ppf((np.arange(NODES) + 0.5) / NODES, seeds - 1) / math.sqrt(seeds - 1)
    room = np.maximum(margin - critical * error * ratios, 0.0)
    inside = stats.norm.cdf((room - difference) / error) - stats.norm.cdf((-room - difference) / error)
    return float(np.mean(inside))


def power_of_difference(seeds: int, deviation: float, margin: float, difference: float, level: float = LEVEL) -> float:
    """Probability that `seeds` pairs give the verdict "different" at that level, for normal differences of that mean.

    Each side: that Student's t of the mean's distance from the margin exceeds its critical value.
    """
    if deviation == 0:
        return float(abs(difference) > margin and 2.0 ** (1 - seeds) <= level)
    critical, error = float(stats.t.ppf(1 - level / 2, seeds - 1)), deviation / math.sqrt(seeds)
    above = stats.nct.sf(critical, seeds - 1, (difference - margin) / error)
    below = stats.nct.sf(critical, seeds - 1, (-difference - margin) / error)
    return float(above + below)


def fewest_seeds(power: Callable[[int], float]) -> int | None:
    """The smallest number of seeds, from 2, whose power is `POWER`; None when it is more than `MOST_SEEDS`."""
    if power(MOST_SEEDS) < POWER:
        return None
    low, high = 1, 2
    while power(high) < POWER:
        low, high = high, min(2 * high, MOST_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    return high
