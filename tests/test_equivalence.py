"""Equivalence over seeds: intervals by hand, verdicts at their borders, powers against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aebench.quality import equivalence
from aebench.quality.equivalence import (
    compare,
    confidence,
    fewest_seeds,
    power_of_difference,
    power_of_equivalence,
    verdict,
)
from aebench.streams import stream


def test_the_interval_by_hand() -> None:
    """Differences 1, 2, 3: mean 2, deviation 1, t(0.95, 2) = 2.919986, so 2 -+ 2.919986 / sqrt(3)."""
    actual = compare([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], margin=5.0)
    assert (3, 2.0, 1.0) == (actual.n, actual.difference, actual.deviation)
    assert (actual.low, actual.high) == pytest.approx((2 - 1.685854, 2 + 1.685854), abs=1e-6)
    assert actual.verdict == "equivalent"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.9, 0.9, "equivalent"), (-1.0, 0.9, "undecided"), (-0.9, 1.0, "undecided"), (0.5, 1.5, "undecided"),
        (-2.0, 2.0, "undecided"), (1.0, 2.0, "different"), (-2.0, -1.0, "different"), (0.99, 2.0, "undecided"),
    ],
)  # fmt: skip
def test_the_verdict_is_where_the_interval_lies(low: float, high: float, expected: str) -> None:
    """Inside the margin of 1, wholly outside, or neither."""
    assert expected == verdict(low, high, 1.0)


def test_few_seeds_do_not_make_frameworks_equal() -> None:
    """Two wide apart trainings are undecided, not equal, and so is a single pair that agrees to the last digit."""
    assert compare([1.0, 5.0], [4.0, 2.0], margin=1.0).verdict == "undecided"
    one = compare([1.0], [1.0], margin=1.0)
    assert ("undecided", -math.inf, math.inf, None) == (one.verdict, one.low, one.high, one.seeds_to_decide)


def test_pairing_takes_out_what_the_seed_does() -> None:
    """Values that vary much from seed to seed, together, are equivalent; shuffled against each other they are not."""
    left = [10.0, 20.0, 30.0, 40.0]
    assert compare(left, [10.1, 20.0, 29.9, 40.0], margin=1.0).verdict == "equivalent"
    assert compare(left, [40.0, 10.1, 20.0, 29.9], margin=1.0).verdict == "undecided"


def test_equal_differences_leave_no_doubt() -> None:
    """Without any spread the interval is a point: equivalent within the margin, different beyond it."""
    assert compare([1.0, 1.0], [1.0, 1.0], margin=0.1).verdict == "equivalent"
    assert compare([1.5, 2.5], [1.0, 2.0], margin=0.1).verdict == "different"


@pytest.mark.parametrize(
    ("left", "right", "margin"),
    [([], [], 1.0), ([1.0], [1.0, 2.0], 1.0), ([math.nan], [1.0], 1.0), ([1.0], [1.0], 0.0)],
)
def test_what_cannot_be_compared_is_refused(left: list[float], right: list[float], margin: float) -> None:
    """No pairs, unequal numbers, NaN, no margin."""
    with pytest.raises(ValueError, match="finite pairs and a positive margin"):
        compare(left, right, margin)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-10, 10), min_size=2, max_size=8), st.floats(0.01, 5))
def test_swapping_the_sides_turns_the_sign_only(values: list[float], margin: float) -> None:
    """left against right is right against left with the other sign."""
    zeros = [0.0] * len(values)
    one, other = compare(values, zeros, margin), compare(zeros, values, margin)
    assert (one.verdict, one.difference, one.low) == (other.verdict, -other.difference, -other.high)


@pytest.mark.parametrize(
    ("seeds", "deviation", "margin", "difference"), [(3, 1, 3, 0), (5, 1, 1.5, 0), (10, 1, 1, 0.4), (10, 1, 1, 1)]
)
def test_power_of_equivalence_is_what_simulation_finds(
    seeds: int, deviation: float, margin: float, difference: float
) -> None:
    """20,000 simulated comparisons give the verdict as often as the formula says; at the margin at most 5 %."""
    draws = difference + deviation * stream(0, "test/power").normal((20_000, seeds))
    low, high = (draws.mean(axis=1) + sign * _half_width(draws) for sign in (-1, 1))
    found = np.mean((low > -margin) & (high < margin))
    power = power_of_equivalence(seeds, deviation, margin, difference)
    assert abs(found - power) < 4 * math.sqrt(power * (1 - power) / 20_000) + 0.001
    assert difference < margin or power <= 0.051


def test_power_of_difference_is_what_simulation_finds() -> None:
    """The paired two-sided test at 5 % sees a difference of one deviation in 8 seeds as often as it should."""
    draws = 1.0 + stream(0, "test/power").normal((20_000, 8))
    found = np.mean(np.abs(draws.mean(axis=1)) > _half_width(draws, 0.975))
    assert abs(found - power_of_difference(8, 1.0, 1.0)) < 0.012


def _half_width(draws: np.ndarray, quantile: float = 0.95) -> np.ndarray:
    n = draws.shape[1]
    return equivalence.stats.t.ppf(quantile, n - 1) * draws.std(axis=1, ddof=1) / math.sqrt(n)


def test_fewest_seeds_is_the_first_that_suffices() -> None:
    """One seed fewer has less than the power, as many have it; without end there is none."""
    seeds = fewest_seeds(lambda n: power_of_equivalence(n, 1.0, 0.7))
    assert seeds is not None
    assert power_of_equivalence(seeds - 1, 1.0, 0.7) < equivalence.POWER <= power_of_equivalence(seeds, 1.0, 0.7)
    assert fewest_seeds(lambda _: 0.5) is None
    assert fewest_seeds(lambda _: 0.9) == 2


def test_textbook_number_of_seeds() -> None:
    """A difference of one deviation: a paired two-sided t test at 5 % with power 80 % takes 10 pairs (Cohen)."""
    assert fewest_seeds(lambda n: power_of_difference(n, 1.0, 1.0)) == 10


def test_confidence_by_hand() -> None:
    """1, 2, 3: t(0.975, 2) = 4.302653 times 1 / sqrt(3); a single value has no interval."""
    assert confidence([1.0, 2.0, 3.0]) == pytest.approx(4.302653 / math.sqrt(3), abs=1e-6)
    assert confidence([1.0]) == math.inf
