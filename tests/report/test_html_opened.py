"""What a user names is found whatever kind of record it is; what cannot be read keeps its place, with the reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from filled import filled
from reports import run

from aebench.records import documents
from aebench.records.kinds import KINDS
from aebench.records.opened import FILES, PARTS, Opened, Unreadable, opened


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "matrix"])
def test_a_folder_stands_for_its_record(kind: str, tmp_path: Path) -> None:
    """Whatever a command leaves in a folder is found by the folder's name, and called so."""
    folder = tmp_path / "mine"
    folder.mkdir()
    documents.write(folder / FILES[kind], kind, filled(kind))
    (found,) = opened([folder])
    assert isinstance(found, Opened)
    assert (kind, "mine", folder) == (found.kind, found.name, found.folder)


def test_a_matrix_brings_its_comparisons(tmp_path: Path) -> None:
    """They hold what moved rung by rung, which a matrix does not."""
    documents.write(tmp_path / "matrix.json", "matrix", filled("matrix"))
    (tmp_path / "head").mkdir()
    documents.write(tmp_path / "head" / "comparison.json", "comparison", filled("comparison"))
    assert ["matrix", "comparison"] == [found.kind for found in opened([tmp_path]) if isinstance(found, Opened)]


def test_the_same_record_is_there_once(tmp_path: Path) -> None:
    """By its folder, by its file, and along another way."""
    folder = run(tmp_path / "run")
    assert 1 == len(opened([folder, folder / "result.json", folder / ".." / "run"]))


def test_every_kind_is_read_or_refused_with_the_whole_it_belongs_to(tmp_path: Path) -> None:
    """No kind of record is unknown here."""
    for kind in (kind for kind in KINDS if kind != "bundle"):
        path = tmp_path / f"{kind}-file.json"
        documents.write(path, kind, filled(kind))
        (found,) = opened([path])
        if kind in PARTS:
            assert isinstance(found, Unreadable)
            assert f"is the {kind} of a run" in found.why
        else:
            assert isinstance(found, Opened)


def test_what_cannot_be_read_keeps_its_place(tmp_path: Path) -> None:
    """Missing, empty, damaged, foreign, unfinished: each with a sentence, between what can be read."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "begun").mkdir()
    documents.write(tmp_path / "begun" / "plan.json", "plan", filled("plan"))
    whole = run(tmp_path / "whole")
    cut = tmp_path / "cut"
    shutil.copytree(whole, cut)
    text = (cut / "result.json").read_text(encoding="utf-8")
    (cut / "result.json").write_text(text[: len(text) // 2], encoding="utf-8")
    (tmp_path / "notes.json").write_text("{}", encoding="utf-8")
    names = ["nowhere", "empty", "begun", "whole", "cut", "notes.json"]
    found = opened([tmp_path / name for name in names])
    said = [it.why if isinstance(it, Unreadable) else it.name for it in found]
    expected = ["no file or folder", "holds no record", "--resume", "whole", "truncated or damaged", "is no record"]
    assert [True] * len(names) == [words in one for words, one in zip(expected, said, strict=True)], said
