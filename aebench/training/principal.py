"""Principal components by NumPy, in float64."""

from __future__ import annotations

import numpy as np

from aebench.arrays import Array


def principal(rows: Array, n: int) -> tuple[Array, Array]:
    """The first `n` principal components (len(rows), n) of rows (k, width), and each one's share (n,) of the variance.

    A component's largest coefficient is positive, so that its sign is no matter of chance. Rows that are not finite
    are left out and have NaN in their place; what there are too few rows or values for is 0.
    """
    finite = np.isfinite(rows).all(axis=1)
    placed, shares = np.full((len(rows), n), np.nan), np.zeros(n)
    placed[finite] = 0.0
    if not finite.any():
        return placed, shares
    given = rows[finite].astype(np.float64)
    centred = given - given.mean(axis=0)
    _, scales, components = np.linalg.svd(centred, full_matrices=False)
    largest = np.take_along_axis(components, np.abs(components).argmax(axis=1, keepdims=True), axis=1)
    kept = (components * np.where(largest < 0, -1.0, 1.0))[:n]
    placed[finite, : len(kept)] = centred @ kept.T
    total = np.sum(scales**2)
    if total > 0:
        shares[: len(kept)] = scales[: len(kept)] ** 2 / total
    return placed, shares
