"""What does not fit is refused alike by every framework, with what was found and expected, and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import remote
import remote_given
from processes import Process, same

from aebench import registry
from aebench.arrays import Array, Arrays, Dtype
from aebench.given import checked_images, checked_order, checked_state, not_finite
from aebench.records import checkpoint

WEIGHT, BIAS = "encoder2.weight.first_moment", "decoder1.bias.second_moment"
SHAPE, LAST = (30, 15), remote.N_IMAGES - 1
STATE = "CheckpointError: stacked, phase phase1: "
STATES: dict[str, tuple[dict[str, Array | None], str]] = {
    "transposed": ({WEIGHT: np.zeros(SHAPE[::-1])}, f"{WEIGHT} has shape (15, 30), expected (30, 15)"),
    "one value": ({WEIGHT: np.zeros((1, 1))}, f"{WEIGHT} has shape (1, 1), expected (30, 15)"),
    "flat": ({WEIGHT: np.zeros(450)}, f"{WEIGHT} has shape (450,), expected (30, 15)"),
    "column": ({BIAS: np.zeros((30, 1))}, f"{BIAS} has shape (30, 1), expected (30,)"),
    "nan": ({WEIGHT: np.full(SHAPE, np.nan)}, f"{WEIGHT} holds nan, expected numbers that are finite in "),
    "one inf": ({BIAS: np.r_[np.zeros(29), np.inf]}, f"{BIAS} holds inf, expected numbers that are finite in "),
    "minus inf": ({WEIGHT: np.full(SHAPE, -np.inf)}, f"{WEIGHT} holds -inf, expected numbers that are finite in "),
    "negative mean of squares": ({BIAS: np.r_[np.zeros(29), -1e-9]}, f"{BIAS} holds -1e-09, expected none below 0"),
    "texts": ({BIAS: np.full(30, "a")}, f"{BIAS} is of dtype <U1, expected real numbers"),
    "complex": ({BIAS: np.zeros(30, complex)}, f"{BIAS} is of dtype complex128, expected real numbers"),
    "missing moment": ({WEIGHT: None}, f"the optimiser's state lacks {WEIGHT}"),
    "missing step": ({"step": None}, "the optimiser's state lacks step"),
    "one too many": ({"encoder9.bias.first_moment": np.zeros(3)}, "the optimiser's state holds encoder9.bias.first_"),
    "step -1": ({"step": np.asarray(-1)}, "step is -1, expected one whole number from 0"),
    "half a step": ({"step": np.asarray(2.5)}, "step is 2.5, expected one whole number from 0"),
    "a float step": ({"step": np.asarray(2.0)}, "step is 2.0, expected one whole number from 0"),
    "two steps": ({"step": np.array([2, 3])}, "step is int64 of shape (2,), expected one whole number from 0"),
    "huge step": ({"step": np.asarray(2**63, np.uint64)}, "step is 9223372036854775808, expected one whole number"),
    "yes": ({"step": np.asarray(True)}, "step is True, expected one whole number from 0"),
}


@pytest.mark.parametrize("case", STATES)
def test_a_state_that_is_none_is_refused(process: Process, case: str) -> None:
    """The error names the array, what was found and what was expected; trainer and model are what they were."""
    changes, expected = STATES[case]
    text, unchanged = process.call(remote_given.restored, "stacked", "phase1", changes, "float32")
    assert text.startswith(STATE + expected)
    assert unchanged


def test_a_moment_too_large_for_the_dtype_is_refused(process: Process) -> None:
    """1e300 is a number in float64 and none in float32."""
    changes = {WEIGHT: np.full(SHAPE, 1e300)}
    refused, _ = process.call(remote_given.restored, "stacked", "phase1", changes, "float32")
    assert refused == f"{STATE}{WEIGHT} holds inf, expected numbers that are finite in float32"
    taken, changed = process.call(remote_given.restored, "stacked", "phase1", changes, "float64")
    assert ("", False) == (taken, changed)


@pytest.mark.parametrize("name", registry.autoencoders())
def test_a_sound_state_is_taken(name: str) -> None:
    """What a trainer gives, a trainer takes: of every phase of every autoencoder, and no other phase's."""
    autoencoder = remote.narrow(name)
    for phase in autoencoder.phases:
        state = remote_given.state_of(name, phase.name)
        assert same(state, checked_state(autoencoder, phase, state, "float64"))


