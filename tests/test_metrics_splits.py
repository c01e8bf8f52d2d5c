"""Which images each measure reads: those to train on, or those to test on, as the metric's name says; all of them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from aebench import registry
from aebench.arrays import Arrays
from aebench.data import Dataset, Split
from aebench.protocol import Model
from aebench.streams import stream
from aebench.training import metrics
from aebench.training.measuring import MEASURES, after_epoch
from aebench.training.metrics import Trained

# No number of equal blocks makes so many images.
N, WIDTH, CODINGS = 41, 12, 3
LIKE = {
    "train_error": "stacked",
    "test_error": "stacked",
    "noise_removal": "denoising_gaussian",
    "accuracy": "pretrained",
    "pca": "linear",
    "sparsity": "sparse",
    "variational_loss": "variational",
}


def images(name: str) -> Split:
    """Images and labels, other ones under every name."""
    return Split(
        stream(0, f"test/{name}").uniform((N, WIDTH)), (stream(1, f"test/{name}").uniform((N,)) * 10).astype(int)
    )


DATA = Dataset("toy", images("train"), images("validation"), images("test"))


def forward(phase: str, batch: Any) -> Arrays:
    """Activations of a variational model, all of them from its images."""
    mean = batch.inputs[:, :CODINGS]
    return {
        "mean": mean,
        "log_variance": -mean,
        "codings": mean + batch.noise,
        "logits": batch.inputs - 0.5 + batch.noise[:, :1],
    }


def trained(like: str, data: Dataset) -> Trained:
    """A model that halves, with a specification of that kind."""
    given = registry.autoencoder(like)
    it = SimpleNamespace(
        name=like, kind=given.kind, phases=given.phases, layers=given.layers, corruption=given.corruption,
        n_codings=CODINGS, measures=given.measures,
    )  # fmt: skip
    decoder = f"{given.layers[-1].name}.weight"
    model = SimpleNamespace(
        autoencoder=it, forward=forward, parameters=lambda: {decoder: np.eye(CODINGS, WIDTH)}, dtype="float64",
        reconstruct=lambda x, noise=None: 0.5 * (x if noise is None else x + noise),
        encode=lambda x: 0.5 * x[:, :CODINGS],
    )  # fmt: skip
    return Trained(cast(Model, model), data, 0, 0.1)


def changed(name: str, part: str) -> tuple[set[str], set[str]]:
    """The metrics of a measure that change with that part of the data, and all."""
    before = MEASURES[name](trained(LIKE[name], DATA))
    after = MEASURES[name](trained(LIKE[name], replace(DATA, **{part: images("others")})))
    return {metric for metric in before if before[metric].value != after[metric].value}, set(before)


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_reads_the_images_of_its_name(name: str) -> None:
    """No metric changes with images that it is not of, each measure does with its own; none reads the validation's."""
    of_training = {"mse_over_pca", "principal_angle"}
    for part in ("train", "validation", "test"):
        found, known = changed(name, part)
        own = {metric for metric in known if (metric.startswith("train") or metric in of_training) == (part == "train")}
        own = set() if part == "validation" else own
        assert found <= own
        assert bool(found) == bool(own)


def test_the_curve_is_that_of_the_test_images() -> None:
    """What is followed from epoch to epoch changes with the test images, and with no others."""
    phase = registry.autoencoder("stacked").phases[-1]
    seen = {
        part: after_epoch(trained("stacked", DATA).model, phase, replace(DATA, **{part: images("others")}))
        for part in ("train", "validation", "test")
    }
    expected = after_epoch(trained("stacked", DATA).model, phase, DATA)
    assert {"train": True, "validation": True, "test": False} == {part: expected == seen[part] for part in seen}


@pytest.mark.parametrize("name", MEASURES)
def test_blocks_do_not_matter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images that are measured a few at a time, the last few included, each with its own noise, give the same."""
    expected = {metric: found.value for metric, found in MEASURES[name](trained(LIKE[name], DATA)).items()}
    blocks = metrics.blocks
    monkeypatch.setattr(metrics, "blocks", lambda count: blocks(count, 7))
    actual = {metric: found.value for metric, found in MEASURES[name](trained(LIKE[name], DATA)).items()}
    assert pytest.approx(expected, rel=1e-12) == actual
