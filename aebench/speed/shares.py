"""What a case's blocks say: how long each subject took and how much faster than others it was, with intervals.

A block is one number; its rounds are averaged, not counted. Intervals are Student's over the blocks, of logarithms, and
the number of blocks was fixed beforehand: who looks until an interval is narrow has one that is too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from aebench.arrays import Array
from aebench.records.blocks import Block, Timed, Work
from aebench.records.measurements import Case

PARTS = ("products", "traffic")
Key = tuple[str, str]
CEILING: Key = ("ceiling", "ceiling")


class Interval(NamedTuple):
    """A geometric mean over the blocks and its 95 % confidence interval, which is unbounded for a single block."""

    middle: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """Half the interval's width, relative to the middle."""
        return (self.high - self.low) / 2 / self.middle


def interval(logarithms: Sequence[float]) -> Interval:
    """Of the numbers that have these natural logarithms, one from each block."""
    middle, count = float(np.mean(logarithms)), len(logarithms)
    if count < 2:
        return Interval(math.exp(middle), 0.0, math.inf)
    reach = float(stats.t.isf(0.025, count - 1)) * float(np.std(logarithms, ddof=1)) / math.sqrt(count)
    return Interval(math.exp(middle), math.exp(middle - reach), math.exp(middle + reach))


def compared(case: Case) -> list[Key]:
    """Name and kind of the frameworks and the peers that have numbers, in their order."""
    return [key for key in _keys(case) if key[1] not in PARTS and seconds(case, key)]


def seconds(case: Case, key: Key) -> Interval | None:
    """Seconds per 1,000 images of a subject, or of the ceiling; None where no block has them."""
    found = [_logarithms(case, block, key) for block in case.blocks]
    return _over_blocks(found)


def ratio(case: Case, above: Key, below: Key) -> Interval | None:
    """The quotient of two times, round by round and then over the blocks that have both; None where none has."""
    both = [[_logarithms(case, block, key) for key in (above, below)] for block in case.blocks]
    return _over_blocks([None if one is None or other is None else one - other for one, other in both])


def libraries(case: Case) -> dict[str, str]:
    """Part of the ceiling -> the library that was fastest at it in most blocks; empty where nothing was multiplied."""
    found = dict[str, str]()
    for part in PARTS:
        times = {
            key: [t for block in case.blocks if (t := _logarithms(case, block, key)) is not None]
            for key in _keys(case) if key[1] == part
        }  # fmt: skip
        # After the first block only the fastest goes on.
        ranked = sorted(
            (-len(each), float(np.mean([t.mean() for t in each])), key[0]) for key, each in times.items() if each
        )
        if ranked:
            found[part] = ranked[0][-1]
    return found if "products" in found else {}


def failures(case: Case) -> dict[Key, str]:
    """The subjects without any number, and why."""
    found = {key: _reasons(case, key) for key in _keys(case)}
    return {key: next(iter(why.values())) for key, why in found.items() if why and seconds(case, key) is None}


def lost(case: Case) -> list[str]:
    """A sentence for each block in which a subject failed that has numbers of others."""
    sound = [key for key in _keys(case) if key not in failures(case)]
    return [f"{key[0]}, block {number}: {why}" for key in sound for number, why in _reasons(case, key).items()]


def of(case: Case, key: Key) -> list[Timed]:
    """What each block says of the subject where it did not fail."""
    mine = (_subject(block, key) for block in case.blocks)
    return [it for it in mine if it is not None and not it.failed]


def work(case: Case, timed: Timed) -> Work:
    """The one workload of a subject that did not fail."""
    return timed.works[case.work]


def _keys(case: Case) -> list[Key]:
    return list(dict.fromkeys((it.name, it.kind) for block in case.blocks for it in block.subjects))


def _subject(block: Block, key: Key) -> Timed | None:
    return next((it for it in block.subjects if (it.name, it.kind) == key), None)


def _reasons(case: Case, key: Key) -> dict[int, str]:
    """Number of the block -> why the subject failed in it."""
    mine = {number: _subject(block, key) for number, block in enumerate(case.blocks, start=1)}
    return {number: it.failed for number, it in mine.items() if it is not None and it.failed}


def _logarithms(case: Case, block: Block, key: Key) -> Array | None:
    """Of the seconds per 1,000 images in each round of a block; None where the block has none."""
    if key == CEILING:
        parts = [_logarithms(case, block, (name, part)) for part, name in libraries(case).items()]
        known = [part for part in parts if part is not None]
        return np.asarray(np.logaddexp.reduce(known)) if known and len(known) == len(parts) else None
    timed = _subject(block, key)
    if timed is None or timed.failed:
        return None
    found = work(case, timed)
    return np.log(np.asarray(found.rounds, np.float64) * 1000.0 / found.images)


def _over_blocks(found: Sequence[Array | None]) -> Interval | None:
    means = [float(np.mean(each)) for each in found if each is not None]
    return interval(means) if means else None
