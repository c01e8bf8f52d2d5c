"""How blocks of a subject against itself vary, row by row: by how much, in what way, and who has its part in it.

A block's log ratio is of two processes of one subject, so its mean is zero but for who began. What is left then is
noise, whose deviation decides how many blocks a comparison takes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy import stats

from aebench.arrays import Array
from aebench.comparison.speed import Row
from aebench.errors import ResultError
from aebench.records.calibrations import Calibration, Control
from aebench.speed.ratios import IMPORT, OF_AN_AUTOENCODER, PEAKS, ratio
from aebench.streams import stream

# Nothing is said of fewer: two groups, where there are two speeds, have two blocks each.
LEAST_BLOCKS = 4
CONFIDENCE = 0.95
# How often normal noise is said to have another form, or who begins to matter where it does not.
RARE = 0.01
DRAWS = 4000


@dataclass(frozen=True)
class Noise:
    """The noise of a subject in one row: its blocks, and of each the log ratio of one process to the other.

    values: the second process over the first, in the order in which a block names them.
    """

    subject: str
    row: Row
    blocks: tuple[Control, ...]
    values: tuple[float, ...]

    @property
    def enough(self) -> bool:
        """Whether there are blocks enough to say anything."""
        return len(self.values) >= LEAST_BLOCKS

    @property
    def seconds(self) -> float:
        """How long a block takes on average."""
        return float(np.mean([block.seconds for block in self.blocks]))

    @cached_property
    def firsts(self) -> tuple[int, ...]:
        """Which process began, of each block."""
        return tuple(block.first for block in self.blocks)

    @cached_property
    def residuals(self) -> Array:
        """The values but for what who began explains."""
        return _residuals(np.asarray(self.values), self.firsts)

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the deviation."""
        return len(self.values) - len(set(self.firsts))

    @property
    def deviation(self) -> float:
        """Standard deviation of a block's log ratio, but for who begins."""
        return math.sqrt(float(np.sum(self.residuals**2)) / self.freedom)

    @property
    def interval(self) -> tuple[float, float]:
        """Between which the true deviation lies, with `CONFIDENCE`; exact for normal noise (chi squared)."""
        tail = (1.0 - CONFIDENCE) / 2
        quantiles = stats.chi2.isf([tail, 1.0 - tail], self.freedom)
        low, high = self.deviation * np.sqrt(self.freedom / quantiles)
        return float(low), float(high)

    @property
    def order(self) -> float:
        """Log ratio of the process that began to the other: above zero where it is slower."""
        means = [np.mean(values) for values in _by_first(np.asarray(self.values), self.firsts)]
        return float(means[1] - means[0]) / 2 if len(means) == 2 else 0.0

    @property
    def order_matters(self) -> bool:
        """Whether who begins surely matters, and makes more of the variance than the rest of it does."""
        counts = [self.firsts.count(place) for place in (0, 1)]
        if not all(counts):
            return False
        error = self.deviation * math.sqrt(sum(1.0 / count for count in counts)) / 2
        return abs(self.order) > max(self.deviation, float(stats.t.isf(RARE / 2, self.freedom)) * error)

    @property
    def within(self) -> float | None:
        """The share of the variance that the rounds of a process explain; None where it is measured once in each."""
        if self.row.measure not in self.blocks[0].subjects[0].works:
            return None
        variances = [_of_the_mean(block, self.row.measure) for block in self.blocks]
        return min(1.0, float(np.mean(variances)) / self.deviation**2) if self.deviation else None

    @property
    def largest(self) -> float:
        """How many deviations the block that lies furthest off does so."""
        return float(_largest(self.residuals, self.freedom))

    @property
    def form(self) -> str | None:
        """In words, how the noise looks where that would be rare among normal noise; None otherwise."""
        usual = _usual(self.firsts)
        # Where who begins is not known to matter, blocks lie around zero, whatever the few that there are say.
        centre = self.order if self.order_matters else 0.0
        sizes = np.abs(np.asarray(self.values) - np.where(np.asarray(self.firsts) == 1, centre, -centre))
        parted, apart = _parted(sizes)
        if parted > usual[1]:
            return f"processes have two speeds, {math.expm1(float(apart)):.0%} apart"
        furthest = math.expm1(float(np.max(np.abs(self.residuals))))
        return f"one block lies {furthest:.0%} off the others" if self.largest > usual[0] else None


