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
SPLIT = Split(stream(0, "test/images").uniform((12, WIDTH)).astype(np.float32), None)
DATA = Dataset("toy", SPLIT, SPLIT, SPLIT)


def narrow(name: str) -> Model:
    """The autoencoder in the reference, for images of 16 pixels."""
    autoencoder = registry.autoencoder(name).resized(0.1, n_inputs=WIDTH)
    parameters = initial_parameters(autoencoder, 0)
    return registry.framework("reference").build(autoencoder, parameters, dtype="float64", device="cpu")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", {"points", "codings", "reconstructions"}),
        ("stacked", {"images", "reconstructions", "features"}),
        ("pretrained", {"images", "features"}),
        ("denoising_dropout", {"images", "reconstructions", "features", "noisy", "reconstructions_from_noisy"}),
        ("variational", {"images", "reconstructions", "features", "samples", "interpolations"}),
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
