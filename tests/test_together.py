"""Plain `pytest` works on two things at once, and what shares climbs or trainings stays in one process."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from together import shared

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


def test_what_shares_climbs_runs_in_one_process() -> None:
    """Two files of the ladder in one process of the two, for real."""
    if importlib.util.find_spec("xdist") is None or cores() < 2:
        pytest.skip("needs pytest-xdist and two cores")
    files = [f"tests/agreement/test_agreement_{name}.py" for name in ("undirected", "compare")]
    said = _called("-v", "-o", f"testpaths={' '.join(files)}")
    assert len(set(re.findall(r"^\[gw\d\]", said, flags=re.MULTILINE))) == 1


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        ("tests/agreement/test_agreement_faults.py::test_x[a::b]", "climbs"),
        ("tests/test_adam.py::test_x[tests/agreement/]", "tests/test_adam.py"),
    ],
)
def test_a_test_runs_with_its_file_or_with_the_ladder(nodeid: str, expected: str) -> None:
    """By the file alone, whatever stands in the brackets."""
    assert expected == shared(nodeid)
