"""Base against head block by block: which block is due, what is kept, and what is said in the end. Nothing is run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pairs import pair

from aebench.comparison import speed
from aebench.comparison.sequential import LOOKS
from aebench.comparison.speed import LEAST_CONTROLS, MOST_FAILURES, Due, Question, Row, due, measured, verdicts
from aebench.comparison.verdicts import LEAST_MEMORIES
from aebench.errors import ResultError
from aebench.processes.events import Silent
from aebench.records.blocks import Pair
from aebench.records.fields import Float
from aebench.speed.ratios import ratios

ONE, TWO = Question("base", "head", ("stacked",)), Question("base", "head", ("stacked", "sparse"))
SLOW = math.log(1.2)


def compared(
    question: Question,
    of: Callable[[Due], Mapping[str, float]] = lambda _: {},
    known: tuple[Pair, ...] = (),
    **how: Any,
) -> list[Pair]:
    """All blocks that the question takes, where the block due has these log ratios."""
    kept: list[Pair] = []
    found = measured(question, lambda due: pair(due, of(due), **how), known, kept.append, Silent())
    assert found == [*known, *kept], "every block is kept as soon as it is done"
    return found


def words(question: Question, pairs: list[Pair]) -> dict[str, str]:
    """The verdict on every row."""
    return {f"{row.autoencoder}: {row.measure}": v.word for row, v in verdicts(question, pairs).items()}


def test_equal_sides_take_the_fewest_blocks() -> None:
    """Three blocks and two controls decide everything of one autoencoder, and who begins alternates in both."""
    pairs = compared(ONE)
    expected = {f"stacked: {measure}": "not slower" for measure in speed.OF_AN_AUTOENCODER}
    assert {**expected, "None: import": "not slower", "stacked: memory": "not more"} == words(ONE, pairs)
    firsts = [[it.first for it in pairs if it.control is control] for control in (False, True)]
    assert [[0, 1, 0][: LOOKS[0]], [0, 1][:LEAST_CONTROLS]] == firsts


def test_blocks_are_spread_over_the_autoencoders_that_need_them() -> None:
    """In turn, until one is decided; the other goes on alone. The controls are spread, too."""
    pairs = compared(TWO, lambda due: {"training": SLOW if due.autoencoder == "sparse" and not due.control else 0.0})
    asked = [it.autoencoder for it in pairs if not it.control]
    assert ["stacked", "sparse"] * LOOKS[0] == asked[: 2 * LOOKS[0]]
    assert {"sparse"} == set(asked[2 * LOOKS[0] :])
    controls = [it.autoencoder for it in pairs if it.control]
    assert {"stacked", "sparse"} == set(controls)
    found = words(TWO, pairs)
    assert ["slower"] == [word for word in found.values() if word not in ("not slower", "not more")]
    assert "slower" == found["sparse: training"]


@pytest.mark.parametrize("measure", [*speed.OF_AN_AUTOENCODER, speed.IMPORT])
def test_each_measure_is_judged_by_itself(measure: str) -> None:
    """A slow-down of one measure is that measure's alone, and an improvement fails nothing."""
    for shift, word in ((SLOW, "slower"), (-SLOW, "faster")):
        found = words(ONE, compared(ONE, lambda due, shift=shift: {measure: 0.0 if due.control else shift}))
        assert [word] == [w for row, w in found.items() if row.endswith(measure)]
        assert {"not slower", "not more", word} == set(found.values())


def test_an_import_alone_is_measured_where_all_else_is_decided() -> None:
    """A slower import is confirmed by blocks that run nothing, a control among four of them, too; and is no other
    row's."""
    pairs = compared(ONE, lambda due: {"import": 0.0 if due.control else SLOW})
    alone = [it for it in pairs if it.autoencoder is None]
    assert LOOKS[0] == sum(it.autoencoder == "stacked" and not it.control for it in pairs)
    assert "slower" == words(ONE, pairs)["None: import"]
    assert {0, 1} == {it.first for it in alone if not it.control}
    assert {"not slower", "not more", "slower"} == set(words(ONE, pairs).values())
    wanted = math.ceil(sum(not it.control for it in pairs) / speed.CONTROL_EVERY)
    assert max(LEAST_CONTROLS, wanted) == sum(it.control for it in pairs)


def test_imports_that_fail_alone_are_given_up() -> None:
    """What was measured before stands; the import's row says why it has no verdict."""

    def source(due: Due) -> Pair:
        return pair(due, {"import": 0.0 if due.control else SLOW}, failure="" if due.autoencoder else "it broke")

    pairs = measured(ONE, source, (), lambda _: None, Silent())
    assert MOST_FAILURES == sum(it.autoencoder is None for it in pairs)
    found = verdicts(ONE, pairs)
    assert ("failed", "head: it broke") == (found[Row(None, "import")].word, found[Row(None, "import")].reason)
    assert "not slower" == found[Row("stacked", "training")].word


