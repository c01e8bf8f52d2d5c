"""TensorFlow behind the harness's protocol: NumPy in, NumPy out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

from aebench import networks
from aebench.arrays import Array, Arrays, Dtype
from aebench.implementations.tensorflow.adam import EpsilonHatAdam, State
from aebench.implementations.tensorflow.network import Network
from aebench.protocol import Batch, Model, Trainer, Use
from aebench.spec import Autoencoder, Phase

DEVICES = {"cpu": "/CPU:0", "gpu": "/GPU:0"}

# TensorFloat-32 keeps 10 bits of the mantissa: three decimal digits, far from the float32 that is compared.
tf.config.experimental.enable_tensor_float_32_execution(False)
# Otherwise the first process takes the whole memory of a GPU, and another beside it finds none.
for gpu in tf.config.list_physical_devices("GPU"):
    tf.config.experimental.set_memory_growth(gpu, True)


def devices() -> list[str]:
    """Devices at hand, as the harness names them."""
    return ["cpu", "gpu"] if tf.config.list_physical_devices("GPU") else ["cpu"]


def synchronize(device: str) -> None:
    """Wait until the device has finished; on the CPU a call returns with its result."""
    if device == "gpu":
        tf.test.experimental.sync_devices()


class TensorFlowModel(Model):
    """A `tf.Module` on one device in one dtype."""

    def __init__(self, autoencoder: Autoencoder, parameters: Arrays, dtype: Dtype, device: str) -> None:
        self.autoencoder, self.dtype, self.device = autoencoder, dtype, device
        self.network = networks.load("tensorflow", __package__, autoencoder.name, Network)(autoencoder)
        self.assign(parameters)
        self.activations = self.ready(self.network.forward)
        self.encoded, self.decoded = self.ready(self.network.encode), self.ready(self.network.decode)
        self.losses_and_gradients = self.ready(self.with_tape)
        # For all trainers of a phase: to compile its steps takes longer than a short training.
        self.ready_once = cache(self.ready)

    def ready(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is run: here as it is written."""
        return function

    def cast(self, array: Array | None) -> tf.Tensor | None:
        """On the device, in the run's dtype."""
        if array is None:
            return None
        with tf.device(DEVICES[self.device]):
            return tf.constant(np.asarray(array, dtype=self.dtype))

    def indices(self, array: Array | None) -> tf.Tensor | None:
        """Row numbers or labels on the device."""
        if array is None:
            return None
        with tf.device(DEVICES[self.device]):
            return tf.constant(np.asarray(array, np.int64))

    def network_parameters(self) -> dict[str, tf.Variable]:
        """The variables themselves, by exchange name."""
        names = (name.split(".") for name in self.autoencoder.shapes)
        return {f"{layer}.{kind}": getattr(getattr(self.network, layer), kind) for layer, kind in names}

    def trained(self, phase: Phase) -> list[tf.Variable]:
        """Those that the phase trains, in the order of the specification."""
        variables = self.network_parameters()
        return [variables[name] for name in self.autoencoder.trained(phase)]

    def parameters(self) -> Arrays:
        return {name: value.numpy() for name, value in self.network_parameters().items()}

    def put(self, parameters: Arrays) -> None:
        for name, value in parameters.items():
            layer, kind = name.split(".")
            variable = getattr(getattr(self.network, layer), kind)
            if variable is None:
                with tf.device(DEVICES[self.device]):
                    setattr(getattr(self.network, layer), kind, tf.Variable(self.cast(value), name=kind))
            else:
                variable.assign(self.cast(value))

    def forward(self, phase: str, batch: Batch) -> Arrays:
        x, noise = self.cast(batch.inputs), self.cast(batch.noise)
        activations = self.activations(self.autoencoder.phase(phase), x, noise)
        return {name: value.numpy() for name, value in activations.items()}

    def losses(self, phase: str, batch: Batch) -> Arrays:
        losses, _ = self.losses_and_gradients(phase, *self.on_device(batch))
        return {name: value.numpy() for name, value in losses.items()}

    def gradients(self, phase: str, batch: Batch) -> Arrays:
        _, gradients = self.losses_and_gradients(phase, *self.on_device(batch))
        names = self.autoencoder.trained(self.autoencoder.phase(phase))
        return {name: value.numpy() for name, value in zip(names, gradients, strict=True)}

    def on_device(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor | None, tf.Tensor | None]:
        """Inputs, noise and labels as tensors."""
        return self.cast(batch.inputs), self.cast(batch.noise), self.indices(batch.labels)

    def with_tape(
        self, phase: str, x: tf.Tensor, noise: tf.Tensor | None, labels: tf.Tensor | None
    ) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        """Loss terms, and the gradients of the trained parameters in the order of the specification."""
        specification = self.autoencoder.phase(phase)
        with tf.GradientTape() as tape:
            activations = self.network.forward(specification, x, noise)
            losses = self.network.losses(specification, activations, x, labels)
        return losses, tape.gradient(losses["total"], self.trained(specification))

    def encode(self, inputs: Array, noise: Array | None = None) -> Array:
        return self.encoded(self.cast(inputs), self.cast(noise)).numpy()

    def decode(self, codings: Array) -> Array:
        return self.decoded(self.cast(codings)).numpy()

    def reconstruct(self, inputs: Array, noise: Array | None = None) -> Array:
        return self.decoded(self.encoded(self.cast(inputs), self.cast(noise))).numpy()

    def ready_to(self, use: Use, values: Array) -> Callable[[], tf.Tensor]:
        x = self.cast(values)
        functions = {"encode": self.encoded, "decode": self.decoded, "sample": self.decoded,
                     "reconstruct": lambda x: self.decoded(self.encoded(x))}  # fmt: skip

        def run() -> tf.Tensor:
            result = functions[use](x)
            synchronize(self.device)
            return result

        return run

    def begin(self, phase: Phase) -> Trainer:
        return TensorFlowTrainer(self, phase)

    def longest(self, phase: Phase, shape: tuple[int, ...]) -> int:
        """How many steps the call is laid out for whose order is of this shape: here as many as it takes."""
        return shape[0]


