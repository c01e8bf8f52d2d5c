"""All comparisons of a call as one family: that any of them is called "different" without cause has one probability.

Source: Holm 1979, "A simple sequentially rejective multiple test procedure". It needs no independence of the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values so adjusted that comparing each with a level holds that level over all of them together."""
    order = np.argsort(p_values, kind="stable")
    steps = ((len(order) - rank) * p_values[index] for rank, index in enumerate(order))
    adjusted = [1.0] * len(order)
    for index, value in zip(order, accumulate(steps, max), strict=True):
        adjusted[index] = min(1.0, value)
    return adjusted
