"""Progress bars on standard error; silent when that is not a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bars:
    """A bar for the piece of work under way, and a line for each piece that is done."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(),
            TimeRemainingColumn(), console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
        )  # fmt: skip
        self._task: TaskID | None = None

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, title: str, total: int) -> None:
        """Start a bar; the one before it disappears."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(title, total=total)

    def advance(self, done: int, total: int) -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total)

    def finished(self, row: dict[str, Any]) -> None:
        """Leave a line about a finished trial or agreement above the bar."""
        if not self._progress.disable:
            self._progress.console.print(_line(row), markup=False, highlight=False)


def _line(row: dict[str, Any]) -> str:
    who = f"{row['autoencoder']:<20}"
    if "failure" in row:
        return f"{who} {row['framework']:<11} seed {row['seed']}: failed: {row['failure']}"
    if "metrics" in row:
        seconds = row["speed"]["trial_seconds"]
        return f"{who} {row['framework']:<11} seed {row['seed']}: trained and measured in {seconds:.1f} s"
    parted = [a for a in row["agreements"] if a["parting"]]
    return f"{who} agreement: {'PARTS: ' + parted[0]['parting'] if parted else 'all pairs agree'}"
