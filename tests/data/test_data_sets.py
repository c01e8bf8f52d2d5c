"""What holds for every data set, and the door to them: load, names, status, locate."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aebench
from aebench.data import Dataset, Split, images, load, locate, names, status
from aebench.data.dataset import check_values
from aebench.errors import DataError, UnknownNameError

COMPUTED = [name for name in names() if name not in images.IMAGE_SETS]
LIGHT = """
import sys
from aebench.data import names, status, locate
for name in names():
    status(name), locate(name)
heavy = {"sklearn", "pooch", "requests", "torch", "tensorflow", "scipy"} & set(sys.modules)
print(",".join(sorted(heavy)))
"""


@pytest.fixture
def loaded(fakes: dict[str, Any], cache: Path) -> Callable[[str], Dataset]:
    """Load any known name, images from the small sets."""

    def load_one(name: str) -> Dataset:
        return load(name, data_dir=fakes[name].write(cache / "given" / name) if name in fakes else None)

    return load_one


def test_the_names() -> None:
    """The default first."""
    assert names() == ("digits", "mnist", "fashion-mnist", "curve", "synthetic")


@pytest.mark.parametrize("name", names())
def test_every_set_is_named_finite_and_read_only(loaded: Callable[[str], Dataset], name: str) -> None:
    """Every array refuses to be written to, so no run can change what the next one learns from."""
    dataset = loaded(name)
    assert name == dataset.name
    for split in dataset.splits().values():
        assert (len(split), dataset.n_inputs) == split.inputs.shape
        assert np.isfinite(split.inputs).all()
        for array in (split.inputs, split.labels):
            assert array is None or not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            split.inputs[0, 0] = 0.0


@pytest.mark.parametrize("name", names())
def test_loading_twice_gives_the_same(loaded: Callable[[str], Dataset], name: str) -> None:
    """Nothing random, nothing of the clock."""
    first, second = loaded(name), loaded(name)
    assert np.array_equal(first.train.inputs, second.train.inputs)
    assert np.array_equal(first.test.inputs, second.test.inputs)


@pytest.mark.parametrize("name", names())
def test_first_cuts_the_training_split_only(loaded: Callable[[str], Dataset], name: str) -> None:
    """The first n rows and labels; validation, test, name and shape stay."""
    dataset = loaded(name)
    subset = dataset.first(3)
    assert np.array_equal(dataset.train.inputs[:3], subset.train.inputs)
    if dataset.train.labels is not None:
        assert np.array_equal(dataset.train.labels[:3], subset.train.labels)
    assert (dataset.validation, dataset.test) == (subset.validation, subset.test)
    assert (dataset.name, dataset.image_shape) == (subset.name, subset.image_shape)


@pytest.mark.parametrize("n", [0, -1, 101])
def test_a_subset_must_be_there(n: int) -> None:
    """No empty subset, no silent shortening."""
    with pytest.raises(DataError, match=f"subset of {n} training rows .* expected 1 to 100"):
        load("curve").first(n)


@pytest.mark.parametrize("ask", [load, status, locate])
def test_an_unknown_name_lists_the_known(ask: Callable[[str], object]) -> None:
    """And the nearest of them."""
    with pytest.raises(UnknownNameError, match="unknown data set 'mnits'; did you mean 'mnist'") as caught:
        ask("mnits")
    assert all(name in str(caught.value) for name in names())


def test_the_list_of_data_sets_is_light() -> None:
    """Importing, naming and asking for the status loads no scikit-learn, no pooch and no framework."""
    environment = {name: value for name, value in os.environ.items() if name != "AEBENCH_DATA"}
    environment["PYTHONPATH"] = str(Path(aebench.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", LIGHT], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", COMPUTED)
def test_computed_sets_are_available_and_lie_nowhere(name: str) -> None:
    """No folder, a detail for the list."""
    found = status(name)
    assert (name, True) == (found.name, found.available)
    assert found.detail
    assert locate(name) is None


def _split(n: int = 4, width: int = 3, **changes: Any) -> Split:
    arrays: dict[str, Any] = {"inputs": np.zeros((n, width), np.float32), "labels": np.zeros(n, np.int64)}
    return Split(**(arrays | changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inputs": np.zeros(4, np.float32)}, r"inputs has shape \(4,\); expected \(n, n_inputs\)"),
        ({"inputs": np.zeros((0, 3), np.float32)}, r"inputs has shape \(0, 3\)"),
        ({"inputs": np.zeros((4, 3), np.uint8)}, "inputs is uint8; expected float32 or float64"),
        ({"labels": np.zeros(4, np.int32)}, "labels is int32 .* expected int64"),
        ({"labels": np.zeros(5, np.int64)}, r"of shape \(5,\); expected int64 of shape \(4,\)"),
    ],
)
def test_a_split_checks_its_form(changes: dict[str, Any], expected: str) -> None:
    """Axes, dtype and lengths, when it is made."""
    with pytest.raises(DataError, match=expected):
        _split(**changes)


def test_a_split_leaves_the_callers_array_writable() -> None:
    """Read-only is the view, not the array it was made of."""
    array = np.zeros((4, 3), np.float32)
    Split(array)
    assert array.flags.writeable


def test_splits_of_different_width_are_refused() -> None:
    """One number of inputs for all three."""
    with pytest.raises(DataError, match="x: the splits differ in width"):
        Dataset("x", _split(), _split(), _split(width=4))


def test_an_image_shape_that_does_not_fit_is_refused() -> None:
    """Height times width is the width of a row."""
    with pytest.raises(DataError, match=r"image_shape \(2, 2\) does not hold 3 pixels"):
        Dataset("x", _split(), _split(), _split(), image_shape=(2, 2))


@pytest.mark.parametrize("part", ["train", "validation", "test"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.5, -0.25])
@pytest.mark.parametrize("row", [2, 20_000])
def test_a_value_out_of_place_is_found(part: str, value: float, row: int) -> None:
    """Split, row, column and value of the first that is not finite or not within the bounds, in later blocks too."""
    inputs = np.zeros((20_001, 3), np.float32)
    inputs[row, 1] = value
    dataset = Dataset("x", **{"train": _split(), "validation": _split(), "test": _split(), part: Split(inputs)})
    with pytest.raises(DataError, match=rf"x: {part}.inputs holds {value} at row {row}, column 1; expected finite"):
        check_values(dataset, (0.0, 1.0))


def test_without_bounds_only_finite_values_are_asked_for() -> None:
    """The curve runs below 0 and above 1."""
    wide = Split(np.array([[-5.0, 7.0, 0.0]]))
    assert check_values(Dataset("x", wide, wide, wide), None).name == "x"
    broken = Split(np.array([[-5.0, np.nan, 0.0]]))
    with pytest.raises(DataError, match="holds nan at row 0, column 1; expected finite numbers"):
        check_values(Dataset("x", wide, wide, broken), None)


@pytest.mark.parametrize("label", [-1, 10])
def test_a_label_out_of_range_is_found(label: int) -> None:
    """Labels are 0 to 9."""
    wrong = _split(labels=np.array([0, 9, label, 3], np.int64))
    with pytest.raises(DataError, match=f"x: test.labels holds {label} at row 2; expected 0 to 9"):
        check_values(Dataset("x", _split(), _split(), wrong), (0.0, 1.0))
