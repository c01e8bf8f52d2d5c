"""What can be seen of a machine beside a block of timings, besides load and steal: its clock, quota and memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from aebench.records.fields import Float, Number, Part
from aebench.records.machine import CONTROL_GROUPS, OWN_GROUPS, control_groups, read

MEMORY_PRESSURE = Path("/proc/pressure/memory")
# The fixed amount of work: additions that take about ten milliseconds, so often; the least of these times counts, for
# what interrupts one of them does not interrupt all.
ADDITIONS, TIMES = 200_000, 5


class Circumstances(Part):
    """What a block was measured beside.

    clock: seconds of processor time that a fixed amount of work took, right before and right after. held_back: share
    of the scheduler's periods meanwhile in which a control group had used up its quota, and waited; None without a
    quota. waiting: share of the time in which some program waited for memory; None where the kernel does not say.
    available: share of the memory that was left, the less of before and after.
    """

    clock: list[Number]
    held_back: Number | None
    waiting: Number | None
    available: Number


class Lookout:
    """What can be seen from now on."""

    def __init__(
        self, own: Path = OWN_GROUPS, mounted: Path = CONTROL_GROUPS, pressure: Path = MEMORY_PRESSURE
    ) -> None:
        self._own, self._mounted, self._pressure = own, mounted, pressure
        self._clock = clock()
        self._begun, self._waited, self._available = time.monotonic(), self._waiting(), _available()
        self._periods = dict(self._held_back())

    def circumstances(self) -> Circumstances:
        """Those from the beginning until now."""
        held_back, waited = self._since(), self._waiting()
        lasted = time.monotonic() - self._begun
        waiting = None if waited is None or self._waited is None else (waited - self._waited) / lasted
        return Circumstances(
            clock=[Float(self._clock), Float(clock())],
            held_back=None if held_back is None else Float(round(held_back, 4)),
            waiting=None if waiting is None else Float(round(waiting, 4)),
            available=Float(round(min(self._available, _available()), 4)),
        )

    def _since(self) -> float | None:
        """The share of periods in which the group that waited most has waited; None where none has a quota."""
        shares = []
        for place, (periods, waited) in self._held_back():
            before = self._periods.get(place, (0, 0))
            if periods > before[0]:
                shares.append((waited - before[1]) / (periods - before[0]))
        return max(shares, default=None)

    def _held_back(self) -> Iterator[tuple[Path, tuple[int, int]]]:
        """Of each group with a quota, the periods so far, and those in which it had used it up."""
        for place in control_groups(self._own, self._mounted):
            pairs = [line.split() for line in read(place / "cpu.stat").splitlines()]
            known = {words[0]: int(words[1]) for words in pairs if len(words) == 2 and words[1].isdigit()}
            if {"nr_periods", "nr_throttled"} <= known.keys():
                yield place, (known["nr_periods"], known["nr_throttled"])

    def _waiting(self) -> float | None:
        """Seconds so far in which some program waited for memory."""
        line = next((line for line in read(self._pressure).splitlines() if line.startswith("some ")), "")
        total = line.rpartition("total=")[2]
        return int(total) / 1e6 if total.isdigit() else None


def clock() -> float:
    """Seconds of processor time that the fixed amount of work takes."""
    return min(adding(ADDITIONS) for _ in range(TIMES))


def adding(additions: int) -> float:
    """Seconds of this thread's processor time that so many additions take."""
    begun, total = time.thread_time(), 0
    for number in range(additions):
        total += number
    return time.thread_time() - begun


def _available() -> float:
    memory = psutil.virtual_memory()
    return float(memory.available / memory.total)
