"""Packages as others would write them, installed by pip into an environment of their own, through the real command."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from environment import Environment

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "own.md"
TEXTS = sorted((HERE / "convolutional" / "aebench_convolutional").glob("*.py"))
CONTRACT = 'from aebench.testing import contract\n\nTestConvolutional = contract("convolutional")\n'
Outcome = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the framework from outside."""
    environment = Environment(tmp_path_factory.mktemp("toy"))
    environment.install("toy")
    return environment


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the framework and the autoencoder from outside."""
    environment = Environment(tmp_path_factory.mktemp("both"))
    environment.install("toy")
    environment.install("convolutional")
    return environment


def said(done: Outcome, *, status: int = 0) -> str:
    """What the command printed, its blanks made one, once it ended with that status."""
    assert status == done.returncode, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_a_framework_from_outside_is_listed(toy: Environment) -> None:
    """With its mode and the version of its package."""
    assert re.search(r"toy eager \d+\.\d+", said(toy.aebench("list")))


def test_a_framework_from_outside_runs(toy: Environment, tmp_path: Path) -> None:
    """Where nothing is named, the one autoencoder of twelve that it has; it agrees with the reference."""
    output = said(toy.aebench("run", "-f", "toy", "-o", str(tmp_path)))
    assert "linear agrees in float64 and float32" in output
    assert "n/a" not in output
    assert "mse_over_pca" in said(toy.aebench("quality", str(tmp_path)))


def test_what_a_framework_lacks_is_not_available(toy: Environment, tmp_path: Path) -> None:
    """A cell `n/a` with its reason below the table, and no failure; where nothing else is asked for, an error."""
    asked = ("-d", "synthetic:150x784", "--no-agreement")
    output = said(toy.aebench("run", "stacked", "-f", "toy,reference", *asked, "-o", str(tmp_path / "run")))
    assert re.search(r"stacked .*MSE n/a 0\.\d+ n/a \d", output), output
    assert "n/a: toy has no stacked: no package offers it" in output
    refused = said(toy.aebench("run", "stacked", "-f", "toy", *asked, "-o", str(tmp_path / "none")), status=2)
    assert "there is nothing to measure: toy has no stacked: no package offers it" in refused


@pytest.mark.slow
def test_a_framework_from_outside_is_timed(toy: Environment, tmp_path: Path) -> None:
    """Beside the ceiling, to which its library may add."""
    asked = ("bench", "linear", "-f", "toy", "--blocks", "2", "-o", str(tmp_path / "bench"))
    assert re.search(r"toy \d", said(toy.aebench(*asked)))


def test_the_autoencoder_from_outside_is_short() -> None:
    """Specification, TensorFlow's text and PyTorch's: 120 lines at most."""
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in TEXTS) <= 120


def test_the_guide_shows_what_is_installed_here() -> None:
    """The blocks of its section are the package's own lines, but for the one that holds it to its contract."""
    section = GUIDE.read_text(encoding="utf-8").split("## An autoencoder")[1].split("\n## ")[0]
    blocks = re.findall(r"^```\w+\n(.*?)^```", section, re.M | re.S)
    files = "\n".join(p.read_text(encoding="utf-8") for p in [*TEXTS, HERE / "convolutional" / "pyproject.toml"])
    assert [CONTRACT] == [block for block in blocks if block not in files]
    assert 4 == len(blocks)


def test_the_autoencoder_from_outside_is_listed_and_shown(both: Environment) -> None:
    """With its layers; side by side in the frameworks that have it, and the reference named as one that has not."""
    assert "convolutional 28×28 images through a convolution" in said(both.aebench("list"))
    shown = said(both.aebench("show", "convolutional"))
    assert "reference has no convolutional: its package offers it for pytorch, tensorflow only" in shown
    assert "conv_transpose2d" in shown
    assert "conv2d_transpose" in shown


@pytest.mark.slow
def test_the_autoencoder_from_outside_keeps_the_contract(both: Environment, tmp_path: Path) -> None:
    """In every framework and mode, by what the guide gives, run by pytest."""
    (tmp_path / "test_it.py").write_text(CONTRACT, encoding="utf-8")
    output = said(both.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py", folder=tmp_path))
    assert re.search(r"\d+ passed", output)
    assert "skipped" not in output


@pytest.mark.slow
def test_the_autoencoder_from_outside_runs(both: Environment, tmp_path: Path) -> None:
    """Through `run`, `quality` and `bench` in both frameworks: no arbiter takes part, and there is no ceiling."""
    run = said(both.aebench("run", "convolutional", "-f", "tensorflow,pytorch", "-o", str(tmp_path / "run")))
    assert "convolutional agrees in float64 and float32" in run
    assert "no arbiter" in run
    assert "test_mse" in said(both.aebench("quality", str(tmp_path / "run")))
    asked = ("--blocks", "2", "-o", str(tmp_path / "bench"))
    timed = said(both.aebench("bench", "convolutional", "-f", "tensorflow,pytorch", *asked))
    assert "tensorflow" in timed
