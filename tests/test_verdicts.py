"""What is said of the rows of a call: errors at the stated rates, with confirmation, Holm and the null control."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from noise import NOISE
from scipy import stats

from aebench.comparison import verdicts
from aebench.comparison.sequential import Thresholds, decide
from aebench.comparison.verdicts import Verdict, judged, judged_each, loaded, memory, moved
from aebench.records.conditions import Busy
from aebench.records.fields import Float

CALLS, ROWS, BLOCKS = 150, 12, 48
THRESHOLDS = Thresholds()


@cache
def calls(noise: str, slowdown: float, slow_rows: int = ROWS) -> list[Mapping[int, Verdict]]:
    """The verdicts of many calls of twelve rows, of which so many are slower by that part."""
    shift = math.log1p(slowdown) * (np.arange(ROWS) < slow_rows)
    values = NOISE[noise]((CALLS, ROWS, BLOCKS)) + shift[:, None]
    return [judged({row: call[row].tolist() for row in range(ROWS)}, THRESHOLDS) for call in values]


def surely_above(count: int, of: int, rate: float) -> bool:
    """Whether so many are more than the rate allows, but for one time in a hundred thousand."""
    return bool(stats.binomtest(count, of, rate, alternative="greater").pvalue < 1e-5)


def words(found: list[Mapping[int, Verdict]], word: str) -> list[int]:
    """How many rows of each call have that verdict."""
    return [sum(verdict.word == word for verdict in call.values()) for call in found]


@pytest.mark.parametrize("noise", NOISE)
def test_what_is_tolerated_fails_in_one_call_of_a_hundred(noise: str) -> None:
    """All twelve rows slower by just what is tolerated: one false alarm anywhere is the call's."""
    alarmed = sum(count > 0 for count in words(calls(noise, THRESHOLDS.tolerated), "slower"))
    assert not surely_above(alarmed, CALLS, THRESHOLDS.false_alarms)


@pytest.mark.parametrize("noise", NOISE)
def test_what_is_intolerable_passes_in_one_row_of_twenty(noise: str) -> None:
    """All twelve rows slower by just what is intolerable: neither screening nor confirmation lets more through."""
    missed = sum(sum(words(calls(noise, THRESHOLDS.intolerable), word)) for word in ("not slower", "faster"))
    assert not surely_above(missed, CALLS * ROWS, THRESHOLDS.misses)


@pytest.mark.parametrize("noise", [name for name in NOISE if "normal" in name or "heavy" in name])
def test_one_slow_row_is_found_and_the_others_are_not_blamed(noise: str) -> None:
    """The one is "slower" in 97 calls of a hundred; of the eleven that are as fast as base hardly any."""
    found = calls(noise, THRESHOLDS.intolerable, 1)
    assert sum(call[0].word == "slower" for call in found) >= 0.97 * CALLS
    blamed = sum(any(call[row].word == "slower" for row in range(1, ROWS)) for call in found)
    assert not surely_above(blamed, CALLS, THRESHOLDS.false_alarms)


@pytest.mark.parametrize(
    ("noise", "slowdown", "blocks"),
    [
        ("normal, 0.021", 0.0, 4.5), ("normal, 0.032", 0.0, 5), ("normal, 0.045", 0.0, 6.5), ("heavy tails", 0.0, 5),
        ("normal, 0.021", 0.1, 9.5), ("normal, 0.032", 0.1, 11.5), ("normal, 0.045", 0.1, 14.5),
        ("heavy tails", 0.1, 11), ("normal, 0.021", 0.2, 8.5), ("normal, 0.045", 0.2, 9.5),
        ("one process in five is slow", 0.0, 10.5), ("one process in five is slow", 0.2, 13),
    ],
)  # fmt: skip
def test_expected_number_of_blocks(noise: str, slowdown: float, blocks: float) -> None:
    """Of a row among twelve, of which it alone is slower: screening and confirmation together."""
    found = calls(noise, slowdown, 1 if slowdown else ROWS)
    assert np.mean([call[0].blocks for call in found]) <= blocks


def test_a_slow_down_must_be_found_in_fresh_blocks_too() -> None:
    """Planted: three bad blocks, then calm ones. Screened alone it would be slower; confirmed it is not."""
    bad, calm = [0.2, 0.21, 0.19], [0.0, 0.01, -0.01, 0.0, 0.01]
    assert "slower" == decide(bad, THRESHOLDS).verdict
    found = [judged({"row": values}, THRESHOLDS)["row"] for values in (bad, bad + calm, bad + bad)]
    assert [("undecided", True), ("not slower", False), ("slower", False)] == [(v.word, v.open) for v in found]
    assert [3, 6, 6] == [verdict.blocks for verdict in found]
    assert math.exp(0.2) == pytest.approx(found[0].ratio), "the screening's, as long as there is no other"
    assert 1.02 < found[0].low < found[0].high < math.inf


def test_only_the_same_row_confirms_itself() -> None:
    """One row's blocks say nothing of another's."""
    found = judged({"one": [0.2, 0.21, 0.19], "other": [0.2, 0.21, 0.19] * 2}, THRESHOLDS)
    assert {"one": "undecided", "other": "slower"} == {row: verdict.word for row, verdict in found.items()}


def test_a_row_found_slower_leaves_the_others_its_share_of_the_rate() -> None:
    """Holm's step: what twelve rows do not confirm among themselves, it confirms once eleven are found."""
    sure, nearly = [0.2, 0.21, 0.19] * 2, [0.2, 0.21, 0.19, 0.15, 0.2, 0.2]
    among = [judged({**dict.fromkeys(range(11), other), "last": nearly}, THRESHOLDS) for other in ([0.0] * 8, sure)]
    assert ["undecided", "slower"] == [found["last"].word for found in among]


