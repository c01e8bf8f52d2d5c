"""Climbs of the ladder as the tests take them, in a framework's own process: plain functions, verdicts and traces out.

One thread: threads that wait for each other while another process holds a core make a climb ten times slower.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from aebench import registry
from aebench.agreement.bounds import Spread
from aebench.agreement.compare import Comparison, compare
from aebench.agreement.ladder import Climb, record
from aebench.agreement.spreads import draw
from aebench.agreement.undirected import undirected
from aebench.arrays import Dtype
from aebench.audit import planted as faults
from aebench.audit.climbs import group_of as group_of
from aebench.audit.climbs import narrow as narrow
from aebench.audit.climbs import narrow_climb as narrow_climb
from aebench.audit.planted.optimizers import WRITTEN_OUT
from aebench.data import Dataset, load
from aebench.records.trace import Place, Trace

DTYPES: tuple[Dtype, ...] = ("float64", "float32")
# Rungs that a plain climb leaves out.
BESIDE = ("rows", "extremes", "program", "resumed")


class Refereed(NamedTuple):
    """The reference's own climb, how far it strays when disturbed and, teacher-forced, the teacher it followed."""

    base: Trace
    spreads: dict[Place, Spread]
    teacher: Trace | None = None


class Verdict(NamedTuple):
    """What the ladder says of one climb: the first place that parts from the reference, and the two numbers there.

    beside: the same against a sound climb of the same framework, which plays another framework.
    """

    parting: Comparison | None
    beside: Comparison | None
    values: tuple[float, float] | None


@cache
def dataset(name: str) -> Dataset:
    """The data set, loaded once in a process."""
    return load(name)


def data_of(climb: Climb) -> Dataset:
    """What the climb reads: its own set, or the digits."""
    return dataset(climb.autoencoder.dataset or "digits")


@contextmanager
def one_thread() -> Iterator[None]:
    """Every library of this process on one thread."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 0
    with threadpool_limits(limits=1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)


def refereed(climb: Climb, forced: bool = False) -> Refereed:
    """The reference's climb and its spreads, from the arbiter's process."""
    arbiter, data = registry.framework(registry.ARBITER), data_of(climb)
    with one_thread():
        teacher = record(arbiter, dataclasses.replace(climb, moments=True), data) if forced else None
        base = record(arbiter, climb, data, teacher)
        return Refereed(base, draw(arbiter, climb, data, base, teacher), teacher)


def climbed(climb: Climb, fault: faults.Fault | None = None, teacher: Trace | None = None) -> Trace:
    """The climb of this process's framework, sound or with a fault planted."""
    framework, data = registry.framework(os.environ["AEBENCH_FRAMEWORK"]), data_of(climb)
    with one_thread():
        if fault is None:
            return record(framework, climb, data, teacher)
        with fault.plant():
            return record(framework, climb, data, teacher)


def partings(climb: Climb, key: str, referee: Refereed) -> list[Place]:
    """Every place that parts from the reference with that fault planted."""
    trace = climbed(climb, faults.FAULTS[key], referee.teacher)
    forced = referee.teacher is not None
    agreement = compare(referee.base, trace, referee.base, referee.spreads, climb.autoencoder, forced=forced)
    return [comparison.place for comparison in agreement.comparisons if comparison.problem]


def verdicts(keys: Sequence[str], sounds: Mapping[Climb, tuple[Refereed, Trace]]) -> dict[tuple[str, Dtype], Verdict]:
    """(fault, dtype) -> the verdict; `sounds` are the climbs, each with the reference's and the sound one's."""
    found: dict[tuple[str, Dtype], Verdict] = {}
    for climb, (referee, sound) in sounds.items():
        for key in keys:
            try:
                faulty = climbed(climb, _fault(key), referee.teacher)
            except Exception as error:
                error.add_note(f"with the fault {key} planted, {climb.dtype}")
                raise
            found[key, climb.dtype] = verdict(climb, referee, faulty, sound)
    return found


def _fault(key: str) -> faults.Fault:
    return WRITTEN_OUT[os.environ["AEBENCH_FRAMEWORK"]] if key == "written_out" else faults.FAULTS[key]


def unlike(keys: Sequence[str]) -> list[str]:
    """The faults that change nothing while they are planted, or leave something changed behind them."""
    return [key for key in keys if not faults.FAULTS[key].changes_and_restores()]


def verdict(climb: Climb, referee: Refereed, trace: Trace, sound: Trace) -> Verdict:
    """What the ladder says of the trace."""
    base, spreads, teacher = referee
    forced = {"forced": teacher is not None}
    alone = compare(base, trace, base, spreads, climb.autoencoder, **forced)
    other = dataclasses.replace(sound, framework="another")
    beside = compare(trace, other, base, spreads, climb.autoencoder, **forced)
    parting = alone.first_parting
    values = None
    if parting and np.isfinite(parting.share):
        a, b = (t.arrays[parting.place].astype(np.float64) for t in (trace, base))
        apart, free = np.abs(a - b), undirected(parting.place, base, climb.autoencoder)
        apart = apart if free is None else np.where(free, 0.0, apart)
        index = np.unravel_index(int(np.argmax(apart)), a.shape)
        values = float(a[index]), float(b[index])
    return Verdict(parting, beside.first_parting, values)
