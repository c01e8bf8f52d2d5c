"""Bounds and the disturbance they are derived from."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import climbs
import numpy as np
import pytest
from scipy.stats import norm

from aebench import registry
from aebench.agreement import bounds
from aebench.agreement.bounds import SEVERAL, UNIT_ROUNDOFF, Spread, bound, root_mean_square
from aebench.agreement.ladder import record
from aebench.agreement.spreads import draw
from aebench.arrays import Array
from aebench.implementations.reference.rounding import perturbed, rounded
from aebench.records.trace import Place
from aebench.streams import stream

FORWARD = Place("phase1", "forward", 0, "codings")
TRAJECTORY = Place("phase1", "trajectory", 5, "encoder1.weight")
INIT = Place("phase2", "init", 0, "encoder1.weight")
VALUES = np.array([3.0, -4.0])
ALONE = {"continued": False, "both": False}


def test_units() -> None:
    """Half the distance from 1 to the next number."""
    for dtype, unit in UNIT_ROUNDOFF.items():
        assert unit == np.finfo(dtype).eps / 2


def test_float64_is_required_to_keep_1e_13_up_to_the_first_step() -> None:
    """Of the largest magnitude, and of the root mean square."""
    found = bound(FORWARD, VALUES, Spread(0.0, 0.0), "float64", **ALONE)
    assert (found.largest, found.rms) == (pytest.approx(4e-13), pytest.approx(1e-13 * math.sqrt(12.5)))
    assert found.reason == "1e-13 of the largest magnitude, required in float64"


@pytest.mark.parametrize(("place", "continued"), [(TRAJECTORY, False), (FORWARD, True), (INIT, True)])
def test_float64_is_required_to_keep_1e_12_later(place: Place, continued: bool) -> None:
    """On the trajectory, and everywhere in a phase that goes on from trained parameters."""
    found = bound(place, VALUES, Spread(0.0, 0.0), "float64", continued=continued, both=False)
    assert (found.largest, found.reason) == (
        pytest.approx(4e-12),
        "1e-12 of the largest magnitude, required in float64",
    )


def test_float64_takes_the_derived_bound_only_where_it_is_larger() -> None:
    """A stray of 1e-13 takes 8e-13 and says so; one of 1e-14 leaves the required 4e-13."""
    wide, narrow = (bound(FORWARD, VALUES, Spread(s, s), "float64", **ALONE) for s in (1e-13, 1e-14))
    assert wide.largest == pytest.approx(SEVERAL * 1e-13 + 2 * 2.0**-53 * 4.0)
    assert "disturbed reference's own stray in float64" in wide.reason
    assert narrow.largest == pytest.approx(4e-13)


def test_float32_is_the_stray_several_times_and_one_rounding() -> None:
    """Nothing else."""
    found = bound(FORWARD, VALUES, Spread(1e-6, 1e-7), "float32", **ALONE)
    assert found.largest == pytest.approx(SEVERAL * 1e-6 + 2 * 2.0**-24 * 4.0)
    assert found.rms == pytest.approx(SEVERAL * 1e-7 + 2 * 2.0**-24 * math.sqrt(12.5))


def test_two_frameworks_may_stray_twice_as_far() -> None:
    """From each other, when neither is the reference."""
    one, two = (bound(FORWARD, VALUES, Spread(1.0, 1.0), "float32", continued=False, both=b) for b in (False, True))
    assert two.largest == pytest.approx(2 * one.largest)


def test_what_is_given_is_equal() -> None:
    """Initial parameters have no bound, whatever the spread."""
    found = bound(INIT, VALUES, Spread(1.0, 1.0), "float32", **ALONE)
    assert (found.largest, found.rms, found.reason) == (0.0, 0.0, "given to all alike, so equal to the last bit")


def test_whole_numbers_are_equal() -> None:
    """Step counts."""
    found = bound(TRAJECTORY, np.asarray(3), Spread(1.0, 1.0), "float32", **ALONE)
    assert (found.largest, found.reason) == (0.0, "whole numbers are equal or wrong")


def test_root_mean_square() -> None:
    """By hand; 0 of nothing; squares of float32 do not overflow."""
    assert root_mean_square(np.array([3.0, -4.0])) == pytest.approx(math.sqrt(12.5))
    assert root_mean_square(np.zeros((0, 3))) == 0.0


@pytest.mark.parametrize(
    ("dtype", "exponents"), [("float32", (-148, -126, 0, 126)), ("float64", (-1073, -1022, 0, 1022))]
)
@pytest.mark.parametrize("size", [1, 7, 1001])
def test_root_mean_square_to_the_ends(size: int, dtype: str, exponents: tuple[int, ...]) -> None:
    """Below the smallest normal and near the largest, to rounding, without a warning, in any length: NumPy 1 computes
    with a float32 array in float32, and says "overflow" of a division by what is not normal."""
    for exponent in exponents:
        numbers = np.ldexp(np.linspace(-1.75, 1.5, size), exponent).astype(dtype)
        exact = np.sqrt(np.mean(np.longdouble(numbers) ** 2))
        assert root_mean_square(numbers) == pytest.approx(float(exact), rel=1e-13, abs=5e-324)


def test_undisturbed_numbers_pass_untouched() -> None:
    """Outside of `perturbed` the array itself comes back."""
    array = np.ones(3)
    assert rounded(array) is array


@pytest.mark.parametrize("terms", [1, 784])
def test_a_disturbance_is_at_most_the_unit_times_the_root_of_the_terms(terms: int) -> None:
    """Relative, uniform: it nearly reaches its limit, on both sides, and its mean is zero."""
    array, limit = np.full(100_000, 3.0), 2.0**-24 * math.sqrt(terms)
    with perturbed(2.0**-24, seed=1):
        relative = rounded(array, terms) / array - 1.0
    assert np.max(np.abs(relative)) <= limit * (1 + 1e-9)
    assert np.min(relative) < -0.99 * limit
    assert np.max(relative) > 0.99 * limit
    assert abs(np.mean(relative)) < 0.01 * limit


def test_zeros_and_signs_stay() -> None:
    """A disturbance is relative: zero stays zero, and nothing changes its sign."""
    with perturbed(2.0**-24, seed=1):
        found = rounded(np.array([0.0, -1.0, 1.0]))
    assert found[0] == 0.0
    assert np.sign(found).tolist() == [0.0, -1.0, 1.0]


def test_a_seed_gives_its_own_disturbances() -> None:
    """The same again, another for another seed, fresh ones within one."""

    def disturbed(seed: int) -> tuple[list[float], list[float]]:
        with perturbed(2.0**-24, seed):
            return rounded(np.ones(5)).tolist(), rounded(np.ones(5)).tolist()

    assert disturbed(1) == disturbed(1)
    assert disturbed(1) != disturbed(2)
    first, second = disturbed(1)
    assert first != second


def test_nested_disturbances_do_not_mix() -> None:
    """Within the inner one its unit and numbers hold; afterwards the outer goes on, and in the end there is none."""
    array = np.ones(1000)
    with perturbed(2.0**-24, seed=1):
        alone = [rounded(array), rounded(array)]
    with perturbed(2.0**-24, seed=1):
        before = rounded(array)
        with perturbed(2.0**-53, seed=1):
            inner = rounded(array)
        after = rounded(array)
    assert np.array_equal(before, alone[0])
    assert np.array_equal(after, alone[1])
    assert np.max(np.abs(inner - 1.0)) <= 2.0**-52
    assert rounded(array) is array


def test_threads_are_disturbed_each_on_its_own() -> None:
    """Two that take turns draw what each draws alone, and a third beside them is not disturbed."""
    array, turns = np.ones(1000), threading.Barrier(3)

    def alone(seed: int) -> Array:
        with perturbed(2.0**-24, seed):
            rounded(array)
            return rounded(array)

    def in_turn(seed: int) -> Array:
        with perturbed(2.0**-24, seed):
            turns.wait(60)
            rounded(array)
            turns.wait(60)
            return rounded(array)

    def undisturbed() -> Array:
        turns.wait(60)
        turns.wait(60)
        return rounded(array)

    with ThreadPoolExecutor(3) as threads:
        first, second, third = threads.submit(in_turn, 1), threads.submit(in_turn, 2), threads.submit(undisturbed)
    assert np.array_equal(first.result(), alone(1))
    assert np.array_equal(second.result(), alone(2))
    assert third.result() is array


def test_an_error_ends_the_disturbance() -> None:
    """What goes wrong within does not leave the process disturbed."""
    array = np.ones(3)
    with pytest.raises(ZeroDivisionError), perturbed(2.0**-24, seed=1):
        raise ZeroDivisionError
    assert rounded(array) is array


def test_an_undisturbed_climb_is_the_same_bit_for_bit() -> None:
    """Twice in one process, with a disturbed one between: nothing of it is left."""
    arbiter, climb = registry.framework(registry.ARBITER), climbs.narrow_climb("sparse", "float32")
    with climbs.one_thread():
        before = record(arbiter, climb, climbs.data_of(climb))
        with arbiter.perturbed(2.0**-24, seed=1):
            disturbed = record(arbiter, climb, climbs.data_of(climb))
        after = record(arbiter, climb, climbs.data_of(climb))
    assert all(np.array_equal(array, after.arrays[place]) for place, array in before.arrays.items())
    assert not np.array_equal(
        before.arrays[Place("phase1", "forward", 0, "codings")],
        disturbed.arrays[Place("phase1", "forward", 0, "codings")],
    )


@pytest.mark.parametrize("name", registry.autoencoders())
def test_spreads_are_in_proportion_to_the_unit(name: str, referee: Callable[..., climbs.Refereed]) -> None:
    """Up to the gradients nothing amplifies: float64's spread is 2**-29 of float32's, a little more where the
    reference's own rounding, which is of the same size, comes on top."""
    wide, narrow = (referee(climbs.narrow_climb(name, dtype)).spreads for dtype in ("float32", "float64"))
    ratios = [
        narrow[place].rms / (2.0**-29 * spread.rms)
        for place, spread in wide.items()
        if place.rung in ("forward", "gradients") and spread.rms > 0
    ]
    assert len(ratios) >= 6
    assert 0.8 < min(ratios)
    assert np.median(ratios) < 2.5
    assert max(ratios) < 5.0


