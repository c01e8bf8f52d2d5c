"""What a record found in numbers, as what can be reproduced: each finding a pair of subjects in one autoencoder."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aebench.comparison.sides import is_commit, side
from aebench.errors import ReproductionError, UsageError
from aebench.processes import probing
from aebench.records import documents
from aebench.records.comparisons import DIFFERING, Side
from aebench.records.fields import checked
from aebench.records.opened import FILES
from aebench.registry import ARBITER
from aebench.reproducing.finding import Asked

# The records that hold numbers, by the name of their file.
HOLDING = {kind: FILES[kind] for kind in ("comparison", "agreements")}
COMMIT = (
    "{} is a commit: what differs may be its text, which `git diff` shows; a reproduction runs one text in two "
    "environments"
)


def asked_in(place: Path, number: int) -> Asked:
    """The finding of that number, counted from 1, in a record or in the record of a folder.

    Raises:
        UsageError: it is no record of numbers, found nothing in them, or fewer; its subjects cannot be computed with.
        ReproductionError: one is a commit.
        ResultError: it is damaged.
    """
    path, kind = _record(place)
    document = documents.read(path, kind)
    found = list(_of_comparison(document) if kind == "comparison" else _of_agreements(document))
    if not found:
        raise UsageError(f"{path}: nothing in it parted or moved in numbers, so there is nothing to reproduce")
    if not 1 <= number <= len(found):
        raise UsageError(f"{path} has no finding {number} in numbers; it has {len(found)}: --finding 1 to {len(found)}")
    names, rest = found[number - 1]
    return Asked(pair=(_subject(names[0]), _subject(names[1])), **rest)


def _record(place: Path) -> tuple[Path, str]:
    """The record's file, and its kind."""
    for path in (place, *(place / name for name in HOLDING.values())):
        kind = documents.kind_of(path) if path.is_file() else None
        # One that cannot be read, or is newer, says so when it is opened.
        kind = kind or next((it for it, name in HOLDING.items() if path.is_file() and path.name == name), None)
        if kind in HOLDING:
            return path, str(kind)
    heads = [path.parent for path in sorted(place.glob(f"*/{HOLDING['comparison']}"))] if place.is_dir() else []
    if heads and (place / FILES["matrix"]).exists():
        folders = ", ".join(map(str, heads))
        raise UsageError(f"{place} holds a comparison for each head; name the folder of one: {folders}")
    raise UsageError(
        f"{place} is no autoencoder and no record of numbers; name one of `aebench list`, or the folder or file that "
        "`aebench compare` or `aebench agree` has left"
    )


Named = tuple[tuple[str, str], dict[str, Any]]


def _of_comparison(document: Mapping[str, Any]) -> Iterator[Named]:
    """What parted, then what was mended, then what moved."""
    sides = [checked(document[name], Side) for name in ("base", "head")]
    for it in sides:
        if is_commit(it):
            raise ReproductionError(COMMIT.format(it.said))
    said = [it.said for it in sides]
    for verdict in DIFFERING:
        for row in document["numbers"]:
            if row["verdict"] == verdict:
                pair = f"{row['framework']}@{said[0]}", f"{row['framework']}@{said[1]}"
                yield pair, {**_options(document, row), "seed": row["seed"]}


def _of_agreements(document: Mapping[str, Any]) -> Iterator[Named]:
    """What parted. The subjects are those of the command that climbs again, which says where they are."""
    for row in document["agreements"]:
        if row["parting"]:
            words = shlex.split(row.get("command", ""))
            named = words[words.index("-f") + 1].split(",") if "-f" in words else [row["left"], row["right"]]
            steps = (document["climbing"] or {}).get("steps", 10)
            pair = (ARBITER, named[0]) if len(named) == 1 else (named[0], named[1])
            yield pair, {**_options(document, row), "seed": row.get("seed", 0), "steps": steps}


def _options(document: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: document["options"][name] for name in ("dataset", "data_dir", "schedule", "device")}
    return {**options, "autoencoder": row["autoencoder"], "dtypes": (row["dtype"],)}


def _subject(name: str) -> str:
    """The subject's name, with its environment known to this process."""
    _, at, said = name.partition("@")
    if at and side(said).own:
        raise ReproductionError(COMMIT.format(said))
    return probing.subject(name)
