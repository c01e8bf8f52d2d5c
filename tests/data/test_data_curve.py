"""The curve: the source's own 100 points."""

from __future__ import annotations

import numpy as np

from aebench.data import load
from aebench.data.curve import points

# Computed from the source's text with NumPy 2.4.
POINTS = {
    0: ("-1.2733675485", "-1.9853861383", "-0.6552080351"),
    1: ("-0.1722644731", "0.7349151353", "0.0360675665"),
    50: ("-1.3479150604", "-1.5787919590", "-2.0310687953"),
    99: ("0.5833016783", "1.0996940439", "0.9458347276"),
}


def test_some_points_are_the_known_ones() -> None:
    """Literal values to ten decimals before rounding to float32: the draws and their order are the source's."""
    inputs = points()
    assert np.array_equal(inputs.astype(np.float32), load("curve").train.inputs)
    assert {i: tuple(f"{value:.10f}" for value in inputs[i]) for i in POINTS} == POINTS


def test_the_points_are_float32_and_every_split_is_all_of_them() -> None:
    """100 points in float32, no labels, no picture; train, validation and test are one."""
    dataset = load("curve")
    assert (np.float32, (100, 3)) == (dataset.train.inputs.dtype, dataset.train.inputs.shape)
    assert dataset.train is dataset.validation is dataset.test
    assert dataset.train.labels is None
    assert dataset.image_shape is None


def test_each_column_is_standardised() -> None:
    """Mean 0 and population standard deviation 1, to twelve decimals, before rounding to float32."""
    inputs = points()
    assert (np.round(inputs.mean(axis=0), 12) + 0.0).tolist() == [0.0, 0.0, 0.0]
    assert np.round(inputs.std(axis=0), 12).tolist() == [1.0, 1.0, 1.0]


def test_loading_leaves_the_global_generator_alone() -> None:
    """The source seeds NumPy's global generator; here it is a generator of its own."""
    before = np.random.get_state()[1].tolist()
    load("curve")
    assert before == np.random.get_state()[1].tolist()
