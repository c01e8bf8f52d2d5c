"""Every metric on models whose quality is known: perfect, the mean image, chance; what is not finite has none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from aebench import registry
from aebench.arrays import Array, Arrays
from aebench.data import Dataset, Split
from aebench.errors import DataError, SpecificationError, UnknownNameError
from aebench.measures import Measures
from aebench.protocol import Model
from aebench.quality.margins import MARGINS, margin
from aebench.streams import stream
from aebench.training import measuring, metrics
from aebench.training.likelihood import importance_weighted_bound
from aebench.training.measuring import MEASURES, Measure, measure
from aebench.training.metrics import Metric, Metrics, Trained, evaluation_noise, reconstruction_mse

N, WIDTH, CODINGS = 40, 12, 3
DRAW = stream(0, "test/metrics")
IMAGES = (DRAW.uniform((N, WIDTH)) > 0.4).astype(np.float32)
LABELS = np.arange(N) % 10
SPLIT = Split(IMAGES, LABELS)
DATA = Dataset("toy", Split(IMAGES[::-1].copy(), LABELS[::-1].copy()), SPLIT, SPLIT)
TARGET = 0.1

Outputs = Callable[..., Array]


def trained(like: str, **computes: Any) -> Trained:
    """A trained model of such a specification that computes this, with the test error that a trial would hand on."""
    given = registry.autoencoder(like)
    autoencoder = SimpleNamespace(
        name=like, phases=given.phases, layers=given.layers, corruption=given.corruption, n_codings=CODINGS
    )
    toy = {"autoencoder": autoencoder, "parameters": dict, "dtype": "float64"}
    model = cast(Model, SimpleNamespace(**{**toy, **computes}))
    error = reconstruction_mse(model, DATA.test) if like == "stacked" else math.nan
    return Trained(model, DATA, 0, error)


def reconstructing(outputs: Outputs, like: str = "stacked") -> Trained:
    """A model that makes this of images, with or without noise."""
    return trained(like, reconstruct=lambda images, noise=None: outputs(images, noise))


def perfect(images: Array, noise: Array | None) -> Array:
    """The clean images."""
    return images


def mean_image(images: Array, noise: Array | None) -> Array:
    """Every pixel's mean over the data."""
    return np.broadcast_to(IMAGES.mean(axis=0, dtype=np.float64), images.shape)


def variance(images: Array) -> float:
    """Mean over the pixels of each pixel's variance."""
    return float(np.mean(np.var(images.astype(np.float64), axis=0)))


def linear(n_first: int) -> Trained:
    """A linear model that keeps `CODINGS` of PCA's components, beginning with that one."""
    points = IMAGES.astype(np.float64)
    vectors = np.linalg.eigh(np.cov(points.T, bias=True))[1][:, ::-1][:, n_first : n_first + CODINGS]
    mean = points.mean(axis=0)
    decoder = f"{registry.autoencoder('linear').layers[-1].name}.weight"
    return trained(
        "linear",
        reconstruct=lambda images, noise=None: (images - mean) @ vectors @ vectors.T + mean,
        parameters=lambda: {decoder: vectors.T},
    )


def spectrum(kept: slice) -> float:
    """Sum of PCA's eigenvalues that are not kept, per pixel."""
    eigenvalues = np.linalg.eigvalsh(np.cov(IMAGES.astype(np.float64).T, bias=True))[::-1]
    return float((eigenvalues.sum() - eigenvalues[kept].sum()) / WIDTH)


def coding(value: float) -> Trained:
    """A sparse model all of whose codings have this value."""
    return trained("sparse", encode=lambda images, noise=None: np.full((len(images), CODINGS), value))


def variational(mean: float, log_variance: float, logits: Callable[[Array], Array]) -> Trained:
    """A variational model of constant mean and log variance, and of such logits."""

    def forward(phase: str, batch: Any) -> Arrays:
        shape = (len(batch.inputs), CODINGS)
        codings = mean + math.exp(log_variance / 2) * batch.noise
        return {"mean": np.full(shape, mean), "log_variance": np.full(shape, log_variance), "codings": codings,
                "logits": logits(batch.inputs)}  # fmt: skip

    return trained("variational", forward=forward)


def even(images: Array) -> Array:
    """Every pixel as likely black as white."""
    return np.zeros(images.shape)


def certain(images: Array) -> Array:
    """Every pixel what it is, as sure as can be."""
    return np.where(images > 0.5, 1e3, -1e3)


def classifier(logits: Callable[[Array], Array]) -> Trained:
    """A classifier of such logits, (n, 10)."""
    return trained("pretrained", reconstruct=lambda images, noise=None: logits(images))


