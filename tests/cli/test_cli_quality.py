"""`aebench quality` as a user calls it: what it says first, its exit status, and every number whole at any width."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from rich.text import Text

BASELINE = next((Path(__file__).parents[2] / "results" / "baselines").glob("mnist-*.json"))
Aebench = Callable[..., "CompletedProcess[str]"]


def changed(path: Path, **shifts: float) -> str:
    """A baseline at that path in which PyTorch's metrics of these autoencoders are multiplied."""
    document: dict[str, Any] = json.loads(BASELINE.read_text(encoding="utf-8"))
    for trial in document["trials"]:
        factor = shifts.get(trial["autoencoder"], 1.0) if trial["framework"] == "pytorch" else 1.0
        for metric in trial["metrics"].values():
            metric["value"] = float("nan") if factor != factor else metric["value"] * factor
            metric["value"] = "nan" if metric["value"] != metric["value"] else metric["value"]
        trial["invalid"] = {"test_mse": "test_mse is nan"} if factor != factor else {}
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def test_what_differs_is_said_first_and_gives_status_1(aebench: Aebench, tmp_path: Path) -> None:
    """Both errors of `tied` and what they explain, 20 % apart at every seed: three differences, before any table."""
    outcome = aebench("quality", changed(tmp_path / "changed.json", tied=1.2))
    first, *lines = outcome.stdout.splitlines()
    assert 1 == outcome.returncode
    assert "78 comparisons: 3 different" in first
    assert [line.startswith("tied, ") for line in lines[:4]] == [True, True, True, False]


def test_what_does_not_differ_gives_status_0(aebench: Aebench) -> None:
    """The committed baseline: 78 comparisons, and none is different."""
    outcome = aebench("quality", str(BASELINE))
    assert (0, "") == (outcome.returncode, outcome.stderr)
    assert "none different" in outcome.stdout.splitlines()[0]


def test_what_is_not_a_number_gives_status_1(aebench: Aebench, tmp_path: Path) -> None:
    """It is named, and nothing is averaged over it."""
    outcome = aebench("quality", changed(tmp_path / "changed.json", tied=float("nan")))
    assert 1 == outcome.returncode
    assert "tied, pytorch, seed 0: test_mse is nan" in outcome.stdout


@pytest.mark.parametrize("columns", ["60", "80"])
def test_numbers_are_whole_where_colours_are_forced(aebench: Aebench, columns: str) -> None:
    """As in a CI job: rich takes the output for a terminal of that width, and cuts nothing."""
    wide = aebench("quality", str(BASELINE))
    coloured = aebench("quality", str(BASELINE), FORCE_COLOR="1", COLUMNS=columns).stdout
    narrow = Text.from_ansi(coloured).plain
    assert coloured != narrow
    numbers = {word for word in wide.stdout.split() if word[:1].isdigit() or word[:1] in "+-"}
    assert set() == numbers - set(narrow.split())
    assert max(map(len, narrow.splitlines())) <= int(columns)
