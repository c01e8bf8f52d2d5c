"""Every tolerance of the project, each with its reason. No other file holds one.

float64: 1e-13 of the largest magnitude up to one optimiser step, 1e-12 over ten. Two libraries that do the same
operations in double precision differ by the order of their sums only, about 1e-16 an operation. Some places cannot
keep that in any double arithmetic: a gradient that is zero but for cancellation, and what Adam makes of it, since its
first step multiplies rounding of a vanishing gradient by 0.1 a_1 / epsilon, which is 30,000. There, and only there, the
derived bound is larger and holds.

float32: the bounds are derived. The float64 reference is climbed again with every input, operand and result disturbed
at float32's rounding (`spread`); the largest stray of a few such climbs is what an honest float32 computation does,
and a framework fails when it strays `SEVERAL` times further.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from aebench.agreement.ladder import Climb, record
from aebench.arrays import Array
from aebench.data import Dataset
from aebench.protocol import Framework
from aebench.records.trace import Place, Trace

UNIT_ROUNDOFF = {"float32": 2.0**-24, "float64": 2.0**-53}

# How often a derived spread may be exceeded. The spread is the largest of DRAWS disturbed climbs. Seen over 20 seeds of
# all twelve, narrow, and 3 seeds of five at full width, every pair, 20 steps (`pytest -m slow
# tests/agreement/test_agreement_seeds.py`): no sound framework parted; the largest share of a bound that one took was
# 0.64 in float32 (layerwise_separate, a loss after one step) and 0.32 in float64 (pretrained, logits after one step).
SEVERAL = 8.0
DRAWS = 3

# A maximum over few numbers is uncertain. The 17 of `linear`, whose biases go up or down as the rounding of a vanishing
# gradient will have it, needed 16 draws: with 3, sound frameworks parted at 11 of 60 seeds in float32.
SMALL, DRAWS_OF_SMALL = 1000, 24

# Largest difference over the array's largest magnitude. Up to one optimiser step nothing is amplified; over ten steps
# Adam's division by sqrt(v) amplifies rounding of small gradients, measured as 2e-13 between two frameworks.
FLOAT64_LOCAL = 1e-13
FLOAT64_TRAJECTORY = 1e-12

# A gradient against the central difference of the loss 1e-5 apart, in float64, over the larger of the gradient's norm
# and the loss: rounding costs 1e-16 / 1e-5 of the loss, curvature about the square of 1e-5.
FINITE_DIFFERENCE = 1e-7


@dataclass(frozen=True)
class Bound:
    """The largest and the root-mean-square difference that are still rounding, and why."""

    largest: float
    rms: float
    reason: str


@dataclass(frozen=True)
class Spread:
    """How far the disturbed reference strayed at one place: largest and root-mean-square difference."""

    largest: float
    rms: float


def spreads(
    arbiter: Framework, climb: Climb, dataset: Dataset, base: Trace, teacher: Trace | None = None
) -> dict[Place, Spread]:
    """Climb disturbed a few times and take the largest stray from the undisturbed climb at each place."""
    found: dict[Place, Spread] = {}
    widest: dict[tuple[str, str], Spread] = {}
    for place, difference in _strays(arbiter, climb, dataset, base, teacher):
        largest, rms = float(np.max(difference, initial=0.0)), root_mean_square(difference)
        found[place] = _wider(found.get(place, Spread(0.0, 0.0)), Spread(largest, rms))
    for place, spread in found.items():
        if place.rung in ("step", "trajectory"):
            # How far an array strayed at an earlier step it may stray again: a few draws of one number, such as a
            # loss, may all lie close by chance.
            found[place] = widest[place.phase, place.array] = _wider(
                widest.get((place.phase, place.array), Spread(0.0, 0.0)), spread
            )
    return found


def _wider(one: Spread, other: Spread) -> Spread:
    """The larger of each; np.maximum, unlike max, keeps a NaN, which must not pass for a small stray."""
    return Spread(float(np.maximum(one.largest, other.largest)), float(np.maximum(one.rms, other.rms)))


def _strays(
    arbiter: Framework, climb: Climb, dataset: Dataset, base: Trace, teacher: Trace | None
) -> Iterator[tuple[Place, Array]]:
    def disturbed(draw: int) -> Trace:
        with arbiter.perturbed(UNIT_ROUNDOFF[climb.dtype], seed=1000 * climb.seed + draw):
            return record(arbiter, climb, dataset, teacher)

    n_parameters = sum(math.prod(shape) for shape in climb.autoencoder.shapes.values())
    draws = range(DRAWS if n_parameters > SMALL else DRAWS_OF_SMALL)
    # Side by side: each computes on one thread.
    with ThreadPoolExecutor(DRAWS) as threads:
        for trace in threads.map(disturbed, draws):
            for place, array in trace.arrays.items():
                yield place, np.abs(array.astype(np.float64) - base.arrays[place])


def bound(place: Place, reference: Array, spread: Spread, dtype: str, *, continued: bool, both: bool) -> Bound:
    """The bound at a place.

    continued: the phase goes on from parameters that have been trained in free mode.
    both: neither side is the reference, so in float32 both may stray.
    """
    if place.rung == "init" and not continued:
        return Bound(0.0, 0.0, "given to all alike, so equal to the last bit")
    if np.issubdtype(reference.dtype, np.integer):
        return Bound(0.0, 0.0, "whole numbers are equal or wrong")
    largest, rms = float(np.max(np.abs(reference), initial=0.0)), root_mean_square(reference)
    derived, unit = SEVERAL * (2.0 if both else 1.0), UNIT_ROUNDOFF[dtype]
    why = f"{derived:g} times the disturbed reference's own stray in {dtype}, plus one rounding"
    stray = Bound(derived * spread.largest + 2 * unit * largest, derived * spread.rms + 2 * unit * rms, why)
    if dtype == "float32":
        return stray
    relative = FLOAT64_TRAJECTORY if continued or place.rung == "trajectory" else FLOAT64_LOCAL
    if stray.largest > relative * largest:
        return stray
    why = f"{relative:g} of the largest magnitude, required in float64"
    return Bound(relative * largest, max(relative * rms, stray.rms), why)


def root_mean_square(array: Array) -> float:
    """Square root of the mean of squares; 0 for an empty array."""
    return float(np.sqrt(np.mean(np.square(array, dtype=np.float64)))) if np.size(array) else 0.0
