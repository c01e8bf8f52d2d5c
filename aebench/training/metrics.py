"""What a trained model is measured by: computed here, in float64, from arrays, the same way for every framework."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from aebench.arrays import Array
from aebench.data import Dataset, Split
from aebench.protocol import Batch, Model
from aebench.spec import Autoencoder, Phase
from aebench.streams import Float64, stream

LARGEST_BLOCK = 2_000
"""Images that are measured at once: few enough that their layers stay in the processor's cache."""
ACTIVE = 0.5
BAND = 0.02
ACCURACY = ".test_accuracy"


@dataclass(frozen=True)
class Metric:
    """A measured number. better: "lower", "higher", or "none" where neither is better by itself."""

    value: float
    unit: str
    better: str = "lower"


Metrics = dict[str, Metric]


def headline(autoencoder: Autoencoder) -> tuple[str, str]:
    """The one metric that stands for an autoencoder's quality in summaries, and how tables call it."""
    if autoencoder.name == "linear":
        return "mse_over_pca", "MSE / PCA's"
    if autoencoder.kind == "classifier":
        return "finetuned.test_accuracy", "accuracy, finetuned"
    if autoencoder.kind == "variational":
        return "test_total", "loss, nats / image"
    return "test_mse", "MSE"


def after_phase(model: Model, phase: Phase, dataset: Dataset) -> Metrics:
    """What is measured when a phase ends: accuracy of a classifier's arm, or the phase's own reconstruction MSE."""
    if model.autoencoder.kind != "classifier":
        return {}
    labels = dataset.test.labels
    assert labels is not None
    logits = _stacked(dataset.test, lambda block, _: model.reconstruct(block))
    accuracy = float(np.mean(np.argmax(logits, axis=1) == labels))
    return {f"{phase.name}{ACCURACY}": Metric(accuracy, "fraction", "higher")}


def after_epoch(model: Model, phase: Phase, dataset: Dataset) -> dict[str, float]:
    """The point of the test curve: reconstruction MSE of the whole autoencoder, once all of it is being trained."""
    if model.autoencoder.kind == "classifier" or phase != model.autoencoder.phases[-1]:
        return {}
    return {"test_mse": reconstruction_mse(model, dataset.test)}


def after_training(model: Model, dataset: Dataset, seed: int, test_mse: float) -> Metrics:
    """Everything that the autoencoder is measured by once all its phases are done.

    test_mse: the end of the test curve, which was measured on the same parameters; not used for a classifier.
    """
    autoencoder = model.autoencoder
    if autoencoder.kind == "classifier":
        return {}
    if autoencoder.kind == "variational":
        return {
            **_variational(model, dataset.train, "train", seed),
            **_variational(model, dataset.test, "test", seed),
            "test_mse": Metric(test_mse, "squared intensity"),
        }
    metrics = {
        "train_mse": Metric(reconstruction_mse(model, dataset.train), "squared intensity"),
        "test_mse": Metric(test_mse, "squared intensity"),
    }
    if autoencoder.corruption is not None:
        noisy = reconstruction_mse(model, dataset.test, evaluation_noise(autoencoder, dataset.test, seed))
        metrics["test_mse_from_noisy"] = Metric(noisy, "squared intensity")
    if autoencoder.phases[0].sparsity is not None:
        metrics |= _sparsity(model, dataset.test, autoencoder.phases[0].sparsity.target)
    if autoencoder.name == "linear":
        metrics |= against_pca(model, dataset.train)
    return metrics


def arms(measured: Metrics) -> Metrics:
    """Gains of the pretrained arms over `scratch`, each at its label budget."""
    accuracies = {name.removesuffix(ACCURACY): m.value for name, m in measured.items() if name.endswith(ACCURACY)}
    gains = {}
    for phase, accuracy in accuracies.items():
        arm, _, budget = phase.partition("_")
        scratch = accuracies.get(f"scratch_{budget}" if budget else "scratch")
        if arm != "scratch" and scratch is not None:
            gains[f"{phase}.accuracy_gain"] = Metric(accuracy - scratch, "fraction", "higher")
    return gains


def invalid(measured: Metrics, model: Model) -> dict[str, str]:
    """For each metric that is not finite the reason, as far as it can be seen."""
    bad = {name: metric.value for name, metric in measured.items() if not math.isfinite(metric.value)}
    if not bad:
        return {}
    broken = next((name for name, array in model.parameters().items() if not np.all(np.isfinite(array))), None)
    cause = f"the trained {broken} is not finite" if broken else "its outputs overflowed; the parameters are finite"
    return {name: f"{name} is {value}: {cause}" for name, value in bad.items()}


def reconstruction_mse(model: Model, split: Split, noise: Array | None = None) -> float:
    """mean((reconstruction - clean image)**2) over images and pixels."""
    total = 0.0
    for rows in blocks(len(split)):
        outputs = model.reconstruct(split.inputs[rows], None if noise is None else noise[rows])
        total += float(np.sum(np.square(outputs.astype(np.float64) - split.inputs[rows])))
    return total / split.inputs.size


