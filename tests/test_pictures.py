"""Which arrays are kept for the figures: those of the pictures that the specification names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from aebench import registry
from aebench.data import Dataset, Split
from aebench.errors import UnknownNameError
from aebench.measures import Measures
from aebench.parameters import initial_parameters
from aebench.protocol import Model
from aebench.records.checkpoint import read_arrays
from aebench.streams import stream
from aebench.training import pictures

WIDTH = 16
SPLIT = Split(stream(0, "test/images").uniform((600, WIDTH)).astype(np.float32), np.arange(600) % 10)
DATA = Dataset("toy", SPLIT, SPLIT, SPLIT)
CODINGS = {"coding_map", "coding_map_variance", "coding_means", "activations", "activation_range", "labels"}
RECONSTRUCTED = {"images", "reconstructions", "features", *CODINGS}


def narrow(name: str) -> Model:
    """The autoencoder in the reference, for images of 16 pixels."""
    autoencoder = registry.autoencoder(name).resized(0.1, n_inputs=WIDTH)
    parameters = initial_parameters(autoencoder, 0)
    return registry.framework("reference").build(autoencoder, parameters, dtype="float64", device="cpu")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", {"points", "codings", "reconstructions"}),
        ("stacked", RECONSTRUCTED),
        ("pretrained", {"images", "features"}),
        ("denoising_dropout", {*RECONSTRUCTED, "noisy", "reconstructions_from_noisy"}),
        ("variational", {*RECONSTRUCTED, "samples", "interpolations", "decoded"}),
    ],
)
def test_the_arrays_of_the_pictures_are_kept(name: str, expected: set[str], tmp_path: Path) -> None:
    """Those, and no others."""
    pictures.record(tmp_path / "pictures.safetensors", "reference", narrow(name), DATA, 0)
    assert expected == set(read_arrays(tmp_path / "pictures.safetensors")[0])


@pytest.mark.parametrize("shape", [(4, 4, 1, 8), (WIDTH + 1, 8), (8,)])
def test_what_is_no_image_is_no_feature(shape: tuple[int, ...]) -> None:
    """The kernels of a convolution, or a layer that reads something else than pixels; another name is none either."""
    layers = registry.autoencoder("stacked").layers
    for name in (f"{layers[0].name}.weight", f"{layers[0].name}.kernel"):
        found = {name: np.zeros(shape)}
        model = SimpleNamespace(autoencoder=SimpleNamespace(layers=layers), parameters=lambda found=found: found)
        assert {} == pictures.find("features")(cast(Model, model), DATA, 0)


def test_a_picture_that_nobody_knows_is_refused_before_training() -> None:
    """With the nearest name."""
    wrong = replace(registry.autoencoder("stacked"), measures=Measures(pictures=("feature",)))
    with pytest.raises(UnknownNameError, match="features"):
        pictures.check(wrong)


def recorded(model: object, labels: bool = True) -> dict[str, np.ndarray]:
    """What is kept of the codings of a model that encodes as it is told."""
    split = SPLIT if labels else Split(SPLIT.inputs)
    return pictures.find("reconstructions")(cast(Model, model), replace(DATA, test=split), 0)


def encoding(encode: object) -> SimpleNamespace:
    """A model that does nothing but encode."""
    return SimpleNamespace(encode=encode, reconstruct=lambda images: images)


def test_the_codings_of_500_images_are_summed_up() -> None:
    """Their places, means and a histogram are those of the codings, worked out apart; the rest is not read."""
    model = narrow("sparse")
    found, codings = recorded(model), model.encode(SPLIT.inputs[:500])
    assert codings.mean(axis=0) == pytest.approx(found["coding_means"])
    assert np.histogram(codings, 50, (0, 1))[0].tolist() == found["activations"].tolist()
    assert [0.0, 1.0] == found["activation_range"].tolist()
    assert (np.arange(500) % 10).tolist() == found["labels"].tolist()
    variances = np.linalg.eigvalsh(np.cov(codings.T, bias=True))[::-1]
    assert variances[:2] == pytest.approx(found["coding_map"].var(axis=0))
    assert variances[:2] / variances.sum() == pytest.approx(found["coding_map_variance"])


def test_two_values_are_their_own_map_and_no_labels_are_none() -> None:
    """Nothing is turned that can be drawn as it is."""
    found = recorded(encoding(lambda images: images[:, :2]), labels=False)
    assert (SPLIT.inputs[:500, :2] == found["coding_map"]).all()
    assert {"images", "reconstructions", *CODINGS} - {"labels"} == set(found)


@pytest.mark.parametrize(
    ("scale", "expected"), [(1.0, (0.0, 1.0)), (-1.0, (-1.0, 0.0)), (3.14159, (0.0, 3.2)), (-272.0, (-280.0, 0.0))]
)
def test_the_histogram_spans_all_activations_in_round_numbers(scale: float, expected: tuple[float, float]) -> None:
    """Two subjects that differ by rounding have the same bins, and no activation lies outside."""
    found = recorded(encoding(lambda images: scale * np.round(images)))
    assert expected == pytest.approx(tuple(found["activation_range"]))
    assert 500 * WIDTH == found["activations"].sum()


def test_codings_that_are_not_finite_are_kept_as_such() -> None:
    """A training that broke leaves its pictures: the broken coding has no mean, and its images no place."""
    found = recorded(encoding(lambda images: np.where(np.arange(WIDTH) == 3, np.nan, images)))
    assert [3] == np.flatnonzero(~np.isfinite(found["coding_means"])).tolist()
    assert np.isnan(found["coding_map"]).all()
    assert 500 * (WIDTH - 1) == found["activations"].sum()


def test_kilobytes_are_kept_of_the_codings(tmp_path: Path) -> None:
    """Of 1,000 codings of 500 images, 2 MB, less than 20 kB; nothing else that is recorded grows with them."""
    sizes = []
    for width in (0.1, 1.0):
        autoencoder = registry.autoencoder("sparse").resized(width, n_inputs=WIDTH)
        parameters = initial_parameters(autoencoder, 0)
        model = registry.framework("reference").build(autoencoder, parameters, dtype="float64", device="cpu")
        pictures.record(tmp_path / "it.safetensors", "reference", model, DATA, 0)
        sizes.append((tmp_path / "it.safetensors").stat().st_size)
    assert 4 * 900 <= sizes[1] - sizes[0] <= 4 * 900 + 100
    assert sizes[1] < 20_000


def test_images_are_decoded_from_codings_that_were_drawn() -> None:
    """Encoded with noise, the same for every framework, and decoded: not the reconstructions of the means."""
    model = narrow("variational")
    found = pictures.find("generated")(model, DATA, 0)
    noise = stream(0, "pictures/encoded").normal((10, model.autoencoder.n_codings))
    assert model.decode(model.encode(SPLIT.inputs[:10], noise)) == pytest.approx(found["decoded"])
    assert np.abs(found["decoded"] - model.reconstruct(SPLIT.inputs[:10])).max() > 1e-3
