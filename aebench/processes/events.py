"""Who is told how work goes."""

from __future__ import annotations

from typing import Any, Protocol


class Listener(Protocol):
    """Who is told how the work goes (the command line's progress bars)."""

    def begin(self, title: str, total: int) -> None:
        """A piece of work of `total` parts begins."""

    def advance(self, done: int, total: int) -> None:
        """So many parts of it are done."""

    def finished(self, row: dict[str, Any]) -> None:
        """A trial's document, or an autoencoder's agreement, is there."""


class Silent:
    """A listener that hears nothing."""

    def begin(self, title: str, total: int) -> None:
        """Nothing."""

    def advance(self, done: int, total: int) -> None:
        """Nothing."""

    def finished(self, row: dict[str, Any]) -> None:
        """Nothing."""