@pytest.mark.parametrize("dtype", climbs.DTYPES)
def test_a_spread_never_narrows_from_step_to_step(dtype: str, referee: Callable[..., climbs.Refereed]) -> None:
    """How far an array strayed it may stray again: a few draws of one number may all lie close by chance."""
    spreads = referee(climbs.narrow_climb("sparse", dtype, steps=10)).spreads
    widest: dict[str, float] = {}
    for place, spread in spreads.items():
        if place.rung in ("step", "trajectory"):
            assert spread.largest >= widest.get(place.array, 0.0), place.key
            widest[place.array] = spread.largest
    assert {"loss.total", "encoder1.weight", "optimizer.step"} <= set(widest)


def test_a_model_of_few_numbers_is_disturbed_more_often(referee: Callable[..., climbs.Refereed]) -> None:
    """A maximum over few numbers is uncertain, so `linear` gets more draws; three of them stray less far."""
    climb = climbs.narrow_climb("linear", "float32")
    arbiter, base = registry.framework(registry.ARBITER), referee(climb).base
    with pytest.MonkeyPatch.context() as patch, climbs.one_thread():
        patch.setattr(bounds, "DRAWS_OF_SMALL", 3)
        fewer = draw(arbiter, climb, climbs.data_of(climb), base)
    more = referee(climb).spreads
    assert all(more[place].largest >= spread.largest for place, spread in fewer.items())
    assert any(more[place].largest > spread.largest for place, spread in fewer.items())


