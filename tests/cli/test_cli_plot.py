"""`aebench plot`: what it lists, what it draws, where to, and what it says of what is missing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from pictured import run

from aebench.cli import main


def plot(*arguments: str) -> Result:
    """What the command says."""
    return CliRunner().invoke(main, ["plot", *arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of two autoencoders, one of them recorded by an older aebench; the present folder is another."""
    monkeypatch.chdir(tmp_path)
    return run(tmp_path / "out", "tied", "sparse", lacking=("coding_map",))


def files(folder: Path) -> list[str]:
    """The pictures in the folder."""
    return sorted(str(path.relative_to(folder)) for kind in ("png", "svg") for path in folder.rglob(f"*.{kind}"))


def test_without_a_name_what_there_is_and_what_is_missing(folder: Path) -> None:
    """Names and titles, then the missing ones with their reason, once; nothing is drawn."""
    for arguments in (["out"], ["out/result.json"]):
        said = plot(*arguments)
        assert 0 == said.exit_code
        there, missing = said.stdout.split("\nMissing\n")
        assert "sparse/sparsity_cost" in there
        assert "Tied weights: first features" in there
        assert 1 == missing.count("`coding_map`")
        assert ("tied/codings, sparse/codings" in missing, "tied/codings" in there) == (True, False)
    assert [] == files(folder.parent)


def test_a_picture_is_drawn_beside_the_trials_in_both_formats(folder: Path) -> None:
    """As `aebench run` does, and the paths are told, a line each."""
    said = plot("sparse/features", "out")
    assert ["out/sparse/features.png", "out/sparse/features.svg"] == said.stdout.splitlines()
    assert ["sparse/features.png", "sparse/features.svg"] == files(folder)


def test_a_pattern_in_one_format_and_another_folder(folder: Path) -> None:
    """The run's folder stays as it is; what is missing of the pattern is told, and the rest drawn."""
    said = plot("*/[fc]*", "out/result.json", "-o", "drawn", "--format", "svg")
    lines = said.stdout.splitlines()
    assert (0, ["drawn/tied/features.svg", "drawn/sparse/features.svg"]) == (said.exit_code, lines[:2])
    assert ["missing: tied/codings", "missing: sparse/codings"] == [line.partition(": no")[0] for line in lines[2:]]
    assert ([], ["sparse/features.svg", "tied/features.svg"]) == (files(folder), files(Path("drawn")))


def test_the_newest_run_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those under results/runs, with a name or without."""
    monkeypatch.chdir(tmp_path)
    for name, autoencoder, begun in (("20260102-000000", "sparse", 1_000), ("20260101-000000", "tied", 2_000)):
        plan = run(tmp_path / "results" / "runs" / name, autoencoder) / "plan.json"
        plan.touch()
        os.utime(plan, (begun, begun))
    assert "tied/features" in plot().stdout
    assert "results/runs/20260101-000000/tied/features.png" in plot("tied/features").stdout


def test_all_missing_is_an_error_with_the_reason(folder: Path) -> None:
    """Status 2, one line, no file."""
    said = plot("tied/codings", "out")
    assert (2, 1) == (said.exit_code, len(said.stderr.splitlines()))
    assert "tied/codings is missing: no subject recorded `coding_map`" in said.stderr
    assert [] == files(folder)


@pytest.mark.parametrize(
    ("name", "shown"), [("tied/features", "out/tied/features.png"), ("tied", "out"), ("*/features", "out")]
)
def test_open_shows_the_picture_or_the_folder_of_several(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, shown: str
) -> None:
    """Thirty windows help nobody."""
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", lambda path: opened.append(path) or 0)
    assert 0 == plot(name, "out", "--open").exit_code
    assert [shown] == opened


def test_a_machine_without_a_viewer_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture is drawn all the same."""
    monkeypatch.setattr(click, "launch", lambda _: 1)
    said = plot("tied/features", "out", "--open", "--format", "png")
    assert (2, True) == (said.exit_code, "nothing here opens out/tied/features.png; it is drawn" in said.stderr)
    assert ["tied/features.png"] == files(folder)


def test_where_matplotlib_can_keep_nothing_nothing_is_said_of_it(folder: Path, aebench: Callable[..., Any]) -> None:
    """As in a container without a home: the paths of what was drawn are all there is."""
    nowhere = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), "/dev/null/home")
    done = aebench("plot", "sparse/features", "out", cwd=folder.parent, **nowhere)
    assert (0, "", 2) == (done.returncode, done.stderr, len(done.stdout.splitlines()))
