"""When a trained model is measured, and by what: the measures that its specification names, of a phase or of the end.

A model whose parameters or outputs are not finite has no quality: whatever was computed from them (a NaN among logits
still has a largest one), its metrics are not numbers. That is decided here, for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any, cast

import numpy as np

from aebench.data import Dataset
from aebench.errors import SpecificationError, UnknownNameError
from aebench.protocol import Model
from aebench.spec import Autoencoder, Phase
from aebench.training import metrics
from aebench.training.likelihood import importance_weighted_bound
from aebench.training.metrics import Metric, Metrics, Trained, reconstruction_mse

Measure = Callable[[Trained], Metrics]

MEASURES: dict[str, Measure] = {
    "train_error": metrics.train_error,
    "test_error": metrics.test_error,
    "noise_removal": metrics.noise_removal,
    "sparsity": metrics.sparsity,
    "pca": metrics.pca,
    "variational_loss": metrics.variational_loss,
    "accuracy": metrics.accuracy,
}
OF_IMAGES = ("train_error", "test_error", "noise_removal")
FOLLOWED = "test_error"
"""The measure whose error is followed from epoch to epoch, once all of the autoencoder is being trained."""


def find(name: str) -> Measure:
    """The measure of that name, or another package's, named `package.module:function`.

    Raises:
        UnknownNameError: there is none of that name.
        SpecificationError: it cannot be imported.
    """
    module, colon, function = name.partition(":")
    if not colon:
        if name not in MEASURES:
            raise UnknownNameError("measure", name, MEASURES)
        return MEASURES[name]
    try:
        found: Measure = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise SpecificationError(
            f"the measure {name} cannot be had: {error}; expected package.module:function"
        ) from error
    return found


def check(autoencoder: Autoencoder) -> None:
    """That every measure that the specification names is there and has what it takes, before hours go into training.

    Raises:
        UnknownNameError, SpecificationError: as of `find`; or an error of images is asked of what gives no images.
    """
    names = [*autoencoder.measures.names, *(name for phase in autoencoder.phases for name in phase.measures)]
    for name in names:
        find(name)
    errors = [name for name in names if name in OF_IMAGES]
    if errors and autoencoder.kind == "classifier":
        raise SpecificationError(
            f"{autoencoder.name}: a classifier gives no images whose error could be measured; "
            f"expected other measures than {', '.join(errors)}, such as accuracy at its phases"
        )


def after_epoch(model: Model, phase: Phase, dataset: Dataset) -> dict[str, float]:
    """The point of the test curve: reconstruction MSE of the whole autoencoder, once all of it is being trained."""
    if FOLLOWED not in model.autoencoder.measures.names or phase != model.autoencoder.phases[-1]:
        return {}
    return {"test_mse": reconstruction_mse(model, dataset.test)}


def after_phase(model: Model, phase: Phase, dataset: Dataset, seed: int) -> Metrics:
    """What the phase is measured by when it ends, under names that begin with the phase's."""
    measured = measure(map(find, phase.measures), Trained(model, dataset, seed))
    return {f"{phase.name}.{name}": metric for name, metric in measured.items()}


def after_training(trained: Trained, importance_samples: Iterable[int] = ()) -> Metrics:
    """Everything that the autoencoder is measured by once all its phases are done."""
    bounds = [partial(_bound, samples=samples) for samples in importance_samples]
    return measure([*map(find, trained.model.autoencoder.measures.names), *bounds], trained)


def _bound(trained: Trained, samples: int) -> Metrics:
    return importance_weighted_bound(trained.model, trained.dataset.test, trained.seed, samples)


def measure(measures: Iterable[Measure], trained: Trained) -> Metrics:
    """What these measures find, not numbers where the model's parameters or outputs are not finite."""
    watched = _Watched(trained.model)
    seen = replace(trained, model=cast(Model, watched))
    measured = {name: metric for take in measures for name, metric in take(seen).items()}
    if watched.finite and not_finite(trained.model) is None:
        return measured
    return {name: replace(metric, value=math.nan) for name, metric in measured.items()}


class _Watched:
    """A model that remembers whether everything that it gave was finite."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.finite = True

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._model, name)
        computes = name in ("encode", "decode", "reconstruct", "sample", "forward", "losses")
        return partial(self._seen, found) if computes else found

    def _seen(self, compute: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        outputs = compute(*arguments, **named)
        arrays = outputs.values() if isinstance(outputs, dict) else (outputs,)
        self.finite &= all(bool(np.all(np.isfinite(array))) for array in arrays)
        return outputs


def not_finite(model: Model) -> str | None:
    """The first parameter with a value that is not finite, None where all are."""
    return next((name for name, array in model.parameters().items() if not np.all(np.isfinite(array))), None)


def gains(autoencoder: Autoencoder, measured: Metrics) -> Metrics:
    """What the phases gain over those that their specification names: `frozen.test_accuracy` less `scratch`'s."""
    return {
        f"{phase.name}.{_short(name)}_gain": replace(metric, value=metric.value - over.value)
        for phase in autoencoder.phases
        for name, metric in _of(phase.name, measured).items()
        if phase.gains_over and (over := measured.get(f"{phase.gains_over}.{name}"))
    }


def _of(phase: str, measured: Metrics) -> dict[str, Metric]:
    """The metrics of a phase, under their names within it."""
    split = {name: name.split(".", 1) for name in measured if "." in name}
    return {metric: measured[name] for name, (of, metric) in split.items() if of == phase}


def _short(metric: str) -> str:
    return metric.removeprefix("test_")


def invalid(measured: Metrics, model: Model) -> dict[str, str]:
    """For each metric that is not finite the reason, as far as it can be seen."""
    bad = {name: metric.value for name, metric in measured.items() if not math.isfinite(metric.value)}
    if not bad:
        return {}
    broken = not_finite(model)
    cause = f"the trained {broken} is not finite" if broken else "its outputs overflowed; the parameters are finite"
    return {name: f"{name} is {value}: {cause}" for name, value in bad.items()}
