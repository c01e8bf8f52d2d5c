"""The sequential test of slow-downs: its error rates hold whatever the noise, and it needs few blocks."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from noise import NOISE
from scipy import stats

from aebench.comparison import sequential
from aebench.comparison.sequential import LOOKS, Decision, Thresholds, decide
from aebench.errors import ResultError, UsageError

REPEATS = 2_000
THRESHOLDS = Thresholds()
SHAPE = (REPEATS, LOOKS[-1])


@cache
def decisions(noise: str, slowdown: float, thresholds: Thresholds = THRESHOLDS) -> list[Decision]:
    """What is decided of head that takes so much longer, over and over."""
    return [decide([float(value) for value in row], thresholds) for row in NOISE[noise](SHAPE) + math.log1p(slowdown)]


def share(found: list[Decision], verdict: str) -> int:
    """How often that is the verdict."""
    return sum(decision.verdict == verdict for decision in found)


def surely_above(count: int, rate: float) -> bool:
    """Whether so many of the repeats are more than the rate allows, but for one time in a hundred thousand."""
    return bool(stats.binomtest(count, REPEATS, rate, alternative="greater").pvalue < 1e-5)


@pytest.mark.parametrize("noise", NOISE)
def test_what_is_tolerated_does_not_fail(noise: str) -> None:
    """Head slower by just what is tolerated: false alarms in one case of a hundred at most."""
    assert not surely_above(share(decisions(noise, THRESHOLDS.tolerated), "slower"), THRESHOLDS.false_alarms)


@pytest.mark.parametrize("noise", NOISE)
def test_what_is_intolerable_does_not_pass(noise: str) -> None:
    """Head slower by just what is intolerable: misses in one case of twenty at most."""
    assert not surely_above(share(decisions(noise, THRESHOLDS.intolerable), "not slower"), THRESHOLDS.misses)


@pytest.mark.parametrize(
    ("noise", "slowdown", "verdict", "blocks"),
    [
        ("normal, 0.021", 0.0, "not slower", 5),
        ("normal, 0.032", 0.0, "not slower", 5),
        ("normal, 0.045", 0.0, "not slower", 6),
        ("heavy tails", 0.0, "not slower", 5),
        ("normal, 0.021", 0.1, "slower", 6),
        ("normal, 0.032", 0.1, "slower", 7),
        ("normal, 0.045", 0.1, "slower", 9),
        ("heavy tails", 0.1, "slower", 7),
        ("normal, 0.045", 0.2, "slower", 5),
        ("one process in five is slow", 0.2, "slower", 8),
    ],
)
def test_few_blocks_decide(noise: str, slowdown: float, verdict: str, blocks: int) -> None:
    """On average so many at most, and in 97 cases of 100 the right verdict."""
    found = decisions(noise, slowdown)
    assert share(found, verdict) >= 0.97 * REPEATS
    assert np.mean([decision.blocks for decision in found]) <= blocks


def test_finer_thresholds_take_more_blocks() -> None:
    """5 % with thresholds of 1 % and 5 %: within 15 blocks on average, which are five minutes."""
    fine = Thresholds(tolerated=0.01, intolerable=0.05)
    found = decisions("normal, 0.032", 0.05, fine)
    assert not surely_above(share(found, "not slower"), fine.misses)
    assert np.mean([decision.blocks for decision in found]) <= 15


def test_looking_at_full_rate_every_time_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: each look takes the whole rate for itself, as one does who looks until an interval is narrow."""
    monkeypatch.setattr(sequential, "_reach", lambda rate, blocks: float(stats.t.isf(rate, blocks - 1)))
    noise = "one process in two is slow"
    rows = NOISE[noise](SHAPE) + math.log1p(THRESHOLDS.tolerated)
    assert surely_above(share([decide(list(map(float, r)), THRESHOLDS) for r in rows], "slower"), 0.01)


def test_a_decision_stays_and_blocks_go_on_where_there_is_none() -> None:
    """Later blocks do not turn a verdict round; before the first look, and between looks, more are asked for."""
    slow = [0.2, 0.21, 0.19]
    first = decide(slow, THRESHOLDS)
    assert ("slower", 3, False) == (first.verdict, first.blocks, first.open)
    assert first == decide([*slow, -1.0, -1.0], THRESHOLDS)
    assert first.low > 1.02
    for few in ([], [0.0], [0.0, 0.0], [0.0, 0.3, -0.3], [0.0, 0.3, -0.3, 0.1], [0.0, 0.3, -0.3, 0.1, 0.0]):
        assert ("undecided", True) == (decide(few, THRESHOLDS).verdict, decide(few, THRESHOLDS).open)
    last = decide([0.3, -0.3] * 12, THRESHOLDS)
    assert ("undecided", 24, False) == (last.verdict, last.blocks, last.open)


def test_equal_blocks_are_not_believed_to_the_last_digit() -> None:
    """Four blocks without any spread still have the least deviation."""
    found = decide([0.0] * 4, THRESHOLDS)
    assert "not slower" == found.verdict
    assert found.high - 1.0 > 0.01


def test_many_rows_share_the_rate_of_false_alarms() -> None:
    """What one row alone would call slower, it may not among a hundred."""
    values = [0.20, 0.24, 0.18, 0.22]
    assert ["slower", "undecided"] == [decide(values, THRESHOLDS, rows).verdict for rows in (1, 100)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_block_that_is_no_number_is_refused(value: float) -> None:
    """It would make every interval NaN, which is above nothing and below nothing."""
    with pytest.raises(ResultError, match="block 2 has the log ratio"):
        decide([0.0, value, 0.0, 0.0], THRESHOLDS)


@pytest.mark.parametrize(
    "bad",
    [
        {"tolerated": 0.1}, {"tolerated": -0.1}, {"tolerated": math.nan}, {"intolerable": math.inf},
        {"false_alarms": 0.0}, {"misses": 0.5}, {"misses": math.nan},
    ],
)  # fmt: skip
def test_thresholds_that_make_no_sense_are_refused(bad: dict[str, float]) -> None:
    """What is tolerated below what is intolerable, and rates of error between 0 and one half."""
    with pytest.raises(UsageError, match="found"):
        Thresholds(**bad)
