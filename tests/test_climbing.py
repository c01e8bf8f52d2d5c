"""Frameworks climb at the same time; one that fails leaves the others be; an interruption waits for none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import remote_at_once

from aebench import registry
from aebench.agreement import session
from aebench.agreement.compare import Agreement
from aebench.agreement.ladder import Climb
from aebench.processes import lanes
from aebench.processes.events import Silent
from aebench.processes.worker import FrameworkProcess
from aebench.records.trace import Place, Trace
from aebench.running import ladders


@pytest.fixture
def two() -> Iterator[dict[str, FrameworkProcess]]:
    """Two processes of the reference."""
    found = {name: FrameworkProcess("reference") for name in ("left", "right")}
    yield found
    for process in found.values():
        process.close()


def test_processes_work_at_the_same_time(two: dict[str, FrameworkProcess], tmp_path: Path) -> None:
    """Each waits for the other: one after the other neither would end well."""
    left, right = tmp_path / "left", tmp_path / "right"
    calls = {"left": (remote_at_once.meet, left, right), "right": (remote_at_once.meet, right, left)}
    assert {} == lanes.at_once(two, calls)


def test_a_failure_is_that_process_alone(two: dict[str, FrameworkProcess], tmp_path: Path) -> None:
    """Its reason under its name; what the other did is done."""
    done = tmp_path / "done"
    calls = {"left": (remote_at_once.fail, "planted"), "right": (remote_at_once.meet, done, done)}
    errors = lanes.at_once(two, calls)
    assert {"left": "planted"} == {name: str(error) for name, error in errors.items()}
    assert done.exists()


def test_an_interruption_waits_for_nobody(
    two: dict[str, FrameworkProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle: the processes are ended, and the interruption comes through at once."""
    here = tmp_path / "here"

    def interrupted(_: Any) -> None:
        while not here.exists():
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(lanes, "wait", interrupted)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        lanes.at_once(two, {"left": (remote_at_once.meet, here, tmp_path / "never")})
    assert time.monotonic() - started < remote_at_once.PATIENCE
    monkeypatch.undo()
    assert {} == lanes.at_once(two, {"left": (remote_at_once.meet, here, here)})


def test_a_process_goes_on_while_another_is_behind(two: dict[str, FrameworkProcess], tmp_path: Path) -> None:
    """The second call of one begins though the first of the other has not ended, which in fact waits for it."""
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    with lanes.Lanes(two) as both:
        calls = [both.call("left", remote_at_once.meet, other, second)]
        calls += [both.call("right", remote_at_once.meet, mine, other) for mine in (first, second)]
        for call in calls:
            call.result()


def test_what_follows_a_failure_does_not_begin(two: dict[str, FrameworkProcess], tmp_path: Path) -> None:
    """Who follows a teacher climbs once the teacher has, and not at all where it failed."""
    begun = tmp_path / "begun"
    with lanes.Lanes(two) as both:
        teacher = both.call("left", remote_at_once.fail, "planted")
        follower = both.call("right", remote_at_once.meet, begun, begun, after=teacher)
        assert ["planted", "planted"] == [str(call.exception()) for call in (teacher, follower)]
    assert not begun.exists()


def test_an_interruption_lets_nothing_begin(two: dict[str, FrameworkProcess], tmp_path: Path) -> None:
    """What was asked for and has not begun does not begin after Ctrl-C; what was to be done at the end is done last."""
    here, later, ended = (tmp_path / name for name in ("here", "later", "ended"))

    def interrupted() -> None:
        with lanes.Lanes(two) as both:
            both.at_end(lambda: ended.write_text(str(running.done())))
            running = both.call("left", remote_at_once.meet, here, tmp_path / "never")
            both.call("left", remote_at_once.meet, later, later)
            while not here.exists():
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ("True", False) == (ended.read_text(), later.exists())


def test_a_process_does_one_thing_after_the_other(two: dict[str, FrameworkProcess]) -> None:
    """In the order in which they were asked for, however long each takes."""
    order: list[float] = []

    def wait(seconds: float, _: FrameworkProcess) -> None:
        time.sleep(seconds)
        order.append(seconds)

    with lanes.Lanes(two) as both:
        for seconds in (0.3, 0.1, 0.0):
            both.work("left", partial(wait, seconds))
    assert [0.3, 0.1, 0.0] == order


def test_whoever_leaves_waits_for_what_is_under_way(two: dict[str, FrameworkProcess], tmp_path: Path) -> None:
    """And for what is to begin after it; what ends well is not told that all was broken off."""
    done = tmp_path / "done"
    with lanes.Lanes(two) as both:
        first = both.work("left", lambda _: time.sleep(0.3))
        second = both.call("left", remote_at_once.meet, done, done)
    assert (True, True, True, False) == (first.done(), second.done(), done.exists(), both.ended)


def test_what_is_broken_off_is_not_tried_again(two: dict[str, FrameworkProcess]) -> None:
    """A call that failed because all were broken off can tell."""
    both = lanes.Lanes(two)
    with pytest.raises(KeyboardInterrupt), both:
        raise KeyboardInterrupt
    assert both.ended


