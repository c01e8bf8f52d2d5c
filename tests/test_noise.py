"""What blocks of a subject against itself say of a machine: planted noise is measured, and its causes are named."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from calibrations import BLOCKS, TRAINING, blocks, noise, of_deviation, record
from noise import NOISE
from pairs import control, pair
from scipy import stats

from aebench.comparison import foresight, speed
from aebench.comparison.foresight import MOST_UNDECIDED, SEEN, foreseen
from aebench.comparison.noise import CONFIDENCE, RARE, noises
from aebench.comparison.speed import Due, Question, Row, verdicts
from aebench.comparison.steadiness import NO_CAUSE, Steadiness, judged, status
from aebench.errors import ResultError
from aebench.processes.events import Silent
from aebench.records.calibrations import Calibration
from aebench.records.fields import Float
from aebench.streams import stream

MEASURES = ("training", "inference", "first epoch", "import")
SETS = 500


def training(found: Calibration) -> Steadiness:
    """What is said of its training."""
    return next(row for row in judged(found) if row.noise.row == TRAINING)


def surely_another(count: int, rate: float) -> bool:
    """Whether so many of the sets are another share than the rate, but for one time in a hundred thousand."""
    return bool(stats.binomtest(count, SETS, rate).pvalue < 1e-5)


def test_the_true_deviation_lies_within_the_limits_as_often_as_is_said() -> None:
    """Normal noise of 3 %, in many calibrations of eight blocks each; whoever begins is 5 % slower."""
    began = np.where(np.arange(BLOCKS) % 2 == 1, 0.05, -0.05)
    drawn = 0.03 * stream(0, "planted/sets").normal((SETS, BLOCKS)) + began
    within = sum(low <= 0.03 <= high for low, high in (noise(values).interval for values in drawn))
    assert not surely_another(within, CONFIDENCE)


def test_who_began_is_told_from_noise() -> None:
    """5 % more for whoever begins, in noise of 2 %: so much, and it matters. Without it, hardly ever."""
    began = np.where(np.arange(BLOCKS) % 2 == 1, 0.05, -0.05)
    found = noise(of_deviation(0.02) + began)
    assert (True, 0.02) == (found.order_matters, round(found.deviation, 10))
    assert abs(found.order - 0.05) < 0.02
    drawn = 0.02 * stream(0, "planted/order").normal((SETS, BLOCKS))
    assert sum(noise(values).order_matters for values in drawn) <= 2 * RARE * SETS


def test_the_form_of_noise_is_told() -> None:
    """Two speeds with their distance, and one block far off; of normal noise neither, but for rare cases."""
    speeds = np.array([0.0, 0.15, 0.0, -0.15, 0.0, 0.0, 0.15, 0.0]) + of_deviation(0.005)
    assert "processes have two speeds, 16% apart" == noise(speeds).form
    off = of_deviation(0.01)
    off[3] = 0.5
    assert "one block lies" in str(noise(off).form)
    drawn = 0.02 * stream(0, "planted/form").normal((SETS, BLOCKS))
    assert sum(noise(values).form is not None for values in drawn) <= 4 * RARE * SETS


def test_the_rounds_part_is_told_from_the_processes_part() -> None:
    """Rounds of a deviation that makes a quarter of the block's variance; what is measured once has no such part."""
    values = of_deviation(0.04)
    found = blocks(values)
    for block, value in zip(found, values, strict=True):
        # Of the mean of four rounds: 0.02 ** 2.
        rounds = np.array([1.0, -1.0, 1.0, -1.0]) * 0.02 * math.sqrt(3.0) + value
        block.subjects[1].works["training"].rounds = np.exp(rounds).tolist()
    of = {it.row: it for it in noises(record(found))}
    assert (0.25, None) == (round(of[TRAINING].within or 0.0, 6), of[Row("linear", "first epoch")].within)


