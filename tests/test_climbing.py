"""Frameworks climb at the same time; one that fails leaves the others be; an interruption waits for none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import remote_at_once

from aebench import registry
from aebench.agreement import session
from aebench.agreement.compare import Agreement
from aebench.agreement.ladder import Climb
from aebench.processes.events import Silent
from aebench.processes.worker import FrameworkProcess
from aebench.records.trace import Place, Trace


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
    assert {} == session.at_once(two, calls)


def test_a_failure_is_that_process_alone(two: dict[str, FrameworkProcess], tmp_path: Path) -> None:
    """Its reason under its name; what the other did is done."""
    done = tmp_path / "done"
    calls = {"left": (remote_at_once.fail, "planted"), "right": (remote_at_once.meet, done, done)}
    errors = session.at_once(two, calls)
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

    monkeypatch.setattr(session, "wait", interrupted)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        session.at_once(two, {"left": (remote_at_once.meet, here, tmp_path / "never")})
    assert time.monotonic() - started < remote_at_once.PATIENCE
    monkeypatch.undo()
    assert {} == session.at_once(two, {"left": (remote_at_once.meet, here, here)})


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
    return session.document(PROCESSES, [LINEAR], session.Source("digits", None, "quick"), folder, Silent())


def agreeing(left: str, right: str) -> Agreement:
    """A pair that agrees."""
    return Agreement("linear", "float32", left, right, ())


def test_a_pair_that_is_missing_is_no_agreement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A harness that forgets a pair is found out; what failed is told once, with its own reason."""
    found = [agreeing("reference", "tensorflow"), agreeing("reference", "pytorch")]
    monkeypatch.setattr(session, "agree", lambda *_, **__: (found, {}))
    document = climbed(tmp_path)
    assert {"pytorch": "was not compared with tensorflow in float32"} == document["failures"]
    assert "pytorch failed" in session.outcome(document)
    monkeypatch.setattr(session, "agree", lambda *_, **__: (found[:1], {"pytorch": "lost"}))
    assert {"pytorch": "lost"} == climbed(tmp_path)["failures"]
    monkeypatch.setattr(session, "agree", lambda *_, **__: ([*found, agreeing("tensorflow", "pytorch")], {}))
    assert {} == climbed(tmp_path)["failures"]


def test_a_trace_of_an_earlier_climb_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the processes leave no trace, what `--keep-traces` left there before does not pass for one."""
    for name in NAMES:
        trace = Trace(name, "linear", "float32", {Place("phase1", "init", 0, "encoder1.bias"): np.zeros(2, np.float32)})
        trace.metadata["spreads"] = {}
        trace.save(tmp_path / f"{name}-float32.safetensors")
    with monkeypatch.context() as patched:
        patched.setattr(session, "at_once", lambda *_: {})
        document = climbed(tmp_path)
    assert [] == document["agreements"]
    assert ["reference"] == list(document["failures"])
