"""What the history says of a change: the commit, the row, by how much and which way, and of which values.

otava is not among the packages of the tests. A stand-in of its name has the interface that the program calls, and tells
of a change point as otava 0.8.0 does, by the index of the first value after it: at every value unlike the one before.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.history import __main__ as history
from benchmarks.history import changes

COMMITS = [f"{0xB0000000 + number:x}{number:032x}" for number in range(21)]
BENCHMARK = "training.Warm.time_epoch"
OTAVA = '''
class AnalysisOptions:
    """Its defaults."""


class Metric:
    def __init__(self, direction, scale):
        self.told = direction, scale


class Point:
    def __init__(self, index):
        self.index = index

    def pvalue(self):
        return 10.0**-self.index


class Analyzed:
    def __init__(self, change_points):
        self.change_points = change_points


class Series:
    def __init__(self, test_name, branch, time, metrics, data, attributes):
        assert list(metrics) == list(data)
        assert all(len(values) == len(time) for values in data.values())
        self.data = data

    def analyze(self, options):
        assert isinstance(options, AnalysisOptions)
        return Analyzed({name: list(map(Point, steps(values))) for name, values in self.data.items()})


def steps(values):
    return [number for number in range(1, len(values)) if values[number] != values[number - 1]]
'''
# Of each row the values over the commits, in seconds; None is a commit at which the row failed.
VALUES: dict[str, list[float | None]] = {
    "'sparse'": [0.5, 0.5, None, 0.5, 0.5, 0.5, *[0.125] * 15],
    "'stacked'": [*[10.0] * 7, *[20.0] * 6, *[15.0] * 8],
    "'tied'": [*[1000.0] * 9, *[1100.0] * 12],
}
# The largest share first. By the difference in seconds `tied` would come first, 100 s, and `sparse` last, 0.375 s.
TOLD = [
    f"b0000007  {BENCHMARK}('stacked'): 100% more, from 10 to 20 (p = 1e-07, 7 values before, 6 after)",
    f"b0000006  {BENCHMARK}('sparse'): 75% less, from 0.5 to 0.125 (p = 1e-05, 5 values before, 15 after)",
    f"b000000d  {BENCHMARK}('stacked'): 25% less, from 20 to 15 (p = 1e-13, 6 values before, 8 after)",
    f"b0000009  {BENCHMARK}('tied'): 10% more, from 1000 to 1100 (p = 1e-09, 9 values before, 12 after)",
]


@pytest.fixture
def otava(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in, where this interpreter finds it."""
    package = tmp_path / "packages" / "otava"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "series.py").write_text(OTAVA, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(package.parent), os.environ.get("PYTHONPATH", ""))))
    monkeypatch.setattr(changes, "_interpreter", lambda environment: sys.executable)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dashboard of the rows above, as `asv publish` of version 0.6 leaves it, in place of this repository's."""
    folder = tmp_path / ".asv" / "html"
    points = [[number, list(values)] for number, values in enumerate(zip(*VALUES.values(), strict=True))]
    index = {
        "revision_to_hash": {str(number): commit for number, commit in enumerate(COMMITS)},
        "graph_param_list": [{"machine": "one"}],
        "benchmarks": {BENCHMARK: {"params": [list(VALUES)]}},
    }
    (folder / "graphs" / "machine-one").mkdir(parents=True)
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    (folder / "graphs" / "machine-one" / f"{BENCHMARK}.json").write_text(json.dumps(points), encoding="utf-8")
    monkeypatch.setattr(history, "ROOT", tmp_path)
    (tmp_path / ".asv" / "results" / "one").mkdir(parents=True)
    (tmp_path / ".asv" / "results" / "one" / "machine-env.json").touch()
    monkeypatch.setattr(history, "_require_asv", lambda: None)
    monkeypatch.setattr(history, "_commits", lambda branch, last: COMMITS[:last])
    monkeypatch.setattr(history, "_asv", lambda *arguments, **allowed: None)
    return folder


def test_otava_s_points_are_those_of_the_values_asked_for(otava: None) -> None:
    """By the name of the row: the index of the first value after, counted from 0, and p; none where nothing changed."""
    asked = {"twice": [4.0, 4.0, 5.0, 5.0, 5.0, 3.0], "never": [2.0, 2.0, 2.0]}
    done = subprocess.run(
        [sys.executable, str(changes.PROGRAM)], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    assert {"twice": [{"index": 2, "p": 0.01}, {"index": 5, "p": 1e-5}], "never": []} == json.loads(done.stdout)


@pytest.mark.parametrize(("least", "n_told"), [("0.05", 4), ("0.2", 3), ("0.8", 1)])
def test_every_change_is_told_with_its_commit_its_share_and_its_values(
    least: str, n_told: int, published: Path, otava: None
) -> None:
    """The largest share first, of the value before: from 10 to 20 is 100 % more, from 20 to 15 is 25 % less. A level
    lasts until the next change. A commit without a value counts for nothing, and what is below the least is left out.
    """
    if importlib.util.find_spec("asv") is None:
        pytest.skip("asv is not installed: pip install -c constraints.txt 'aebench[dev]'")
    done = CliRunner().invoke(history.main, ["--no-run", "--least", least])
    assert 0 == done.exit_code, done.output
    head = f"Dashboard: {published / 'index.html'} (3 rows); see it with: asv preview"
    assert [head, *TOLD[:n_told]] == done.stdout.strip().splitlines()