@pytest.mark.parametrize("slowdown", [0.0, 0.10])
@pytest.mark.parametrize("deviation", [0.02, 0.07])
def test_what_is_foreseen_comes_true(deviation: float, slowdown: float) -> None:
    """The blocks that comparisons of such noise take, and what they say in the end."""
    seen, _ = foreseen(noise(of_deviation(deviation)), rows=len(MEASURES))
    sight = seen.sights[0]
    calls, counts, rightly = 40, [], 0
    question = Question("base", "head", ("linear",), SEEN[0.10])
    for call in range(calls):
        values = iter((deviation * stream(0, "planted/true", call).normal((foresight.BLOCKS,))).tolist())

        def source(due: Due, values: Any = values) -> Any:
            shift = 0.0 if due.control else next(values) + math.log1p(slowdown)
            return pair(due, {"training": shift})

        done = speed.measured(question, source, (), lambda _: None, Silent())
        verdict = verdicts(question, done)[TRAINING]
        counts.append(verdict.blocks)
        rightly += verdict.word == "slower" if slowdown else verdict.word in ("not slower", "faster")
    blocks_, share = (sight.blocks, sight.found) if slowdown else (sight.passed_blocks, sight.passed)
    assert abs(np.mean(counts) - blocks_) <= 4.0 * max(0.1, np.std(counts) / math.sqrt(calls))
    assert stats.binomtest(rightly, calls, min(1.0, share)).pvalue > 1e-5


def test_minutes_are_those_of_the_blocks_and_their_controls() -> None:
    """Blocks of ten seconds: four blocks and two controls take a minute."""
    it = foresight.Foresight(0.1, (foresight.Sight("normal", 0.1, 1.0, 4.0, 1.0, 4.0, 0.0),), 10.0)
    assert 1.0 == it.minutes


def test_more_noise_takes_more_and_in_the_end_shows_nothing() -> None:
    """10 % are seen in less noise than 5 %, and neither in too much of it."""
    found = [foreseen(noise(of_deviation(it)), rows=4) for it in (0.01, 0.03, 0.06, 0.3)]
    assert [(True, True), (True, True), (True, False), (False, False)] == [tuple(it.seen for it in f) for f in found]
    assert found[0][0].blocks < found[1][0].blocks < found[2][0].blocks
    assert found[1][1].blocks > found[1][0].blocks


@pytest.mark.parametrize("name", NOISE)
def test_a_row_is_steady_where_few_comparisons_stay_undecided(name: str) -> None:
    """Whatever the noise: 24 of its blocks say of it what a thousand calls of such noise come to."""
    found = training(record(blocks(NOISE[name]((24,)))))
    calls = NOISE[name]((1_000, foresight.BLOCKS))
    undecided = max(
        float(np.mean(foresight.judged_each(calls + shift, SEEN[0.10], len(MEASURES))[0] == 0))
        for shift in (0.0, math.log1p(0.10))
    )
    assert ("too noisy" if undecided > MOST_UNDECIDED else "steady") == found.word


@pytest.mark.parametrize(("deviation", "word", "sure"), [
    (0.02, "steady", True), (0.06, "steady", False), (0.11, "too noisy", False), (0.4, "too noisy", True)
])  # fmt: skip
def test_what_more_blocks_could_change_is_not_sure(deviation: float, word: str, sure: bool) -> None:
    """Eight blocks know a deviation to a factor of about two; what lies further off the border is sure."""
    found = training(record(blocks(of_deviation(deviation))))
    assert (word, sure) == (found.word, found.sure)


def test_a_steady_machine_has_no_reasons() -> None:
    """Every row of little noise can be gated; nothing is blamed, also where something is to be seen."""
    rows = judged(record(blocks(of_deviation(0.02), others=0.6)))
    assert {("steady", ())} == {(row.word, row.reasons) for row in rows}
    assert [*speed.OF_AN_AUTOENCODER, "memory", "import"] == [row.noise.row.measure for row in rows]
    assert 0 == status(rows)