def test_the_import_is_judged_over_all_autoencoders() -> None:
    """It is the framework's: two autoencoders give twice as many numbers of it, and it is one row."""
    found = verdicts(TWO, compared(TWO))
    assert [Row(None, "import")] == [row for row in found if row.measure == "import"]
    assert 2 * len(speed.OF_AN_AUTOENCODER) + 1 + 2 == len(found)


def test_a_control_that_moves_makes_its_measure_unusable() -> None:
    """Planted: whoever is second trains slower. Training is neither green nor red; the rest stands."""
    found = words(ONE, compared(ONE, lambda _: {"training": SLOW}))
    assert "unusable" == found["stacked: training"]
    assert {"not slower", "not more", "unusable"} == set(found.values())


def test_a_loaded_machine_makes_all_speed_unusable_and_no_memory() -> None:
    """Others have most of the processors' time; how much memory is held does not depend on that."""
    pairs = compared(ONE, others=0.8)
    assert {"unusable", "not more"} == set(words(ONE, pairs).values())
    assert "of the processors' time" in str(verdicts(ONE, pairs)[Row("stacked", "training")].reason)


def test_more_memory_is_found() -> None:
    """Planted: head holds a tenth more."""
    assert "more" == words(ONE, compared(ONE, bytes_held=int(1.1 * 2**28)))["stacked: memory"]


def test_a_control_says_nothing_of_head_s_memory() -> None:
    """Base against base holds as much, in more blocks than head holds a tenth more: that is more."""
    head = [pair(Due("stacked", False, 0), {}, bytes_held=int(1.1 * 2**28)) for _ in range(2)]
    control = [pair(Due("stacked", True, 0), {}) for _ in range(3)]
    found = verdicts(ONE, [*control, *head])[Row("stacked", "memory")]
    assert ("more", 2) == (found.word, found.blocks)


def test_controls_that_fail_are_given_up() -> None:
    """As any block that fails: after two no other one is due, after one it is tried again."""
    control, head = Due("stacked", True, 0), Due("stacked", False, 0)
    done = [pair(head, {}) for _ in range(LOOKS[0])]
    failed = [pair(control, {}, failure="it broke")] * MOST_FAILURES
    assert (control, None) == (due(ONE, [*done, *failed[:-1]]), due(ONE, [*done, *failed]))
    # Then nobody knows what the machine does to two equal sides; memory needs no control.
    found = verdicts(ONE, [*done, *failed])
    assert {("unusable", "base against base failed: head: it broke")} == {
        (it.word, it.reason) for row, it in found.items() if row.measure not in speed.PEAKS
    }
    assert "not more" == found[Row("stacked", "memory")].word
    assert {"not slower", "not more"} == set(words(ONE, [*done, *failed[:-1]]).values())
    assert "unusable" in words(ONE, [*done, *failed, pair(control, {})]).values(), "one sound control is too few"


def test_memory_alone_takes_two_blocks() -> None:
    """It hardly varies, and no control says anything of it; the rows of speed, which nobody asked for, keep nothing
    open."""
    question = Question("base", "head", ("stacked", "sparse"), speed=False)
    pairs = compared(question, lambda _: {"training": SLOW}, bytes_held=int(1.1 * 2**28))
    assert ["stacked", "sparse"] * LEAST_MEMORIES == [it.autoencoder for it in pairs]
    assert not any(it.control for it in pairs)
    assert {"more"} == {word for row, word in words(question, pairs).items() if row.endswith("memory")}
    failed = compared(question, failure="it broke")
    assert 2 * MOST_FAILURES == len(failed)
    assert {"failed"} == set(words(question, failed).values())


def test_a_call_goes_on_with_the_blocks_that_it_has() -> None:
    """After a kill nothing is measured again: wherever it broke off, it ends with the same blocks."""
    values = iter([0.02, -0.03, 0.01, 0.0, 0.05, -0.04, 0.03, 0.0, 0.01, 0.02, 0.0, 0.0, 0.0, 0.0])
    whole = compared(TWO, lambda due: {"training": next(values)})
    for number in range(len(whole)):
        later = iter(whole[number:])
        found = measured(
            TWO, lambda due, later=later: _same(due, next(later)), whole[:number], lambda _: None, Silent()
        )
        assert whole == found


def _same(due: Due, found: Pair) -> Pair:
    assert (due.autoencoder, due.control, due.first) == (found.autoencoder, found.control, found.first)
    return found


