"""How far apart two frameworks may end and still be called equivalent: every margin with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Margin:
    """How far apart two frameworks may end, on average over seeds, and still be called equivalent.

    value: in the metric's unit, or, when `relative`, a share of the two frameworks' mean.
    """

    value: float
    reason: str
    relative: bool = False

    def at(self, mean: float) -> float:
        """The margin in the metric's unit, for a metric of that mean."""
        return self.value * abs(mean) if self.relative else self.value


_MSE = Margin(0.05, "published figures of one setting differ so much from epoch to epoch", relative=True)
_ACCURACY = Margin(0.005, "two standard errors of an accuracy of 0.94 measured on 10,000 images")
_NATS = Margin(1.0, "a factor e in the likelihood of an image")

# What the end of training is judged by, by a metric's name or the last part of it.
MARGINS = {
    "mse_over_pca": Margin(0.01, "a hundredth of the optimum"),
    "principal_angle": Margin(1.0, "a degree moves a point of the unit sphere by 0.017"),
    "mse": _MSE,
    "test_mse_from_noisy": _MSE,
    "test_accuracy": _ACCURACY,
    "accuracy_gain": _ACCURACY,
    "sparsity": Margin(0.1, "published figures lie 0.37 nats apart, from 0.08 to 0.45"),
    "mean_activation": Margin(0.01, "a tenth of the target"),
    "largest_deviation_from_target": Margin(0.02, "the half width of the band around the target"),
    "units_in_band": Margin(0.05, "one unit in twenty"),
    "active_codings": Margin(0.01, "one coding in a hundred"),
    "reconstruction": _NATS,
    "latent": _NATS,
    "total": _NATS,
    "importance_weighted_bound": _NATS,
}


def margin(metric: str) -> Margin:
    """The margin of a metric: by its name, else by what stands behind the last dot, or the last underscore or before
    a number of samples: `frozen_100.test_accuracy`, `train_mse`, `importance_weighted_bound_50`."""
    name = metric.rpartition(".")[2]
    known = (name, name.rpartition("_")[2], name.rpartition("_")[0])
    return next(MARGINS[key] for key in known if key in MARGINS)