IMAGES = np.zeros((6, 36))
FED: dict[str, tuple[Any, str]] = {
    "narrow": (np.zeros((6, 35)), "the images have shape (6, 35), expected (n, 36) with n at least 1"),
    "one image": (np.zeros(36), "the images have shape (36,), expected (n, 36) with n at least 1"),
    "pictures": (np.zeros((2, 6, 6)), "the images have shape (2, 6, 6), expected (n, 36) with n at least 1"),
    "none": (np.zeros((0, 36)), "the images have shape (0, 36), expected (n, 36) with n at least 1"),
    "nan": (np.where(np.eye(36), np.nan, 0.0), "the images hold nan, expected numbers that are finite in float32"),
    "large": (np.full((2, 36), 1e39), "the images hold inf, expected numbers that are finite in float32"),
    "texts": (np.full((2, 36), "x"), "the images are of dtype <U1, expected real numbers"),
    "objects": (np.full((2, 36), None), "the images are of dtype object, expected real numbers"),
}


@pytest.mark.parametrize("case", FED)
def test_images_that_are_none_are_refused(process: Process, case: str) -> None:
    """By a phase that begins and by one under way, which goes on to read what it read."""
    images, expected = FED[case]
    *errors, unchanged = process.call(remote_given.fed, "stacked", images, None, "float32")
    assert [f"DataError: stacked: {expected}"] * 2 == errors
    assert unchanged


