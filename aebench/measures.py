"""What a trained autoencoder is measured by, judged by and shown in, as its specification says it: names and numbers.

The measures and pictures that come with aebench stand in `aebench.training.metrics` and `aebench.training.pictures`. A
specification of another package may name a measure of its own as `package.module:function`; the function takes what
`metrics.Trained` holds and returns metrics by name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from aebench.errors import SpecificationError


@dataclass(frozen=True)
class Margin:
    """How far apart two subjects may end in a metric, on average over seeds, and still be called equivalent.

    value: in the metric's unit or, when `relative`, a share of the mean of both at each seed.

    Raises:
        SpecificationError: the value is not positive and finite.
    """

    value: float
    reason: str
    relative: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.value < math.inf:
            raise SpecificationError(f"Margin: expected a positive number, found {self.value} ({self.reason})")


@dataclass(frozen=True)
class Measures:
    """names: the measures, in the order in which they are taken. headline: the one metric that stands for the quality
    in summaries; label: what tables call it. margins: of metrics, where the specification states its own. pictures:
    which arrays are kept to be looked at.
    """

    names: tuple[str, ...] = ("train_error", "test_error")
    headline: str = "test_mse"
    label: str = "MSE"
    margins: tuple[tuple[str, Margin], ...] = ()
    pictures: tuple[str, ...] = ("reconstructions", "features")
