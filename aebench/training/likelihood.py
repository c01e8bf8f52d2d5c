"""How probable a variational autoencoder finds an image: the importance-weighted bound, in float64.

With k codings z drawn from the encoder's q(z|x), log of the mean of p(x|z) p(z) / q(z|x) is in expectation a lower
bound of log p(x), the tighter the larger k. At k = 1 it is the negative total loss, estimated with one draw.

Source: Burda, Grosse and Salakhutdinov 2016, equation 8. Pixels between 0 and 1 are taken as probabilities, as the
training loss takes them, so values compare with that loss and not with figures for binarised images.
"""

from __future__ import annotations

import numpy as np

from aebench.alive import alive
from aebench.arrays import Array
from aebench.data import Split
from aebench.protocol import Batch, Model
from aebench.streams import Float64, stream
from aebench.training.metrics import Metric, Metrics, bernoulli_cross_entropy

ROWS_AT_ONCE = 10_000
# Rows decoded for one bound, about 40 seconds on 2 cores: 50 samples of 10,000 images take half of it.
LARGEST_WORK = 1_000_000


def importance_weighted_bound(model: Model, split: Split, seed: int, samples: int) -> Metrics:
    """The bound's mean over the first images of the split, as many as `LARGEST_WORK` allows; nats an image.

    samples: k, codings drawn per image, from 1 to `ROWS_AT_ONCE`. The first codings of an image are the same at every
    k and in every framework.
    """
    n_images = min(len(split), max(1, LARGEST_WORK // samples))
    at_once = max(1, ROWS_AT_ONCE // samples)
    bounds = [
        _bounds(model, split.inputs[start : min(start + at_once, n_images)], seed, start, samples)
        for start in range(0, n_images, at_once)
    ]
    value = float(np.mean(np.concatenate(bounds)))
    unit = f"nats, {n_images:,} images"
    return {f"importance_weighted_bound_{samples}": Metric(value, unit, "higher")}


def _bounds(model: Model, images: Array, seed: int, first: int, samples: int) -> Float64:
    """The bound of each image, (n_images,); `first` is the number of the first one."""
    alive()
    shape = (samples, model.autoencoder.n_codings)
    noise = np.concatenate([stream(seed, "evaluation/importance", first + i).normal(shape) for i in range(len(images))])
    repeated = np.repeat(images, samples, axis=0)
    found = model.forward(model.autoencoder.phases[0].name, Batch(repeated, noise))
    return log_mean_exp(log_weights(found, repeated, noise.astype(model.dtype)).reshape(-1, samples))


def log_weights(found: dict[str, Array], images: Array, noise: Array) -> Float64:
    """log p(x|z) + log p(z) - log q(z|x) of each row, (n,), from the activations of a forward pass with that noise."""
    codings, log_variance, drawn = (a.astype(np.float64) for a in (found["codings"], found["log_variance"], noise))
    log_likelihood = -bernoulli_cross_entropy(found["logits"], images).sum(axis=1)
    # The factor (2 pi)^(-n/2) of both normal densities cancels.
    return np.asarray(log_likelihood + 0.5 * np.sum(drawn**2 + log_variance - codings**2, axis=1))


def log_mean_exp(values: Float64) -> Float64:
    """log(mean(exp(values))) over the last axis, without overflow."""
    largest = values.max(axis=-1, keepdims=True)
    return np.asarray(largest[..., 0] + np.log(np.mean(np.exp(values - largest), axis=-1)))