BEGAN = np.where(np.arange(BLOCKS) % 2 == 1, 0.5, -0.5)
SPEEDS = np.array([0.0, 0.5, 0.0, -0.5, 0.0, 0.5, 0.0, -0.5])
CAUSES: dict[str, Callable[[], Calibration]] = {
    NO_CAUSE: lambda: record(blocks(of_deviation(0.3))),
    "other programs had 60% of the processors' time": lambda: record(blocks(of_deviation(0.3), others=0.6)),
    "the host gave 5% of the processors' time to other machines": lambda: record(blocks(of_deviation(0.3), steal=0.05)),
    "its control group's quota held it back in 12% of the scheduler's periods": lambda: record(
        blocks(of_deviation(0.3), held_back=0.12)
    ),
    "the clock changed, or others shared the core: the same work took 7 to 12 ms of processor time; its governor is "
    "powersave": lambda: record(blocks(of_deviation(0.3), clock=0.012)),
    "4 threads took turns on 2 cores": lambda: record(blocks(of_deviation(0.3)), threads=4),
    "3 threads took turns on 2 cores": lambda: record(
        blocks(of_deviation(0.3)), variables={"OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "none"}
    ),
    "programs waited for memory in 7% of the time": lambda: record(blocks(of_deviation(0.3), waiting=0.07)),
    "memory was short: 2.0% of it was left": lambda: record(blocks(of_deviation(0.3), available=0.02)),
    "the process that began first was 65% slower": lambda: record(blocks(of_deviation(0.02) + BEGAN)),
    "processes have two speeds, 65% apart": lambda: record(blocks(SPEEDS)),
}


@pytest.mark.parametrize("reason", CAUSES)
def test_each_cause_is_named_and_no_other(reason: str) -> None:
    """Planted: one cause, in noise that is too much. The rows that do not vary stand."""
    rows = judged(CAUSES[reason]())
    assert [(TRAINING, (reason,))] == [(row.noise.row, row.reasons) for row in rows if row.word != "steady"]


def test_nothing_of_speed_can_be_gated_on_a_loaded_machine() -> None:
    """A comparison would be unusable, however little its blocks vary; memory does not depend on that."""
    rows = judged(record(blocks(of_deviation(0.01), others=0.8)))
    load = "others had 80% of the processors' time, and a comparison would be unusable"
    assert {("too noisy", (load,))} == {(row.word, row.reasons) for row in rows if row.of_speed}
    assert [("steady", ())] == [(row.word, row.reasons) for row in rows if not row.of_speed]


def test_memory_is_judged_by_what_is_tolerated() -> None:
    """It hardly varies, and 5 % more are not to be seen, but tolerated; where it does vary, it is too noisy."""
    row = Row("linear", "memory")
    for deviation, word in ((0.003, "steady"), (0.2, "too noisy")):
        values = of_deviation(deviation).tolist()
        found = record([
            control("pytorch", Due("linear", True, number % 2), {}, memory=value) for number, value in enumerate(values)
        ])  # fmt: skip
        (said,) = (it for it in judged(found) if it.noise.row == row)
        assert (word, [0.10]) == (said.word, [it.slowdown for it in said.foresights])


def test_the_status_says_whether_anything_can_be_gated() -> None:
    """125 where all speed is too noisy, though memory is not, or where too little was measured; 2 where it failed."""
    values = of_deviation(0.3).tolist()
    noisy = [
        control("pytorch", Due("linear", True, number % 2), dict.fromkeys(MEASURES, value))
        for number, value in enumerate(values)
    ]
    rows = judged(record(noisy))
    assert (125, {"too noisy", "steady"}) == (status(rows), {row.word for row in rows})
    few = judged(record(noisy[:3]))
    assert (125, {("not measured", ("3 of 4 blocks",))}) == (status(few), {(it.word, it.reasons) for it in few})
    lost = [control("pytorch", Due("linear", True, 0), {}, failure="it broke")] * speed.MOST_FAILURES
    failed = judged(record(lost))
    assert (2, {("failed", ("it broke",))}) == (status(failed), {(it.word, it.reasons) for it in failed})
    nothing = judged(record([]))
    assert (125, {("not measured", ("0 of 4 blocks",))}) == (status(nothing), {(it.word, it.reasons) for it in nothing})
    assert [*speed.OF_AN_AUTOENCODER, "memory", "import"] == [row.noise.row.measure for row in nothing]


def test_each_subject_is_told_apart() -> None:
    """One is steady and the other is not; both have rows of their own."""
    found = record([*blocks(of_deviation(0.3)), *blocks(of_deviation(0.01), subject="reference@old")])
    words = {(row.noise.subject, row.word) for row in judged(found) if row.noise.row == TRAINING}
    assert {("pytorch", "too noisy"), ("reference@old", "steady")} == words


def test_a_number_that_is_none_is_refused() -> None:
    """A round of no seconds makes no ratio, and is not passed over in silence."""
    with pytest.raises(ValueError, match="took no seconds for training"):
        blocks(np.array([0.0, math.nan, 0.0, 0.0]))
    found = record(blocks(np.zeros(4)))
    found.blocks[1].subjects[1].works["training"].rounds[:] = [Float(math.nan)] * 4
    with pytest.raises(ResultError, match="a block of linear has no number of its training"):
        judged(found)
