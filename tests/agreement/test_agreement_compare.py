"""Two traces held against each other: traces made by hand, verdicts and messages to the letter."""

from __future__ import annotations

import numpy as np
import pytest

from aebench import registry
from aebench.agreement.bounds import Spread
from aebench.agreement.compare import Agreement, Comparison, compare
from aebench.arrays import Array
from aebench.records.trace import Place, Trace

TIED = registry.autoencoder("tied")
JOINT = registry.autoencoder("layerwise_joint")
CODINGS = Place("phase1", "forward", 0, "codings")
Arrays = dict[Place, Array]
STILL = Spread(0.0, 0.0)


def trace(framework: str, arrays: Arrays, dtype: str = "float64") -> Trace:
    """A trace of these arrays; the reference's stay in float64."""
    kept = {p: np.asarray(a) if framework == registry.ARBITER else _cast(a, dtype) for p, a in arrays.items()}
    return Trace(framework, "tied", dtype, kept)


def _cast(array: Array, dtype: str) -> Array:
    array = np.asarray(array)
    return array.astype(dtype) if array.dtype == np.float64 else array


def against_reference(
    expected: Array, found: Array, *, place: Place = CODINGS, spread: Spread = STILL, dtype: str = "float64",
) -> Comparison:  # fmt: skip
    """One array of PyTorch held against the reference's."""
    base, other = trace("reference", {place: expected}, dtype), trace("pytorch", {place: found}, dtype)
    return compare(base, other, base, {place: spread}, TIED).comparisons[0]


def of_two(reference: Arrays, tensorflow: Arrays, pytorch: Arrays, *, dtype: str = "float64") -> Agreement:
    """TensorFlow and PyTorch held against each other."""
    traces = [trace("tensorflow", tensorflow, dtype), trace("pytorch", pytorch, dtype)]
    return compare(*traces, trace("reference", reference, dtype), {}, TIED)


def test_message_of_two_frameworks() -> None:
    """Where, index, both values, the reference's, the further side, by how much, the bounds and their reason."""
    sound = np.array([[0.5, 0.25], [1.0, 2.0]])
    other = np.array([[0.5, 0.25], [1.5, 2.0]])
    found = of_two({CODINGS: sound}, {CODINGS: sound}, {CODINGS: other}).first_parting
    assert found is not None
    assert found.problem == (
        "phase1, rung forward, step 0: codings[1, 0]: tensorflow 1, pytorch 1.5, reference 1; pytorch is further from "
        "the reference. Largest difference 0.5 (0.25 of the largest magnitude, bound 2e-13), root mean square 0.25 "
        "(bound 1.15e-13): 1e-13 of the largest magnitude, required in float64"
    )


def test_message_names_the_left_one_when_it_is_further() -> None:
    """Neither side is favoured."""
    expected = np.array([1.0, 2.0])
    found = of_two({CODINGS: expected}, {CODINGS: expected + 0.5}, {CODINGS: expected + 0.125}).first_parting
    assert found is not None
    assert "tensorflow 1.5, pytorch 1.125, reference 1; tensorflow is further from the reference" in found.problem


def test_message_against_the_reference() -> None:
    """One framework alone parts from the reference; in float32 nine digits, and the bound is the derived one."""
    place = Place("phase1", "trajectory", 7, "loss.total")
    found = against_reference(
        np.asarray(4.0), np.asarray(4.5), place=place, spread=Spread(2.0**-10, 2.0**-10), dtype="float32"
    )
    assert found.problem == (
        "phase1, rung trajectory, step 7: loss.total: reference 4, pytorch 4.5; pytorch parts from the reference. "
        "Largest difference 0.5 (0.125 of the largest magnitude, bound 0.00781), root mean square 0.5 (bound 0.00781): "
        "8 times the disturbed reference's own stray in float32, plus one rounding"
    )


def test_message_shows_two_numbers_that_differ_in_the_last_digits() -> None:
    """Both values are written with the digits it takes to tell them apart."""
    found = against_reference(np.array([0.1]), np.array([0.1 + 1e-13]))
    assert "reference 0.10000000000000001, pytorch 0.10000000000010001;" in (found.problem or "")


def test_equal_traces_agree_with_infinite_headroom() -> None:
    """No difference takes no share of any bound, not even of none."""
    found = against_reference(np.zeros(3), np.zeros(3))
    assert (found.problem, found.relative, found.share, found.headroom) == (None, 0.0, 0.0, float("inf"))


def test_share_and_headroom_are_reciprocal() -> None:
    """A difference of a quarter of the bound leaves a headroom of four."""
    found = against_reference(np.array([1.0]), np.array([1.0 + 2.0**-45]))
    assert found.share == pytest.approx(2.0**-45 / 1e-13)
    assert found.headroom == pytest.approx(1e-13 / 2.0**-45)
    assert found.problem is None


