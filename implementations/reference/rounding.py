"""How far rounding moves a result: every operation of the reference passes its operands and results through here.

Normally nothing happens. Within `perturbed(unit, seed)` each number is multiplied by 1 + d, d uniform in
+-unit * sqrt(terms): `terms` numbers summed one by one in floating point end up about that far from the exact sum.
The reference then strays from itself as an honest computation in that precision may.

Sums over several axes count the last one only: every library sums such arrays in blocks.

Source: Higham and Mary 2019, "A new approach to probabilistic rounding error analysis": errors grow as sqrt(terms).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from aebench.arrays import Array
from aebench.streams import Stream, stream

# Of each thread its own, so that climbs disturbed differently can go on side by side.
_current: ContextVar[tuple[float, Stream] | None] = ContextVar("perturbation", default=None)


def rounded(array: Array, terms: int = 1) -> Array:
    """The array itself, or the array disturbed as a sum of `terms` numbers in the perturbed precision."""
    if (current := _current.get()) is None:
        return array
    unit, draws = current
    size = int(np.size(array))
    disturbance = draws.bits((size + 3) // 4).view(np.int16)[:size].reshape(np.shape(array))
    return array * (1.0 + disturbance * (unit * math.sqrt(terms) / 2**15))


@contextmanager
def perturbed(unit_roundoff: float, seed: int) -> Iterator[None]:
    """Disturb every operand and result of this thread by that unit; the same seed gives the same disturbances."""
    token = _current.set((unit_roundoff, stream(seed, "perturbation")))
    try:
        yield
    finally:
        _current.reset(token)