def noises(found: Calibration) -> Iterator[Noise]:
    """The noise of every row that was asked for.

    Raises:
        ResultError: a block's number is not finite: nothing was measured there.
    """
    for subject, names in found.timed.items():
        blocks = [block for block in found.blocks if block.subject == subject and not block.failed]
        for row in _rows(names, blocks):
            mine = [block for block in blocks if row.autoencoder in (None, block.autoencoder)]
            values = tuple(ratio(block, row.measure) for block in mine)
            if not all(map(math.isfinite, values)):
                raise ResultError(f"a block of {row.autoencoder or subject} has no number of its {row.measure}")
            yield Noise(subject, row, tuple(mine), values)


def _rows(names: Sequence[str], blocks: Sequence[Control]) -> Iterator[Row]:
    """What a comparison of a subject in these autoencoders would judge."""
    for row in (Row(name, measure) for name in names for measure in (*OF_AN_AUTOENCODER, *PEAKS)):
        if row.measure != "device memory" or _have_device(row, blocks):
            yield row
    yield Row(None, IMPORT)


def _have_device(row: Row, blocks: Sequence[Control]) -> bool:
    mine = [subject for block in blocks if block.autoencoder == row.autoencoder for subject in block.subjects]
    return bool(mine) and all(getattr(subject, PEAKS[row.measure]) for subject in mine)


def _of_the_mean(block: Control, measure: str) -> float:
    """The variance of the mean of the rounds' log ratios, if they were all that varies."""
    base, head = (np.log(subject.works[measure].rounds) for subject in block.subjects)
    return float(np.var(head - base, ddof=1)) / len(base) if len(base) > 1 else 0.0


def _by_first(values: Array, firsts: Sequence[int]) -> list[Array]:
    """The values, on the last axis, of the blocks in which the one process began, and the other; of those there are."""
    return [values[..., np.asarray(firsts) == place] for place in sorted(set(firsts))]


def _residuals(values: Array, firsts: Sequence[int]) -> Array:
    parts = [part - part.mean(axis=-1, keepdims=True) for part in _by_first(values, firsts)]
    return np.concatenate(parts, axis=-1)


def _largest(residuals: Array, freedom: int) -> Array:
    deviations = np.sqrt(np.sum(residuals**2, axis=-1) / freedom)
    return np.asarray(np.max(np.abs(residuals), axis=-1) / np.where(deviations > 0, deviations, 1.0))


def _parted(sizes: Array) -> tuple[Array, Array]:
    """How much of the sizes' variance two groups explain, at best; how far apart these lie. Each has two blocks."""
    ordered = np.sort(sizes, axis=-1)
    count = ordered.shape[-1]
    sums, whole = np.cumsum(ordered, axis=-1), ordered.sum(axis=-1, keepdims=True)
    low, places = sums[..., 1 : count - 2], np.arange(2, count - 1)
    between = low**2 / places + (whole - low) ** 2 / (count - places) - whole**2 / count
    total = np.sum(ordered**2, axis=-1) - whole[..., 0] ** 2 / count
    best = np.argmax(between, axis=-1)[..., None]
    apart = (whole - low) / (count - places) - low / places
    share = np.take_along_axis(between, best, axis=-1)[..., 0] / np.where(total > 0, total, 1.0)
    return share, np.take_along_axis(apart, best, axis=-1)[..., 0]


@cache
def _usual(firsts: tuple[int, ...]) -> tuple[float, float]:
    """What the furthest block of normal noise, and its two groups, stay below but for `RARE` cases."""
    drawn = stream(0, "calibration/usual").normal((DRAWS, len(firsts)))
    far = _largest(_residuals(drawn, firsts), len(firsts) - len(set(firsts)))
    parted, _ = _parted(np.abs(drawn))
    return float(np.quantile(far, 1.0 - RARE)), float(np.quantile(parted, 1.0 - RARE))