def test_a_difference_where_the_reference_is_zero_parts() -> None:
    """An array of zeros allows no difference: there is nothing that rounding could have moved."""
    found = against_reference(np.zeros(2), np.array([0.0, 1e-300]))
    assert found.relative == float("inf")
    assert "codings[1]: reference 0, pytorch 1e-300;" in (found.problem or "")


def test_the_root_mean_square_sees_a_small_shift_of_everything() -> None:
    """A shift that is smaller than the largest stray, but everywhere, parts; the maximum alone would miss it."""
    expected, spread = np.ones(10_000), Spread(largest=1e-3, rms=1e-5)
    shifted = against_reference(expected, expected + 1e-3, spread=spread)
    single = against_reference(expected, expected + 1e-3 * (np.arange(10_000) == 77), spread=spread)
    assert "root mean square 0.001 (bound 8e-05)" in (shifted.problem or "")
    assert single.problem is None


def test_the_maximum_sees_a_single_element() -> None:
    """One element of many is off: the root mean square alone would miss it."""
    expected, spread = np.ones(10_000), Spread(largest=1e-5, rms=1e-5)
    found = against_reference(expected, expected + 1e-3 * (np.arange(10_000) == 77), spread=spread)
    assert "codings[77]" in (found.problem or "")
    assert "root mean square 1e-05 (bound 8e-05)" in (found.problem or "")


def test_differences_of_both_signs_do_not_cancel() -> None:
    """A mean would be zero here."""
    assert against_reference(np.ones(2), np.array([1.5, 0.5])).problem is not None


def test_a_transposed_square_is_not_made_to_fit() -> None:
    """Equal shapes, transposed: it parts."""
    square = np.arange(9.0).reshape(3, 3)
    assert "codings[0, 2]: reference 2, pytorch 6;" in (against_reference(square, square.T).problem or "")


def test_another_shape_is_said_and_not_broadcast() -> None:
    """A transposed rectangle, a row for a matrix, a vector for a scalar."""
    message = "phase1, rung forward, step 0: codings: pytorch has shape {}, expected {} (shapes are never made to fit)"
    for expected, found in (((2, 3), (3, 2)), ((2, 3), (1, 3)), ((), (1,)), ((4,), (4, 1))):
        problem = against_reference(np.ones(expected), np.ones(found)).problem
        assert problem == message.format(found, expected)


def test_both_shapes_are_said_when_both_are_wrong() -> None:
    """Two frameworks that agree on the wrong shape still part from the reference."""
    found = of_two({CODINGS: np.ones(2)}, {CODINGS: np.ones(3)}, {CODINGS: np.ones(3)}).first_parting
    assert found is not None
    assert "tensorflow has shape (3,) and pytorch has shape (3,), expected (2,)" in (found.problem or "")


def test_another_dtype_is_said() -> None:
    """A framework that computes in another precision than the run's parts, however equal the numbers."""
    base = trace("reference", {CODINGS: np.ones(2)}, "float32")
    other = Trace("pytorch", "tied", "float32", {CODINGS: np.ones(2)})
    found = compare(base, other, base, {}, TIED).first_parting
    assert found is not None
    assert found.problem == "phase1, rung forward, step 0: codings: pytorch computes in float64, expected float32"


def test_the_reference_may_compute_in_float64() -> None:
    """It is float64 in every run."""
    assert against_reference(np.ones(2), np.ones(2), dtype="float32").problem is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_parts(value: float) -> None:
    """NaN and infinity part from a finite reference, with their index; NaN is unequal to all but never 'greater'."""
    found = against_reference(np.array([[1.0, 2.0]]), np.array([[1.0, value]]))
    where = "phase1, rung forward, step 0: codings[0, 1]"
    assert found.problem == f"{where} is {value} in pytorch, the reference 2"
    assert (found.relative, found.share) == (float("inf"), float("inf"))


@pytest.mark.parametrize("side", ["tensorflow", "pytorch"])
def test_nan_on_either_side_is_named(side: str) -> None:
    """Whichever of the two frameworks has it."""
    sound, broken = {CODINGS: np.ones(2)}, {CODINGS: np.array([1.0, np.nan])}
    found = of_two(sound, *(broken if side == name else sound for name in ("tensorflow", "pytorch"))).first_parting
    assert found is not None
    assert f"codings[1] is nan in {side}, the reference 1" in (found.problem or "")


def test_a_reference_that_is_not_finite_agrees_with_nothing() -> None:
    """Two equal frameworks beside a NaN of the reference: there is nothing to hold them against."""
    finite = {CODINGS: np.ones(2)}
    found = of_two({CODINGS: np.array([1.0, np.nan])}, finite, finite).first_parting
    assert found is not None
    assert found.problem == "phase1, rung forward, step 0: codings[1] is nan in reference"


