"""100 points of a noisy curve in three dimensions that lies close to a plane: what the linear autoencoder learns.

A linear autoencoder with two codings can at best find that plane, as PCA does; the mean squared error of PCA is the
number a reader should see beside it.
"""

from __future__ import annotations

import numpy as np

from aebench.data.dataset import Dataset, Split
from aebench.streams import Float64

N_POINTS = 100


def points() -> Float64:
    """The points, (100, 3) float64, each column with mean 0 and population standard deviation 1.

    Source: `rnd.seed(4)`, `angles = rnd.rand(m) * 3 * np.pi / 2 - 0.5`, then the three columns in this order, so
    that the draws come in the source's order.
    Deviates: no draw outside `streams.py` but this one. The points are the source's own, and the stream of the
    legacy RandomState is frozen by NumPy's policy (NEP 19), so its numbers cannot change under us.
    """
    legacy = np.random.RandomState(4)
    angles = legacy.rand(N_POINTS) * 3 * np.pi / 2 - 0.5
    columns = np.empty((N_POINTS, 3))
    columns[:, 0] = np.cos(angles) + np.sin(angles) / 2 + 0.1 * legacy.randn(N_POINTS) / 2
    columns[:, 1] = np.sin(angles) * 0.7 + 0.1 * legacy.randn(N_POINTS) / 2
    columns[:, 2] = columns[:, 0] * 0.1 + columns[:, 1] * 0.3 + 0.1 * legacy.randn(N_POINTS)
    scaled: Float64 = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    return scaled


def load(name: str = "curve") -> Dataset:
    """The curve in float32, without labels; train, validation and test are the same 100 points, as in the source.

    Source: `X = tf.placeholder(tf.float32`: what the models see is rounded to float32. That matters: with columns
    centred to the last bit the gradients of the biases would be rounding error alone, which Adam blows up.
    """
    split = Split(points().astype(np.float32))
    return Dataset(name, train=split, validation=split, test=split)
