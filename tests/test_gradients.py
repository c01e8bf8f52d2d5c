"""Gradients: the arbiter's against finite differences, every framework's against the arbiter's."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import remote
from processes import PHASES, Process, apart

from aebench import registry
from aebench.arrays import Array
from aebench.protocol import Batch, Model
from aebench.streams import stream

STEP = 1e-5
# Central differences at that step are off by about 1e-10 (curvature) and 1e-16 * loss / step (rounding).
CLOSE = 1e-7
FLOAT64 = 1e-12


def _arbiter(name: str) -> Model:
    it = remote.narrow(name)
    return registry.framework("reference").build(it, remote.parameters(it), dtype="float64", device="cpu")


def _batch(model: Model, phase_name: str) -> Batch:
    phase = model.autoencoder.phase(phase_name)
    order, noise = remote.orders_and_noise(model.autoencoder, phase)
    data, labels = remote.images(model.autoencoder), remote.labels(model.autoencoder)
    inputs = model.trainer(phase_name, data, labels).inputs()
    rows = order[0]
    return Batch(inputs[rows], None if noise is None else noise[0], None if labels is None else labels[rows])


def _sampled(gradient: Array, name: str) -> list[tuple[int, ...]]:
    """Places in the array: the largest gradient, the first, the last and six others."""
    drawn = stream(0, f"test places/{name}").distinct(gradient.size, min(6, gradient.size))
    flat = {int(np.argmax(np.abs(gradient))), 0, gradient.size - 1, *drawn.tolist()}
    return [tuple(int(i) for i in np.unravel_index(place, gradient.shape)) for place in sorted(flat)]


def _difference_quotient(model: Model, phase: str, batch: Batch, name: str, place: tuple[int, ...]) -> float:
    values, totals = model.parameters()[name], []
    for sign in (1.0, -1.0):
        moved = values.copy()
        moved[place] += sign * STEP
        model.assign({name: moved})
        totals.append(float(model.losses(phase, batch)["total"]))
    model.assign({name: values})
    return (totals[0] - totals[1]) / (2.0 * STEP)


def _worst(name: str, phase: str) -> float:
    """Largest difference between gradient and difference quotient, relative to the parameter's largest gradient."""
    model = _arbiter(name)
    batch = _batch(model, phase)
    found = []
    for parameter, gradient in model.gradients(phase, batch).items():
        rounding = 1e-15 * abs(float(model.losses(phase, batch)["total"])) / STEP
        scale = float(np.max(np.abs(gradient))) + rounding / CLOSE
        for place in _sampled(gradient, parameter):
            quotient = _difference_quotient(model, phase, batch, parameter, place)
            found.append(abs(quotient - gradient[place]) / scale)
    return max(found)


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_the_arbiter_s_gradients_are_difference_quotients(name: str, phase: str) -> None:
    """The gradients written by hand are those of the loss, at the largest and at sampled entries of each parameter."""
    assert _worst(name, phase) < CLOSE


def _scaled(function: Callable[..., Any]) -> Callable[..., Any]:
    def faulty(*arguments: Any) -> Any:
        found = function(*arguments)
        return tuple(1.001 * x for x in found) if isinstance(found, tuple) else 1.001 * found

    return faulty


def _twice(function: Callable[..., Any]) -> Callable[..., Any]:
    def faulty(*arguments: Any) -> None:
        function(*arguments)
        function(*arguments)

    return faulty


PLANTED = {
    ("linear", "mean_squared_error_backward"): _scaled,
    ("tied", "l2_penalty_backward"): _twice,
    ("layerwise_joint", "mean_squared_error_backward"): _scaled,
    ("pretrained", "softmax_cross_entropy_backward"): _scaled,
    ("sparse", "sparsity_loss_backward"): _scaled,
    ("variational", "bernoulli_loss_backward"): _scaled,
    ("variational", "latent_loss_backward"): _scaled,
}


@pytest.mark.parametrize(("name", "part"), PLANTED)
def test_a_gradient_wrong_by_a_thousandth_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str, part: str) -> None:
    """Planted fault: one factor of a gradient off by 0.1 %, or a penalty counted twice, fails the check above."""
    module = importlib.import_module(f"aebench.implementations.reference.{name}")
    monkeypatch.setattr(module, part, PLANTED[name, part](getattr(module, part)))
    assert _worst(name, remote.narrow(name).phases[0].name) > CLOSE


@pytest.mark.parametrize(
    ("name", "activation"), [("stacked", "elu"), ("layerwise_separate", "elu"), ("sparse", "sigmoid")]
)
def test_an_activation_s_gradient_wrong_by_a_thousandth_is_noticed(
    monkeypatch: pytest.MonkeyPatch, name: str, activation: str
) -> None:
    """Planted fault: the gradient of one activation off by 0.1 % fails the check above."""
    activations = importlib.import_module("aebench.implementations.reference.layers").ACTIVATIONS
    function, backward = activations[activation]
    monkeypatch.setitem(activations, activation, (function, _scaled(backward)))
    assert _worst(name, remote.narrow(name).phases[0].name) > CLOSE


def test_a_forgotten_tie_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: a decoder that does not give its share of the gradient to the encoder's weight."""
    layers = importlib.import_module("aebench.implementations.reference.layers")

    def forgetful(self: Any, x: Array, y: Array, d_y: Array, encoder: Any) -> Array:
        d_outputs = self.activation_backward(y, d_y)
        self.bias_gradient = self.bias_gradient + d_outputs.sum(axis=0)
        return d_outputs @ encoder.weight

    monkeypatch.setattr(layers.TiedDense, "backward", forgetful)
    assert _worst("tied", "phase1") > CLOSE


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_gradients_agree_with_the_arbiter_s(process: Process, arbiter: Process, name: str, phase: str) -> None:
    """In float64 every framework's gradients are the arbiter's within 1e-12 of each parameter's largest."""
    expected = arbiter.recall(remote.trial, name, phase)["gradients"]
    assert apart(expected, process.recall(remote.trial, name, phase)["gradients"]) < FLOAT64


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_gradients_are_those_of_the_trained_parameters(process: Process, name: str, phase: str) -> None:
    """One gradient per parameter that the phase trains, under its exchange name and in its shape; none is all zero."""
    it = remote.narrow(name)
    actual = process.recall(remote.trial, name, phase)["gradients"]
    assert {n: it.shapes[n] for n in it.trained(it.phase(phase))} == {n: g.shape for n, g in actual.items()}
    assert all(np.any(g) for g in actual.values())


@pytest.mark.parametrize("part", ["forward", "losses", "losses of four steps", "after four steps"])
@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_the_way_to_and_from_gradients_agrees(
    process: Process, arbiter: Process, name: str, phase: str, part: str
) -> None:
    """Activations, loss terms, and losses and parameters of four steps are the arbiter's within 1e-12 in float64."""
    expected = arbiter.recall(remote.trial, name, phase)[part]
    assert apart(expected, process.recall(remote.trial, name, phase)[part]) < FLOAT64
