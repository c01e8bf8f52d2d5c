"""What records of comparisons and agreements have found, as what is reproduced."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from comparisons import OPTIONS, climbed, record
from examples import RUNG, conditions
from packing import placeholder

from aebench.errors import AebenchError, ReproductionError, ResultError, UsageError
from aebench.processes import environments
from aebench.records import documents
from aebench.records.asked import Options
from aebench.records.comparisons import Numbers, Side
from aebench.records.fields import checked, plain
from aebench.records.matrices import Matrix
from aebench.registry import ARBITER
from aebench.reproducing.finding import Asked
from aebench.reproducing.recorded import asked_in


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with an environment `old` that is this one with another variable."""
    (tmp_path / "aebench.toml").write_text('[environments.old]\nvariables = { OLD = "1" }\n')
    monkeypatch.chdir(tmp_path)


def row(dtype: str, verdict: str, seed: int = 0) -> Numbers:
    """Numbers of the reference in `linear`, base against head."""
    return climbed(dtype, verdict, framework=ARBITER, seed=seed)


def compared(folder: Path, *rows: Numbers, **changes: Any) -> Path:
    """A comparison of `old` with `here` in the folder."""
    documents.write(folder / "comparison.json", "comparison", plain(record(*rows, **changes)))
    return folder


def agreed(path: Path, *rows: dict[str, Any], device: str = "cpu") -> Path:
    """A record of agreements of `linear`."""
    options = {**OPTIONS, "schedule": "source", "dataset": "curve", "device": device}
    climbing = {"steps": 3, "dtypes": ["float32"], "forced": False}
    content = {"options": options, "climbing": climbing, "conditions": conditions(), "agreements": rows, "failures": []}
    documents.write(path, "agreements", content)
    return path


def agreement(parting: str | None, **changes: Any) -> dict[str, Any]:
    """The reference here against that of `old`."""
    pair = {"autoencoder": "linear", "dtype": "float32", "left": ARBITER, "right": f"{ARBITER}@old", "seed": 5}
    return {**pair, "parting": parting, "rungs": [RUNG], **changes}


def test_what_parted_comes_before_what_moved(tmp_path: Path) -> None:
    """Each finding with its dtype and seed, base first; what is identical is none."""
    rows = row("float64", "identical"), row("float64", "moved", 3), row("float32", "parted", 4)
    folder, pair = compared(tmp_path, *rows), (f"{ARBITER}@old", ARBITER)
    expected = Asked("linear", pair, 4, ("float32",))
    assert expected == asked_in(folder, 1)
    assert replace(expected, seed=3, dtypes=("float64",)) == asked_in(folder / "comparison.json", 2)


def test_what_parted_in_agreements_is_found(tmp_path: Path) -> None:
    """With the subjects as its command says them, the steps and the data."""
    command = f"aebench agree linear -f {ARBITER}@old,{ARBITER} --dtype float32"
    path = agreed(tmp_path / "mine.json", agreement(None), agreement("it parts", command=command))
    expected = Asked("linear", (f"{ARBITER}@old", ARBITER), 5, ("float32",), 3, "curve", schedule="source")
    assert expected == asked_in(path, 1)


def test_the_device_is_the_record_s(tmp_path: Path) -> None:
    """What parted on a GPU is looked for there, whichever kind of record says so."""
    options = checked({**OPTIONS, "device": "gpu"}, Options)
    assert "gpu" == asked_in(compared(tmp_path, row("float64", "moved"), options=options), 1).device
    assert "gpu" == asked_in(agreed(tmp_path / "mine.json", agreement("it parts"), device="gpu"), 1).device


def test_without_a_command_the_pair_is_that_of_the_row(tmp_path: Path) -> None:
    """As in records of former versions."""
    path = agreed(tmp_path / "agreements.json", agreement("it parts"))
    assert (ARBITER, f"{ARBITER}@old") == asked_in(path, 1).pair


