"""Equivalence over seeds: intervals by hand, verdicts at their borders, powers against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aebench.measures import Margin
from aebench.quality import equivalence
from aebench.quality.equivalence import (
    ALIKE,
    LEVEL,
    Comparison,
    compare,
    confidence,
    fewest_seeds,
    power_of_difference,
    power_of_equivalence,
)
from aebench.streams import stream


def within(value: float, *, relative: bool = False) -> Margin:
    """A margin, whose reason nobody reads here."""
    return Margin(value, "for a test", relative)


def test_the_interval_by_hand() -> None:
    """Differences 1, 2, 3: mean 2, deviation 1, t(0.95, 2) = 2.919986, so 2 -+ 2.919986 / sqrt(3)."""
    actual = compare([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], within(5.0))
    assert (3, 2.0, 1.0) == (actual.n, actual.difference, actual.deviation)
    assert (2 - 1.685854, 2 + 1.685854) == pytest.approx((actual.low, actual.high), abs=1e-6)
    assert actual.equivalent


def test_the_p_value_by_hand() -> None:
    """The same beyond a margin of 1: t = sqrt(3); with two degrees of freedom 2 P(T > t) = 1 - t / sqrt(2 + t²)."""
    actual = compare([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], within(1.0))
    assert 1 - math.sqrt(3 / 5) == pytest.approx(actual.p, abs=1e-12)
    assert compare([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], within(2.0)).p == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-0.9, 0.9, True), (-1.0, 0.9, False), (-0.9, 1.0, False), (0.5, 1.5, False), (-2.0, 2.0, False)],
)
def test_equivalent_is_an_interval_within_the_margin(low: float, high: float, expected: bool) -> None:
    """Inside the margin of 1, borders excluded."""
    assert expected == Comparison(3, 0.0, 1.0, low, high, 1.0, 1.0).equivalent


def test_without_a_margin_nothing_is_claimed() -> None:
    """Difference and interval are there; equivalence and the p value are not."""
    actual = compare([1.0, 2.0, 3.0], [1.0, 2.0, 2.9], None)
    assert (False, None, None, None) == (actual.equivalent, actual.p, actual.seeds_to_decide, actual.seeds_to_see())
    assert actual.low < actual.difference < actual.high


def test_few_seeds_do_not_make_frameworks_equal() -> None:
    """Two wide apart trainings are not equivalent, nor is a single pair that agrees to the last digit."""
    assert not compare([1.0, 5.0], [4.0, 2.0], within(1.0)).equivalent
    one = compare([1.0], [1.0], within(1.0))
    assert (False, 1.0, -math.inf, math.inf, None) == (one.equivalent, one.p, one.low, one.high, one.seeds_to_decide)


def test_pairing_takes_out_what_the_seed_does() -> None:
    """Values that vary much from seed to seed, together, are equivalent; shuffled against each other they are not."""
    left = [10.0, 20.0, 30.0, 40.0]
    assert compare(left, [10.1, 20.0, 29.9, 40.0], within(1.0)).equivalent
    assert not compare(left, [40.0, 10.1, 20.0, 29.9], within(1.0)).equivalent


def test_the_same_numbers_are_equivalent() -> None:
    """Nothing differs at any seed: the interval is a point at nought."""
    same = compare([1.0, 7.0], [1.0, 7.0], within(0.1))
    assert (True, 0.0, 0.0, 1.0) == (same.equivalent, same.low, same.high, same.p)


@pytest.mark.parametrize("resolution", [1.0, 1 / 360])
def test_equal_differences_show_no_more_than_their_signs(resolution: float) -> None:
    """Counts differ equally by luck: it takes five seeds to be sure of equivalence, six to be sure of a difference.

    A difference of one image in 360 comes out of float64 with a spread of 1e-17, which is none.
    """

    def at(n: int, margin: float) -> Comparison:
        left = [resolution * (100 + 7 * seed) for seed in range(n)]
        return compare(left, [value - resolution for value in left], within(margin * resolution))

    assert [False, True] == [at(n, 2.0).equivalent for n in (ALIKE - 1, ALIKE)]
    assert [1.0, 2**-4, 2**-5] == [at(n, 0.5).p for n in (4, 5, 6)]


def test_a_share_is_taken_of_each_pair_s_own_mean() -> None:
    """5 % apart at every seed is 5 % apart, whatever the seed does; a mean over the seeds would follow the largest."""
    actual = compare([1.05, 10.5, 105.0, 1.05, 10.5], [1.0, 10.0, 100.0, 1.0, 10.0], within(0.05, relative=True))
    assert 0.05 / 1.025 == pytest.approx(actual.difference)
    assert 0.0 == actual.deviation
    assert actual.equivalent
    assert compare([0.0, 0.0], [0.0, 0.0], within(0.05, relative=True)).equivalent


@pytest.mark.parametrize(("left", "right"), [([], []), ([1.0], [1.0, 2.0]), ([math.nan], [1.0])])
def test_what_cannot_be_compared_is_refused(left: list[float], right: list[float]) -> None:
    """No pairs, unequal numbers, NaN."""
    with pytest.raises(ValueError, match="expected finite pairs"):
        compare(left, right, within(1.0))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-10, 10), min_size=2, max_size=8), st.floats(0.01, 5))
def test_swapping_the_sides_turns_the_sign_only(values: list[float], margin: float) -> None:
    """left against right is right against left with the other sign."""
    zeros = [0.0] * len(values)
    one, other = compare(values, zeros, within(margin)), compare(zeros, values, within(margin))
    assert (one.equivalent, one.p, one.difference, one.low) == (
        other.equivalent, other.p, -other.difference, -other.high
    )  # fmt: skip


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


@pytest.mark.parametrize(
    ("seeds", "deviation", "difference", "level"),
    [
        (8, 0.5, 2.0, LEVEL), (8, 1.0, 2.0, LEVEL / 70), (20, 1.0, 2.0, LEVEL / 70), (5, 50.0, 0.0, LEVEL),
        (9, 0.1, 1.0, LEVEL),
    ],
)  # fmt: skip
def test_power_of_difference_is_what_simulation_finds(
    seeds: int, deviation: float, difference: float, level: float
) -> None:
    """Of 20,000 comparisons with a margin of 1 as many show a difference beyond it as the formula says."""
    draws = difference + deviation * stream(0, "test/power").normal((20_000, seeds))
    errors = draws.std(axis=1, ddof=1) / math.sqrt(seeds)
    found = np.mean(2 * equivalence.stats.t.sf((np.abs(draws.mean(axis=1)) - 1.0) / errors, seeds - 1) <= level)
    power = power_of_difference(seeds, deviation, 1.0, difference, level)
    assert abs(found - power) < 4 * math.sqrt(power * (1 - power) / 20_000) + 0.001
    assert abs(difference) > 1.0 or power <= LEVEL + 0.001


def _half_width(draws: np.ndarray) -> np.ndarray:
    n = draws.shape[1]
    return equivalence.stats.t.ppf(0.95, n - 1) * draws.std(axis=1, ddof=1) / math.sqrt(n)


def test_fewest_seeds_is_the_first_that_suffices() -> None:
    """One seed fewer has less than the power, as many have it; without end there is none."""
    seeds = fewest_seeds(lambda n: power_of_equivalence(n, 1.0, 0.7))
    assert seeds is not None
    assert power_of_equivalence(seeds - 1, 1.0, 0.7) < equivalence.POWER <= power_of_equivalence(seeds, 1.0, 0.7)
    assert fewest_seeds(lambda _: 0.5) is None
    assert fewest_seeds(lambda _: 0.9) == 2


def test_textbook_number_of_seeds() -> None:
    """A difference one deviation beyond the margin: a paired t test at 5 %, two-sided, takes 10 pairs (Cohen)."""
    assert fewest_seeds(lambda n: power_of_difference(n, 1.0, 1.0, 2.0)) == 10


def test_the_number_of_seeds_is_that_of_the_verdict() -> None:
    """At twice the margin and the level that the call leaves: so many show 80 % of the differences, one fewer fewer."""
    actual = compare([1.0, 2.0, 3.0, 1.5], [1.5, 1.5, 3.0, 2.0], within(0.4))
    assert actual.deviation is not None
    for level in (LEVEL, LEVEL / 70):
        seeds = actual.seeds_to_see(level)
        assert seeds is not None
        powers = [power_of_difference(n, actual.deviation, 0.4, 0.8, level) for n in (seeds - 1, seeds)]
        assert powers[0] < equivalence.POWER <= powers[1]


def test_confidence_by_hand() -> None:
    """1, 2, 3: t(0.975, 2) = 4.302653 times 1 / sqrt(3); a single value has no interval."""
    assert confidence([1.0, 2.0, 3.0]) == pytest.approx(4.302653 / math.sqrt(3), abs=1e-6)
    assert confidence([1.0]) == math.inf
