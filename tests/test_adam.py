"""The optimiser in every framework: the pinned form of Adam, its epsilon and its exact constants."""

from __future__ import annotations

import math

import numpy as np
import pytest
import remote_losses
from processes import Process

from aebench.arrays import Array, Dtype
from aebench.spec import Adam
from aebench.streams import stream

PINNED = Adam(0.01)
CLOSE = {"float64": 1e-13, "float32": 1e-6}


def _plain(adam: Adam, start: Array, gradients: Array, moments: Adam | None = None) -> Array:
    """(n_steps, *shape): Adam as the mathematics writes it, one Python float at a time.

    moments: another Adam whose betas make the moments only, to plant a fault.
    """
    found, of = np.empty(gradients.shape), moments or adam
    for place in np.ndindex(start.shape):
        theta, m, v = float(start[place]), 0.0, 0.0
        for t, gradient in enumerate(gradients[(slice(None), *place)].tolist(), start=1):
            m = of.beta1 * m + (1.0 - of.beta1) * gradient
            v = of.beta2 * v + (1.0 - of.beta2) * gradient * gradient
            rate = adam.learning_rate * math.sqrt(1.0 - adam.beta2**t) / (1.0 - adam.beta1**t)
            theta -= rate * m / (math.sqrt(v) + adam.epsilon)
            found[(t - 1, *place)] = theta
    return found


def _steps(process: Process, start: Array, gradients: Array, adam: Adam = PINNED, dtype: Dtype = "float64") -> Array:
    found: Array = process.call(remote_losses.adam_steps, adam, start, list(gradients), dtype)
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_two_steps_by_hand(own_process: Process, dtype: Dtype) -> None:
    """Gradients 1 and -0.5 from 0: the count begins at 1.

    Step 1: a = 0.01 sqrt(0.001) / 0.1, m = 0.1, v = 0.001: -0.01 / (1 + 1e-8 / sqrt(0.001)).
    Step 2: a = 0.01 sqrt(0.001999) / 0.19, m = 0.04, v = 0.001249, so 0.01 * sqrt(1.999 / 1.249) * 4 / 19 further.
    """
    expected = [-0.0099999968377233, -0.0126633664807112]
    actual = _steps(own_process, np.zeros(1), np.array([[1.0], [-0.5]]), dtype=dtype)
    assert np.allclose(expected, actual[:, 0], rtol=CLOSE[dtype], atol=0.0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_epsilon_is_not_scaled(own_process: Process, dtype: Dtype) -> None:
    """A gradient of 1e-8 tells the forms apart: epsilon hat moves 3.1e-4, the stock PyTorch form would move 5e-3.

    a m / (sqrt(v) + eps) = 0.01 sqrt(0.001) * 1e-8 / (sqrt(0.001) * 1e-8 + 1e-8) = 0.01 / (1 + 1 / sqrt(0.001)).
    """
    expected = -0.01 / (1.0 + 1.0 / math.sqrt(0.001))
    actual = float(_steps(own_process, np.zeros(1), np.array([[1e-8]]), dtype=dtype)[0, 0])
    assert math.isclose(expected, actual, rel_tol=CLOSE[dtype])
    assert not math.isclose(-0.01 * 1e-8 / (1e-8 + 1e-8), actual, rel_tol=0.5)


@pytest.mark.parametrize(
    "adam", [PINNED, Adam(0.001), Adam(0.1, beta1=0.5, beta2=0.9, epsilon=1e-3)], ids=["0.01", "0.001", "odd"]
)
def test_a_thousand_steps(own_process: Process, adam: Adam) -> None:
    """A thousand steps on gradients from 1e-9 to 1e3 follow plain Python's float64 within 1e-13."""
    scales = 10.0 ** np.array([-9.0, -6.0, -3.0, 0.0, 3.0])
    gradients = stream(1, "test adam").normal((1000, 5)) * scales
    start = np.array([0.3, -0.2, 1.0, 0.0, 5.0])
    expected = _plain(adam, start, gradients)
    actual = _steps(own_process, start, gradients, adam)
    assert np.max(np.abs(expected - actual)) <= CLOSE["float64"] * np.max(np.abs(expected))


def test_float32_uses_the_exact_constants(own_process: Process) -> None:
    """1 - beta2 is 0.001 rounded once: ten float32 steps stay within 1e-6 of float64's, relative to the way gone."""
    gradients = stream(1, "test adam").normal((10, 50)).astype(np.float32).astype(np.float64)
    expected = _plain(PINNED, np.zeros(50), gradients)
    actual = _steps(own_process, np.zeros(50), gradients, dtype="float32")
    assert np.max(np.abs(expected - actual)) <= CLOSE["float32"] * np.max(np.abs(expected))


def test_float32_constants_would_be_noticed() -> None:
    """Planted fault: moments by 1 - float32(0.999), 1.3e-5 off, move ten steps by more than the bound above."""
    gradients = stream(1, "test adam").normal((10, 50))
    float32 = Adam(0.01, beta1=float(np.float32(0.9)), beta2=float(np.float32(0.999)))
    expected = _plain(PINNED, np.zeros(50), gradients)
    faulty = _plain(PINNED, np.zeros(50), gradients, moments=float32)
    assert np.max(np.abs(expected - faulty)) > CLOSE["float32"] * np.max(np.abs(expected))


def test_a_step_count_from_zero_would_be_noticed() -> None:
    """Planted fault: bias corrections of step 2 at step 1 are not the literal of the first step."""
    m, v = 0.1, 0.001
    late = 0.01 * math.sqrt(1.0 - 0.999**2) / (1.0 - 0.9**2) * m / (math.sqrt(v) + 1e-8)
    assert not math.isclose(0.0099999968377233, late, rel_tol=0.1)
