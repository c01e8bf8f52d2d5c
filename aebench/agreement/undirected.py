"""Parameters whose first gradient is smaller than its own rounding: the one thing that a sound step cannot agree on.

Adam's first step divides each gradient by its own magnitude, so that a parameter moves by the learning rate, up or
down. Where a gradient of a few hundred millionths of the array's largest is all that is left of sums of much larger
terms, rounding decides its sign, in every sound computation. The disturbed reference is no guide there: its strays are
quotients whose denominator may vanish, with a tail so heavy that three draws say little of a fourth. Such an element is
held to what Adam can move it at most; all others to the bound, which then catches what it is there to catch.

The number a reader should see: of `variational` on the digits, seed 0, float32, one of the 250,000 elements of
decoder2.weight (gradient 2.2e-6, the array's largest 286) moved in TensorFlow by 0.0013 otherwise than in the
reference, where the bound was 0.0008 and the learning rate is 0.001.
"""

from __future__ import annotations

import math

import numpy as np

from aebench.agreement.bounds import SEVERAL, UNIT_ROUNDOFF
from aebench.arrays import Array
from aebench.records.trace import Place, Trace
from aebench.spec import Adam, Autoencoder

# Where parameters stand that the optimiser has moved, from the phase's start on.
RUNGS = ("step", "trajectory", "program", "resumed")


def undirected(place: Place, judge: Trace, autoencoder: Autoencoder) -> Array | None:
    """Which elements of a trained parameter had no direction at the phase's first step, in its shape; None elsewhere.

    A gradient that is exactly zero, as that of a pixel that is always dark, has one: the parameter stays.
    """
    gradient = judge.arrays.get(Place(place.phase, "gradients", 0, place.array))
    if place.rung not in RUNGS or place.array not in autoencoder.shapes or gradient is None:
        return None
    magnitude = np.abs(gradient.astype(np.float64))
    rounding = SEVERAL * UNIT_ROUNDOFF[judge.dtype] * float(np.max(magnitude, initial=0.0))
    return np.asarray((magnitude > 0.0) & (magnitude <= rounding))


def reach(adam: Adam, steps: int) -> float:
    """How far apart Adam can have moved two copies of a parameter after so many steps.

    Source: Kingma and Ba 2015, section 2.1: a step is at most learning_rate (1 - beta1) / sqrt(1 - beta2), and at most
    the learning rate where that is larger.
    """
    return 2.0 * steps * adam.learning_rate * max(1.0, (1.0 - adam.beta1) / math.sqrt(1.0 - adam.beta2))
