"""What models and trainers are given, held against the specification: once, here, for every framework alike.

Whatever reaches a framework has passed one of these functions, so a framework checks nothing itself. They read, and
change nothing: what was there before a refused call is there after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

import numpy as np

from aebench.alive import alive
from aebench.arrays import Array, Arrays, Dtype
from aebench.errors import CheckpointError, DataError, FrameworkError, TrainingError
from aebench.spec import Autoencoder, Phase

# Kinds of NumPy dtypes: truth values, whole numbers, real numbers.
WHOLE, NUMBERS = "iu", "biuf"
MOMENTS = ("first_moment", "second_moment")


def check_dtype(framework: str, dtype: str) -> None:
    """FrameworkError when it is not one of the two dtypes that are computed in."""
    if dtype not in get_args(Dtype):
        raise FrameworkError(f"{framework}: no dtype '{dtype}', expected one of {', '.join(get_args(Dtype))}")


def checked(
    autoencoder: Autoencoder,
    parameters: Mapping[str, Array],
    *,
    complete: bool = False,
    finite_in: Dtype | None = None,
) -> Arrays:
    """The parameters as arrays, in the order of the specification.

    complete: none may be missing. finite_in: the dtype that all must be finite in; without one, values that are not
    finite pass, since a training may have made them, and what it made can be looked at.

    Raises:
        CheckpointError: a parameter does not fit the specification; says which, what was found and expected.
    """
    expected = autoencoder.shapes
    for name, value in parameters.items():
        if name not in expected:
            raise CheckpointError(f"{autoencoder.name}: {_misplaced(autoencoder, name)}")
        _check_array(f"{autoencoder.name}: {name}", value, expected[name], finite_in)
    missing = [name for name in expected if name not in parameters]
    if complete and missing:
        raise CheckpointError(f"{autoencoder.name}: parameters are missing: {', '.join(missing)}")
    return {name: np.asarray(parameters[name]) for name in expected if name in parameters}


def checked_state(autoencoder: Autoencoder, phase: Phase, state: Mapping[str, Array], dtype: Dtype) -> Arrays:
    """An optimiser's state as `Trainer.state` gives it, for a trainer that computes in that dtype.

    Raises:
        CheckpointError: an array is missing or there is one too many, has another shape, is not finite in the dtype,
            is a negative second moment, or the step is not a whole number from 0.
    """
    where = f"{autoencoder.name}, phase {phase.name}"
    shapes = {f"{n}.{moment}": autoencoder.shapes[n] for n in autoencoder.trained(phase) for moment in MOMENTS}
    expected = ["step", *shapes]
    if missing := [name for name in expected if name not in state]:
        raise CheckpointError(f"{where}: the optimiser's state lacks {', '.join(missing)}")
    if unknown := [name for name in state if name not in expected]:
        raise CheckpointError(
            f"{where}: the optimiser's state holds {', '.join(unknown)}, expected only {', '.join(expected)}"
        )
    step = np.asarray(state["step"])
    if step.shape != () or step.dtype.kind not in WHOLE or not 0 <= int(step) <= np.iinfo(np.int64).max:
        raise CheckpointError(f"{where}: step is {_shown(step)}, expected one whole number from 0")
    for name, shape in shapes.items():
        _check_array(f"{where}: {name}", state[name], shape, dtype)
        if name.endswith("second_moment") and np.min(state[name], initial=0.0) < 0:
            raise CheckpointError(
                f"{where}: {name} holds {np.min(state[name])}, expected none below 0 (it is a mean of squares)"
            )
    return {name: np.asarray(state[name]) for name in expected}


def checked_images(
    autoencoder: Autoencoder, dtype: Dtype, images: Array, labels: Array | None
) -> tuple[Array, Array | None]:
    """Images (n, n_inputs) and, for a classifier, labels (n,) from 0 to n_classes - 1, as arrays.

    Raises:
        DataError: another shape or kind of number, no image, values that are not finite in the dtype, labels that are
            missing or no classes.
    """
    name, width, images = autoencoder.name, autoencoder.n_inputs, np.asarray(images)
    if images.ndim != 2 or images.shape[1] != width or not len(images):
        raise DataError(f"{name}: the images have shape {images.shape}, expected (n, {width}) with n at least 1")
    _check_numbers(f"{name}: the images", images, dtype)
    if autoencoder.kind != "classifier":
        return images, None
    if labels is None:
        raise DataError(f"{name} is a classifier: it needs a label for each of the {len(images)} images, found none")
    labels, n_classes = np.asarray(labels), autoencoder.layers[-1].n_outputs
    if labels.shape != (len(images),) or labels.dtype.kind not in WHOLE:
        raise DataError(f"{name}: the labels are {_shown(labels)}, expected {len(images)} whole numbers, one an image")
    if labels.min() < 0 or labels.max() >= n_classes:
        raise DataError(
            f"{name}: the labels go from {labels.min()} to {labels.max()}, expected classes from 0 to {n_classes - 1}"
        )
    return images, labels


def checked_order(
    autoencoder: Autoencoder, dtype: Dtype, n_rows: int, order: Array, noise: Array | None
) -> tuple[Array, Array | None]:
    """The rows (n_steps, batch_size) of so many steps' batches, of `n_rows` there are, and the steps' noise.

    noise: (n_steps, batch_size, width) where the autoencoder takes noise: as wide as its codings (variational) or its
        inputs; a keep mask holds 0 and 1 only.

    Raises:
        DataError: another shape or kind of number, a row that is not there, noise where none is taken or none where it
            is, noise that is not finite in the dtype.
    """
    alive()  # whoever trains for long comes by here, call after call
    name, order = autoencoder.name, np.asarray(order)
    if order.ndim != 2 or not order.size or order.dtype.kind not in WHOLE:
        raise DataError(f"{name}: the order is {_shown(order)}, expected whole numbers of shape (n_steps, batch_size)")
    if order.min() < 0 or order.max() >= n_rows:
        raise DataError(
            f"{name}: the order's rows go from {order.min()} to {order.max()}, expected rows from 0 to {n_rows - 1}"
        )
    width = noise_width(autoencoder)
    if width is None or noise is None:
        if (width is None) != (noise is None):
            found = "none" if noise is None else _shown(np.asarray(noise))
            raise DataError(f"{name} takes {'no noise' if width is None else 'noise at every step'}, found {found}")
        return order, None
    noise, expected = np.asarray(noise), (*order.shape, width)
    if noise.shape != expected:
        raise DataError(f"{name}: the noise has shape {noise.shape}, expected {expected}")
    _check_numbers(f"{name}: the noise", noise, dtype)
    masks = autoencoder.corruption is not None and autoencoder.corruption.kind == "dropout"
    if masks and noise.dtype.kind != "b" and not np.all((noise == 0) | (noise == 1)):
        raise DataError(f"{name}: the noise is a mask of what is kept, expected 0 and 1 only")
    return order, noise


def noise_width(autoencoder: Autoencoder) -> int | None:
    """How wide the noise of one image is; None for an autoencoder that takes none."""
    if autoencoder.kind == "variational":
        return autoencoder.n_codings
    return None if autoencoder.corruption is None else autoencoder.n_inputs


def not_finite(values: Array, dtype: Dtype) -> str:
    """The first kind of value that is not finite once it is in the dtype ("nan", "inf", "-inf"); empty if all are.

    Largest and smallest value say it: both are NaN where any value is, and no copy is made.
    """
    values = np.asarray(values)
    if not values.size:
        return ""
    with np.errstate(over="ignore"):
        extremes = [np.asarray(extreme).astype(dtype) for extreme in (values.min(), values.max())]
    return next((str(extreme) for extreme in extremes if not np.isfinite(extreme)), "")


def require_finite(losses: Mapping[str, Array], *, context: str, first_step: int) -> None:
    """TrainingError naming the first step and loss term that is not finite."""
    bad = {term: np.flatnonzero(~np.isfinite(np.atleast_1d(values))) for term, values in losses.items()}
    found: Iterable[tuple[int, bool, str]] = ((int(i[0]), term == "total", term) for term, i in bad.items() if len(i))
    first = min(found, default=None)
    if first is not None:
        step, _, term = first
        value = np.atleast_1d(losses[term])[step]
        raise TrainingError(
            f"{context}: the loss term '{term}' became {value} at step {first_step + step + 1}; parameters and "
            "optimiser state up to the last finished epoch are kept. Look at the data (infinite or very large values?) "
            "and at the learning rate."
        )


def _misplaced(autoencoder: Autoencoder, name: str) -> str:
    layer = next((x for x in autoencoder.layers if name == f"{x.name}.weight" and x.tied_to), None)
    if layer:
        return f"{name} has no place in a tied model (it is {layer.tied_to}.weight transposed)"
    return f"no parameter is called {name}; known: {', '.join(autoencoder.shapes)}"


def _check_array(what: str, value: Array, shape: tuple[int, ...], finite_in: Dtype | None) -> None:
    if np.shape(value) != shape:
        layout = " (weights are (n_in, n_out) in every framework)" if len(shape) == 2 else ""
        raise CheckpointError(f"{what} has shape {np.shape(value)}, expected {shape}{layout}")
    if np.asarray(value).dtype.kind not in NUMBERS:
        raise CheckpointError(f"{what} is of dtype {np.asarray(value).dtype}, expected real numbers")
    if finite_in and (found := not_finite(value, finite_in)):
        raise CheckpointError(f"{what} holds {found}, expected numbers that are finite in {finite_in}")


def _check_numbers(what: str, values: Array, dtype: Dtype) -> None:
    if values.dtype.kind not in NUMBERS:
        raise DataError(f"{what} are of dtype {values.dtype}, expected real numbers")
    if found := not_finite(values, dtype):
        raise DataError(f"{what} hold {found}, expected numbers that are finite in {dtype}")


def _shown(array: Array) -> str:
    """A number as it is, an array by its dtype and shape."""
    return str(array) if array.shape == () else f"{array.dtype} of shape {array.shape}"
