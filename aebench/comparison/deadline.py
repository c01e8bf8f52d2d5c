"""How long a comparison may take."""

from __future__ import annotations

import time


class Deadline:
    """A time after which nothing more begins; None: there is none."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """The seconds that are left."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def over(self) -> bool:
        """Whether none are left."""
        return self.left() == 0.0