@pytest.mark.parametrize("stray", [Spread(np.nan, np.nan), Spread(np.inf, np.inf), Spread(0.0, np.nan)])
def test_a_bound_that_is_not_finite_is_no_bound(stray: Spread) -> None:
    """Where the disturbed reference overflowed, nothing agrees silently."""
    found = against_reference(np.ones(2), np.ones(2) + 1e-3, spread=stray, dtype="float32")
    assert "the disturbed reference is not finite" in (found.problem or "")


def test_a_step_count_is_equal_or_wrong() -> None:
    """Whole numbers have no rounding, in float32 neither."""
    place = Place("phase1", "step", 1, "optimizer.step")
    counts = [np.asarray(n, dtype=np.int64) for n in (1, 1, 2)]
    same, other = (against_reference(counts[0], n, place=place, dtype="float32") for n in counts[1:])
    assert same.problem is None
    assert "optimizer.step: reference 1, pytorch 2;" in (other.problem or "")
    assert "whole numbers are equal or wrong" in (other.problem or "")


def test_a_missing_array_is_named() -> None:
    """The framework that does not offer it is named, whichever side it stands on."""
    both, one = {CODINGS: np.ones(2)}, {}
    left, right = of_two(both, one, both).first_parting, of_two(both, both, one).first_parting
    assert left is not None
    assert right is not None
    assert left.problem == "phase1, rung forward, step 0: codings: tensorflow offers no such array"
    assert right.problem == "phase1, rung forward, step 0: codings: pytorch offers no such array"


def test_an_extra_array_is_named_in_its_place() -> None:
    """What the reference does not have is said, before anything of a later rung."""
    extra, later = Place("phase1", "forward", 0, "hidden9"), Place("phase1", "losses", 0, "total")
    both = {CODINGS: np.ones(2), later: np.ones(())}
    more = {CODINGS: np.ones(2), later: 2.0 * np.ones(()), extra: np.ones(2)}
    agreement = of_two(both, more, more)
    assert [c.place for c in agreement.comparisons] == [CODINGS, extra, later]
    assert agreement.first_parting is not None
    assert agreement.first_parting.problem == ("phase1, rung forward, step 0: hidden9: the reference has no such array")


def test_places_are_in_the_order_of_the_ladder() -> None:
    """Phases as the reference climbs them, steps, rungs; within a rung as recorded, not by the alphabet."""
    keys = [
        "phase1/init/0/b", "phase1/init/0/a", "phase1/forward/0/z", "phase1/losses/0/total", "phase1/gradients/0/b",
        "phase1/step/1/loss.total", "phase1/step/1/b", "phase1/trajectory/2/b", "phase1/trajectory/10/b",
        "phase2/init/0/b", "phase2/inputs/0/x",
    ]  # fmt: skip
    places = [Place.parse(key) for key in keys]
    base = trace("reference", dict.fromkeys(places, np.ones(1)))
    other = trace("pytorch", dict.fromkeys(reversed(places), np.ones(1)))
    agreement = compare(base, other, base, {}, TIED)
    assert [c.place.key for c in agreement.comparisons] == keys


def test_the_first_parting_is_the_first_and_the_worst_the_worst() -> None:
    """A small early difference is the first parting, a large late one the worst, of all and of its rung."""
    places = [Place("phase1", rung, 0, "a") for rung in ("forward", "losses", "gradients")]
    base = trace("reference", dict.fromkeys(places, np.ones(1)))
    differences = dict(zip(places, (0.0, 1e-9, 1e-3), strict=True))
    other = trace("pytorch", {place: np.array([1.0 + difference]) for place, difference in differences.items()})
    agreement = compare(base, other, base, {}, TIED)
    first, worst, forward = agreement.first_parting, agreement.worst(), agreement.worst("forward")
    assert first is not None
    assert worst is not None
    assert forward is not None
    assert [first.place.rung, worst.place.rung, forward.share] == ["losses", "gradients", 0.0]
    assert agreement.worst("init") is None


def test_a_phase_that_goes_on_may_begin_apart_but_not_when_forced() -> None:
    """Free, phase 2 of `layerwise_joint` begins with what was trained; forced, with what was given, to the last bit."""
    place = Place("phase2", "init", 0, "encoder1.weight")
    base, other = trace("reference", {place: np.ones(2)}), trace("pytorch", {place: np.ones(2) + 2.0**-42})
    free, forced = (compare(base, other, base, {}, JOINT, forced=mode).comparisons[0] for mode in (False, True))
    assert free.problem is None
    assert "given to all alike, so equal to the last bit" in (forced.problem or "")
