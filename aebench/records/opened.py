"""Records as a user names them: a folder that a command left behind, or a file, of whatever kind it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aebench.errors import ResultError
from aebench.records import archive, documents
from aebench.records.fields import plain

# What the commands call the documents that they leave in their folders, by kind.
FILES = {
    "run": "result.json", "agreements": "agreements.json", "growth": "growth.json", "comparison": "comparison.json",
    "matrix": "matrix.json", "bench": "bench.json", "scale": "scale.json", "calibration": "calibration.json",
    "audit": "audit.json",
}  # fmt: skip
# Kinds that are parts of another one, which holds all of them.
PARTS = {"plan": "run", "trial": "run", "agreement": "run"}


@dataclass(frozen=True)
class Opened:
    """One record. name: what a person calls it, its folder or file; folder: where what belongs to it lies.

    number: its place among those that were opened, from 1: two may have the same name.
    """

    path: Path
    kind: str
    content: dict[str, Any]
    number: int = 1

    @property
    def folder(self) -> Path:
        """Where the document lies."""
        return self.path.parent

    @property
    def name(self) -> str:
        """The folder that a command wrote, or the file's own name."""
        return self.path.resolve().parent.name if self.path.name in FILES.values() else self.path.stem


@dataclass(frozen=True)
class Unreadable:
    """What was named and is not, or not wholly, a record, and why."""

    path: Path
    why: str

    @property
    def name(self) -> str:
        """The folder's or file's own name."""
        return self.path.name or str(self.path)


def opened(paths: Iterable[Path]) -> list[Opened | Unreadable]:
    """Every record that the paths name, each once, in their order; what cannot be read stands in its place.

    A folder stands for the documents in it, and for those of the comparisons that a matrix is made of.
    """
    found: dict[Path, Opened | Unreadable] = {}
    for path in paths:
        for file in _files(path):
            if file.resolve() not in found:
                found[file.resolve()] = _read(file, len(found) + 1)
    return list(found.values())


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    there = [path / name for name in FILES.values() if (path / name).exists()]
    yield from there or [path]
    if path / FILES["matrix"] in there:
        yield from sorted(path.glob(f"*/{FILES['comparison']}"))


def _read(path: Path, number: int) -> Opened | Unreadable:
    try:
        if path.suffix == archive.SUFFIX and path.is_file():
            return Opened(path, archive.KIND, plain(archive.opened(path).manifest), number)
        kind = _kind(path)
        return Opened(path, kind, documents.read(path, kind), number)
    except ResultError as error:
        return Unreadable(path, str(error))


def _kind(path: Path) -> str:
    """The kind of the document at the path.

    Raises:
        ResultError: it is none, or a part of another one.
    """
    if path.is_dir():
        if (path / "plan.json").exists():
            go_on = f"aebench run --resume -o {path}"
            raise ResultError(f"{path} is a run that has not ended; wait for it or, if it was broken off: {go_on}")
        raise ResultError(f"{path} holds no record; expected one of {', '.join(FILES.values())} in it")
    kind = documents.kind_of(path)
    if kind in PARTS:
        whole = f"a {PARTS[kind]}'s folder, which holds its {FILES[PARTS[kind]]}"
        raise ResultError(f"{path} is the {kind} of a {PARTS[kind]}; name {whole}, instead")
    named = {name: kind for kind, name in FILES.items()}
    if kind is None and not path.exists():
        raise ResultError(f"no file or folder {path}; name what a command wrote, such as results/runs/NAME")
    if kind is None and path.name not in named:
        raise ResultError(f"{path} is no record: it is no JSON document that states a known format")
    return kind or named[path.name]  # reading says what is wrong with it
