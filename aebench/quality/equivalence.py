"""Whether two frameworks end equally well: two one-sided tests over seeds, paired by seed.

The end of a training is chaotic in float32, so two sound frameworks end at different numbers, and only their
statistics can be compared. "No significant difference" would reward few seeds; here equality is what must be shown.
The 90 % interval of the mean difference is held against a margin stated beforehand: inside it the frameworks are
equivalent, wholly outside they are different, and otherwise the seeds do not decide. Each claim errs at most one time
in twenty, if the differences are about normal. A standard deviation from few seeds is itself uncertain.

Source: Schuirmann 1987, "A comparison of the two one-sided tests procedure and the power approach".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

LEVEL = 0.05
POWER = 0.8
MOST_SEEDS = 10_000
# Quantiles of the estimated deviation over which its distribution is averaged: three digits of the power.
NODES = 1_000

Verdict = Literal["equivalent", "different", "undecided"]


@dataclass(frozen=True)
class Equivalence:
    """The comparison of one metric over the seeds that both frameworks have, in the metric's unit.

    n: seeds. difference: mean of left minus right. deviation: standard deviation of the differences, None for one
    seed. low, high: the 90 % interval of the difference, infinite for one seed. seeds_to_decide: how many would show
    equivalence four times in five if there were no difference at all; seeds_to_see: how many would see a difference
    as large as the margin as often; None where more than `MOST_SEEDS` or not known.
    """

    n: int
    difference: float
    deviation: float | None
    low: float
    high: float
    margin: float
    verdict: Verdict
    seeds_to_decide: int | None
    seeds_to_see: int | None


def compare(left: Sequence[float], right: Sequence[float], margin: float) -> Equivalence:
    """Two one-sided paired t tests; the values of one seed stand at the same place on both sides.

    Raises:
        ValueError: no values, unequal numbers of them, values that are not finite, or a margin that is not positive.
    """
    finite = np.all(np.isfinite([*left, *right]))
    if not (len(left) == len(right) > 0 and finite and 0 < margin < math.inf):
        raise ValueError(f"expected finite pairs and a positive margin, found {left}, {right} and {margin}")
    differences = np.asarray(left, np.float64) - np.asarray(right, np.float64)
    n, mean = len(differences), float(np.mean(differences))
    if n == 1:
        return Equivalence(1, mean, None, -math.inf, math.inf, margin, "undecided", None, None)
    deviation = float(np.std(differences, ddof=1))
    half = float(stats.t.ppf(1 - LEVEL, n - 1)) * deviation / math.sqrt(n)
    low, high = mean - half, mean + half
    decide = fewest_seeds(lambda seeds: power_of_equivalence(seeds, deviation, margin))
    see = fewest_seeds(lambda seeds: power_of_difference(seeds, deviation, margin))
    return Equivalence(n, mean, deviation, low, high, margin, verdict(low, high, margin), decide, see)


def verdict(low: float, high: float, margin: float) -> Verdict:
    """What an interval of the difference says about a margin."""
    if -margin < low and high < margin:
        return "equivalent"
    return "different" if low >= margin or high <= -margin else "undecided"


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


def power_of_difference(seeds: int, deviation: float, difference: float) -> float:
    """Probability that a two-sided paired t test at 5 % sees a difference of that size."""
    if deviation == 0:
        return float(difference != 0)
    critical = stats.t.ppf(1 - LEVEL / 2, seeds - 1)
    shift = difference / deviation * math.sqrt(seeds)
    return float(stats.nct.sf(critical, seeds - 1, shift) + stats.nct.cdf(-critical, seeds - 1, shift))


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
