"""On which core a process computes, and how fast that core is meanwhile.

What other machines of a host do to a core slows everything on it, for seconds at a time. Two processes that take turns
on one core share that, round by round; what happens once in a process has nothing to share it with, so a small piece of
work is timed on the same core all the while, and says how much of the time was the core's doing.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

import numpy as np

from aebench.records.circumstances import adding

TASKS = Path("/proc/self/task")
# About a millisecond of additions, fifty times a second: a twentieth of the core, of base's time and of head's.
ADDITIONS, SECONDS_BETWEEN = 20_000, 0.02
# Fewer samples say less than they disturb.
LEAST_SAMPLES = 20


def held() -> bool:
    """Whether this system lets a process choose its cores."""
    return hasattr(os, "sched_setaffinity") and TASKS.is_dir()


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def hold(on: Collection[int]) -> None:
    """Let every thread of this process, and all that begin later, run on these cores only."""
    for task in TASKS.iterdir():
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(int(task.name), on)


class Pace:
    """Within it a small piece of work is timed on the core, again and again, in a thread that has the core alone.

    samples: processor time of the work, in seconds, each time; none where the core was taken from this process.
    """

    def __init__(self, core: int) -> None:
        self._core, self._over = core, threading.Event()
        self.samples: list[float] = []
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Pace:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def seconds(self) -> float | None:
        """Processor time that the piece of work took on average; None where it was timed too few times."""
        return float(np.mean(self.samples)) if len(self.samples) >= LEAST_SAMPLES else None

    def _sample(self) -> None:
        with contextlib.suppress(OSError):  # the core was taken from this process
            os.sched_setaffinity(0, {self._core})  # of this thread alone
            while not self._over.wait(SECONDS_BETWEEN):
                self.samples.append(adding(ADDITIONS))
