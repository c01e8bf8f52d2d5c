"""Plain `pytest` works on two things at once, and what shares climbs or trainings stays in one process."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aebench.records.machine import cores

ROOT = Path(__file__).parents[1]
FILE = "tests/report/test_report_progress.py"


def _called(*arguments: str) -> str:
    """What pytest says in a process of its own, without this session's variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=kept, timeout=300)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def test_plain_pytest_runs_in_two_processes() -> None:
    """Where nothing is selected; a file that is named runs in pytest's own process, where it can be looked into."""
    if importlib.util.find_spec("xdist") is None or cores() < 2:
        pytest.skip("needs pytest-xdist and two cores")
    assert "2 workers [" in _called("-o", f"testpaths={FILE}")
    assert "workers" not in _called(FILE)


def test_what_shares_a_process_is_one_group(request: pytest.FixtureRequest) -> None:
    """Of the tests that run now: those of the ladder are one group, others that ask frameworks' processes another."""
    if not request.config.pluginmanager.hasplugin("xdist"):
        pytest.skip("needs pytest-xdist")
    groups: dict[str, set[str]] = {"agreement": set(), "processes": set()}
    for item in request.session.items:
        (group,) = (mark.args[0] for mark in item.iter_markers("xdist_group"))
        ladder = "agreement" in item.path.parts
        if ladder or "processes" in getattr(item, "fixturenames", ()):
            groups["agreement" if ladder else "processes"].add(group)
    assert groups["agreement"] <= {"climbs"}
    assert groups["processes"] <= {"trainings"}