def test_an_improvement_is_reported() -> None:
    """Surely faster by more than what is tolerated; a little faster is not slower."""
    found = judged({"much": [-0.3, -0.31, -0.29, -0.3], "little": [-0.01, 0.0, -0.02, -0.01]}, THRESHOLDS)
    assert {"much": "faster", "little": "not slower"} == {row: verdict.word for row, verdict in found.items()}


def test_what_seems_faster_takes_a_block_or_two_more() -> None:
    """Three blocks cannot say so at the strict rate: the row stays open, and nothing is wrong with it meanwhile."""
    few, more = (judged(dict.fromkeys("abcd", [-0.2] * n), THRESHOLDS)["a"] for n in (3, 4))
    assert [("not slower", True), ("faster", False)] == [(found.word, found.open) for found in (few, more)]
    assert not judged({"row": [0.0] * 3}, THRESHOLDS)["row"].open


def test_confirmation_at_the_screenings_rate_alone_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: whatever the screening calls slower stays so, which is wrong in one row of ten."""
    monkeypatch.setattr(verdicts, "_confirmed", lambda suspects, stage, rows: {})
    noise = "one process in two is slow"
    values = NOISE[noise]((CALLS, ROWS, BLOCKS)) + math.log1p(THRESHOLDS.tolerated)
    found = [judged({row: call[row].tolist() for row in range(ROWS)}, THRESHOLDS) for call in values]
    assert surely_above(sum(count > 0 for count in words(found, "slower")), CALLS, THRESHOLDS.false_alarms)


@pytest.mark.parametrize("noise", NOISE)
def test_a_null_control_without_anything_wrong_hardly_ever_moves(noise: str) -> None:
    """Three controls beside twelve blocks: unusable without cause in one call of a hundred."""
    values = NOISE[noise]((2_000, 15))
    found = sum(
        moved({"a": row[:3].tolist()}, {"a": row[3:].tolist()}, THRESHOLDS.tolerated) is not None for row in values
    )
    assert not surely_above(found, len(values), 0.01)


def test_a_null_control_that_moves_is_seen() -> None:
    """Planted: the second process of every block is slower by a fifth, or faster, whoever it is."""
    for shift in (math.log(1.2), -math.log(1.2)):
        values = NOISE["normal, 0.032"]((500, 15)) + shift
        found = [moved({"a": row[:3].tolist()}, {"a": row[3:].tolist()}, THRESHOLDS.tolerated) for row in values]
        assert sum(why is not None for why in found) >= 0.97 * len(found)
    assert "base took 1.22 times as long as base in 2 blocks of both" == moved(
        {"a": [0.2, 0.2]}, {"a": [0.2] * 9}, 0.02
    )


def test_a_control_that_has_not_run_says_nothing() -> None:
    """Before the first control nothing has moved."""
    assert moved({"a": []}, {"a": [0.5, 0.5]}, 0.02) is None


@pytest.mark.parametrize(
    ("others", "steal", "found"),
    [(0.5, 0.2, None), (0.75, 0.0, None), (0.6, 0.2, "had 80% of the"), (None, None, None)],
)
def test_a_loaded_machine(others: float | None, steal: float | None, found: str | None) -> None:
    """More than three quarters of the processors' time for others, in the middle block; a moment of it does no harm."""
    of = [None if each is None else Float(each) for each in (others, steal)]
    busy = [Busy(others=Float(0.0)), Busy(others=of[0], steal=of[1]), Busy(others=Float(1.0))]
    why = loaded(busy)
    assert (found is None) == (why is None)
    assert (found or "") in (why or "")


def test_half_of_the_blocks_say_whether_a_machine_is_loaded() -> None:
    """Few that had none left make no load of many that had some, nor does a calm one hide two that had none."""
    shares = ((0.7, 0.7, 1.0), (0.0, 0.8, 0.8))
    assert [True, False] == [loaded([Busy(others=Float(each)) for each in of]) is None for of in shares]


@pytest.mark.parametrize(
    ("ratios", "word"),
    [
        ([1.2], "undecided"), ([1.1, 1.1], "more"), ([1.1, 1.0, 1.0], "not more"), ([0.9, 0.9], "less"),
        ([1.04, 1.05, 1.03], "not more"), ([1.0, 1.1, 1.1], "more"),
    ],
)  # fmt: skip
def test_memory_must_be_more_in_half_of_the_blocks_and_in_two(ratios: list[float], word: str) -> None:
    """One process's luck is no finding, nor is what an allocator rounds."""
    assert word == memory([math.log(ratio) for ratio in ratios]).word


@pytest.mark.parametrize("slowdown", [0.0, 0.05, 0.10])
@pytest.mark.parametrize("noise", NOISE)
def test_many_calls_at_once_are_judged_as_each_alone(noise: str, slowdown: float) -> None:
    """Word and blocks of every call; the rows beside it have no blocks, and are as many."""
    values = NOISE[noise]((CALLS, BLOCKS)) + math.log1p(slowdown)
    names = {"slower": 1, "not slower": -1, "faster": -1, "undecided": 0}
    empty: dict[int, list[float]] = {row: [] for row in range(1, ROWS)}
    alone = [judged({0: call.tolist(), **empty}, THRESHOLDS)[0] for call in values]
    together = judged_each(values, THRESHOLDS, ROWS)
    assert [(names[it.word], it.blocks) for it in alone] == list(zip(*together, strict=True))