def test_what_is_not_decided_within_the_limit_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that would end too late does not begin; blocks are ten seconds here."""
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(speed.time, "monotonic", lambda: next(clock))
    question = Question("base", "head", ("stacked",), limit=45.0)
    pairs = compared(question)
    assert 3 == len(pairs)
    assert {"undecided"} == {w for row, w in words(question, pairs).items() if not row.endswith("memory")}


def test_what_never_decides_ends_at_the_last_look() -> None:
    """Two speeds and no end: undecided, after as many blocks as there are to look at."""
    flip = {0: 0.3, 1: -0.3}
    pairs = compared(ONE, lambda due: {} if due.control else {"inference": flip[due.first]})
    assert "undecided" == words(ONE, pairs)["stacked: inference"]
    assert LOOKS[-1] == sum(not it.control for it in pairs)


def test_an_autoencoder_that_fails_is_given_up_and_the_others_stand() -> None:
    """Two failed blocks, and its rows say why; a single one is measured again."""
    lost = {"stacked": 1, "sparse": MOST_FAILURES}

    def source(due: Due) -> Pair:
        lost[due.autoencoder] -= 1
        return pair(due, {}, failure="head: it broke" if lost[due.autoencoder] >= 0 else "")

    pairs = measured(TWO, source, (), lambda _: None, Silent())
    assert MOST_FAILURES == sum(it.autoencoder == "sparse" for it in pairs)
    found = verdicts(TWO, pairs)
    assert {"failed"} == {v.word for row, v in found.items() if row.autoencoder == "sparse"}
    assert "head: head: it broke" == found[Row("sparse", "training")].reason
    assert "not slower" == found[Row("stacked", "training")].word == found[Row(None, "import")].word


def test_nothing_can_be_compared_where_all_fail() -> None:
    """Every row says why, the import's among them."""
    pairs = compared(ONE, failure="no such framework")
    assert MOST_FAILURES == len(pairs)
    assert {"failed"} == set(words(ONE, pairs).values())


def test_a_number_that_is_none_is_refused() -> None:
    """A round of no seconds makes no ratio, and is not passed over in silence."""
    with pytest.raises(ValueError, match="head took no seconds for training"):
        pair(Due("stacked", False, 0), {"training": math.nan})
    broken = pair(Due("stacked", False, 0), {})
    broken.subjects[1].works["training"].rounds[:] = [Float(math.nan)] * 4
    with pytest.raises(ResultError, match="has the log ratio nan"):
        verdicts(ONE, [broken])


def test_what_is_decided_is_not_measured_again() -> None:
    """Planted: first epochs that vary and nothing else. From the first look on they are all that is due, in controls,
    too; who began and how many controls there are is as before, and memory has its blocks."""
    flip = {0: 0.3, 1: -0.3}
    asked: list[Due] = []

    def of(due: Due) -> Mapping[str, float]:
        asked.append(due)
        return {"first epoch": 0.0 if due.control else flip[due.first]}

    pairs = compared(TWO, of)
    compared_with = [it for it in asked if not it.control]
    whole, left = compared_with[: 2 * LOOKS[0]], compared_with[2 * LOOKS[0] :]
    # The import is the framework's: two autoencoders have decided it between them before the last of these blocks.
    assert {None, speed.OF_AN_AUTOENCODER} == {it.measures for it in whole}
    assert whole[: LOOKS[0]] == [it for it in whole if it.measures is None]
    assert {("first epoch",)} == {it.measures for it in left}
    assert {("first epoch",)} == {it.measures for it in asked if it.control and asked.index(it) > asked.index(left[0])}
    assert {0, 1} == {it.first for it in left}
    found = words(TWO, pairs)
    assert {"stacked: first epoch", "sparse: first epoch"} == {
        row for row, word in found.items() if word == "undecided"
    }
    assert {"not slower", "not more", "undecided"} == set(found.values())
    memories = verdicts(TWO, pairs)[Row("stacked", "memory")]
    assert LOOKS[0] == memories.blocks
    assert ratios(pairs[-1]).keys() == {"first epoch"}


def test_a_control_measures_whatever_is_open() -> None:
    """Planted: the inference of one and the first epoch of the other vary. Base against base has both."""
    flip = {0: 0.3, 1: -0.3}
    varies = {"stacked": "inference", "sparse": "first epoch"}
    asked: list[Due] = []

    def of(due: Due) -> Mapping[str, float]:
        asked.append(due)
        return {} if due.control else {varies[str(due.autoencoder)]: flip[due.first]}

    compared(TWO, of)
    late = asked[4 * LOOKS[0] :]
    assert {"stacked": {("inference",)}, "sparse": {("first epoch",)}} == {
        name: {it.measures for it in late if it.autoencoder == name and not it.control} for name in varies
    }
    assert {("inference", "first epoch")} == {it.measures for it in late if it.control}
