"""Every tolerance of the project, each with its reason. No other file holds one.

float64: 1e-13 of the largest magnitude up to one optimiser step, 1e-12 over ten. Two libraries that do the same
operations in double precision differ by the order of their sums only, about 1e-16 an operation. Some places cannot
keep that in any double arithmetic: a gradient that is zero but for cancellation, and what Adam makes of it, since its
first step multiplies rounding of a vanishing gradient by 0.1 a_1 / epsilon, which is 30,000. There, and only there, the
derived bound is larger and holds.

float32: the bounds are derived. The float64 reference is climbed again with every input, operand and result disturbed
at float32's rounding (`spreads`); the largest stray of a few such climbs is what an honest float32 computation does,
and a framework fails when it strays `SEVERAL` times further.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, norm

from aebench.arrays import Array
from aebench.records.trace import Place

UNIT_ROUNDOFF = {"float32": 2.0**-24, "float64": 2.0**-53}

# How often a derived spread may be exceeded. The stray of a value is a sum of many roundings, so nearly normal; in the
# worst case all values of an array stray together, so that each draw says one thing only about its deviation. From n
# draws of root mean square s the deviation is then at most s sqrt(n / chi2(0.05, n)) with a confidence of 95 %: with 3
# draws 2.92 s, and s is at most the largest stray, which is kept. An honest computation stays within 8 / 2.92 = 2.74
# deviations with a probability of 0.994 in this worst case, and of nearly 1 where values stray on their own, as in all
# but the smallest arrays (`coverage`; a test draws it).
# Source: Sohier et al. 2021, "Confidence intervals for stochastic arithmetic", section 3.
#
# Seen over 20 seeds of all twelve, narrow, and 3 seeds of five at full width, every pair, 20 steps (`pytest -m slow
# tests/agreement/test_agreement_seeds.py`): no sound framework parted; the largest share of a bound that one took was
# 0.64 in float32 (layerwise_separate, a loss after one step) and 0.32 in float64 (pretrained, logits after one step).
SEVERAL = 8.0
CONFIDENCE = 0.95
DRAWS = 3

# Of a model of few numbers nothing is normal: the biases of `linear` go up or down as the rounding of a vanishing
# gradient will have it, and with 3 draws sound frameworks parted at 11 of 60 seeds in float32. The largest of n draws
# of any distribution covers a share p of it with confidence 1 - p**n: 59 draws make 0.95 at 95 %, before `SEVERAL`.
SMALL, DRAWS_OF_SMALL = 1000, 59

# Not every stray grows with the rounding. Adam moves a weight whose gradient nearly vanishes by its whole rate, one way
# or the other as rounding has it (`undirected`), and with it all that is computed from it: one number in a hundred
# thousand, which a few draws miss (seen at full width, `variational` in float32: both frameworks went the other way
# than the reference at one weight, and two steps later the biases below it were 2.4 bounds away). So some draws are
# disturbed `SEVERAL` times as much, as far as the bound reaches. Where these stray over `LEAP` times further than in
# proportion, rounding makes the array leap, and it may leap `LEAP` times as far as in any of them.
DRAWS_OF_LEAPS, LEAP = 4, 2.0

# A relative fault of an array that its bound lets through up to this size is none that the array can be said to show.
BLIND = 0.1

# Below its smallest normal number a library may take a number for zero, TensorFlow on several threads does; sums over
# the widest layers and batches have about so many terms.
FLUSHED_TERMS = 1000
UNDERFLOW = {dtype: FLUSHED_TERMS * float(np.finfo(dtype).tiny) for dtype in UNIT_ROUNDOFF}

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


def n_draws(n_parameters: int) -> int:
    """How many disturbed climbs a spread is made of."""
    return DRAWS if n_parameters > SMALL else DRAWS_OF_SMALL


def n_leaps(n_parameters: int, dtype: str) -> int:
    """How many climbs are disturbed `SEVERAL` times as much; where there are many others, these leap themselves.

    None in float64: a gradient is so close to zero there half a thousand million times less often.
    """
    return DRAWS_OF_LEAPS if n_parameters > SMALL and dtype == "float32" else 0


def with_leaps(spread: Spread, leaping: Spread) -> Spread:
    """The spread where `leaping`, the stray of those disturbed `SEVERAL` times as much over `SEVERAL`, is no leap."""
    pairs = (spread.largest, leaping.largest), (spread.rms, leaping.rms)
    return Spread(*(LEAP * far if far > LEAP * near else near for near, far in pairs))


def coverage(draws: int, confidence: float = CONFIDENCE) -> float:
    """Probability that an honest computation keeps `SEVERAL` spreads of so many draws, by the formula above."""
    deviations = math.sqrt(draws / chi2.ppf(1.0 - confidence, draws))
    return float(2.0 * norm.cdf(SEVERAL / deviations) - 1.0)


def difference(one: Array, other: Array, place: Place, dtype: str) -> Array:
    """Element by element, in float64; at the extremes 0 where both are not finite in that dtype."""
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if place.rung != "extremes":
        return np.asarray(np.abs(one - other))
    one, other = representable(one, dtype), representable(other, dtype)
    alike = ~np.isfinite(one) & ~np.isfinite(other)
    return np.asarray(np.abs(np.where(alike, 0.0, one) - np.where(alike, 0.0, other)))


def representable(array: Array, dtype: str) -> Array:
    """The array with what exceeds the dtype's largest number as infinite, as an overflow in that dtype is."""
    if fits(array, dtype):
        return array
    most = float(np.finfo(dtype).max)
    return np.where(np.abs(array) > most, np.copysign(np.inf, array), array)


