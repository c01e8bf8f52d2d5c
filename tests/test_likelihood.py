"""The importance-weighted bound: exact where the likelihood is known, and tighter with more samples."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from aebench import registry
from aebench.arrays import Arrays
from aebench.data import Split
from aebench.parameters import initial_parameters
from aebench.protocol import Model
from aebench.streams import stream
from aebench.training import likelihood
from aebench.training.likelihood import importance_weighted_bound, log_mean_exp, log_weights

IMAGES = Split(stream(0, "test/images").uniform((7, 16)).astype(np.float32))


def variational(**changes: Any) -> Model:
    """A narrow variational autoencoder in the reference; changes: parameters that are set to one value."""
    autoencoder = registry.autoencoder("variational").resized(width=0.2, n_inputs=16)
    model = registry.framework("reference").build(
        autoencoder, initial_parameters(autoencoder, 3), dtype="float64", device="cpu"
    )
    model.assign({name: np.full(autoencoder.shapes[name], value) for name, value in changes.items()})
    return model


def bound(model: Model, samples: int, seed: int = 0) -> float:
    """The one number of the measurement."""
    (metric,) = importance_weighted_bound(model, IMAGES, seed, samples).values()
    return metric.value


def test_one_weight_by_hand() -> None:
    """One image of one pixel, one coding: each of the three densities worked out with a calculator.

    x = 1, logit 0: log p(x|z) = -ln 2. mean 1, log variance ln 4, noise 0.5: z = 2, so
    log p(z) - log q(z|x) = -2 - (-0.125 - ln 2) = -1.875 + ln 2.
    """
    found: Arrays = {"logits": np.zeros((1, 1)), "codings": np.full((1, 1), 2.0)}
    found["log_variance"] = np.full((1, 1), np.log(4.0))
    actual = log_weights(found, np.ones((1, 1)), np.full((1, 1), 0.5))
    assert actual == pytest.approx([-1.875], abs=1e-15)


def test_log_mean_exp_by_hand_and_without_overflow() -> None:
    """log((e^0 + e^(ln 3)) / 2) = ln 2; numbers that exp cannot hold keep their distance."""
    values = np.array([[0.0, np.log(3.0)], [1000.0, 1000.0 + np.log(3.0)]])
    assert log_mean_exp(values) == pytest.approx([np.log(2.0), 1000.0 + np.log(2.0)], abs=1e-12)


@pytest.mark.parametrize("samples", [1, 3, 50])
def test_the_bound_is_exact_where_the_codings_say_nothing(samples: int) -> None:
    """With q(z|x) the prior and a decoder that does not look at z, every k gives log p(x) itself."""
    nothing = {"mean.weight": 0.0, "log_variance.weight": 0.0, "decoder3.weight": 0.0, "decoder3.bias": 0.3}
    log_p = -np.sum(np.log1p(np.exp(0.3)) - 0.3 * IMAGES.inputs.astype(np.float64), axis=1).mean()
    assert bound(variational(**nothing), samples) == pytest.approx(log_p, abs=1e-12)


def test_more_samples_come_closer_to_the_likelihood() -> None:
    """With a decoder that ignores z and a wrong q the truth is known: bounds rise towards it, and stay below."""
    model = variational(**{"decoder3.weight": 0.0, "log_variance.weight": 0.0, "log_variance.bias": 0.5})
    log_p = -16 * np.log(2.0)
    bounds = [np.mean([bound(model, k, seed) for seed in range(20)]) for k in (1, 10, 1000)]
    assert sorted(bounds) == bounds
    assert bounds[-1] < log_p + 0.01
    assert log_p - bounds[-1] < 0.2 * (log_p - bounds[0])


def test_one_sample_is_the_negative_loss_on_average() -> None:
    """At k = 1 the mean over many draws is minus the total loss, whose latent part is exact."""
    model = variational()
    phase, noise = model.autoencoder.phases[0].name, stream(1, "test/noise").normal((7, model.autoencoder.n_codings))
    drawn = [
        -model.losses(phase, SimpleNamespace(inputs=IMAGES.inputs, noise=n, labels=None))["total"] / 7  # type: ignore[arg-type]
        for n in (noise, -noise)
    ]
    estimates = [bound(model, 1, seed) for seed in range(400)]
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - np.mean(drawn)) < 5 * error + 0.5


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows are computed at once, the bound is the same."""
    expected = bound(variational(), 6)
    monkeypatch.setattr(likelihood, "ROWS_AT_ONCE", 12)
    assert bound(variational(), 6) == pytest.approx(expected, rel=1e-14)


def test_large_work_is_cut_to_the_first_images_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the largest work fewer images are measured; the unit tells how many."""
    monkeypatch.setattr(likelihood, "LARGEST_WORK", 30)
    found = importance_weighted_bound(variational(), IMAGES, 0, 10)
    assert found["importance_weighted_bound_10"].unit == "nats, 3 images"