@pytest.mark.parametrize("number", [0, 2, 10**9])
def test_a_finding_that_is_not_there_is_refused(number: int, tmp_path: Path) -> None:
    """The message says how many there are."""
    with pytest.raises(UsageError, match=f"has no finding {number} in numbers; it has 1: --finding 1 to 1"):
        asked_in(compared(tmp_path, row("float64", "moved")), number)


def test_a_record_in_which_nothing_moved_is_refused(tmp_path: Path) -> None:
    """There is nothing to reproduce."""
    with pytest.raises(UsageError, match="nothing in it parted or moved in numbers"):
        asked_in(compared(tmp_path, row("float64", "identical")), 1)


@pytest.mark.parametrize("content", [None, "", "{", '{"format": "aebench-scale/1"}'])
def test_what_is_no_record_of_numbers_is_refused(content: str | None, tmp_path: Path) -> None:
    """A file that is not there, of no format, or of another kind."""
    if content is not None:
        (tmp_path / "it.json").write_text(content)
    with pytest.raises(UsageError, match="is no autoencoder and no record of numbers"):
        asked_in(tmp_path / "it.json", 1)


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    """By the reader of records."""
    (tmp_path / "comparison.json").write_text(f'{{"format": "{documents.FORMATS["comparison"]}"}}')
    with pytest.raises(AebenchError, match="truncated or damaged"):
        asked_in(tmp_path, 1)


def of_base(said: str, folder: Path) -> Path:
    """A comparison with that base."""
    side = plain(record().base) | {"name": said, "said": said}
    content = {**plain(record(row("float64", "moved"))), "base": side}
    documents.write(folder / "comparison.json", "comparison", content)
    return folder


def test_a_bundle_is_a_side(tmp_path: Path) -> None:
    """As in the comparison."""
    placeholder(tmp_path / "golden.zip", ARBITER)
    assert (f"{ARBITER}@golden.zip", ARBITER) == asked_in(of_base("golden.zip", tmp_path), 1).pair


def test_a_commit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It computes with another text."""
    commit = replace(environments.find("old"), name="commit", own=True)
    monkeypatch.setitem(environments._told, "commit", commit)
    with pytest.raises(ReproductionError, match="commit is a commit: what differs may be its text"):
        asked_in(of_base("commit", tmp_path), 1)


def test_a_matrix_s_folder_names_those_of_its_heads(tmp_path: Path) -> None:
    """Each holds the findings of its own."""
    matrix = Matrix(base=Side(name="old", said="old", python=None, variables={}), heads=[], gone=[])
    documents.write(tmp_path / "matrix.json", "matrix", plain(matrix))
    for head in ("one", "two"):
        compared(tmp_path / head, row("float64", "moved"))
    with pytest.raises(UsageError, match=r"holds a comparison for each head; name the folder of one: .*one, .*two"):
        asked_in(tmp_path, 1)


def test_a_command_with_one_framework_is_of_that_one_and_the_reference(tmp_path: Path) -> None:
    """Which judges where it is not named."""
    command = f"aebench agree linear -f {ARBITER}@old --dtype float32"
    path = agreed(tmp_path / "agreements.json", agreement("it parts", command=command))
    assert (ARBITER, f"{ARBITER}@old") == asked_in(path, 1).pair


def test_a_commit_of_another_project_is_refused_by_its_record(tmp_path: Path) -> None:
    """As the user named it: no environment is called so any more."""
    side = plain(record().base) | {"name": "f85978eb58", "said": "HEAD~1"}
    content = {**plain(record(row("float64", "moved"))), "base": side}
    documents.write(tmp_path / "comparison.json", "comparison", content)
    with pytest.raises(ReproductionError, match="HEAD~1 is a commit: what differs may be its text"):
        asked_in(tmp_path, 1)


@pytest.mark.parametrize("content", ["", "{", '{"format": "aebench-comparison/999"}'])
def test_a_record_that_cannot_be_read_is_no_record_of_something_else(tmp_path: Path, content: str) -> None:
    """Its name says what it is; the message is that of whoever reads it."""
    (tmp_path / "comparison.json").write_text(content)
    with pytest.raises(ResultError, match=r"truncated or damaged|newer"):
        asked_in(tmp_path, 1)
