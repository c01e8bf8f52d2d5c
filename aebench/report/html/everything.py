"""All that the records hold, as the tables that `aebench export` writes: folded, for who wants to look it up."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from aebench.counted import counted
from aebench.records.opened import Opened, Unreadable
from aebench.report.frames.frame import Field, Frame
from aebench.report.frames.kinds import OF, frames
from aebench.report.html.content import Block, Cell, Folded, Grid, Prose, Section, readable

MOST_ROWS = 1000  # of a table that a page holds; longer ones are exported


def section(sources: Sequence[Opened | Unreadable]) -> Section | None:
    """The tables of every record; None where none can be read."""
    found = [
        Section(f"everything-{source.number}", source.name, "", list(_tables(source)))
        for source in readable(sources, *OF)
    ]
    lead = "Every number at full precision, a row for each observation."
    return Section("everything", "Everything", lead, (), found) if found else None


def _tables(source: Opened) -> Iterator[Block]:
    for frame in frames(source.kind, source.content):
        title = f"{frame.title} ({counted(len(frame.rows), 'row')})"
        if len(frame.rows) > MOST_ROWS:
            command = f"aebench export {shlex.quote(str(source.path))} --format csv"
            yield Folded(title, [Prose([f"Too long for a page. It is {frame.name}.csv after: {command}"])])
        elif frame.rows:
            yield Folded(title, [_grid(source, frame)])


def _grid(source: Opened, frame: Frame) -> Grid:
    """The columns in which any row has something."""
    shown = [n for n in range(len(frame.fields)) if any(row[n] is not None for row in frame.rows)]
    columns = [_heading(frame.fields[n]) for n in shown]
    rows = [[_cell(frame.fields[n], row[n]) for n in shown] for row in frame.rows]
    note = " ".join(f"{frame.fields[n].name}: {frame.fields[n].about}." for n in shown if frame.fields[n].about)
    return Grid(f"all-{frame.name}-{source.number}", frame.title, columns, rows, note)


def _heading(field: Field) -> str:
    return f"{field.name} [{field.unit}]" if field.unit else field.name


def _cell(field: Field, value: Any) -> Cell | str:
    if value is None:
        return ""
    if field.kind == "number":
        return Cell(f"{value:.6g}", value)
    return Cell(str(value), value) if field.kind == "integer" else str(value)