def evaluation_noise(autoencoder: Autoencoder, split: Split, seed: int) -> Array:
    """The noise that evaluation corrupts test images with; the same for every framework."""
    draw = stream(seed, "evaluation/noise")
    corruption = autoencoder.corruption
    assert corruption is not None
    if corruption.kind == "dropout":
        return draw.keep_mask(split.inputs.shape, corruption.amount)
    return draw.normal(split.inputs.shape).astype(np.float32)


def against_pca(model: Model, split: Split) -> Metrics:
    """MSE over PCA's own, and the largest principal angle between the decoder's row space and PCA's components.

    PCA's MSE is the mean discarded eigenvalue of the covariance, the optimum of every linear autoencoder.
    """
    points = split.inputs.astype(np.float64)
    centred = points - points.mean(axis=0)
    n_codings = model.autoencoder.n_codings
    eigenvalues, vectors = np.linalg.eigh(centred.T @ centred / len(points))
    optimum = float(np.sum(eigenvalues[:-n_codings]) / points.shape[1])
    components = vectors[:, -n_codings:]
    decoder = np.linalg.qr(model.parameters()["decoder1.weight"].astype(np.float64).T)[0]
    # The sine is accurate for small angles, where the cosine is flat.
    outside = decoder - components @ (components.T @ decoder)
    angle = math.degrees(math.asin(min(1.0, float(np.linalg.norm(outside, 2)))))
    return {
        "mse_over_pca": Metric(reconstruction_mse(model, split) / optimum, "ratio"),
        "principal_angle": Metric(angle, "degrees"),
    }


def _sparsity(model: Model, split: Split, target: float) -> Metrics:
    codings = _stacked(split, lambda block, _: model.encode(block))
    means = codings.mean(axis=0)
    floor = np.finfo(np.float64).tiny
    q, not_q = np.maximum(means, floor), np.maximum((1.0 - codings).mean(axis=0), floor)
    divergence = target * np.log(target / q) + (1 - target) * np.log((1 - target) / not_q)
    return {
        "sparsity": Metric(float(divergence.sum()), "nats"),
        "mean_activation": Metric(float(means.mean()), "activation", "none"),
        "largest_deviation_from_target": Metric(float(np.abs(means - target).max()), "activation"),
        "units_in_band": Metric(float(np.mean(np.abs(means - target) <= BAND)), "fraction", "higher"),
        "active_codings": Metric(float(np.mean(codings > ACTIVE)), "fraction", "none"),
    }


def _variational(model: Model, split: Split, name: str, seed: int) -> Metrics:
    """Reconstruction, latent and total in nats an image, with one draw of the codings for each image."""
    noise = stream(seed, f"evaluation/{name}").normal((len(split), model.autoencoder.n_codings))
    reconstruction = latent = 0.0
    phase = model.autoencoder.phases[0].name
    for rows in blocks(len(split)):
        found = {
            k: a.astype(np.float64) for k, a in model.forward(phase, Batch(split.inputs[rows], noise[rows])).items()
        }
        mean, s = found["mean"], found["log_variance"]
        reconstruction += float(np.sum(bernoulli_cross_entropy(found["logits"], split.inputs[rows])))
        latent += float(0.5 * np.sum(np.exp(s) + mean**2 - 1.0 - s))
    n = len(split)
    return {
        f"{name}_reconstruction": Metric(reconstruction / n, "nats an image"),
        f"{name}_latent": Metric(latent / n, "nats an image", "none"),
        f"{name}_total": Metric((reconstruction + latent) / n, "nats an image"),
    }


def bernoulli_cross_entropy(logits: Array, x: Array) -> Float64:
    """-(x log p + (1 - x) log(1 - p)) with p = sigmoid(logits), of each pixel, finite for every logit; float64."""
    values = np.asarray(logits, np.float64)
    return np.asarray(np.maximum(values, 0) - values * x + np.log1p(np.exp(-np.abs(values))))


def blocks(count: int, largest: int = LARGEST_BLOCK) -> Iterator[slice]:
    """Slices that cover `count` rows, of one size where that can be: compiled code is compiled for a shape."""
    sizes = [count] if count <= largest else range(largest, largest // 2, -1)
    size = next((s for s in sizes if count % s == 0), largest)
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def _stacked(split: Split, compute: Callable[[Array, slice], Array]) -> Float64:
    parts = [compute(split.inputs[rows], rows).astype(np.float64) for rows in blocks(len(split))]
    return np.concatenate(parts)


def last_batch(model: Model, phase: Phase, batch: Batch, seed: int, epoch: int) -> dict[str, float]:
    """Loss terms of an epoch's last batch after its update, without corruption: what the source prints."""
    noise = None
    if model.autoencoder.kind == "variational":
        shape = (len(batch.inputs), model.autoencoder.n_codings)
        noise = stream(seed, f"evaluation/{phase.name}", epoch).normal(shape)
    losses = model.losses(phase.name, Batch(batch.inputs, noise, batch.labels))
    return {term: float(value) for term, value in losses.items()}
