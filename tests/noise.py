"""Noise of blocks: log ratios of head over base where nothing differs, blocks of one row in a row."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from aebench.arrays import Array
from aebench.streams import stream

Shape = tuple[int, ...]


def _normal(name: str, deviation: float, shape: Shape) -> Array:
    return deviation * stream(0, f"sequential/{name}").normal(shape)


def _heavy(shape: Shape) -> Array:
    """Student's t of three degrees of freedom, whose deviation is 0.03."""
    squares = np.mean([np.square(_normal(f"heavy{i}", 1.0, shape)) for i in range(3)], axis=0)
    return np.asarray(_normal("heavy", 0.03, shape) / math.sqrt(3.0) / np.sqrt(squares))


def _two_speeds(share: float, slower: float, shape: Shape) -> Array:
    """Each process is slower by that part with that probability, in all its rounds; rounds vary by 0.008."""
    slow = [stream(0, f"sequential/{side}").uniform(shape) < share for side in ("base", "head")]
    return np.asarray((slow[1] * 1.0 - slow[0]) * math.log1p(slower) + _normal("rounds", 0.008, shape))


# Blocks measured on two cores had deviations of 0.021, 0.032 and 0.045.
NOISE: dict[str, Callable[[Shape], Array]] = {
    "normal, 0.021": lambda shape: _normal("normal", 0.021, shape),
    "normal, 0.032": lambda shape: _normal("normal", 0.032, shape),
    "normal, 0.045": lambda shape: _normal("normal", 0.045, shape),
    "heavy tails": _heavy,
    "one process in five is slow": lambda shape: _two_speeds(0.2, 0.15, shape),
    "one process in two is slow": lambda shape: _two_speeds(0.5, 0.15, shape),
    "one process in ten is very slow": lambda shape: _two_speeds(0.1, 0.3, shape),
}
