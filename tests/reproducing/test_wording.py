"""What a script says of itself, and when a reproduction is called one; no framework computes here."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from aebench import registry
from aebench.records.trace import Place
from aebench.reproducing import wording
from aebench.reproducing.cases import Case
from aebench.reproducing.reproducing import Reproduction
from aebench.reproducing.trying import Tried
from aebench.reproducing.wording import Words, labels

GOOD, BAD = "pytorch@old", "pytorch"
VERSIONS = {GOOD: "2.13.0+cpu", BAD: "2.14.1+cpu"}


@pytest.fixture
def head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The text at the top of a script that shows what moved from 2.13.0, in an environment with a variable."""
    (tmp_path / "aebench.toml").write_text('[environments.old]\nvariables = { OLD = "a b" }\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(wording, "variables", lambda: {"MKL_CBWR": "AVX2"})
    monkeypatch.setattr(
        wording, "described", lambda name: SimpleNamespace(package="torch", version=VERSIONS[name], mode="eager")
    )
    return words(labels=labels(VERSIONS), able=(GOOD, BAD)).said(None)


def test_a_script_says_who_differs_from_whom(head: str) -> None:
    """The odd one first."""
    assert "torch 2.14.1+cpu and torch 2.13.0+cpu differ." == head.splitlines()[0]


def test_a_script_says_how_it_is_run_and_how_it_then_ends(head: str) -> None:
    """By what pip finds in every index, with the variables of here and of each environment, and the right status."""
    assert [
        "    pip install torch==2.13.0 numpy safetensors",
        "    MKL_CBWR=AVX2 OLD='a b' python reproduce.py   # ends with status 0: it does not show",
        "    pip install torch==2.14.1 numpy safetensors",
        "    MKL_CBWR=AVX2 python reproduce.py   # ends with status 1: the difference shows",
    ] == [line for line in head.splitlines() if line.startswith("    ")]


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [(False, True, True), (True, True, False), (False, False, False), (True, False, False), (None, True, False)],
)
def test_a_reproduction_shows_it_in_one_environment_alone(
    tmp_path: Path, good: bool | None, bad: bool, expected: bool
) -> None:
    """A script that shows it everywhere, nowhere, or does not end, is none."""
    found: Any = SimpleNamespace(good=GOOD, bad=BAD)
    nothing: Any = None
    tries = Tried(GOOD, good, ""), Tried(BAD, bad, "")
    assert expected is Reproduction(tmp_path, found, nothing, nothing, "", "", tries).shows


def words(**changes: Any) -> Words:
    """What is known of a reproduction of `linear` in which the second program's `codings` moved."""
    linear, place = registry.autoencoder("linear"), Place("phase1", "forward", 0, "codings")
    before, after = (
        Case(linear, place, "forward", "codings", "float32", "cpu", {"inputs": np.zeros((rows, 3))}) for rows in (8, 2)
    )
    climbed = SimpleNamespace(climb=SimpleNamespace(seed=0, autoencoder=linear), dataset=SimpleNamespace(name="curve"))
    finding: Any = SimpleNamespace(climbed=climbed, criterion="moves", good=GOOD, bad=BAD, place=place)
    named = {BAD: "new", GOOD: "old"}
    return Words(**{"finding": finding, "before": before, "after": after, "differing": "by much", "labels": named,
                    "able": (), **changes})  # fmt: skip


def test_a_script_says_how_much_smaller_it_was_made() -> None:
    """From what was found to what is written."""
    assert "Made smaller: from 8 rows, 3-2-3 to 2 rows, 3-2-3." in words().said(None)


def test_a_subject_whose_name_begins_with_another_s_is_called_by_its_own_label() -> None:
    """`pytorch@old` is not the new one, at a place `@old`."""
    said = words(differing="pytorch@old is near, pytorch is not").said(None)
    assert "How far: old is near, new is not" in said


def test_what_a_docstring_would_read_otherwise_is_escaped() -> None:
    """A backslash of a path stays one, and no quotes end the text."""
    said = words(differing=r'C:\new and """').said(None)
    read = ast.literal_eval(f'"""{said}"""')
    assert (True, True) == (r"C:\new and" in read, "'''" in read)


def test_variables_of_a_worker_are_none_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """They say where this aebench measures, which the script does not need."""
    worker = next(iter(wording.WORKER_VARIABLES))
    monkeypatch.setattr(wording, "variables", lambda: {worker: "x", "MKL_CBWR": "AVX2"})
    assert "MKL_CBWR=AVX2 python reproduce.py" == wording._command(BAD)
