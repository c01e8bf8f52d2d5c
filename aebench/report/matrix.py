"""What `aebench compare --base` says: the verdict, a table of what moved in which environment, a sentence for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from aebench.comparison.matrix import compared, findings, sentence
from aebench.comparison.outcomes import gravest
from aebench.comparison.verdict import WRONG, called
from aebench.records.comparisons import What
from aebench.records.matrices import Head, Matrix, Outcome
from aebench.report.comparison import STYLES, print_finding
from aebench.report.prose import say
from aebench.report.tables import Cell, Column, Table

MARK = "●"  # before what is not as it was
KEYS = ("autoencoder", "framework", "what")
Key = tuple[str, str, What]


def print_matrix(found: Matrix, console: Console, *, everything: bool = False) -> None:
    """The verdict, a line for each head, the table, and a line for each finding.

    everything: also the sentence of each row that is as before.
    """
    every = findings(found)
    style = STYLES[every[0].weight] if every and every[0].weight in WRONG else "bold green"
    say(sentence(found), console, style)
    for line in compared(found):
        say(line, console)
    names, *rows = cells(found)
    if rows:
        console.print()
        columns = [*map(Column, KEYS), *(Column(name, wraps=True) for name in names[len(KEYS) :])]
        Table(f"Against {called(found.base)}", columns, len(KEYS), [*_coloured(rows)]).print(console)
    for finding in every:
        # The command that shows it again is of use where something is wrong; the Markdown has them all.
        print_finding(finding if finding.weight in WRONG else replace(finding, command=None), console)
    if everything:
        _print_rest(found, console)


def cells(found: Matrix) -> list[list[str]]:
    """The table: the names of its columns, then a row for each autoencoder, framework and part that was compared; a
    cell names the gravest of its rows, marked where it is not as it was."""
    rows = dict.fromkeys(_key(it) for head in found.heads for it in head.outcomes)
    names = [*KEYS, *(called(head) for head in found.heads)]
    return [names, *([*key, *(_cell(head, key) for head in found.heads)] for key in rows)]


def _key(it: Outcome) -> Key:
    return it.autoencoder or "(all)", it.framework, it.what


def _cell(head: Head, key: Key) -> str:
    mine = [it for it in head.outcomes if _key(it) == key]
    if not mine:
        return f"{MARK} not compared" if head.failure is not None else "–"
    worst = gravest(mine)
    if worst.weight is None:
        return ", ".join(dict.fromkeys(it.verdict for it in mine))
    others = sum(it.weight == worst.weight for it in mine) - 1
    more = f" and {others} more" if others else ""
    return f"{MARK} {worst.verdict}{worst.row and f': {worst.row}'}{more}{' (known)' if worst.known else ''}"


def _coloured(rows: Sequence[Sequence[str]]) -> Iterator[list[Cell]]:
    for row in rows:
        yield [Text(cell, "bold") if cell.startswith(MARK) else cell for cell in row]


def _print_rest(found: Matrix, console: Console) -> None:
    """The rows that are as before."""
    table = Table(
        "As before", [*(Column(name) for name in ("head", *KEYS, "row", "verdict")), Column("", wraps=True)], 5
    )
    for head in found.heads:
        for it in (it for it in head.outcomes if it.weight is None):
            table.add(called(head), *_key(it), it.row, it.verdict, it.sentence)
    if table.rows:
        console.print()
        table.print(console)