def test_only_the_arbiter_can_be_disturbed() -> None:
    """The others compute as they do."""
    with pytest.raises(NotImplementedError, match="pytorch is not the arbiter"):
        registry.frameworks()["pytorch"].perturbed(2.0**-24, seed=1)


def test_draws_cover_what_they_promise() -> None:
    """Of normal strays that all go together, the worst case, three draws times SEVERAL cover 0.994 with a confidence of
    95 %: drawn 20,000 times, the bound covers less in at most one case of twenty."""
    draws = stream(0, "test/draws").normal((20_000, bounds.DRAWS))
    covered = 2.0 * norm.cdf(SEVERAL * np.sqrt(np.mean(draws**2, axis=1))) - 1.0
    promised = bounds.coverage(bounds.DRAWS)
    assert promised == pytest.approx(0.994, abs=0.0005)
    assert 0.045 < np.mean(covered < promised) < 0.055


def test_draws_of_a_small_model_need_no_distribution() -> None:
    """The largest of 59 covers 0.95 of any distribution with a confidence of 95 %; 58 would not."""
    assert 1.0 - 0.95**bounds.DRAWS_OF_SMALL >= bounds.CONFIDENCE > 1.0 - 0.95 ** (bounds.DRAWS_OF_SMALL - 1)
    assert (bounds.n_draws(bounds.SMALL), bounds.n_draws(bounds.SMALL + 1)) == (bounds.DRAWS_OF_SMALL, bounds.DRAWS)


def test_what_the_dtype_cannot_hold_is_infinite_at_the_extremes() -> None:
    """1e39 is infinite in float32, with its sign, and no number in float64; two infinities are not apart."""
    place, large = Place("phase1", "extremes", 0, "overflowing.forward.codings"), np.array([1e39, -1e39, 1.0])
    assert bounds.representable(large, "float32").tolist() == [np.inf, -np.inf, 1.0]
    assert bounds.representable(large, "float64").tolist() == large.tolist()
    found = bounds.difference(large, np.array([np.inf, -np.inf, 1.5]), place, "float32")
    assert found.tolist() == [0.0, 0.0, 0.5]


def test_an_overflow_on_one_side_is_infinitely_apart() -> None:
    """Where only one is infinite, no bound holds."""
    place = Place("phase1", "extremes", 0, "overflowing.forward.codings")
    assert bounds.difference(np.array([1e39]), np.array([1e38]), place, "float32")[0] == np.inf
