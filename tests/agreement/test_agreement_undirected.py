"""A parameter whose first gradient is its own rounding may go either way, and no other may."""

from __future__ import annotations

import numpy as np
import pytest

from aebench import registry
from aebench.agreement.bounds import UNIT_ROUNDOFF, Spread
from aebench.agreement.compare import Comparison, compare
from aebench.agreement.undirected import reach, undirected
from aebench.arrays import Array
from aebench.records.trace import Place, Trace
from aebench.spec import Adam

TIED = registry.autoencoder("tied")
RATE = TIED.phases[0].optimizer.learning_rate
NAME = "encoder1.bias"
SLIP = UNIT_ROUNDOFF["float32"]  # of a largest gradient of 1: what is left of sums of terms of that size
GRADIENT = np.array([1.0, 0.0, -0.5 * SLIP, 100.0 * SLIP])


def place(rung: str, step: int) -> Place:
    """Where the parameter stands."""
    return Place("phase1", rung, step, NAME)


def climbed(framework: str, moved: Array, *, rung: str = "step", step: int = 1) -> Trace:
    """The gradient at the phase's start, and the parameter afterwards."""
    dtype = np.float64 if framework == registry.ARBITER else np.float32
    arrays = {place("gradients", 0): GRADIENT.astype(dtype), place(rung, step): moved.astype(dtype)}
    return Trace(framework, "tied", "float32", arrays)


def judged(change: Array, *, rung: str = "step", step: int = 1) -> Comparison:
    """The parameter of PyTorch, changed so, held against the reference's."""
    start = np.array([0.5, 0.25, 0.125, -0.5])
    base = climbed("reference", start, rung=rung, step=step)
    other = climbed("pytorch", start + change, rung=rung, step=step)
    spreads = {place("gradients", 0): Spread(SLIP, SLIP), place(rung, step): Spread(SLIP, SLIP)}
    return compare(base, other, base, spreads, TIED).comparisons[-1]


def test_a_gradient_below_its_own_rounding_has_no_direction() -> None:
    """The largest has one, one far above the rounding of the largest, and one of exactly zero, which stays."""
    found = undirected(place("step", 1), climbed("reference", GRADIENT), TIED)
    assert found is not None
    assert [False, False, True, False] == found.tolist()


@pytest.mark.parametrize("rung", ["forward", "evaluation", "gradients", "losses", "extremes", "rows"])
def test_only_what_the_optimiser_moved_may_lack_a_direction(rung: str) -> None:
    """Everywhere else each element is held to the bound."""
    assert undirected(place(rung, 0), climbed("reference", GRADIENT), TIED) is None


@pytest.mark.parametrize(("rung", "step"), [("step", 1), ("trajectory", 7), ("program", 4), ("resumed", 8)])
def test_it_may_go_either_way_and_the_comparison_says_so(rung: str, step: int) -> None:
    """Twice the learning rate apart, and the two agree; how many elements were let go stands in the reason."""
    found = judged(np.array([0.0, 0.0, 2.0 * RATE, 0.0]), rung=rung, step=step)
    assert found.problem is None
    assert "1 of 4 elements may go either way" in found.bound.reason


@pytest.mark.parametrize("element", [0, 1, 3])
def test_an_element_with_a_direction_may_not(element: int) -> None:
    """Planted fault: the same difference in any other element parts, there."""
    change = np.zeros(4)
    change[element] = 2.0 * RATE
    found = judged(change)
    assert found.problem is not None
    assert f"{NAME}[{element}]" in found.problem


def test_it_may_not_go_further_than_adam_goes() -> None:
    """Planted fault: beyond its reach the element is held to the bound, and parts."""
    found = judged(np.array([0.0, 0.0, 1.01 * reach(TIED.phases[0].optimizer, 1), 0.0]))
    assert found.problem is not None
    assert f"{NAME}[2]" in found.problem


def test_reach_by_hand() -> None:
    """Two copies, three steps, each at most 0.01 (1 - 0.9) / sqrt(1 - 0.999)."""
    expected = 2 * 3 * 0.01 * 0.1 / 0.001**0.5
    assert abs(expected - reach(Adam(0.01), 3)) < 1e-12