KL_AT_ONE = CODINGS * (TARGET * math.log(TARGET) + (1 - TARGET) * math.log((1 - TARGET) / np.finfo(np.float64).tiny))
LN2 = WIDTH * math.log(2)
KL = CODINGS * 0.5 * (math.e + 4 - 1 - 1)
# Measure -> models that it is taken of, each with the metrics that it must give.
SELF_TESTS: dict[str, list[tuple[Trained, dict[str, float]]]] = {
    "train_error": [
        (reconstructing(perfect), {"train_mse": 0.0}), (reconstructing(mean_image), {"train_mse": variance(IMAGES)}),
    ],
    "test_error": [
        (reconstructing(perfect), {"test_mse": 0.0, "explained_variance": 1.0}),
        (reconstructing(mean_image), {"test_mse": variance(IMAGES), "explained_variance": 0.0}),
        (reconstructing(lambda x, _: 1 - x), {"test_mse": 1.0, "explained_variance": 1 - 1 / variance(IMAGES)}),
    ],
    "noise_removal": [
        (reconstructing(perfect, "denoising_gaussian"), {"test_mse_from_noisy": 0.0}),
        (reconstructing(lambda x, noise: x + noise, "denoising_gaussian"), {
            "test_mse_from_noisy": float(np.mean(np.square(evaluation_noise(
                registry.autoencoder("denoising_gaussian"), DATA.test, 0).astype(np.float64))))
        }),
    ],
    "sparsity": [
        (coding(TARGET), {"sparsity": 0.0, "mean_activation": TARGET, "largest_deviation_from_target": 0.0,
                          "units_in_band": 1.0, "active_codings": 0.0}),
        (coding(1.0), {"sparsity": KL_AT_ONE, "mean_activation": 1.0, "largest_deviation_from_target": 1 - TARGET,
                       "units_in_band": 0.0, "active_codings": 1.0}),
    ],
    "pca": [
        (linear(0), {"mse_over_pca": 1.0, "principal_angle": 0.0}),
        (linear(CODINGS), {"mse_over_pca": spectrum(slice(CODINGS, 2 * CODINGS)) / spectrum(slice(CODINGS)),
                           "principal_angle": 90.0}),
    ],
    "variational_loss": [
        (variational(0.0, 0.0, even), {f"{split}_{term}": value for split in ("train", "test")
                                       for term, value in (("reconstruction", LN2), ("latent", 0.0), ("total", LN2))}),
        (variational(2.0, 1.0, certain), {f"{split}_{term}": value for split in ("train", "test")
                                          for term, value in (("reconstruction", 0.0), ("latent", KL), ("total", KL))}),
    ],
    "accuracy": [
        (classifier(lambda x: np.eye(10)[LABELS[: len(x)]]), {"test_accuracy": 1.0}),
        (classifier(lambda x: np.tile(np.eye(10)[3], (len(x), 1))), {"test_accuracy": 0.1}),
    ],
}  # fmt: skip
CASES = [(name, model, expected) for name, cases in SELF_TESTS.items() for model, expected in cases]


def values(measured: Mapping[str, Metric]) -> dict[str, float]:
    """Metric -> its value."""
    return {name: metric.value for name, metric in measured.items()}


def taken(name: str, model: Trained) -> Metrics:
    """What the measure finds."""
    return measure([measuring.find(name)], model)


@pytest.mark.parametrize(("name", "model", "expected"), CASES)
def test_a_metric_is_what_it_must_be(name: str, model: Trained, expected: dict[str, float]) -> None:
    """A perfect reconstruction has no error and explains all variance, the mean image none; PCA is the optimum."""
    assert expected == pytest.approx(values(taken(name, model)), rel=1e-6, abs=1e-6)


def test_every_measure_has_a_self_test_and_every_metric_a_margin() -> None:
    """A new one without either fails here; each model names all that the measure gives."""
    assert set(MEASURES) == set(SELF_TESTS)
    assert {len(cases) > 1 for cases in SELF_TESTS.values()} == {True}
    known = {name for _, _, expected in CASES for name in expected} | {"accuracy_gain", "importance_weighted_bound"}
    assert known == set(MARGINS)


@pytest.mark.parametrize("samples", [1, 7])
def test_the_bound_is_the_likelihood_where_the_codings_say_nothing(samples: int) -> None:
    """q is the prior and every pixel is even: each weight is 2^-n, at every number of samples."""
    measured = importance_weighted_bound(variational(0.0, 0.0, even).model, DATA.test, 0, samples)
    assert {f"importance_weighted_bound_{samples}": -LN2} == pytest.approx(values(measured))
    assert margin(f"importance_weighted_bound_{samples}") == MARGINS["importance_weighted_bound"]


