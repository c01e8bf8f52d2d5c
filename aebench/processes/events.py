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


class Part(Silent):
    """Who is told of one of several pieces that go on at the same time; they move one bar, each by the same share."""

    def __init__(self, listener: Listener, parts: list[Part]) -> None:
        self._listener, self._parts, self._done = listener, parts, 0.0
        parts.append(self)

    def advance(self, done: int, total: int) -> None:
        """So much of this piece, in per cent of one piece of all."""
        self._done = 100.0 * done / max(total, 1)
        self._listener.advance(int(sum(part._done for part in self._parts)), 100 * len(self._parts))

    def note(self, text: str) -> None:
        """Told as it is."""
        self._listener.note(text)


def together(listener: Listener, n: int) -> list[Listener]:
    """A listener for each of n pieces that go on at the same time, of which one listener hears as of one."""
    parts: list[Part] = []
    return [Part(listener, parts) for _ in range(n)]