def fits(array: Array, dtype: str) -> bool:
    """Whether all numbers are finite in that dtype."""
    return largest_magnitude(array) <= float(np.finfo(dtype).max)


def largest_magnitude(array: Array) -> float:
    """The largest magnitude, without an array of magnitudes on the way; NaN where there is one, 0 without numbers."""
    return float(np.maximum(-np.min(array, initial=0.0), np.max(array, initial=0.0)))


def bound(place: Place, reference: Array, spread: Spread, dtype: str, *, continued: bool, both: bool) -> Bound:
    """The bound at a place.

    continued: the phase goes on from parameters that have been trained in free mode.
    both: neither side is the reference, so in float32 both may stray.
    """
    if place.rung == "init" and not continued:
        return Bound(0.0, 0.0, "given to all alike, so equal to the last bit")
    if np.issubdtype(reference.dtype, np.integer):
        return Bound(0.0, 0.0, "whole numbers are equal or wrong")
    largest, rms = magnitudes(reference, dtype)
    derived, unit = SEVERAL * (2.0 if both else 1.0), UNIT_ROUNDOFF[dtype]
    why = f"{derived:g} times the disturbed reference's own stray in {dtype}, plus one rounding"
    lost = 2 * unit * largest + UNDERFLOW[dtype], 2 * unit * rms + UNDERFLOW[dtype]
    stray = Bound(derived * spread.largest + lost[0], derived * spread.rms + lost[1], why)
    if dtype == "float32":
        return stray
    relative = FLOAT64_TRAJECTORY if continued or place.step > 1 else FLOAT64_LOCAL
    if stray.largest > relative * largest:
        return stray
    why = f"{relative:g} of the largest magnitude, required in float64"
    return Bound(relative * largest, max(relative * rms, stray.rms), why)


def magnitudes(array: Array, dtype: str) -> tuple[float, float]:
    """Largest magnitude and root mean square of what is finite in that dtype."""
    if not fits(array, dtype):
        array = np.where(np.isfinite(representable(array, dtype)), array, 0.0)
    return largest_magnitude(array), root_mean_square(array)


def root_mean_square(array: Array) -> float:
    """Square root of the mean of squares, whose squares need not be representable; 0 for an empty array."""
    top = largest_magnitude(array)
    if top == 0.0 or not np.isfinite(top):
        return top
    # By a power of two, which rounds nothing; NumPy 1 says "overflow" of dividing by what is below the smallest normal.
    scale = 2.0 ** -min(max(math.frexp(top)[1], -1000), 1000)
    scaled = np.multiply(np.ravel(array), scale, dtype=np.float64)
    return math.sqrt(float(np.einsum("i,i", scaled, scaled)) / scaled.size) / scale