def test_an_error_that_is_not_aebench_s_own_is_no_failure_of_a_process() -> None:
    """A mistake in the harness is not told as what a framework cannot do."""
    call: Future[None] = Future()
    call.set_exception(ZeroDivisionError("planted"))
    with pytest.raises(ZeroDivisionError, match="planted"):
        lanes.errors_of({"left": call})


PAIR = {"left": "tensorflow", "right": "pytorch", "parting": None}


@pytest.mark.parametrize(
    ("agreements", "failures", "expected"),
    [
        ([PAIR, PAIR], {}, "1 pair agrees"),
        ([PAIR, {**PAIR, "left": "reference"}], {}, "2 pairs agree"),
        ([PAIR, {**PAIR, "parting": "phase1, rung losses"}], {}, "PARTS: phase1, rung losses"),
        ([PAIR, {**PAIR, "vacuous": ["step"]}], {}, "nothing parts, but 1 of 2 comparisons have vacuous rungs"),
        ([PAIR], {"outside": "lost"}, "outside failed: lost; 1 pair agrees"),
        ([], {"pytorch": "lost"}, "pytorch failed: lost"),
        ([], {}, "nothing was compared"),
    ],
)
def test_an_outcome_in_one_line(agreements: list[Any], failures: dict[str, str], expected: str) -> None:
    """What is told when an autoencoder's climbs are over: nothing agrees that was not compared."""
    assert expected == session.outcome({"agreements": agreements, "failures": failures})


@pytest.mark.parametrize(
    ("float64", "float32", "expected"),
    [
        ([], ["step"], [[], []]),
        (["step"], ["step", "rows"], [["step"], ["step"]]),
        (None, ["step"], [["step"]]),
    ],
)
def test_a_rung_is_vacuous_where_no_dtype_judges_it(
    float64: list[str] | None, float32: list[str], expected: list[list[str]]
) -> None:
    """What one dtype of a pair judges was compared, in the other, too; another pair's judgement counts for nothing."""
    found = [{**PAIR, "vacuous": rungs} for rungs in (float64, float32) if rungs is not None]
    other = {**PAIR, "left": "reference", "vacuous": []}
    assert expected == [row["vacuous"] for row in session.undecided([*found, other])][:-1]


LINEAR = Climb(registry.autoencoder("linear"), dtype="float32")
NAMES = ("reference", "tensorflow", "pytorch")
# Nothing is called in them here.
PROCESSES: dict[str, Any] = dict.fromkeys(NAMES)


def climbed(folder: Path) -> dict[str, Any]:
    """The document of one climb of `linear`."""
    with lanes.Lanes(PROCESSES) as begun:
        return session.begin(begun, [LINEAR], session.Source("digits", None, "quick"), folder).document(Silent())


def test_the_next_climbs_begin_before_these_are_compared() -> None:
    """While the harness compares, the processes climb: one ahead, and not all, whose traces would fill a disk."""
    begun: list[int] = []
    ahead = ladders.one_ahead(begun.append(number) or number for number in range(4))
    assert [(0, [0, 1]), (1, [0, 1, 2]), (2, [0, 1, 2, 3]), (3, [0, 1, 2, 3])] == [(n, [*begun]) for n in ahead]


def agreeing(left: str, right: str) -> Agreement:
    """A pair that agrees."""
    return Agreement("linear", "float32", left, right, ())


def test_a_pair_that_is_missing_is_no_agreement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A harness that forgets a pair is found out; what failed is told once, with its own reason."""
    found = [agreeing("reference", "tensorflow"), agreeing("reference", "pytorch")]
    monkeypatch.setattr(session.Ascent, "agreements", lambda _: (found, {}))
    document = climbed(tmp_path)
    assert {"pytorch": "was not compared with tensorflow in float32"} == document["failures"]
    assert "pytorch failed" in session.outcome(document)
    monkeypatch.setattr(session.Ascent, "agreements", lambda _: (found[:1], {"pytorch": "lost"}))
    assert {"pytorch": "lost"} == climbed(tmp_path)["failures"]
    monkeypatch.setattr(session.Ascent, "agreements", lambda _: ([*found, agreeing("tensorflow", "pytorch")], {}))
    assert {} == climbed(tmp_path)["failures"]


def test_a_trace_of_an_earlier_climb_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the processes leave no trace, what `--keep-traces` left there before does not pass for one."""
    for name in NAMES:
        trace = Trace(name, "linear", "float32", {Place("phase1", "init", 0, "encoder1.bias"): np.zeros(2, np.float32)})
        trace.metadata["spreads"] = {}
        trace.save(tmp_path / f"{name}-float32.safetensors")
    with monkeypatch.context() as patched:
        patched.setattr(session, "errors_of", lambda _: {})
        document = climbed(tmp_path)
    assert [] == document["agreements"]
    assert ["reference"] == list(document["failures"])
