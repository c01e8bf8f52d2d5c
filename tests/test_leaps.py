"""Leaps: what one is, the exact interval and test, and what the committed baseline says of the line between."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from aebench.quality import leaps
from aebench.quality.leaps import FACTOR, Leaps, Shares
from aebench.records import baselines

BASELINES = sorted((Path(__file__).parents[1] / "results" / "baselines").glob("*.json"))


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([], None), ([5.0], None), ([3.0, 2.0, 1.0, 9.9], None), ([3.0, 1.0, 10.1, 1.0], 2),
        ([1.0, math.inf, 0.5], 1), ([1.0, 0.5, math.nan, 0.4], 2), ([math.nan, math.nan], None),
        ([1.0, 0.5, math.inf], None), ([1.0, 20.0, math.nan], None),
        ([0.1, 1.1, 0.1, 20.0], 1), ([100.0, 1.0, 9.0, 9.5], None),
    ],
)  # fmt: skip
def test_a_leap_is_ten_times_the_smallest_error_before(errors: Sequence[float], expected: int | None) -> None:
    """The first place where the error is more than ten times the smallest so far, or not a number; none where it ends
    in no number."""
    assert expected == leaps.leap(dict(enumerate(errors)))


@pytest.mark.parametrize(
    ("errors", "expected"),
    [((1.0, 0.5), False), ((1.0, 20.0), True), ((), None), ((1.0, math.nan), None), ((1.0, 20.0, math.inf), None)],
)
def test_a_training_that_ends_in_no_number_counts_on_neither_side(
    errors: tuple[float, ...], expected: bool | None
) -> None:
    """It came to nothing: its metrics say so, and a share of leaps says nothing of it."""
    trial = {"history": {"phase1": [{"epoch": n, "test_mse": error} for n, error in enumerate(errors, 1)]}}
    assert expected is leaps.leapt(trial)


def test_the_interval_is_exact() -> None:
    """None of 10: the upper end p has (1 - p)^10 = 2.5 %; 6 of 10 as in tables: 0.262 to 0.878."""
    none = Leaps(dict.fromkeys(range(10), False))
    assert (0.0, 1 - 0.025**0.1) == pytest.approx(none.interval)
    six = Leaps({seed: seed < 6 for seed in range(10)})
    assert (6, pytest.approx((0.262, 0.878), abs=5e-4)) == (six.count, six.interval)


def test_the_test_by_hand() -> None:
    """Six seeds at which only one leaps, all the same one: 2 / 2^6; what both do says nothing."""
    left = Leaps({**dict.fromkeys(range(6), True), 6: True, 7: False, 9: True})
    right = Leaps({**dict.fromkeys(range(6), False), 6: True, 7: False, 8: True})
    assert Shares(n=8, left=6, right=0) == leaps.compare(left, right)
    assert 2 / 2**6 == pytest.approx(Shares(8, 6, 0).p)
    assert [1.0, 1.0] == [Shares(8, 0, 0).p, Shares(8, 1, 1).p]
    assert leaps.compare(Leaps({0: True}), Leaps({1: True})) is None


def test_one_side_leaps_more_often_by_hand() -> None:
    """Six seeds at which only right leaps: 1 / 2^6; none of 10 on either side: up to 1 - 0.025^0.1 more or fewer."""
    assert 1 / 2**6 == pytest.approx(Shares(8, 0, 6).p_more)
    assert [1.0, 1.0] == [Shares(8, 6, 0).p_more, Shares(8, 0, 0).p_more]
    assert (0.025**0.1 - 1, 1 - 0.025**0.1) == pytest.approx(Shares(10, 0, 0).limits(0.05))
    low, high = Shares(10, 0, 6).limits(0.05)
    assert (pytest.approx(0.262 - (1 - 0.025**0.1), abs=5e-4), pytest.approx(0.878, abs=5e-4)) == (low, high)


def test_the_line_runs_through_a_gap_of_the_baselines() -> None:
    """No training comes near the line from either side: where exactly it runs makes no difference."""
    ratios = [_largest(list(leaps.errors(trial).values())) for path in BASELINES for trial in baselines.trials_of(path)]
    below, above = [r for r in ratios if r <= FACTOR], [r for r in ratios if r > FACTOR]
    assert max(below) < 6.5 < 13 < min(above)


def _largest(errors: Sequence[float]) -> float:
    """The largest error over the smallest before it."""
    return max((later / min(errors[:n]) for n, later in enumerate(errors) if n), default=0.0)


def test_errors_are_read_from_trials_and_from_baselines() -> None:
    """The curve of the last phase, whichever record holds it; none for a classifier."""
    history = {"phase1": [{"epoch": 1}], "phase2": [{"epoch": n, "test_mse": 1.0 / n} for n in (1, 2)]}
    curves = {"phase1": {"epoch": [1]}, "phase2": {"epoch": [1, 2], "test_mse": [1.0, 0.5]}}
    assert {1: 1.0, 2: 0.5} == leaps.errors({"history": history}) == leaps.errors({"curves": curves})
    assert {} == leaps.errors({"history": {"arm": [{"epoch": 1}]}}) == leaps.errors({"curves": {}})
