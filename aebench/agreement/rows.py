"""Batches of another size: a row's result does not depend on how many others are computed with it.

Libraries choose another product for one row, for a few and for thousands; the climb itself meets one size only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aebench.agreement.extremes import computed
from aebench.arrays import Array, Arrays
from aebench.protocol import Batch, Model
from aebench.spec import Phase

MANY = 2_001


def at_sizes(model: Model, phase: Phase, batch: Batch) -> Arrays:
    """What the phase computes of the batch's first row alone, and of all its rows over and over, `MANY` or a few more.

    `alone.NAME`: of one row. `many.NAME`: of the many, folded to (batch, width) by keeping of the copies of a row the
    value that is furthest from the first copy's; loss terms and gradients of the many as they are.
    """
    copies = -(-MANY // len(batch.inputs))
    alone, many = of_rows(batch, slice(0, 1)), of_rows(batch, np.tile(np.arange(len(batch.inputs)), copies))
    found = {f"alone.forward.{name}": array for name, array in model.forward(phase.name, alone).items()}
    for name, array in computed(model, phase, many).items():
        found[f"many.{name}"] = furthest(array, copies) if name.startswith("forward.") else array
    if phase is model.autoencoder.phases[0]:
        found |= _evaluated(model, batch.inputs, copies)
    return found


def of_rows(batch: Batch, rows: slice | Array) -> Batch:
    """Those rows of a batch."""
    noise, labels = (None if array is None else array[rows] for array in (batch.noise, batch.labels))
    return replace(batch, inputs=batch.inputs[rows], noise=noise, labels=labels)


def _evaluated(model: Model, images: Array, copies: int) -> Arrays:
    """Codings and reconstructions, alone and among many; they are the same functions in every phase."""
    tiled = np.tile(images, (copies, 1))
    found = {}
    for name, function in (("codings", model.encode), ("reconstructions", model.reconstruct)):
        found[f"alone.{name}"] = function(images[:1])
        found[f"many.{name}"] = furthest(function(tiled), copies)
    return found


def furthest(array: Array, copies: int) -> Array:
    """(copies * rows, width) -> (rows, width): of each value's copies the one furthest from the first, a NaN if any."""
    stacked = array.reshape(copies, -1, *array.shape[1:])
    strays = np.abs(stacked - stacked[0])
    chosen = np.argmax(np.where(np.isnan(strays), np.inf, strays), axis=0)
    return np.asarray(np.take_along_axis(stacked, chosen[None], axis=0)[0])
