"""What `aebench system` shows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from aebench.report.tables import Column, Table
from aebench.speed.system import Seen


def print_system(seen: Sequence[Seen], console: Console) -> None:
    """A sentence on how much disturbs, then each thing with what to do."""
    disturbing = sum(it.advice is not None for it in seen)
    some = f"{disturbing} of {len(seen)} things here make timings unsteady."
    console.print(some if disturbing else f"Nothing of {len(seen)} things that were looked at makes timings unsteady.")
    table = Table("This machine", [Column("what"), Column("here", wraps=True), Column("what to do", wraps=True)])
    for it in seen:
        table.add(it.what, it.found, Text(it.advice, "yellow") if it.advice else "")
    table.print(console)
