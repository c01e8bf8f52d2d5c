"""What a trained model is measured by: computed here, in float64, from arrays, the same way for every framework."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from aebench.arrays import Array
from aebench.data import Dataset, Split
from aebench.errors import DataError, SpecificationError
from aebench.protocol import Batch, Model
from aebench.spec import Autoencoder, Phase
from aebench.streams import Float64, stream

LARGEST_BLOCK = 2_000
"""Images that are measured at once: few enough that their layers stay in the processor's cache."""
ACTIVE = 0.5
BAND = 0.02


@dataclass(frozen=True)
class Metric:
    """A measured number. better: "lower", "higher", or "none" where neither is better by itself.

    version: of the formula; values of two versions are not compared.
    """

    value: float
    unit: str
    better: str = "lower"
    version: int = 1


Metrics = dict[str, Metric]


@dataclass(frozen=True)
class Trained:
    """What a measure reads. test_mse: the end of the test curve, measured on the same parameters; NaN without one."""

    model: Model
    dataset: Dataset
    seed: int
    test_mse: float = math.nan


def train_error(trained: Trained) -> Metrics:
    """Reconstruction error of the training images."""
    return {"train_mse": Metric(reconstruction_mse(trained.model, trained.dataset.train), "squared intensity")}


def test_error(trained: Trained) -> Metrics:
    """Reconstruction error of the test images, and what share of their variance that leaves explained.

    explained_variance: 1 - MSE / variance, the variance of each pixel about its mean over the test images, mean over
    pixels. 0 for the mean image, 1 for a perfect reconstruction, NaN where all images are the same; it makes errors of
    different data comparable.
    """
    variance = float(np.mean(np.var(trained.dataset.test.inputs, axis=0, dtype=np.float64)))
    explained = 1.0 - trained.test_mse / variance if variance > 0 else math.nan
    return {
        "test_mse": Metric(trained.test_mse, "squared intensity"),
        "explained_variance": Metric(explained, "fraction", "higher"),
    }


def noise_removal(trained: Trained) -> Metrics:
    """Error of the clean test images' reconstruction from noisy ones."""
    split = trained.dataset.test
    noise = evaluation_noise(trained.model.autoencoder, split, trained.seed)
    return {"test_mse_from_noisy": Metric(reconstruction_mse(trained.model, split, noise), "squared intensity")}


def accuracy(trained: Trained) -> Metrics:
    """Share of the test images whose largest logit is that of their label."""
    labels = trained.dataset.test.labels
    if labels is None:
        raise DataError(
            f"{trained.dataset.name} has no labels to measure an accuracy by; choose a data set with labels"
        )
    logits = _stacked(trained.dataset.test, lambda block, _: trained.model.reconstruct(block))
    return {"test_accuracy": Metric(float(np.mean(np.argmax(logits, axis=1) == labels)), "fraction", "higher")}


def reconstruction_mse(model: Model, split: Split, noise: Array | None = None) -> float:
    """mean((reconstruction - clean image)**2) over images and pixels."""
    total = 0.0
    for rows in blocks(len(split)):
        outputs = model.reconstruct(split.inputs[rows], None if noise is None else noise[rows])
        if outputs.shape != split.inputs[rows].shape:
            raise SpecificationError(
                f"{model.autoencoder.name}: outputs {outputs.shape} have no error against images "
                f"{split.inputs[rows].shape}; its specification must name other measures than reconstruction errors"
            )
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


def pca(trained: Trained) -> Metrics:
    """MSE over PCA's own, and the largest principal angle between the decoder's row space and PCA's components.

    PCA's MSE is the mean discarded eigenvalue of the covariance, the optimum of every linear autoencoder.
    """
    model, split = trained.model, trained.dataset.train
    points = split.inputs.astype(np.float64)
    centred = points - points.mean(axis=0)
    n_codings = model.autoencoder.n_codings
    eigenvalues, vectors = np.linalg.eigh(centred.T @ centred / len(points))
    optimum = float(np.sum(eigenvalues[:-n_codings]) / points.shape[1])
    components = vectors[:, -n_codings:]
    decoder = np.linalg.qr(model.parameters()[f"{model.autoencoder.layers[-1].name}.weight"].astype(np.float64).T)[0]
    # The sine is accurate for small angles, where the cosine is flat.
    outside = decoder - components @ (components.T @ decoder)
    angle = math.degrees(math.asin(min(1.0, float(np.linalg.norm(outside, 2)))))
    return {
        "mse_over_pca": Metric(reconstruction_mse(model, split) / optimum, "ratio"),
        "principal_angle": Metric(angle, "degrees"),
    }


def sparsity(trained: Trained) -> Metrics:
    """How sparse the codings of the test images are, against the target of the first phase that has one."""
    penalties = [phase.sparsity for phase in trained.model.autoencoder.phases if phase.sparsity]
    if not penalties:
        raise SpecificationError(f"{trained.model.autoencoder.name}: `sparsity` is measured against a phase's target")
    target = penalties[0].target
    codings = _stacked(trained.dataset.test, lambda block, _: trained.model.encode(block))
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


def variational_loss(trained: Trained) -> Metrics:
    """The loss of the training and of the test images."""
    model, seed = trained.model, trained.seed
    splits = {"train": trained.dataset.train, "test": trained.dataset.test}
    return {k: m for name, split in splits.items() for k, m in _variational(model, split, name, seed).items()}


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
