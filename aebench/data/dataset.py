"""What a data set is: three splits of rows, and, for pictures, the shape that a row folds into."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from aebench.errors import DataError

Inputs = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int64]

N_CLASSES = 10
_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of one data set, read-only.

    inputs: (n, n_inputs) float32, in [0, 1] for images, without bounds for the curve.
    labels: (n,) int64 in 0..9, or None where the data set has none.

    Raises:
        DataError: an array has another number of axes, another dtype or another length.
    """

    inputs: Inputs
    labels: Labels | None = None

    def __post_init__(self) -> None:
        if self.inputs.ndim != 2 or 0 in self.inputs.shape:
            raise DataError(f"split: inputs has shape {self.inputs.shape}; expected (n, n_inputs), neither of them 0.")
        if self.inputs.dtype not in (np.float32, np.float64):
            raise DataError(f"split: inputs is {self.inputs.dtype}; expected float32 or float64, cast it first.")
        object.__setattr__(self, "inputs", _read_only(self.inputs))
        if self.labels is None:
            return
        expected = (len(self.inputs),)
        if self.labels.dtype != np.int64 or self.labels.shape != expected:
            found = f"{self.labels.dtype} of shape {self.labels.shape}"
            raise DataError(
                f"split: labels is {found}; expected int64 of shape {expected}, one for each row of inputs."
            )
        object.__setattr__(self, "labels", _read_only(self.labels))

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named data set.

    image_shape: (height, width) that a row folds into, or None where a row is no picture.

    Raises:
        DataError: the splits differ in width, or `image_shape` does not hold as many pixels as a row.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    image_shape: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        widths = {part: split.inputs.shape[1] for part, split in self.splits().items()}
        if len(set(widths.values())) > 1:
            raise DataError(f"{self.name}: the splits differ in width, {widths}; expected one number of inputs.")
        if self.image_shape is not None and self.image_shape[0] * self.image_shape[1] != self.n_inputs:
            raise DataError(
                f"{self.name}: image_shape {self.image_shape} does not hold {self.n_inputs} pixels; "
                "expected height times width = n_inputs, or None."
            )

    @property
    def n_inputs(self) -> int:
        """Number of values in a row."""
        return int(self.train.inputs.shape[1])

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of every split's arrays, their dtypes and shapes: what is trained on and measured with."""
        found = hashlib.sha256()
        for part, split in self.splits().items():
            for array in (split.inputs, split.labels):
                found.update(f"{part} {array.dtype} {array.shape}\0".encode() if array is not None else b"none\0")
                if array is not None:
                    found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()

    def splits(self) -> dict[str, Split]:
        """The three splits by name: train, validation, test."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def first(self, n: int) -> Dataset:
        """The same data set with only the first n training rows, labels too; validation and test stay whole.

        Raises:
            DataError: n is not in 1..len(train).
        """
        if not 1 <= n <= len(self.train):
            raise DataError(
                f"{self.name}: a subset of {n} training rows was asked for; expected 1 to {len(self.train)}, "
                "the rows there are."
            )
        labels = None if self.train.labels is None else self.train.labels[:n]
        return replace(self, train=Split(self.train.inputs[:n], labels))


@dataclass(frozen=True)
class DatasetStatus:
    """Whether a data set can be loaded here without a download, and where it lies or how to get it."""

    name: str
    available: bool
    detail: str


def check_values(dataset: Dataset, bounds: tuple[float, float] | None) -> Dataset:
    """The data set itself, once every input is finite and within `bounds` and every label is in 0..9.

    Raises:
        DataError: naming the split, the first row and column at fault and the value there.
    """
    for part, split in dataset.splits().items():
        _check_inputs(f"{dataset.name}: {part}.inputs", split.inputs, bounds)
        if split.labels is not None:
            _check_labels(f"{dataset.name}: {part}.labels", split.labels)
    return dataset


def _check_inputs(where: str, inputs: Inputs, bounds: tuple[float, float] | None) -> None:
    """Block by block, because the array may be larger than memory."""
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    expected = "finite numbers" if bounds is None else f"finite numbers from {low:g} to {high:g}"
    for start in range(0, len(inputs), _ROWS_AT_ONCE):
        block = inputs[start : start + _ROWS_AT_ONCE]
        # The two ends settle it without a temporary array: NaN passes through min and max.
        smallest, largest = block.min(), block.max()
        if np.isfinite(smallest) and np.isfinite(largest) and low <= smallest and largest <= high:
            continue
        row, column = np.argwhere(~(np.isfinite(block) & (block >= low) & (block <= high)))[0]
        raise DataError(
            f"{where} holds {block[row, column]} at row {start + row}, column {column}; expected {expected}. "
            "The file that the rows came from is damaged, or was written with another scale: replace it."
        )


def _check_labels(where: str, labels: Labels) -> None:
    wrong = np.flatnonzero((labels < 0) | (labels >= N_CLASSES))
    if len(wrong):
        raise DataError(
            f"{where} holds {labels[wrong[0]]} at row {wrong[0]}; expected 0 to {N_CLASSES - 1}. "
            "The label file is damaged or belongs to another data set: replace it."
        )


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view that refuses to be written to; the caller's own array keeps its flags."""
    view = array.view()
    view.flags.writeable = False
    return view
