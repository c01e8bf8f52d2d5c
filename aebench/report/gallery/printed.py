"""What `aebench plot` shows without a name: the pictures of a run, and why others are missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from aebench.report.gallery.picture import Missing, Picture
from aebench.report.tables import Column, Table


def print_pictures(found: Sequence[Picture | Missing], folder: Path, console: Console) -> None:
    """A table of the pictures, and one of those that are missing, with the reasons."""
    table = Table(f"Pictures of {folder}; aebench plot NAME {folder} draws one", [Column("name"), Column("")])
    for picture in (it for it in found if isinstance(it, Picture)):
        table.add(picture.name, picture.title)
    if table.rows:
        table.print(console)
    absent: dict[str, list[str]] = {}
    for it in (it for it in found if isinstance(it, Missing)):
        absent.setdefault(it.why, []).append(it.name)
    if absent:
        missing = Table("Missing", [Column("name", wraps=True), Column("why", wraps=True)])
        for why, names in absent.items():
            missing.add(", ".join(names), why)
        missing.print(console)
