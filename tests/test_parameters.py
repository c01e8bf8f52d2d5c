"""Initial parameters: shapes, bounds, deviations, and the same numbers for every framework and autoencoder."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aebench import registry
from aebench.parameters import initial_parameters
from aebench.spec import Layer
from aebench.streams import stream

SEED = 0
# Standard deviation of a normal truncated at two deviations.
TRUNCATED = 0.8796256610342398

# The first value of each weight for seed 0, written down once: they fix seed, stream name, initialiser and shape.
LITERALS = {
    ("stacked", "encoder1.weight"): -0.08722793648355741,
    ("tied", "encoder2.weight"): -0.023850505998869134,
    ("pretrained", "logits.weight"): -0.10938627045704505,
    ("sparse", "decoder1.weight"): 0.03371677181710115,
    ("linear", "encoder1.weight"): -0.9986421259325872,
    ("variational", "mean.weight"): 0.0786049388165155,
    ("variational_gamma", "mean.weight"): 0.04794795172886387,
}


def _weights() -> list[tuple[str, str]]:
    return [(name, n) for name, it in registry.autoencoders().items() for n in it.shapes if n.endswith(".weight")]


def _width(layer: Layer) -> float:
    """Largest magnitude that the initialiser can draw, by the mathematics' formulas."""
    n_in, n_out = layer.n_inputs, layer.n_outputs
    return {
        "he_normal": 2.0 * math.sqrt(1.3 * 2.0 / n_in),
        "average_uniform": math.sqrt(3.0 * 2.0 / ((n_in + n_out) / 2.0)),
        "glorot_uniform": math.sqrt(6.0 / (n_in + n_out)),
    }[layer.initializer]


def _deviation(layer: Layer) -> float:
    """Standard deviation of what the initialiser draws."""
    if layer.initializer == "he_normal":
        return TRUNCATED * math.sqrt(1.3 * 2.0 / layer.n_inputs)
    return _width(layer) / math.sqrt(3.0)


@pytest.mark.parametrize("name", registry.autoencoders())
def test_shapes_and_order_are_the_specification_s(name: str) -> None:
    """Every parameter of the specification is there, in its order and shape, in float64."""
    it = registry.autoencoder(name)
    actual = initial_parameters(it, SEED)
    assert list(it.shapes) == list(actual)
    assert it.shapes == {key: value.shape for key, value in actual.items()}
    assert {np.dtype(np.float64)} == {value.dtype for value in actual.values()}


@pytest.mark.parametrize("name", registry.autoencoders())
def test_biases_are_zero(name: str) -> None:
    """Every bias begins at 0."""
    biases = [v for key, v in initial_parameters(registry.autoencoder(name), SEED).items() if key.endswith(".bias")]
    assert len(registry.autoencoder(name).layers) == len(biases)
    assert not any(bias.any() for bias in biases)


@pytest.mark.parametrize(("name", "weight"), _weights())
def test_bounds_and_deviation_follow_the_initialiser(name: str, weight: str) -> None:
    """No value beyond the initialiser's bound; mean 0 and its deviation within five sigma; the bound nearly reached."""
    it = registry.autoencoder(name)
    layer, values = it.layer(weight.split(".")[0]), initial_parameters(it, SEED)[weight]
    width, deviation = _width(layer), _deviation(layer)
    assert np.abs(values).max() <= width
    assert abs(values.mean()) <= 5.0 * deviation / math.sqrt(values.size)
    # The variance of a sample's deviation is at most the normal's, deviation^2 / (2 n).
    assert abs(values.std() - deviation) <= 5.0 * deviation / math.sqrt(2.0 * values.size)
    if values.size > 1000:
        assert np.abs(values).max() >= 0.97 * width


@pytest.mark.parametrize("initializer", ["he_normal", "average_uniform", "glorot_uniform"])
def test_a_wrong_factor_of_an_initialiser_is_noticed(initializer: str) -> None:
    """Planted fault: the deviation check tells each initialiser's factor from one that is 1.3 times as large."""
    layer = Layer("encoder1", 784, 300, initializer=initializer)  # type: ignore[arg-type]
    deviation = _deviation(layer)
    assert abs(math.sqrt(1.3) * deviation - deviation) > 5.0 * deviation / math.sqrt(2.0 * 784 * 300)


def test_equal_layers_begin_alike() -> None:
    """The stream is named after the parameter: `encoder1.weight` is the same in every autoencoder that shares it."""
    shared: dict[tuple[str, tuple[int, ...], str], list[np.ndarray]] = {}
    for it in registry.autoencoders().values():
        for key, value in initial_parameters(it, SEED).items():
            shared.setdefault((key, value.shape, it.layer(key.split(".")[0]).initializer), []).append(value)
    assert max(len(values) for values in shared.values()) >= 8
    for values in shared.values():
        assert all(np.array_equal(values[0], other) for other in values[1:])


def test_other_seeds_and_other_layers_begin_apart() -> None:
    """Another seed gives other weights, and so does another layer of the same shape."""
    it = registry.autoencoder("variational")
    first, second = initial_parameters(it, SEED), initial_parameters(it, SEED + 1)
    assert not np.array_equal(first["encoder1.weight"], second["encoder1.weight"])
    assert not np.array_equal(first["encoder2.weight"], first["decoder2.weight"])


def test_weights_are_scaled_draws_of_their_stream() -> None:
    """He: truncated normals times sqrt(1.3 * 2 / n_in); uniform: 2 u - 1 times the bound, of `initial/NAME`."""
    he = initial_parameters(registry.autoencoder("stacked"), SEED)["encoder1.weight"]
    expected = stream(SEED, "initial/encoder1.weight").truncated_normal((784, 300)) * math.sqrt(2.6 / 784)
    assert np.array_equal(expected, he)
    average = initial_parameters(registry.autoencoder("variational"), SEED)["mean.weight"]
    expected = (2.0 * stream(SEED, "initial/mean.weight").uniform((500, 20)) - 1.0) * math.sqrt(6.0 / 260.0)
    assert np.array_equal(expected, average)


@pytest.mark.parametrize(("name", "weight"), LITERALS)
def test_literal_first_values(name: str, weight: str) -> None:
    """The first value of a weight under seed 0 is this one, to the last bit, on every machine."""
    actual = initial_parameters(registry.autoencoder(name), SEED)[weight]
    assert LITERALS[name, weight] == actual[0, 0]