def test_a_gain_is_over_the_phase_that_the_specification_names() -> None:
    """Each arm over `scratch` at its own budget, whatever the phases are called; none for what is compared with."""
    arms = registry.autoencoder("pretrained").at_label_budgets(1_000)
    accuracies = {phase.name: 0.01 * number for number, phase in enumerate(arms.phases)}
    measured = {f"{name}.test_accuracy": Metric(value, "fraction", "higher") for name, value in accuracies.items()}
    expected = {
        f"{phase.name}.accuracy_gain": accuracies[phase.name] - accuracies[phase.gains_over]
        for phase in arms.phases
        if phase.gains_over
    }
    assert 6 == len(expected)
    assert expected == values(measuring.gains(arms, measured))
    assert accuracies["frozen_100"] - accuracies["scratch_100"] == expected["frozen_100.accuracy_gain"]
    assert {} == measuring.gains(registry.autoencoder("stacked"), measured)


def spoilt(found: Any) -> Any:
    """The same with a NaN in the last row."""
    arrays = {"": found} if isinstance(found, np.ndarray) else found
    copies = {name: np.array(array, np.float64) for name, array in arrays.items()}
    for array in copies.values():
        array[-1] = math.nan
    return copies[""] if isinstance(found, np.ndarray) else copies


@pytest.mark.parametrize(("name", "model"), [(name, cases[0][0]) for name, cases in SELF_TESTS.items()])
def test_what_is_not_finite_has_no_quality(name: str, model: Trained) -> None:
    """One image that comes out as NaN, or one parameter that is infinite: none of the metrics is a number."""
    computes = {
        key: compute for key, compute in vars(model.model).items() if key in ("reconstruct", "encode", "forward")
    }
    broken = {key: lambda *a, of=compute, **k: spoilt(of(*a, **k)) for key, compute in computes.items()}
    outputs = SimpleNamespace(**{**vars(model.model), **broken})
    given = {**model.model.parameters(), "encoder1.bias": np.array([0.0, math.inf])}
    parameters = SimpleNamespace(**{**vars(model.model), "parameters": lambda: given})
    for wrong in (outputs, parameters):
        error = reconstruction_mse(cast(Model, wrong), DATA.test) if name == "test_error" else math.nan
        found = taken(name, replace(model, model=cast(Model, wrong), test_mse=error))
        assert all(math.isnan(metric.value) for metric in found.values())
        assert found.keys() == taken(name, model).keys()


def test_without_that_rule_a_broken_classifier_has_an_accuracy() -> None:
    """Planted: NaN among the logits counts as class 0, and an accuracy of 0.1 looks valid."""
    broken = classifier(lambda x: np.full((len(x), 10), math.nan))
    assert {"test_accuracy": 0.1} == values(metrics.accuracy(broken))
    assert math.isnan(taken("accuracy", broken)["test_accuracy"].value)


def roughness(model: Trained) -> Metrics:
    """A measure of another package."""
    return {"roughness": Metric(0.5, "pixels", version=3)}


def test_a_specification_brings_measures_of_its_own() -> None:
    """`package.module:function` is found where it stands; its metrics come with their version."""
    found = taken(f"{__name__}:roughness", reconstructing(perfect))
    assert {"roughness": Metric(0.5, "pixels", version=3)} == found


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("acuracy", UnknownNameError, "accuracy"),
        ("nowhere.at_all:this", SpecificationError, "expected package.module:function"),
        ("math:nothing", SpecificationError, "expected package.module:function"),
    ],
)  # fmt: skip
def test_a_measure_that_is_not_there_is_known_before_training(name: str, error: type[Exception], message: str) -> None:
    """Of the autoencoder or of a phase."""
    stacked = registry.autoencoder("stacked")
    (phase,) = stacked.phases
    for wrong in (
        replace(stacked, measures=Measures((name,))), replace(stacked, phases=(replace(phase, measures=(name,)),))
    ):  # fmt: skip
        with pytest.raises(error, match=message):
            measuring.check(wrong)


def test_what_a_measure_cannot_take_is_refused() -> None:
    """No labels, no target of sparsity, outputs that are no images."""
    unlabelled = replace(DATA, test=Split(IMAGES, None))
    wide = trained("tied", reconstruct=lambda images, noise=None: np.zeros((len(images), WIDTH + 1)))
    refused: list[tuple[Measure, Trained, type[Exception], str]] = [
        (metrics.accuracy, replace(classifier(even), dataset=unlabelled), DataError, "no labels"),
        (metrics.sparsity, reconstructing(perfect), SpecificationError, "target"),
        (metrics.train_error, wide, SpecificationError, "other measures"),
    ]
    for take, model, error, message in refused:
        with pytest.raises(error, match=message):
            take(model)


def test_data_without_variance_explain_nothing() -> None:
    """All images the same: there is nothing to explain, and no number says how much of it was."""
    flat = replace(DATA, test=Split(np.ones((4, WIDTH), np.float32), None))
    assert math.isnan(
        metrics.test_error(Trained(reconstructing(perfect).model, flat, 0, 0.0))["explained_variance"].value
    )
