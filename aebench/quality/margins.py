"""How far apart two frameworks may end and still be called equivalent: every margin with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aebench.measures import Margin

_MSE = Margin(0.05, "the median change of the published errors from one epoch to the next", relative=True)
_ACCURACY = Margin(0.005, "two standard errors of an accuracy of 0.94 measured on 10,000 images")
_NATS = Margin(1.0, "a factor e in the likelihood of an image")

MARGINS = {
    "train_mse": _MSE,
    "test_mse": _MSE,
    "test_mse_from_noisy": _MSE,
    "explained_variance": Margin(0.01, "a hundredth of what there is to explain"),
    "mse_over_pca": Margin(0.01, "a hundredth of the optimum"),
    "principal_angle": Margin(1.0, "a degree moves a point of the unit sphere by 0.017"),
    "test_accuracy": _ACCURACY,
    "accuracy_gain": _ACCURACY,
    "sparsity": Margin(0.1, "published figures lie 0.37 nats apart, from 0.08 to 0.45"),
    "mean_activation": Margin(0.01, "a tenth of the target"),
    "largest_deviation_from_target": Margin(0.02, "the half width of the band around the target"),
    "units_in_band": Margin(0.05, "one unit in twenty"),
    "active_codings": Margin(0.01, "one coding in a hundred"),
    **{
        f"{split}_{term}": _NATS
        for split in ("train", "test")
        for term in ("reconstruction", "latent", "total")
    },
    "importance_weighted_bound": _NATS,
}  # fmt: skip

COSTS = {
    "seconds_per_1000_images": Margin(
        1.0, "on a busy machine the medians of two equal runs of three seeds were found 1.5 apart", relative=True
    ),
    "peak_bytes": Margin(
        0.25, "a process keeps some of what its earlier trainings held, and they need not be the same", relative=True
    ),
}  # fmt: skip
"""What a training costs. Only on the kind of machine that a baseline is from; in shares of the baseline's median."""

LEAPS = Margin(0.5, "a training that leaps at every other seed at which it did not leap before is another one")
"""In shares of the trainings."""


def margin(metric: str, own: Iterable[tuple[str, Margin]] = ()) -> Margin | None:
    """The margin of a metric, None where it has none.

    metric: as a trial names it. Before a dot stands the phase that it is of, behind the last underscore a number of
    samples; neither has a margin of its own. own: what the autoencoder's specification says, which comes first.
    """
    known = {**MARGINS, **dict(own)}
    name = metric.rpartition(".")[2]
    return known.get(name) or known.get(re.sub(r"_\d+$", "", name))
