"""The arrays behind the figures: what a person looks at, recorded from a trained model while its framework is there."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aebench.arrays import Array, Arrays
from aebench.data import Dataset
from aebench.errors import UnknownNameError
from aebench.protocol import Batch, Model
from aebench.records.checkpoint import write_arrays
from aebench.spec import Autoencoder
from aebench.streams import stream
from aebench.training.metrics import evaluation_noise
from aebench.training.principal import principal

SHOWN_IMAGES, SHOWN_FEATURES, SAMPLES, INTERPOLATED, INTERPOLATION_STEPS = 10, 5, 60, 6, 4
MAPPED = 500  # test images whose codings are summed up
BINS = 50  # of the activations


def record(path: Path, framework: str, model: Model, dataset: Dataset, seed: int) -> None:
    """Write the arrays of the pictures that the specification names, as float32."""
    autoencoder = model.autoencoder
    arrays = {
        k: array for name in autoencoder.measures.pictures for k, array in find(name)(model, dataset, seed).items()
    }
    shape = "x".join(map(str, dataset.image_shape or ()))
    metadata = {"autoencoder": autoencoder.name, "framework": framework, "image_shape": shape}
    write_arrays(path, {name: np.asarray(array, np.float32) for name, array in arrays.items()}, metadata)


def check(autoencoder: Autoencoder) -> None:
    """That every picture that the specification names is known; errors as of `find`."""
    for name in autoencoder.measures.pictures:
        find(name)


def find(name: str) -> Picture:
    """The picture of that name; UnknownNameError with the nearest match."""
    if name not in PICTURES:
        raise UnknownNameError("picture", name, PICTURES)
    return PICTURES[name]


def _originals(model: Model, dataset: Dataset, seed: int) -> Arrays:
    """The first test images."""
    return {"images": dataset.test.inputs[:SHOWN_IMAGES]}


def _reconstructions(model: Model, dataset: Dataset, seed: int) -> Arrays:
    """The same, reconstructed, and what the codings of more of them are like."""
    images = dataset.test.inputs[:SHOWN_IMAGES]
    return {"images": images, "reconstructions": model.reconstruct(images), **_codings(model, dataset)}


def _codings(model: Model, dataset: Dataset) -> Arrays:
    """Where the codings of test images lie and how active they are: kilobytes, where the codings would be megabytes.

    coding_map: their first two principal components, or both their values (n, 2); coding_map_variance: the shares of
    the variance of these components (2,);
    labels: of the images (n,), where there are any; coding_means: of each coding over the images (n_codings,);
    activations: how many of all lie in each of as many bins of one width, from the first to the second of
    activation_range (2,).
    """
    split = dataset.test
    codings = np.asarray(model.encode(split.inputs[:MAPPED]), np.float64).reshape(min(MAPPED, len(split)), -1)
    places, variance = principal(codings, 2)
    places = codings if codings.shape[1] == 2 else places
    finite = codings[np.isfinite(codings)]
    low, high = _around(finite)
    with np.errstate(all="ignore"):  # codings that are not finite have no mean
        means = codings.mean(axis=0)
    found = {
        "coding_map": places, "coding_map_variance": variance, "coding_means": means,
        "activations": np.histogram(finite, BINS, (low, high))[0], "activation_range": np.array([low, high]),
    }  # fmt: skip
    return found if split.labels is None else {**found, "labels": split.labels[:MAPPED]}


def _around(values: Array) -> tuple[float, float]:
    """A range of all values: 0 to 1 where it holds them, else two decimal digits that subjects mostly share."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if 0 <= low and high <= 1:
        return 0.0, 1.0
    digit = 10.0 ** (math.floor(math.log10(max(-low, high))) - 1)
    return min(0.0, low, math.floor(low / digit) * digit), max(0.0, high, math.ceil(high / digit) * digit)


def _curve(model: Model, dataset: Dataset, seed: int) -> Arrays:
    """All training points, with their codings."""
    points = dataset.train.inputs
    return {"points": points, "codings": model.encode(points), "reconstructions": model.reconstruct(points)}


def _features(model: Model, dataset: Dataset, seed: int) -> Arrays:
    """Columns of the first layer's weight, where it is dense."""
    weight = model.parameters().get(f"{model.autoencoder.layers[0].name}.weight")
    if weight is None or weight.ndim != 2 or len(weight) != dataset.n_inputs:
        return {}
    return {"features": weight[:, :SHOWN_FEATURES]}


def _denoised(model: Model, dataset: Dataset, seed: int) -> Arrays:
    """The first test images with noise, and what is made of them."""
    images = dataset.test.inputs[:SHOWN_IMAGES]
    noise = evaluation_noise(model.autoencoder, dataset.test, seed)[:SHOWN_IMAGES]
    corrupted = model.forward(model.autoencoder.phases[0].name, Batch(images, noise))["corrupted"]
    return {"noisy": corrupted, "reconstructions_from_noisy": model.reconstruct(images, noise)}


def _generated(model: Model, dataset: Dataset, seed: int) -> Arrays:
    """Images from random codings, from codings on the way from each of six to the next in four steps, and from what
    the first test images are encoded as, drawn from its distribution."""
    images = dataset.test.inputs[:SHOWN_IMAGES]
    noise = stream(seed, "pictures/encoded").normal((len(images), model.autoencoder.n_codings))
    codings = stream(seed, "pictures/samples").normal((SAMPLES, model.autoencoder.n_codings))
    corners = stream(seed, "pictures/interpolation").normal((INTERPOLATED, model.autoencoder.n_codings))
    ways = [corners + (np.roll(corners, -1, axis=0) - corners) * t for t in np.linspace(0, 1, INTERPOLATION_STEPS)]
    return {
        "samples": model.sample(codings),
        "interpolations": np.stack([model.decode(way) for way in ways]),
        "images": images,
        "decoded": model.decode(model.encode(images, noise)),
    }


Picture = Callable[[Model, Dataset, int], Arrays]
PICTURES: dict[str, Picture] = {
    "originals": _originals,
    "reconstructions": _reconstructions,
    "features": _features,
    "curve": _curve,
    "denoised": _denoised,
    "generated": _generated,
}
