"""Records as files for other programs: one for each table, or all that a tracker or a CI reads in one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aebench.errors import ExportError
from aebench.records.opened import Opened
from aebench.records.store import write_text
from aebench.report import bencher, formats
from aebench.report.exported import told, write_junit
from aebench.report.frames import Field, Frame, frames

RECORD = Field("record", "text", about="the file that the row is of")
Written = Callable[[Path], None]


def export(records: Sequence[Opened], asked: Sequence[str], folder: Path) -> list[Path]:
    """Write the records in the formats that are asked for; the files. Former ones are replaced.

    Several records of one kind give the tables that one gives, with another column that names the record; several kinds
    have a folder each.

    Raises:
        ExportError: a record has nothing that a format holds, two have it under one name, a file would replace a
            record, or a package is missing.
        UnwritableError: the folder cannot be written.
    """
    formats.require(asked)
    whole = {folder / _WHOLE[name][0]: _WHOLE[name][1](records) for name in asked if name in _WHOLE}
    formats.require_no_record([*whole])
    of_tables = [name for name in asked if name in formats.FORMATS]
    kinds = list(dict.fromkeys(record.kind for record in records)) if of_tables else []
    tables = {kind: together([record for record in records if record.kind == kind]) for kind in kinds}
    files = []
    for kind, mine in tables.items():
        files += formats.write(mine, of_tables, folder / kind if len(kinds) > 1 else folder)
    for path, write in whole.items():
        write(path)
    return [*files, *whole]


def together(records: Sequence[Opened]) -> list[Frame]:
    """The tables of records of one kind; of several with a first column that names the record."""
    every = [(str(record.path), frames(record.kind, record.content)) for record in records]
    if len(every) == 1:
        return every[0][1]
    return [
        Frame(of[0].name, of[0].title, (RECORD, *of[0].fields), _stacked([name for name, _ in every], of))
        for of in zip(*(tables for _, tables in every), strict=True)
    ]


def _stacked(names: Sequence[str], tables: Sequence[Frame]) -> list[tuple[Any, ...]]:
    return [(name, *row) for name, table in zip(names, tables, strict=True) for row in table.rows]


def _bmf(records: Sequence[Opened]) -> Written:
    found: dict[str, Any] = {}
    for record in records:
        mine = bencher.metrics(record.kind, record.content)
        if both := found.keys() & mine:
            raise ExportError(
                f"{record.path} and another record both have numbers of {min(both)}; Bencher takes one of each: export "
                "them one after the other"
            )
        found |= mine
    return lambda path: write_text(path, json.dumps(found, indent=1, allow_nan=False) + "\n")


def _junit(records: Sequence[Opened]) -> Written:
    matrices = {record.folder for record in records if record.kind == "matrix"}
    every = [
        told(record.kind, record.content, str(record.path))
        for record in records
        if not (record.kind == "comparison" and record.folder.parent in matrices)  # the matrix holds its verdicts
    ]
    return lambda path: write_junit(path, every)


# The formats in which all records are one file: its name, and what looks whether they can be, and then writes it.
_WHOLE: dict[str, tuple[str, Callable[[Sequence[Opened]], Written]]] = {
    "bmf": ("bmf.json", _bmf), "junit": ("junit.xml", _junit)
}  # fmt: skip
NAMES = (*formats.FORMATS, *_WHOLE)
"""Every format there is."""
