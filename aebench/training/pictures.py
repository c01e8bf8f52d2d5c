"""The arrays behind the figures: what a person looks at, recorded from a trained model while its framework is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aebench.arrays import Arrays
from aebench.data import Dataset
from aebench.protocol import Batch, Model
from aebench.records.checkpoint import write_arrays
from aebench.streams import stream
from aebench.training.metrics import evaluation_noise

SHOWN_IMAGES, SHOWN_FEATURES, SAMPLES, INTERPOLATED, INTERPOLATION_STEPS = 10, 5, 60, 6, 4


def record(path: Path, framework: str, model: Model, dataset: Dataset, seed: int) -> None:
    """Write originals, reconstructions, features and, where there are any, noisy and generated images as float32."""
    autoencoder, images = model.autoencoder, dataset.test.inputs[:SHOWN_IMAGES]
    arrays: Arrays = {"images": images}
    if autoencoder.name == "linear":
        points = dataset.train.inputs
        arrays = {"points": points, "codings": model.encode(points), "reconstructions": model.reconstruct(points)}
    elif autoencoder.kind != "classifier":
        arrays["reconstructions"] = model.reconstruct(images)
    if "encoder1.weight" in autoencoder.shapes and autoencoder.name != "linear":
        arrays["features"] = model.parameters()["encoder1.weight"][:, :SHOWN_FEATURES]
    if autoencoder.corruption is not None:
        noise = evaluation_noise(autoencoder, dataset.test, seed)[:SHOWN_IMAGES]
        arrays["noisy"] = model.forward(autoencoder.phases[0].name, Batch(images, noise))["corrupted"]
        arrays["reconstructions_from_noisy"] = model.reconstruct(images, noise)
    if autoencoder.kind == "variational":
        arrays |= _generated(model, seed)
    shape = "x".join(map(str, dataset.image_shape or ()))
    metadata = {"autoencoder": autoencoder.name, "framework": framework, "image_shape": shape}
    write_arrays(path, {name: np.asarray(array, np.float32) for name, array in arrays.items()}, metadata)


def _generated(model: Model, seed: int) -> Arrays:
    """Images from random codings, and from codings on the way from each of six to the next in four steps."""
    codings = stream(seed, "pictures/samples").normal((SAMPLES, model.autoencoder.n_codings))
    corners = stream(seed, "pictures/interpolation").normal((INTERPOLATED, model.autoencoder.n_codings))
    ways = [corners + (np.roll(corners, -1, axis=0) - corners) * t for t in np.linspace(0, 1, INTERPOLATION_STEPS)]
    return {"samples": model.sample(codings), "interpolations": np.stack([model.decode(way) for way in ways])}
