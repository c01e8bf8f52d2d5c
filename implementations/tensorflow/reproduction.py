"""What the script of a reproduction computes: a network's text on given arrays, without the harness around it.

Each function gives to the bit what the model of that mode gives; `aebench reproduce` copies the one that is needed,
the network's text, and whatever these need into one file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_callbacks

from aebench.arrays import Arrays
from aebench.implementations.tensorflow.network import Network
from aebench.implementations.tensorflow.training import DEVICES, Steps
from aebench.reproduced import PARAMETERS, STATE, Values, under
from aebench.spec import Phase

Given = Mapping[str, tf.Tensor]


def versions() -> str:
    """What computes here."""
    return f"tensorflow {tf.__version__}"


def built(network: Network, arrays: Arrays, asked: Any) -> Network:
    """The network with the parameters of the arrays in it."""
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for name, value in under(PARAMETERS, arrays).items():
        layer, kind = name.split(".")
        with tf.device(DEVICES[asked.device]):
            setattr(getattr(network, layer), kind, tf.Variable(value, name=kind))
    return network


def given(arrays: Arrays, asked: Any) -> Given:
    """The arrays on the device."""
    with tf.device(DEVICES[asked.device]):
        return {name: tf.constant(value) for name, value in arrays.items()}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as it is run in that mode."""
    return tf.function(partial(function), jit_compile=True, autograph=False)


def as_written(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as it is run eagerly."""
    return function


def numbers(tensors: Mapping[str, tf.Tensor]) -> Arrays:
    """The tensors as arrays of NumPy."""
    return {name: value.numpy() for name, value in tensors.items()}


def parameter(network: Network, name: str) -> tf.Variable:
    """The parameter of that name."""
    layer, kind = name.split(".")
    return getattr(getattr(network, layer), kind)


def forward(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """Every named activation."""
    return numbers(ready(network.forward)(phase, given["inputs"], given.get("noise")))


def encode(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """The codings of the inputs."""
    return numbers({"codings": ready(network.encode)(given["inputs"], given.get("noise"))})


def decode(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """The outputs for codings."""
    return numbers({"outputs": ready(network.decode)(given["inputs"])})


def reconstruct(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """The outputs for the inputs."""
    codings = ready(network.encode)(given["inputs"], given.get("noise"))
    return numbers({"outputs": ready(network.decode)(codings)})


def cached(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """What the phase reads in place of images, computed of them once."""
    return numbers({phase.inputs: ready(getattr(network, phase.inputs))(given["images"])})


def losses(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """Every loss term, computed with the gradients."""
    return numbers(with_tape(network, phase, given, ready)[0])


def gradients(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """The gradient of the total loss by every parameter that is trained."""
    found = with_tape(network, phase, given, ready)[1]
    return numbers(dict(zip(network.autoencoder.trained(phase), found, strict=True)))


def with_tape(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> tuple[Any, Any]:
    """Loss terms, and the gradients in the order of what is trained."""
    trained = [parameter(network, name) for name in network.autoencoder.trained(phase)]

    def both(x: tf.Tensor, noise: tf.Tensor | None, labels: tf.Tensor | None) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            found = network.losses(phase, network.forward(phase, x, noise), x, labels)
        return found, tape.gradient(found["total"], trained)

    result: tuple[Any, Any] = ready(both)(given["inputs"], given.get("noise"), given.get("labels"))
    return result


def steps(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """Train a step for each row of the order: loss terms before each, parameters and moments after the last."""
    names, data = network.autoencoder.trained(phase), given["images"]
    if phase.inputs != "images":
        data = ready(getattr(network, phase.inputs))(data)
    trained = [parameter(network, name) for name in names]
    count, first, second = state_of(names, trained, given)
    model: Any = Values(network=network, autoencoder=network.autoencoder, trained=lambda _: trained)
    several = Steps(model, phase)
    rows, noises = given["order"], given.get("noise")
    history = ready(several)(data, given.get("labels"), rows, noises, tf.constant(len(rows)), (count, first, second))
    found = {f"loss.{term}": history.numpy()[:, i] for i, term in enumerate(several.terms)}
    found["optimizer.step"] = np.asarray(count.numpy())
    for name, m, v in zip(names, first, second, strict=True):
        found[f"optimizer.{name}.first_moment"], found[f"optimizer.{name}.second_moment"] = m.numpy(), v.numpy()
    return found | {name: parameter(network, name).numpy() for name in under(PARAMETERS, given)}


def state_of(names: Any, trained: list[tf.Variable], given: Given) -> tuple[Any, Any, Any]:
    """Adam's variables, with values that are given or zero: step count, first and second moments."""
    state = under(STATE, given)
    if not state:
        zeros = [[tf.Variable(tf.zeros_like(value)) for value in trained] for _ in range(2)]
        return tf.Variable(0, dtype=tf.int64), *zeros
    moments = [
        [tf.Variable(state[f"{name}.{moment}"]) for name in names] for moment in ("first_moment", "second_moment")
    ]
    return tf.Variable(state["step"]), *moments


def operations(compute: Callable[[], Arrays]) -> Arrays:
    """What every single operation of a computation gives, by its number, its name and the output's number."""
    noted: Arrays = {}

    def note(kind: str, inputs: Any, attributes: Any, outputs: Any, name: Any = None, graph: Any = None) -> None:
        number = len({it.partition(" ")[0] for it in noted})
        for position, tensor in enumerate(outputs):
            if hasattr(tensor, "numpy") and tensor.dtype.is_numpy_compatible and tensor.dtype.name != "resource":
                noted[f"{number:04} {kind} {position}"] = np.array(tensor.numpy())

    op_callbacks.add_op_callback(note)
    try:
        compute()
    finally:
        op_callbacks.remove_op_callback(note)
    return noted
