"""The reference behind the harness's protocol: batches in, arrays out, steps of Adam between."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from aebench import networks
from aebench.arrays import Array, Arrays, Dtype
from aebench.implementations.reference.adam import EpsilonHatAdam
from aebench.implementations.reference.network import Network
from aebench.protocol import Batch, Model, Trainer
from aebench.spec import Autoencoder, Phase


def devices() -> list[str]:
    """Devices at hand, as the harness names them."""
    return ["cpu"]


class ReferenceModel(Model):
    """A NumPy network; everything it is given is rounded to the dtype, everything it computes is float64."""

    def __init__(self, autoencoder: Autoencoder, parameters: Arrays, dtype: Dtype) -> None:
        self.autoencoder, self.dtype, self.device = autoencoder, dtype, "cpu"
        self.network = networks.load("reference", __package__, autoencoder.name, Network)(autoencoder)
        self.assign(parameters)

    def cast(self, array: Array | None) -> Array | None:
        """Rounded to the run's dtype, then float64."""
        return None if array is None else np.asarray(array, dtype=self.dtype).astype(np.float64)

    def parameters(self) -> Arrays:
        return {name: value.copy() for name, value in self.network_parameters().items()}

    def network_parameters(self) -> Arrays:
        """The parameters themselves, by exchange name."""
        layers = self.network.layers()
        return {name: getattr(layers[name.split(".")[0]], name.split(".")[1]) for name in self.autoencoder.shapes}

    def put(self, parameters: Arrays) -> None:
        for name, value in parameters.items():
            self.set_parameter(name, np.array(value, np.float64))

    def set_parameter(self, name: str, value: Array) -> None:
        """Replace one parameter without rounding it."""
        layer, kind = name.split(".")
        setattr(self.network.layers()[layer], kind, value)

    def forward(self, phase: str, batch: Batch) -> Arrays:
        return self.network.forward(self.autoencoder.phase(phase), self.cast(batch.inputs), self.cast(batch.noise))

    def losses(self, phase: str, batch: Batch) -> Arrays:
        activations = self.forward(phase, batch)
        inputs = self.cast(batch.inputs)
        return self.network.losses(self.autoencoder.phase(phase), activations, inputs, batch.labels)

    def gradients(self, phase: str, batch: Batch) -> Arrays:
        cast = Batch(self.cast(batch.inputs), self.cast(batch.noise), batch.labels)
        return self.losses_and_gradients(self.autoencoder.phase(phase), cast)[1]

    def losses_and_gradients(self, phase: Phase, batch: Batch) -> tuple[Arrays, Arrays]:
        """Loss terms and the gradients of the trained parameters, for a batch already cast."""
        network, inputs = self.network, batch.inputs
        for layer in network.layers().values():
            layer.zero_gradients()
        activations = network.forward(phase, inputs, batch.noise)
        losses = network.losses(phase, activations, inputs, batch.labels)
        network.backward(phase, activations, inputs, batch.labels)
        layers = network.layers()
        names = self.autoencoder.trained(phase)
        gradients = {n: getattr(layers[n.split(".")[0]], f"{n.split('.')[1]}_gradient") for n in names}
        return losses, gradients

    def encode(self, inputs: Array, noise: Array | None = None) -> Array:
        return self.network.encode(self.cast(inputs), self.cast(noise))

    def decode(self, codings: Array) -> Array:
        return self.network.decode(self.cast(codings))

    def reconstruct(self, inputs: Array, noise: Array | None = None) -> Array:
        return self.network.decode(self.network.encode(self.cast(inputs), self.cast(noise)))

    def begin(self, phase: Phase) -> Trainer:
        return ReferenceTrainer(self, phase)


class ReferenceTrainer(Trainer):
    """One phase: the data, the labels and Adam."""

    model: ReferenceModel

    def __init__(self, model: ReferenceModel, phase: Phase) -> None:
        self.model, self.phase = model, phase
        names = model.autoencoder.trained(phase)
        self.optimizer = EpsilonHatAdam(phase.optimizer, {n: model.network_parameters()[n] for n in names})

    def put(self, images: Array, labels: Array | None) -> None:
        self.data, self.labels = self.model.cast(images), None if labels is None else labels.copy()
        if self.phase.inputs != "images":
            self.data = getattr(self.model.network, self.phase.inputs)(self.data)

    def inputs(self) -> Array:
        return self.data

    def prepare(self, order: Array, noise: Array | None) -> Callable[[], Arrays]:
        rows, noises = order.copy(), [None] * len(order) if noise is None else self.model.cast(noise)

        def run() -> Arrays:
            history = [self.step(rows[i], noises[i]) for i in range(len(rows))]
            return {term: np.asarray([losses[term] for losses in history]) for term in history[0]}

        return run

    def step(self, rows: Array, noise: Array | None) -> Arrays:
        """One step on these rows; the loss terms before it."""
        labels = None if self.labels is None else self.labels[rows]
        losses, gradients = self.model.losses_and_gradients(self.phase, Batch(self.data[rows], noise, labels))
        for name, value in self.optimizer.step(self.model.network_parameters(), gradients).items():
            self.model.set_parameter(name, value)
        return losses

    def state(self) -> Arrays:
        return self.optimizer.state()

    def take_up(self, state: Arrays) -> None:
        self.optimizer.restore(state)
