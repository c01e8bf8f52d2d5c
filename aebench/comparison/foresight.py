"""How many blocks a slow-down takes to be seen in such noise: the sequential test itself, on blocks that are drawn.

They are drawn twice: as normal noise of the deviation that was measured, and from the blocks that were. A row is too
noisy where in either of them too many calls end without a decision, be it that something is slower or that nothing is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from aebench.arrays import Array
from aebench.comparison.noise import Noise
from aebench.comparison.sequential import LOOKS, Thresholds
from aebench.comparison.speed import CONTROL_EVERY, LEAST_CONTROLS
from aebench.comparison.verdicts import MEMORY_TOLERATED, judged_each
from aebench.speed.ratios import PEAKS
from aebench.streams import stream

# A slow-down, and the thresholds at which it is to be seen.
SEEN = {0.10: Thresholds(0.02, 0.10), 0.05: Thresholds(0.01, 0.05)}
# A row is too noisy where more calls than so many stay undecided.
MOST_UNDECIDED = 0.05
CALLS = 1000
BLOCKS = 2 * LOOKS[-1]  # screened, and confirmed


@dataclass(frozen=True)
class Sight:
    """What becomes of calls in which head is slower by that part, and of calls in which it is not.

    drawn: how the noise was. found: share of the former that is called slower, after `blocks` on average. passed: share
    of the latter that is called not slower, after `passed_blocks`. undecided: the larger share of both.
    """

    drawn: str
    slowdown: float
    found: float
    blocks: float
    passed: float
    passed_blocks: float
    undecided: float


@dataclass(frozen=True)
class Foresight:
    """What is needed to see a slow-down of that part in a row. seconds: of a block."""

    slowdown: float
    sights: tuple[Sight, ...]
    seconds: float

    @property
    def undecided(self) -> float:
        """Share of calls that stay undecided, in the noise in which that is larger."""
        return max(sight.undecided for sight in self.sights)

    @property
    def seen(self) -> bool:
        """Whether the slow-down can be seen at all."""
        return self.undecided <= MOST_UNDECIDED

    @property
    def blocks(self) -> float:
        """Blocks until the slow-down is found, on average, in the noise in which these are more."""
        return max(sight.blocks for sight in self.sights)

    @property
    def minutes(self) -> float:
        """How long these take, the null controls included."""
        return (self.blocks + max(LEAST_CONTROLS, self.blocks / CONTROL_EVERY)) * self.seconds / 60.0


def foreseen(noise: Noise, rows: int) -> list[Foresight]:
    """What is needed for each slow-down that is ever to be seen. rows: of a call, all that are judged beside it.

    Of memory what is tolerated is not to be seen.
    """
    slowdowns = [part for part in SEEN if noise.row.measure not in PEAKS or part > MEMORY_TOLERATED]
    return [Foresight(part, tuple(_sights(noise, part, rows)), noise.seconds) for part in slowdowns]


def seen_between(noise: Noise, slowdown: float, rows: int) -> tuple[bool, bool]:
    """Whether that slow-down can be seen where the deviation is at its lower limit, and at its upper one."""
    looked = _memory if noise.row.measure in PEAKS else _speed
    low, high = (looked("normal", _normal_like(noise, it), slowdown, rows).undecided for it in noise.interval)
    return low <= MOST_UNDECIDED, high <= MOST_UNDECIDED


def _sights(noise: Noise, slowdown: float, rows: int) -> Iterator[Sight]:
    """That slow-down in noise that is drawn in either way."""
    looked = _memory if noise.row.measure in PEAKS else _speed
    yield looked("normal", _normal_like(noise, noise.deviation), slowdown, rows)
    yield looked("resampled", _resampled(noise), slowdown, rows)


def _speed(how: str, values: Array, slowdown: float, rows: int) -> Sight:
    thresholds = SEEN[slowdown]
    slow, blocks = judged_each(values + math.log1p(slowdown), thresholds, rows)
    same, fewer = judged_each(values, thresholds, rows)
    undecided = max(float(np.mean(verdicts == 0)) for verdicts in (slow, same))
    shares = (float(np.mean(slow == 1)), float(np.mean(blocks)), float(np.mean(same == -1)), float(np.mean(fewer)))
    return Sight(how, slowdown, *shares, undecided)


def _memory(how: str, values: Array, slowdown: float, rows: int) -> Sight:
    """Memory is judged by the blocks that there are, whose middle one is more or not; the fewest are taken here."""
    blocks, limit = LOOKS[0], math.log1p(MEMORY_TOLERATED)
    middles = np.median(values[:, :blocks], axis=1)
    found, passed = float(np.mean(middles + math.log1p(slowdown) > limit)), float(np.mean(middles <= limit))
    return Sight(how, slowdown, found, blocks, passed, blocks, 1.0 - min(found, passed))


def _normal_like(noise: Noise, deviation: float) -> Array:
    """Log ratios of blocks, (call, block), who begins changing from one to the next."""
    return deviation * _normal() + _began(noise)


def _resampled(noise: Noise) -> Array:
    """The same, drawn from the blocks that were measured."""
    residuals = noise.residuals * math.sqrt(len(noise.values) / noise.freedom)
    return np.asarray(residuals[np.floor(_uniform() * len(residuals)).astype(int)] + _began(noise))


def _began(noise: Noise) -> Array:
    return np.where(np.arange(BLOCKS) % 2 == 1, noise.order, -noise.order)


@cache
def _normal() -> Array:
    return stream(0, "calibration/normal").normal((CALLS, BLOCKS))


@cache
def _uniform() -> Array:
    return stream(0, "calibration/resampled").uniform((CALLS, BLOCKS))
