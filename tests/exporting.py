"""`aebench` as a user exports with it, and the tables that it leaves."""

from __future__ import annotations

import csv
from pathlib import Path

from click.testing import CliRunner

from aebench.cli import main


def called(*words: str) -> tuple[int, str]:
    """The command's exit status, and what it said."""
    done = CliRunner().invoke(main, words)
    return done.exit_code, done.output


def rows(path: Path) -> list[dict[str, str]]:
    """Of a table as CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
