"""Which images, in which order and with which noise, a phase reads at each step: the same for every framework."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from aebench.arrays import Array
from aebench.data import Dataset, Split
from aebench.errors import UsageError
from aebench.records.machine import cores
from aebench.spec import Autoencoder, Phase
from aebench.streams import Int64, stream


def training_split(phase: Phase, dataset: Dataset) -> Split:
    """What the phase trains on: all training images, or as many labelled ones as it takes and there are."""
    if phase.n_labels is None:
        return dataset.train
    return dataset.first(min(phase.n_labels, len(dataset.train))).train


def require_a_batch(phase: Phase, n_images: int) -> None:
    """UsageError when there are fewer images than one batch of the phase takes."""
    if n_images < phase.batch_size:
        raise UsageError(
            f"phase {phase.name} takes batches of {phase.batch_size}, but there are only {n_images} images; "
            "choose a larger data set"
        )


def epoch_order(phase: Phase, seed: int, n_images: int, epoch: int) -> Int64:
    """Row numbers (n_batches, batch_size) of one epoch, epochs counted from 0.

    Raises:
        UsageError: there are fewer images than one batch takes.
    """
    require_a_batch(phase, n_images)
    n_batches, name = phase.n_batches(n_images), f"order/{phase.name}"
    if phase.sampling == "full":
        return np.arange(n_images, dtype=np.int64)[None, :]
    if phase.sampling == "epoch":
        order = stream(seed, name, epoch).permutation(n_images)
        return order[: n_batches * phase.batch_size].reshape(n_batches, phase.batch_size)
    steps = range(epoch * n_batches, (epoch + 1) * n_batches)
    return np.stack([stream(seed, name, step).distinct(n_images, phase.batch_size) for step in steps])


def first_orders(phase: Phase, seed: int, n_images: int, n_steps: int) -> Int64:
    """Row numbers (n_steps, batch_size) of the first steps of a training, over as many epochs as they take."""
    epochs = range(-(-n_steps // max(phase.n_batches(n_images), 1)))
    return np.concatenate([epoch_order(phase, seed, n_images, epoch) for epoch in epochs])[:n_steps]


def noise(autoencoder: Autoencoder, phase: Phase, seed: int, steps: Iterable[int], batch_size: int) -> Array | None:
    """Noise (n_steps, batch_size, width) of the given steps, or None where the autoencoder takes none.

    Standard normals, as wide as the inputs (denoising_gaussian, rounded to float32 as images are) or the codings
    (variational, float64); a boolean keep mask as wide as the inputs (denoising_dropout).
    """
    name, corruption = f"noise/{phase.name}", autoencoder.corruption
    if autoencoder.kind == "variational":
        return np.stack([stream(seed, name, step).normal((batch_size, autoencoder.n_codings)) for step in steps])
    if corruption is None:
        return None
    shape = (batch_size, autoencoder.n_inputs)

    def of_step(step: int) -> Array:
        draw = stream(seed, name, step)
        if corruption.kind == "dropout":
            return draw.keep_mask(shape, corruption.amount)
        return draw.normal(shape).astype(np.float32)

    # A stream of its own for each step, and arrays so wide that NumPy computes them side by side: half the time.
    with ThreadPoolExecutor(cores()) as pool:
        return np.stack(list(pool.map(of_step, steps)))
