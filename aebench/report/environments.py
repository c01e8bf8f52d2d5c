"""What `aebench environments` shows: what there is, what each lacks, and how two differ."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from aebench import registry
from aebench.errors import AebenchError
from aebench.processes.differing import NONE
from aebench.processes.environments import Environment, find
from aebench.processes.probing import contents, frameworks
from aebench.records.comparisons import Apart
from aebench.report.prose import say
from aebench.report.tables import Column, Table

LONGEST = 200  # characters of a value that are shown unless all are asked for


def print_environments(known: Sequence[str], console: Console) -> None:
    """A row for each name: its interpreter, the versions of its frameworks, and what is missing."""
    names = list(registry.frameworks())
    columns = [Column("name"), Column("Python"), *map(Column, names), Column("interpreter", wraps=True)]
    table = Table("Environments", [*columns, Column("", wraps=True)])
    for name in known:
        try:
            environment = find(name)
            found, python = frameworks(environment), contents(environment).python
        except AebenchError as error:
            table.add(name, NONE, *(NONE for _ in names), "", Text(str(error), "yellow"))
        else:
            where = str(environment.python or sys.executable)
            table.add(name, python, *(found[framework] or NONE for framework in names), where)
    table.print(console)


def print_differences(
    base: Environment, head: Environment, found: Sequence[Apart], console: Console, *, everything: bool = False
) -> None:  # fmt: skip
    """One sentence, then a row for each thing that they do not share; everything: long values whole."""
    counts = Counter(difference.kind for difference in found)
    named = ", ".join(f"{kind} ({count})" for kind, count in counts.items())
    say(f"{base.name} and {head.name} {f'differ: {named}.' if found else 'are alike.'}", console)
    if found:
        columns = [Column("what"), Column("name"), Column(base.name, wraps=True), Column(head.name, wraps=True)]
        table = Table("Differences", columns, keys=2, compares=True)
        for it in found:
            table.add(it.kind, it.name, *(value if everything else _cut(value) for value in (it.base, it.head)))
        table.print(console)
        if not everything and any(len(value) > LONGEST for it in found for value in (it.base, it.head)):
            say(f"Where … stands, a value goes on: aebench environments diff {base.said} {head.said} --all", console)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
