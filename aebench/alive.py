"""Signs of life: what takes long says now and then that it goes on, so that whoever waits for it knows it from what
hangs.

A trial tells how far it is; the ladder, whose climbs and disturbed climbs may take an hour, says no more than this.
"""

from __future__ import annotations

from collections.abc import Callable


def _nobody() -> None:
    """Nobody waits."""


_listener: Callable[[], None] = _nobody


def alive() -> None:
    """Say that work goes on; nothing happens where nobody listens."""
    _listener()


def heard_by(listener: Callable[[], None]) -> None:
    """From now on the listener is called at every sign of life in this process."""
    global _listener
    _listener = listener
