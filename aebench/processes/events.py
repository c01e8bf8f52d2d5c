"""Who is told how work goes."""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Who is told how the work goes (the command line's bars and lines)."""

    def begin(self, title: str, total: int) -> None:
        """A piece of work of `total` parts begins."""

    def advance(self, done: int, total: int) -> None:
        """So many parts of it are done."""

    def note(self, text: str) -> None:
        """A sentence to know of the piece under way, which goes on: what was damaged and is done anew."""

    def finished(self, what: str, result: str) -> None:
        """A piece is done: what it was ("stacked, pytorch, seed 0") and how it ended, in one line."""


class Silent:
    """A listener that hears nothing."""

    def begin(self, title: str, total: int) -> None:
        """Nothing."""

    def advance(self, done: int, total: int) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def finished(self, what: str, result: str) -> None:
        """Nothing."""