LABELS: dict[str, tuple[Array | None, str]] = {
    "missing": (None, " is a classifier: it needs a label for each of the 6 images, found none"),
    "short": (np.zeros(5, np.int64), ": the labels are int64 of shape (5,), expected 6 whole numbers, one an image"),
    "one hot": (np.eye(6, 10, dtype=int), ": the labels are int64 of shape (6, 10), expected 6 whole numbers, one an"),
    "floats": (np.zeros(6), ": the labels are float64 of shape (6,), expected 6 whole numbers, one an image"),
    "ten": (np.arange(5, 11), ": the labels go from 5 to 10, expected classes from 0 to 9"),
    "negative": (np.arange(-1, 5), ": the labels go from -1 to 4, expected classes from 0 to 9"),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_that_are_none_are_refused(process: Process, case: str) -> None:
    """A classifier needs one class for each image."""
    labels, expected = LABELS[case]
    *errors, unchanged = process.call(remote_given.fed, "pretrained", IMAGES, labels, "float32")
    assert all(error.startswith(f"DataError: pretrained{expected}") for error in errors)
    assert unchanged


ROWS = np.arange(12).reshape(2, 6)
ORDERS: dict[str, tuple[str, Any, Array | None, str]] = {
    "floats": ("stacked", ROWS + 0.5, None, "the order is float64 of shape (2, 6), expected whole numbers of shape"),
    "one step's rows": ("stacked", ROWS[0], None, "the order is int64 of shape (6,), expected whole numbers of shape"),
    "truth": ("stacked", ROWS > 3, None, "the order is bool of shape (2, 6), expected whole numbers of shape"),
    "no step": ("stacked", ROWS[:0], None, "the order is int64 of shape (0, 6), expected whole numbers of shape"),
    "past the end": ("stacked", ROWS + 13, None, f"the order's rows go from 13 to 24, expected rows from 0 to {LAST}"),
    "before 0": ("stacked", ROWS - 1, None, f"the order's rows go from -1 to 10, expected rows from 0 to {LAST}"),
    "noise for none": ("stacked", ROWS, np.zeros((2, 6, 36)), " takes no noise, found float64 of shape (2, 6, 36)"),
    "no noise": ("denoising_gaussian", ROWS, None, " takes noise at every step, found none"),
    "no draws": ("variational", ROWS, None, " takes noise at every step, found none"),
    "noise of one step": (
        "denoising_gaussian", ROWS, np.zeros((6, 36)), "the noise has shape (6, 36), expected (2, 6, 36)",
    ),
    "noise as wide as images": (
        "variational", ROWS, np.zeros((2, 6, 36)), "the noise has shape (2, 6, 36), expected (2, 6, 2)",
    ),
    "noise that is none": (
        "variational", ROWS, np.full((2, 6, 2), np.nan), "the noise hold nan, expected numbers that are finite",
    ),
    "a mask of halves": (
        "denoising_dropout", ROWS, np.full((2, 6, 36), 0.5), "the noise is a mask of what is kept, expected 0 and 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ORDERS)
def test_orders_and_noise_that_are_none_are_refused(process: Process, case: str) -> None:
    """Before a step is made ready: rows that are there, and noise exactly where it is taken."""
    name, order, noise, expected = ORDERS[case]
    joint = "" if expected.startswith(" ") else ": "
    found = process.call(remote_given.ordered, name, order, noise, "float32")
    assert found.startswith(f"DataError: {name}{joint}{expected}")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int64", "", "Float32"])
def test_a_dtype_that_is_none_of_the_two_is_refused(process: Process, dtype: str) -> None:
    """By every framework in the same words."""
    expected = f"FrameworkError: {process.framework}: no dtype '{dtype}', expected one of float32, float64"
    assert expected == process.call(remote_given.built, "stacked", dtype, "cpu")


@pytest.mark.parametrize("device", ["abacus", "", "CPU", "cuda:0"])
def test_a_device_that_is_not_there_is_refused(process: Process, device: str) -> None:
    """By every framework in the same words."""
    expected = f"FrameworkError: {process.framework}: no device '{device}' here, found cpu"
    assert process.call(remote_given.built, "stacked", "float32", device).startswith(expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameters_are_restored_to_the_bit(process: Process, dtype: Dtype) -> None:
    """What a model gave, another takes without another rounding; the reference keeps float64 in both dtypes."""
    found = process.call(remote_given.exactly_restored, "tied", remote.parameters(remote.narrow("tied"), 3), dtype)
    kept = {n.removeprefix("kept."): a for n, a in found.items() if n.startswith("kept.")}
    now = {n.removeprefix("now."): a for n, a in found.items() if n.startswith("now.")}
    precise = dtype if process.framework != registry.ARBITER else "float64"
    assert same({n: a.astype(precise) for n, a in kept.items()}, now)


KEPT = remote.parameters(remote.narrow("layerwise_cached"), 3)
BROKEN: dict[str, tuple[str, Arrays, str]] = {
    "one missing": ("layerwise_cached", {"decoder2.bias": np.empty(0)}, "lacks decoder2.bias; it holds "),
    "bias of a layer missing": (
        "pretrained",
        {"encoder1.bias": np.empty(0)},
        "lacks encoder1.bias; it holds encoder1.w",
    ),
    "nan": (
        "layerwise_cached",
        {"encoder2.bias": np.full(15, np.nan)},
        ": layerwise_cached: encoder2.bias holds nan, ",
    ),
    "nan in a layer": ("pretrained", {"encoder2.bias": np.full(15, np.nan)}, ": pretrained: encoder2.bias holds nan, "),
    "too large": (
        "layerwise_cached",
        {"encoder2.bias": np.full(15, -1e300)},
        ": layerwise_cached: encoder2.bias holds -inf",
    ),
    "transposed": (
        "pretrained",
        {"encoder1.weight": np.ones((30, 36))},
        ": pretrained: encoder1.weight has shape (30, 36)",
    ),
    "one too many": (
        "layerwise_cached",
        {"logits.bias": np.ones(10)},
        ": layerwise_cached: no parameter is called logits",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_checkpoint_that_is_not_whole_is_refused(process: Process, tmp_path: Path, case: str) -> None:
    """Whole or some layers of it: every array is there, has its shape and is finite; else the model stays as it is."""
    name, changes, expected = BROKEN[case]
    path, layers = tmp_path / "x", None if name == "layerwise_cached" else ["encoder1", "encoder2"]
    kept = {n: a for n, a in {**KEPT, **changes}.items() if a.size}
    checkpoint.save(path, "layerwise_cached", kept)
    text, unchanged = process.call(remote_given.loaded, name, path, layers, "float32")
    assert text.startswith(f"CheckpointError: {path}")
    assert expected in text
    assert unchanged


@pytest.mark.slow
def test_no_shape_is_one_too_many(process: Process) -> None:
    """A framework that compiles for shapes warns of nothing when it meets many."""
    assert [] == process.call(remote_given.retraced, "stacked")


def test_what_fits_passes_unchanged() -> None:
    """Images of bytes, lists, labels of few bits, masks of truth values: nothing that fits is refused, or copied."""
    images = np.arange(72, dtype=np.uint8).reshape(2, 36)
    found, labels = checked_images(remote.narrow("pretrained"), "float32", images, np.array([0, 9], np.uint8))
    assert found is images
    assert labels is not None
    assert [0, 9] == labels.tolist()
    order, noise = checked_order(remote.narrow("denoising_dropout"), "float32", 9, [[0, 8]], np.ones((1, 2, 36), bool))  # type: ignore[arg-type]
    assert [[0, 8]] == order.tolist()
    assert noise is not None


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([], "float32", ""), ([1e38, -1e38], "float32", ""), ([0.0, 4e38], "float32", "inf"), ([4e38], "float64", ""),
        ([1.0, np.nan, np.inf], "float64", "nan"), ([1.0, -np.inf], "float64", "-inf"), ([True], "float32", ""),
    ],
)  # fmt: skip
def test_what_is_not_finite(values: list[float], dtype: Dtype, expected: str) -> None:
    """NaN before the infinite ones, in the dtype that the values will have."""
    assert expected == not_finite(np.array(values), dtype)
