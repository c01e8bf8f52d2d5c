"""Tables for a screen of any width: nothing in them is ever cut.

A table that is wider than the screen first wraps its columns of prose, then comes in parts, each with the columns that
name a row, and where even those leave no room it is turned: a paragraph for each row, a line for each cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

Cell = str | Text
"""A string is shown as it is, brackets and all; a `Text` brings its colour."""
GAP = 2  # characters between two columns
PROSE = 24  # characters that a column of prose is not made narrower than, unless it holds no more


@dataclass(frozen=True)
class Column:
    """A column: its name, and whose it is.

    over: what stands above the names of several columns that belong together, and are shown together where they fit.
    right: flushed right, as numbers are. wraps: its cells are prose, which may be broken between words.
    """

    name: str
    over: str = ""
    right: bool = False
    wraps: bool = False

    @property
    def heading(self) -> str:
        """The name, below what stands over it."""
        return f"{self.over}\n{self.name}" if self.over else self.name

    @property
    def title(self) -> str:
        """The same in one line."""
        return f"{self.over} {self.name}".strip()


@dataclass
class Table:
    """Rows under columns, the first `keys` of which name the row. A row may end early: the rest of it is empty.

    compares: a row's cells are read beside each other, so that no part could be without the others.
    """

    title: str
    columns: Sequence[Column]
    keys: int = 1
    rows: list[Sequence[Cell]] = field(default_factory=list)
    compares: bool = False

    def add(self, *cells: Cell) -> None:
        """Append a row."""
        self.rows.append(cells)

    def print(self, console: Console) -> None:
        """Show the table in the form that fits the console: whole, in parts, or turned."""
        console.print(Text(self.title, "italic"))
        parts = self.parts(console.width)
        for part in parts:
            console.print()
            console.print(self._drawn(part, console.width))
        if not parts:
            self._print_turned(console)
        console.print()

    def parts(self, width: int) -> list[list[int]]:
        """The columns, by number, of each part that the table comes in; none where not even a part fits."""
        keys, others = list(range(self.keys)), range(self.keys, len(self.columns))
        parts = [list(keys)]
        for _, found in groupby(others, key=lambda number: self.columns[number].over or number):
            together = list(found)
            whole = self._least([*keys, *together]) <= width
            for piece in [together] if whole else [[number] for number in together]:
                if len(parts[-1]) > len(keys) and self._least([*parts[-1], *piece]) > width:
                    parts.append(list(keys))
                parts[-1] += piece
        fits = all(self._least(part) <= width for part in parts) and not (self.compares and len(parts) > 1)
        return parts if fits else []

    def _least(self, part: Sequence[int]) -> int:
        """Characters that these columns take when their prose is as narrow as it may be."""
        return sum(self._widths(number)[0] for number in part) + GAP * (len(part) - 1)

    def _widths(self, number: int) -> tuple[int, int]:
        """Characters that a column takes at least, and those that it takes unbroken."""
        column = self.columns[number]
        texts = [column.heading, *(_plain(row[number]) for row in self.rows if number < len(row))]
        natural = max(map(cell_len, _split(texts, "\n")))
        if not column.wraps:
            return natural, natural
        return min(natural, max(PROSE, *map(cell_len, _split(texts, None)), 0)), natural

    def _drawn(self, part: Sequence[int], width: int) -> RichTable:
        spare = width - self._least(part)
        drawn = RichTable(
            box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0), header_style="bold"
        )
        for number in part:
            column, (least, natural) = self.columns[number], self._widths(number)
            given = min(natural - least, spare)
            spare -= given
            drawn.add_column(
                Text(column.heading), justify="right" if column.right else "left", width=least + given, overflow="fold"
            )
        for row in self.rows:
            drawn.add_row(*(_text(row[number]) if number < len(row) else "" for number in part))
        return drawn

    def _print_turned(self, console: Console) -> None:
        for row in self.rows:
            console.print()
            console.print(Text(", ".join(filter(None, map(_plain, row[: self.keys]))), "bold"), overflow="fold")
            for column, cell in zip(self.columns[self.keys :], row[self.keys :], strict=False):
                if _plain(cell):
                    console.print(
                        Text.assemble("  ", f"{column.title}: " if column.title else "", cell), overflow="fold"
                    )


def _plain(cell: Cell) -> str:
    return cell.plain if isinstance(cell, Text) else cell


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)


def _split(texts: Iterable[str], separator: str | None) -> list[str]:
    """The lines, or without a separator the words, of all texts."""
    return [piece for text in texts for piece in text.split(separator)] or [""]
