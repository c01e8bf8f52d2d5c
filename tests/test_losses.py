"""Every loss term in every framework: literals worked out by hand, properties, and inputs at which naive forms fail."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
import remote
import remote_losses
from processes import Process

from aebench.arrays import Array, Dtype
from aebench.data import curve
from aebench.spec import L2
from aebench.streams import stream

DTYPES: tuple[Dtype, ...] = ("float64", "float32")
# Rounding of a few operations in each dtype, relative to the larger terms of a sum.
CLOSE = {"float64": 1e-14, "float32": 2e-6}


@dataclass(frozen=True)
class Case:
    """A loss, what it is given, and the value and gradients that it must give."""

    loss: str
    arrays: tuple[Any, ...]
    value: float
    gradients: tuple[Any, ...]
    constants: tuple[Any, ...] = ()
    scale: float = field(default=1.0)


LN2, LN3 = math.log(2.0), math.log(3.0)
LITERALS = {
    # ((1-0)^2 + 0 + 0 + (4-2)^2) / 4; gradient 2 (outputs - target) / 4
    "mse": Case(
        "mean_squared_error", ([[1.0, 2.0], [3.0, 4.0]], [[0.0, 2.0], [3.0, 2.0]]), 1.25, ([[0.5, 0.0], [0.0, 1.0]],)
    ),
    # 0.1 * 0.5 * (1 + 4 + 9 + 16); gradient 0.1 * weight
    "l2": Case(
        "l2_penalty", ([[1.0, 2.0]], [[3.0], [-4.0]]), 1.5, ([[0.1, 0.2]], [[0.3], [-0.4]]), (L2(0.1, ("a", "b")),)
    ),
    # column 1: q = 1/2, 0.1 log 0.2 + 0.9 log 1.8; column 2: q = 3/4, 0.1 log(0.4/3) + 0.9 log 3.6;
    # gradient (0.9 / (1-q) - 0.1 / q) s (1-s) / 2
    "sparsity": Case(
        "sparsity_loss", ([[0.0, LN3], [0.0, LN3]],),
        0.1 * math.log(0.2) + 0.9 * math.log(1.8) + 0.1 * math.log(0.4 / 3.0) + 0.9 * math.log(3.6),
        ([[0.2, 0.325], [0.2, 0.325]],), (0.1,),
    ),
    # logits log 3 with target 1: log(4/3); log 3 with target 0: log 4; 0 with target 1/4: log 2; gradient s - target
    "bernoulli": Case(
        "bernoulli_loss", ([[LN3, LN3, 0.0]], [[1.0, 0.0, 0.25]]), math.log(4.0 / 3.0) + math.log(4.0) + LN2,
        ([[-0.25, 0.75, 0.25]],),
    ),
    # 0.5 (1 + 1 - 1 - 0) + 0.5 (2 + 0 - 1 - log 2); gradients mean and 0.5 (exp(s) - 1)
    "latent": Case(
        "latent_loss", ([[1.0, 0.0]], [[0.0, LN2]]), 0.5 + 0.5 * (1.0 - LN2), ([[1.0, 0.0]], [[0.0, 0.5]])
    ),
    # (log(1 + 3) - log 3 + log(1 + 3) - 0) / 2; gradient (softmax - one hot) / 2
    "cross_entropy": Case(
        "softmax_cross_entropy", ([[0.0, LN3], [0.0, LN3]], np.array([1, 0])), math.log(4.0) - 0.5 * LN3,
        ([[0.125, -0.125], [-0.375, 0.375]],),
    ),
}  # fmt: skip

_FLAT = [[math.log(0.1 / 0.9)] * 3] * 4
PROPERTIES = {
    "mse of equal arrays is 0": Case("mean_squared_error", ([[1.0, 2.0]], [[1.0, 2.0]]), 0.0, ([[0.0, 0.0]],)),
    "KL is 0 at q = p": Case("sparsity_loss", (_FLAT,), 0.0, ([[0.0] * 3] * 4,), (0.1,)),
    "latent is 0 at mean 0 and log variance 0": Case(
        "latent_loss", ([[0.0, 0.0]], [[0.0, 0.0]]), 0.0, ([[0.0, 0.0]], [[0.0, 0.0]])
    ),
    "bernoulli at logits 0 is n log 2": Case(
        "bernoulli_loss", ([[0.0] * 5] * 3, [[0.0, 0.25, 0.5, 0.75, 1.0]] * 3), 15 * LN2,
        ([[0.5, 0.25, 0.0, -0.25, -0.5]] * 3,), scale=10.0,
    ),
    "cross-entropy of uniform logits is log n": Case(
        "softmax_cross_entropy", ([[7.0] * 10] * 2, np.array([3, 9])), math.log(10.0),
        ([[0.05 - 0.5 * (j == label) for j in range(10)] for label in (3, 9)],),
    ),
}  # fmt: skip
EXTREMES = {
    # what a naive log(sigmoid) makes infinite: certain, and wrong by 1000 nats
    "bernoulli at 1000": Case(
        "bernoulli_loss", ([[1000.0, 1000.0, -1000.0, -1000.0]], [[1.0, 0.0, 1.0, 0.0]]), 2000.0,
        ([[0.0, 1.0, -1.0, 0.0]],), scale=2000.0,
    ),
    "bernoulli at 200": Case(
        "bernoulli_loss", ([[200.0, -200.0]], [[0.25, 0.25]]), 150.0 + 50.0, ([[0.75, -0.25]],), scale=200.0
    ),
    "cross-entropy at 1000": Case(
        "softmax_cross_entropy", ([[1000.0, 0.0, -1000.0], [1000.0, 0.0, -1000.0]], np.array([0, 2])), 1000.0,
        ([[0.0, 0.0, 0.0], [0.5, 0.0, -0.5]],), scale=1000.0,
    ),
    "latent of a tiny variance": Case(
        "latent_loss", ([[0.0]], [[-80.0]]), 0.5 * (math.exp(-80.0) - 1.0 + 80.0),
        ([[0.0]], [[0.5 * (math.exp(-80.0) - 1.0)]]), scale=40.0,
    ),
}  # fmt: skip
# Columns of preactivations: q is 0 or 1 in float32 (and at 1000 in float64) in the first four, mixed in the others.
COLUMNS = [
    [200.0] * 4, [-200.0] * 4, [1000.0] * 4, [-1000.0] * 4, [-200.0, -1000.0, -300.0, -200.0],
    [200.0, 1000.0, 300.0, 200.0], [-1000.0, -1000.0, -1000.0, 3.0], [1000.0, 1000.0, -3.0, 1000.0],
    [1000.0, -1000.0, 1000.0, -1000.0], [-100.0, -101.0, -90.0, -95.0], [20.0, 16.0, 18.0, 17.0],
    [-2.0, -3.0, 0.5, -1.0], [0.0, 0.0, 0.0, 0.0],
]  # fmt: skip


def _exact_sparsity(column: list[float]) -> tuple[float, list[float]]:
    """KL(0.1 || q) of a column and its gradient, in decimals, where exp(-1000) is a number as any other."""
    with localcontext() as context:
        context.prec = 60
        p, n = Decimal("0.1"), len(column)
        active = [1 / (1 + (-Decimal(a)).exp()) for a in column]
        idle = [1 / (1 + Decimal(a).exp()) for a in column]
        q, not_q = sum(active) / n, sum(idle) / n
        value = p * (p / q).ln() + (1 - p) * ((1 - p) / not_q).ln()
        slope = (1 - p) / not_q - p / q
        return float(value), [float(slope * s * t / n) for s, t in zip(active, idle, strict=True)]


def _sparsity_cases() -> dict[str, Case]:
    found = {}
    for column in COLUMNS:
        value, gradient = _exact_sparsity(column)
        arrays = ([[a] for a in column],)
        name = f"sparsity at {column}"
        found[name] = Case("sparsity_loss", arrays, value, ([[g] for g in gradient],), (0.1,), max(1.0, value))
    return found


CASES = {**LITERALS, **PROPERTIES, **EXTREMES, **_sparsity_cases()}


def _arrays(case: Case) -> tuple[Array, ...]:
    return tuple(np.asarray(a) for a in case.arrays)


def _found(process: Process, name: str, dtype: Dtype) -> list[Array]:
    """Value and gradients of a case; all cases are asked of the process in one call."""
    keys = [(case, dtype) for case in CASES for dtype in DTYPES]
    asked = [(CASES[n].loss, _arrays(CASES[n]), CASES[n].constants, dtype) for n, dtype in keys]
    found = process.remember(("losses",), lambda: process.call(remote_losses.losses_and_gradients, asked))
    return found[keys.index((name, dtype))]


def _differences(case: Case, found: list[Array]) -> list[float]:
    """Largest difference of the value and of each gradient, relative to the size of the numbers involved."""
    gradients = zip(case.gradients, found[1:], strict=True)
    value = abs(float(found[0]) - case.value) / max(abs(case.value), case.scale)
    return [value, *(float(np.max(np.abs(np.subtract(want, got)))) for want, got in gradients)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient(own_process: Process, name: str, dtype: Dtype) -> None:
    """Each loss gives the hand-worked value and gradient, finite and right to rounding, in both dtypes."""
    found = _found(own_process, name, dtype)
    assert all(np.isfinite(x).all() for x in found)
    assert max(_differences(CASES[name], found)) <= CLOSE[dtype]


@pytest.mark.parametrize("name", CASES)
def test_dtype_and_shape_stay(own_process: Process, name: str) -> None:
    """A loss is a scalar, a gradient has its array's shape, and nothing leaves the dtype (the arbiter's float64)."""
    case = CASES[name]
    value, *gradients = _found(own_process, name, "float32")
    expected = np.dtype(np.float64 if own_process.framework == "reference" else np.float32)
    assert value.shape == ()
    assert [np.shape(g) for g in case.gradients] == [g.shape for g in gradients]
    assert {expected} == {x.dtype for x in (value, *gradients)}


def test_naive_sparsity_would_be_noticed() -> None:
    """Planted fault: the KL from q itself, in float32, is infinite or wrong where q rounds to 0 or 1."""
    columns = np.array(COLUMNS[:4], dtype=np.float32)
    with np.errstate(all="ignore"):
        q = (1.0 / (1.0 + np.exp(-columns))).mean(axis=1)
        naive = 0.1 * np.log(0.1 / q) + 0.9 * np.log(0.9 / (1.0 - q))
    expected = [_exact_sparsity(column)[0] for column in COLUMNS[:4]]
    assert not any(np.isclose(expected, naive, rtol=CLOSE["float32"]))


def test_mean_instead_of_sum_would_be_noticed(arbiter: Process) -> None:
    """Planted fault: the mean over pixels where the sum is meant fails the literal."""
    case = LITERALS["bernoulli"]
    found = [np.asarray(_found(arbiter, "bernoulli", "float64")[0]) / 3.0, *case.gradients]
    assert max(_differences(case, [np.asarray(x) for x in found])) > CLOSE["float32"]


def test_losses_are_not_negative(own_process: Process) -> None:
    """KL, latent loss, MSE and cross-entropies of random arrays are at least 0."""
    x, y = stream(1, "test losses").normal((2, 50, 8))
    unit = stream(2, "test losses").uniform((50, 8))
    classes = np.arange(50) % 8
    asked = [
        ("mean_squared_error", (x, y), ()), ("sparsity_loss", (3.0 * x,), (0.1,)), ("latent_loss", (x, y), ()),
        ("bernoulli_loss", (x, unit), ()), ("softmax_cross_entropy", (x, classes), ()),
    ]  # fmt: skip
    found = own_process.call(remote_losses.losses_and_gradients, [(*case, "float64") for case in asked])
    assert all(values[0] > 0.0 for values in found)


def test_linear_loss_is_never_below_that_of_pca(process: Process) -> None:
    """No linear autoencoder with two codings does better than two principal components; 300 steps come near."""
    points = curve.points()
    optimum = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[2] ** 2 / points.size
    losses = process.call(remote.linear_losses, points, 300)
    assert losses.min() >= optimum * (1.0 - 1e-12)
    assert losses[-1] < 2.0 * optimum < losses[0]
