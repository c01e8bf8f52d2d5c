"""Subjects against themselves block by block: which block is due, what is kept, and what a second call goes on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pairs import control, pair

from aebench.comparison import calibrating
from aebench.comparison.calibrating import Asked, Next, calibrate, measured
from aebench.comparison.speed import MOST_FAILURES, Due
from aebench.errors import UsageError
from aebench.processes.events import Silent
from aebench.records import documents
from aebench.records.calibrations import Calibration, Control
from aebench.records.conditions import Conditions, Harness, Machine
from aebench.records.fields import checked, plain
from aebench.running.options import Options

NAMES = ("stacked", "sparse")
ASKED = Asked(Options(NAMES, ("reference",)), 4)


def of(it: Next, failure: str = "") -> Control:
    """The block that is due, in which nothing varies."""
    return control(it.subject, it.due, {}, failure=failure)


def taken(
    asked: Asked, source: Callable[[Next], Control] = of, known: tuple[Control, ...] = ()
) -> list[tuple[str, int]]:
    """Autoencoder and first of each block that is measured, in their order."""
    kept: list[Control] = []
    measured(asked, source, known, kept.append, Silent())
    return [(block.autoencoder, block.first) for block in kept]


def test_blocks_take_turns_and_so_does_who_begins() -> None:
    """Each autoencoder has as many blocks as are wanted, in half of which the one process begins."""
    assert [(name, number % 2) for number in range(4) for name in NAMES] == taken(ASKED)


def test_a_second_call_measures_what_is_missing() -> None:
    """Wherever the first broke off, both measure what one does; more blocks may be wanted."""
    whole: list[Control] = []
    measured(ASKED, of, (), whole.append, Silent())
    every = taken(ASKED)
    for number in range(len(whole) + 1):
        assert every[number:] == taken(ASKED, known=tuple(whole[:number]))
    assert 2 * len(NAMES) == len(taken(Asked(ASKED.options, 6), known=tuple(whole)))
    assert [] == taken(Asked(ASKED.options, 2), known=tuple(whole))


def test_what_fails_too_often_is_given_up_and_the_others_are_measured() -> None:
    """The one fails twice; the other has all its blocks."""
    found = taken(ASKED, lambda it: of(it, "it broke" if it.due.autoencoder == "sparse" else ""))
    assert {"stacked": 4, "sparse": MOST_FAILURES} == {name: [n for n, _ in found].count(name) for name in NAMES}


def test_no_block_begins_that_would_end_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are ten seconds here."""
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(calibrating.time, "monotonic", lambda: next(clock))
    assert 3 == len(taken(Asked(ASKED.options, 4, limit=45.0)))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Conditions]:
    """Blocks that nothing is run for, under conditions whose last one holds."""
    known = [Conditions(aebench=Harness(), machine=Machine(cores=2))]
    monkeypatch.setattr(calibrating, "conditions", lambda *_: known[-1])
    monkeypatch.setattr(calibrating, "Blocks", lambda question, *_: lambda due: _pair(question.base, due))
    return known


def _pair(subject: str, due: Due) -> Any:
    found = pair(due, {})
    for side in found.subjects:
        side.name = subject
    return found


def test_the_record_is_kept_and_gone_on_with(here: list[Conditions], tmp_path: Path) -> None:
    """Each block with what was to be seen beside it; a second call adds to it, and measures anew what failed."""
    found = calibrate(ASKED, tmp_path, Silent())
    kept = checked(documents.read(tmp_path / calibrating.FILE, "calibration"), Calibration)
    assert plain(found) == plain(kept)
    assert {2} == {len(block.circumstances.clock) for block in kept.blocks}
    assert (8, {"reference": [*NAMES]}, 1) == (len(kept.blocks), kept.timed, kept.threads)
    kept.blocks[0].subjects[0].failure = "it broke"
    documents.write(tmp_path / calibrating.FILE, "calibration", plain(kept))
    again = calibrate(Asked(ASKED.options, 5), tmp_path, Silent())
    assert (10, 5, []) == (len(again.blocks), again.wanted, [b for b in again.blocks if b.failed])


@pytest.mark.parametrize(
    ("options", "conditions", "message"),
    [
        (Options(NAMES, ("pytorch",)), None, "frameworks: .'reference'. then, .'pytorch'. now"),
        (Options(("stacked",), ("reference",)), None, "autoencoders: "),
        (Options(NAMES, ("reference",), dataset="synthetic:900x784"), None, "dataset: digits then"),
        (ASKED.options, Conditions(aebench=Harness(), machine=Machine(cores=4)), "cores: 2 then, 4 now"),
    ],
)
def test_another_calibration_is_not_gone_on_with(
    here: list[Conditions], tmp_path: Path, options: Options, conditions: Conditions | None, message: str
) -> None:
    """Other options, or another machine: the difference in words, and what to do; what was measured stays."""
    calibrate(Asked(ASKED.options, 4), tmp_path, Silent())
    before = (tmp_path / calibrating.FILE).read_text()
    here += [conditions] if conditions else []
    with pytest.raises(UsageError, match=f"{message}.*; calibrate as then, or choose another --output"):
        calibrate(Asked(options, 4), tmp_path, Silent())
    assert before == (tmp_path / calibrating.FILE).read_text()


def test_a_block_of_two_subjects_is_no_calibration() -> None:
    """Planted: base against another head, or a block that says it compares."""
    whole = plain(of(Next("reference", Due("stacked", True, 0))))
    base = whole["subjects"][0]
    for wrong in ({"control": False}, {"subjects": [base, {**base, "name": "pytorch"}]}):
        with pytest.raises(msgspec.ValidationError, match="a control is of one subject, found reference and"):
            checked({**whole, **wrong}, Control)
