"""Which core a process is held on, and how fast that core is: each seen on a real one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from aebench.comparison.speed import Blocks, Due, Question, Where
from aebench.processes.worker import FrameworkProcess
from aebench.speed import cores
from aebench.speed.blocks import Subject
from aebench.speed.cores import LEAST_SAMPLES, Pace

pytestmark = pytest.mark.skipif(not cores.held(), reason="this system lets no process choose its cores")


def affinities(_: object = None) -> list[set[int]]:
    """The cores of each thread of this process; of a thread that begins now, too."""
    found: list[set[int]] = []
    thread = threading.Thread(target=lambda: found.append(os.sched_getaffinity(0)))
    thread.start()
    thread.join()
    return [*found, *(os.sched_getaffinity(int(task.name)) for task in cores.TASKS.iterdir())]


def test_every_thread_is_held_and_let_go() -> None:
    """Those that there are and those that begin later; a process beside it stays where it was."""
    every = cores.cores()
    with FrameworkProcess("reference") as process:
        process.call(cores.hold, every[-1:])
        assert {every[-1]} == set.union(*process.call(affinities, None))
        assert every == cores.cores()
        process.call(cores.hold, every)
        assert [set(every)] == [set(each) for each in {frozenset(it) for it in process.call(affinities, None)}]


def test_the_pace_is_that_of_the_core_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The piece of work runs on the core, in a thread of its own: nobody else is moved there."""
    seen: list[set[int]] = []

    def adding(additions: int) -> float:
        seen.append(os.sched_getaffinity(0))
        return additions * 1e-7

    monkeypatch.setattr(cores, "adding", adding)
    monkeypatch.setattr(cores, "SECONDS_BETWEEN", 0.001)
    with Pace(cores.cores()[-1]) as pace:
        assert pace.seconds is None, "not after too few samples"
        until = time.monotonic() + 30.0
        while len(seen) < LEAST_SAMPLES + 1 and time.monotonic() < until:
            time.sleep(0.001)
    assert cores.ADDITIONS * 1e-7 == pytest.approx(pace.seconds)
    assert [{cores.cores()[-1]}] * len(seen) == seen
    count = len(seen)
    time.sleep(0.05)
    assert count == len(seen), "it has ended"


def test_a_core_that_was_taken_has_no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the system refuses the core. What is timed goes on without."""
    monkeypatch.setattr(cores, "SECONDS_BETWEEN", 0.001)
    with Pace(10_000) as pace:
        time.sleep(0.1)
    assert pace.seconds is None


def test_a_slower_core_has_a_slower_pace() -> None:
    """Planted: three times as much work in the piece."""
    found = []
    for additions in (cores.ADDITIONS, 3 * cores.ADDITIONS) * 2:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cores, "ADDITIONS", additions)
            patch.setattr(cores, "SECONDS_BETWEEN", 0.001)
            with Pace(cores.cores()[0]) as pace:
                time.sleep(0.5)
        found.append(pace.seconds or 0.0)
    assert 1.5 < (found[1] + found[3]) / (found[0] + found[2]) < 6.0


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (Due("linear", False, 0, ("first epoch",)), (["reference@base", "reference@head"], ("first epoch",))),
        (Due("linear", True, 1), (["reference@base"] * 2, None)),
    ],
)
def test_a_block_is_of_what_is_due(
    monkeypatch: pytest.MonkeyPatch, due: Due, expected: tuple[list[str], tuple[str, ...] | None]
) -> None:
    """Base and head, or base twice, in the measures that are wanted."""
    seen: list[object] = []

    class SeenError(Exception):
        """Nothing is timed here."""

    def timed(sides: Sequence[Subject], *_: object, measures: object, **__: object) -> None:
        seen.append(([side.name for side in sides], measures))
        raise SeenError

    monkeypatch.setattr("aebench.comparison.speed.blocks.timed", timed)
    monkeypatch.setattr("aebench.comparison.speed.blocks.rehearse", lambda *_: None)
    with pytest.raises(SeenError):
        Blocks(Question("reference@base", "reference@head", ("linear",)), Where(), Path("logs"))(due)
    assert [expected] == seen


@pytest.mark.parametrize(
    ("where", "expected"),
    [(Where(), [4, 4, 5, 5, 4]), (Where(threads=None), [None] * 5), (Where(device="gpu"), [None] * 5)],
)
def test_two_blocks_on_a_core_and_two_on_the_next(
    monkeypatch: pytest.MonkeyPatch, where: Where, expected: list[int | None]
) -> None:
    """So that each side begins on each; several threads, or a driver's, need several cores."""
    monkeypatch.setattr(cores, "cores", lambda: [4, 5])
    seen: list[object] = []

    class SeenError(Exception):
        """Nothing is timed here."""

    def timed(*_: object, core: int | None, **__: object) -> None:
        seen.append(core)
        raise SeenError

    monkeypatch.setattr("aebench.comparison.speed.blocks.timed", timed)
    monkeypatch.setattr("aebench.comparison.speed.blocks.rehearse", lambda *_: None)
    source = Blocks(Question("reference", "reference", ("linear",)), where, Path("logs"))
    for number in range(5):
        with pytest.raises(SeenError):
            source(Due("linear", False, number % 2))
    assert expected == seen