class TensorFlowTrainer(Trainer):
    """One phase: data and labels on the device, and Adam."""

    model: TensorFlowModel

    def __init__(self, model: TensorFlowModel, phase: Phase) -> None:
        self.model, self.phase = model, phase
        self.cached = None if phase.inputs == "images" else model.ready_once(getattr(model.network, phase.inputs))
        with tf.device(DEVICES[model.device]):
            self.optimizer = EpsilonHatAdam(phase.optimizer, model.trained(phase))
        steps = Steps(model, phase)
        self.terms, self.steps = steps.terms, model.ready_once(steps)

    def put(self, images: Array, labels: Array | None) -> None:
        self.data, self.labels = self.model.cast(images), self.model.indices(labels)
        if self.cached:
            self.data = self.cached(self.data)

    def inputs(self) -> Array:
        return self.data.numpy()

    def prepare(self, order: Array, noise: Array | None) -> Callable[[], Arrays]:
        n_steps, longest = len(order), self.model.longest(self.phase, order.shape)
        rows, noises = self.model.indices(lengthened(order, longest)), self.model.cast(lengthened(noise, longest))
        count = tf.constant(n_steps)

        def run() -> Arrays:
            history = self.steps(self.data, self.labels, rows, noises, count, self.optimizer.state).numpy()
            return {term: history[:n_steps, i] for i, term in enumerate(self.terms)}

        return run

    def state(self) -> Arrays:
        optimizer = self.optimizer
        arrays: Arrays = {"step": np.asarray(optimizer.step_count.numpy(), dtype=np.int64)}
        names = self.model.autoencoder.trained(self.phase)
        for name, m, v in zip(names, optimizer.first_moments, optimizer.second_moments, strict=True):
            arrays[f"{name}.first_moment"], arrays[f"{name}.second_moment"] = m.numpy(), v.numpy()
        return arrays

    def take_up(self, state: Arrays) -> None:
        optimizer = self.optimizer
        optimizer.step_count.assign(int(state["step"]))
        names = self.model.autoencoder.trained(self.phase)
        for name, m, v in zip(names, optimizer.first_moments, optimizer.second_moments, strict=True):
            m.assign(self.model.cast(state[f"{name}.first_moment"]))
            v.assign(self.model.cast(state[f"{name}.second_moment"]))


@dataclass(frozen=True)
class Steps:
    """What trains steps of a phase in one loop, for any of its trainers."""

    model: TensorFlowModel
    phase: Phase

    def __call__(
        self, data: tf.Tensor, labels: tf.Tensor | None, rows: tf.Tensor, noises: tf.Tensor | None, n_steps: tf.Tensor,
        state: State,
    ) -> tf.Tensor:  # fmt: skip
        """Train on the first n_steps of the rows; the loss terms before each, (len(rows), n_terms)."""
        optimizer = EpsilonHatAdam(self.phase.optimizer, self.model.trained(self.phase), state)

        def one_more(i: tf.Tensor, history: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            x, noise = tf.gather(data, rows[i]), None if noises is None else noises[i]
            losses = self.step(optimizer, x, noise, None if labels is None else tf.gather(labels, rows[i]))
            return i + 1, history.write(i, tf.stack([losses[term] for term in self.terms]))

        most = rows.shape[0]
        start = tf.constant(0), tf.TensorArray(data.dtype, size=most)
        # One after the other: each step reads the parameters that the one before has left.
        _, history = tf.while_loop(
            lambda i, _: i < n_steps, one_more, start, parallel_iterations=1, maximum_iterations=most
        )
        return history.stack()

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the loss terms, in the order of the columns."""
        return *self.model.autoencoder.terms(self.phase), "total"

    def step(
        self, optimizer: EpsilonHatAdam, x: tf.Tensor, noise: tf.Tensor | None, labels: tf.Tensor | None
    ) -> dict[str, tf.Tensor]:
        """One step on this batch; the loss terms before it."""
        network = self.model.network
        with tf.GradientTape() as tape:
            losses = network.losses(self.phase, network.forward(self.phase, x, noise), x, labels)
        optimizer.step(tape.gradient(losses["total"], optimizer.variables_trained))
        return losses


def lengthened(array: Array | None, length: int) -> Array | None:
    """The array with zeros behind it, up to that length."""
    if array is None or len(array) == length:
        return array
    return np.concatenate([array, np.zeros((length - len(array), *array.shape[1:]), array.dtype)])
