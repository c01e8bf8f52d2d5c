"""How work goes, on standard error: a line for each finished piece, and on a terminal a bar for the one under way."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bars:
    """A bar for the piece of work under way, and a line for each piece that is done.

    In a pipe or a log there is no bar; the lines are plain text, each written at once.
    """

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(),
            TimeRemainingColumn(), console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
        )  # fmt: skip
        self._task: TaskID | None = None
        self._started = time.monotonic()

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

    def finished(self, what: str, result: str) -> None:
        """A line for the piece."""
        self.note(f"{what}: {result}")

    def note(self, text: str) -> None:
        """A line with the time since the beginning: above the bar, or without a terminal by itself."""
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        line = f"[{minutes:3d}:{seconds:02d}] {text}"
        if self._progress.disable:
            print(line, file=sys.stderr, flush=True)
        else:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
