"""Frameworks climb at the same time; one that fails leaves the others be; an interruption waits for none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import remote_at_once

from aebench.agreement import session
from aebench.processes.worker import FrameworkProcess


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
