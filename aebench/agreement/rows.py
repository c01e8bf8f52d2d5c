"""Batches of another size: a row's result does not depend on how many others are computed with it.

Libraries choose another product for one row, for a few and for thousands; the climb itself meets one size only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aebench.arrays import Array, Arrays
from aebench.protocol import Batch, Model
from aebench.spec import Phase

MANY = 2_001


def at_sizes(model: Model, phase: Phase, batch: Batch) -> Arrays:
    """What is computed of the batch's first row alone, and of all its rows over and over, `MANY` or a few more.

    `many.loss.TERM` and `many.gradient.NAME` of the phase. In the first phase also `alone.USE` and `many.USE`, the
    codings and the reconstructions, which are the same functions in every phase; those of many are folded to
    (batch, width) by keeping of the copies of a row the value that is furthest from the first copy's.
    """
    copies = -(-MANY // len(batch.inputs))
    many = of_rows(batch, np.tile(np.arange(len(batch.inputs)), copies))
    found = {f"many.loss.{name}": array for name, array in model.losses(phase.name, many).items()}
    found |= {f"many.gradient.{name}": array for name, array in model.gradients(phase.name, many).items()}
    if phase is model.autoencoder.phases[0]:
        for name, function in (("codings", model.encode), ("reconstructions", model.reconstruct)):
            found[f"alone.{name}"] = function(batch.inputs[:1])
            found[f"many.{name}"] = furthest(function(many.inputs), copies)
    return found


def of_rows(batch: Batch, rows: slice | Array) -> Batch:
    """Those rows of a batch."""
    noise, labels = (None if array is None else array[rows] for array in (batch.noise, batch.labels))
    return replace(batch, inputs=batch.inputs[rows], noise=noise, labels=labels)


def furthest(array: Array, copies: int) -> Array:
    """(copies * rows, width) -> (rows, width): of each value's copies the one furthest from the first, a NaN if any."""
    stacked = array.reshape(copies, -1, *array.shape[1:])
    strays = np.abs(stacked - stacked[0])
    chosen = np.argmax(np.where(np.isnan(strays), np.inf, strays), axis=0)
    return np.asarray(np.take_along_axis(stacked, chosen[None], axis=0)[0])
