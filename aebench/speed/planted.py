"""Faults of speed and memory that are planted, to see whether they are found; reachable from code only."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from aebench.speed.workloads import Ready, Timed


@dataclass(frozen=True)
class Slowed:
    """A workload each round of which takes longer by `share` of its own time, by a busy wait in the same process.

    held: bytes of main memory that its process holds besides, each page of them touched.
    """

    workload: Timed
    share: float = 0.0
    held: int = 0

    def ready(self) -> Ready:
        """What a round runs, the wait included, and how many images it goes through."""
        run, images = self.workload.ready()
        ballast = np.ones(self.held, np.uint8)

        def slowed() -> object:
            begun = time.perf_counter()
            result = run()
            end = begun + (1.0 + self.share) * (time.perf_counter() - begun)
            while time.perf_counter() < end:
                pass
            return result, ballast

        return Ready(slowed, images)
