"""What runs in several processes at once, for the tests of that."""

from __future__ import annotations

import time
from pathlib import Path

from aebench.errors import TrainingError

PATIENCE = 20.0


def meet(mine: Path, other: Path) -> None:
    """Say that this one is there and wait for the other.

    Raises:
        TrainingError: it did not come.
    """
    mine.touch()
    started = time.monotonic()
    while not other.exists():
        if time.monotonic() - started > PATIENCE:
            raise TrainingError(f"{other.name} did not come")
        time.sleep(0.01)


def fail(reason: str) -> None:
    """Raise TrainingError."""
    raise TrainingError(reason)
