"""What shows itself: as text where Python prints it, as HTML in a notebook; and tables that do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from html import escape
from itertools import chain
from typing import Any

from rich.console import Console
from rich.text import Text

from aebench.errors import UsageError
from aebench.report import tables
from aebench.report.frames import Field, Frame

Part = Text | tables.Table
"""A paragraph, or a table."""
WIDTH = 120  # characters, where there is no terminal
# Notebooks put tables of HTML flush right, and give captions no room.
LEFT, RIGHT = 'style="text-align: left"', 'style="text-align: right"'
CAPTION = 'style="caption-side: top; text-align: left; font-style: italic"'


class Shown:
    """Something made of paragraphs and tables."""

    def parts(self) -> Iterable[Part]:
        """What is shown, in its order."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return printed(partial(_print, self.parts()))

    def _repr_html_(self) -> str:
        return "\n".join(map(_html, self.parts()))


def printed(show: Callable[[Console], object]) -> str:
    """What is shown on a screen as wide as the terminal, as text without spaces at the ends of lines."""
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    # In a notebook Rich would show an output of its own, beside what is to be a text here.
    screen = Console(width=width, color_system=None, highlight=False, force_jupyter=False)
    with screen.capture() as captured:
        show(screen)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).rstrip()


def _print(parts: Iterable[Part], screen: Console) -> None:
    for part in parts:
        if isinstance(part, Text):
            screen.print(part)
        else:
            screen.print()
            part.print(screen)


def _html(part: Part) -> str:
    if isinstance(part, Text):
        text = escape(part.plain)
        return f"<p><strong>{text}</strong></p>" if "bold" in str(part.style) else f"<p>{text}</p>"
    head = "".join(_cell("th", column.heading, right=column.right) for column in part.columns)
    lines = [f"<table><caption {CAPTION}>{escape(part.title)}</caption><thead><tr>{head}</tr></thead><tbody>"]
    for row in part.rows:
        cells = (_cell("td", str(cell), right=column.right) for column, cell in zip(part.columns, row, strict=False))
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</tbody></table>"])


def _cell(tag: str, text: str, *, right: bool) -> str:
    return f"<{tag} {RIGHT if right else LEFT}>{escape(text).replace(chr(10), '<br>')}</{tag}>"


@dataclass(frozen=True, repr=False)
class Table(Shown):
    """A table of a record, typed and at full precision; shown are five digits, and no column without any value."""

    frame: Frame

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(field.name for field in self.frame.fields)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each row by column, None where a value is missing: what `pandas.DataFrame` takes."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.frame.rows]

    def of(self, autoencoder: str) -> Table:
        """The rows of one autoencoder; none where the table has none of it.

        Raises:
            UsageError: its rows are not of autoencoders.
        """
        if "autoencoder" not in self.columns:
            raise UsageError(f"the rows of '{self.frame.name}' are not of autoencoders; take all of them, as `rows`")
        place = self.columns.index("autoencoder")
        mine = [row for row in self.frame.rows if row[place] == autoencoder]
        return Table(Frame(self.frame.name, self.frame.title, self.frame.fields, mine))

    def parts(self) -> Iterator[Part]:
        """The table, or that it has no rows."""
        if not self.frame.rows:
            yield Text(f"{self.frame.title}: no rows.")
            return
        filled = [n for n in range(len(self.columns)) if any(row[n] is not None for row in self.frame.rows)]
        columns = [_column(self.frame.fields[n]) for n in filled]
        found = tables.Table(self.frame.title, columns)
        for row in self.frame.rows:
            found.add(*(_said(row[n]) for n in filled))
        yield found


def _column(field: Field) -> tables.Column:
    return tables.Column(f"{field.name}, {field.unit}" if field.unit else field.name, right=field.kind != "text")


def _said(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def lines(texts: Iterable[str]) -> Iterator[Text]:
    """A paragraph for each text."""
    return map(Text, texts)


def headed(verdict: str, *rest: Iterable[Part]) -> Iterator[Part]:
    """The verdict, and then the rest."""
    return chain([Text(verdict, "bold")], *rest)
