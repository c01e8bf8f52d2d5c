"""The toy behind the harness's protocol."""

from collections.abc import Callable

import numpy as np

from aebench import networks
from aebench.arrays import Array, Arrays, Dtype
from aebench.protocol import Batch, Model, Trainer
from aebench.spec import Autoencoder, Phase


class ToyModel(Model):
    """A network and its parameters, in the run's dtype."""

    def __init__(self, autoencoder: Autoencoder, parameters: Arrays, dtype: Dtype) -> None:
        self.autoencoder, self.dtype, self.device = autoencoder, dtype, "cpu"
        self.network = networks.load("toy", __package__, autoencoder.name, object)({})
        self.assign(parameters)

    def cast(self, values: Array) -> Array:
        return np.array(values, self.dtype)

    def parameters(self) -> Arrays:
        return {name: self.network.parameters[name].copy() for name in self.autoencoder.shapes}

    def put(self, parameters: Arrays) -> None:
        self.network.parameters |= {name: self.cast(value) for name, value in parameters.items()}

    def begin(self, phase: Phase) -> Trainer:
        return ToyTrainer(self, phase)

    def forward(self, phase: str, batch: Batch) -> Arrays:
        codings = self.encode(batch.inputs)
        return {"codings": codings, "outputs": self.decode(codings)}

    def losses(self, phase: str, batch: Batch) -> Arrays:
        return self.network.losses(self.cast(batch.inputs))

    def gradients(self, phase: str, batch: Batch) -> Arrays:
        return self.network.gradients(self.cast(batch.inputs))

    def encode(self, inputs: Array, noise: Array | None = None) -> Array:
        return self.network.encode(self.cast(inputs))

    def decode(self, codings: Array) -> Array:
        return self.network.decode(self.cast(codings))

    def reconstruct(self, inputs: Array, noise: Array | None = None) -> Array:
        return self.decode(self.encode(inputs))


class ToyTrainer(Trainer):
    """One phase: the images, and Adam with its moments."""

    def __init__(self, model: ToyModel, phase: Phase) -> None:
        self.model, self.phase, self.steps = model, phase, 0
        names = model.autoencoder.trained(phase)
        self.moments = {n: np.zeros((2, *model.autoencoder.shapes[n]), model.dtype) for n in names}

    def put(self, images: Array, labels: Array | None) -> None:
        self.images = self.model.cast(images)

    def inputs(self) -> Array:
        return self.images

    def prepare(self, order: Array, noise: Array | None) -> Callable[[], Arrays]:
        def run() -> Arrays:
            history = [self.step(self.images[rows]) for rows in order]
            return {term: np.array([losses[term] for losses in history]) for term in history[0]}

        return run

    def step(self, x: Array) -> Arrays:
        """One step of Adam on a batch; the loss terms before it."""
        network, adam = self.model.network, self.phase.optimizer
        losses, gradients = network.losses(x), network.gradients(x)
        self.steps += 1
        rate = adam.learning_rate * np.sqrt(1.0 - adam.beta2**self.steps) / (1.0 - adam.beta1**self.steps)
        for name, (m, v) in self.moments.items():
            m[...] = adam.beta1 * m + (1.0 - adam.beta1) * gradients[name]
            v[...] = adam.beta2 * v + (1.0 - adam.beta2) * gradients[name] ** 2
            network.parameters[name] -= self.model.cast(rate * m / (np.sqrt(v) + adam.epsilon))
        return losses

    def state(self) -> Arrays:
        arrays = {"step": np.array(self.steps)}
        for name, (m, v) in self.moments.items():
            arrays |= {f"{name}.first_moment": m.copy(), f"{name}.second_moment": v.copy()}
        return arrays

    def take_up(self, state: Arrays) -> None:
        self.steps = int(state["step"])
        for name, (m, v) in self.moments.items():
            m[...], v[...] = state[f"{name}.first_moment"], state[f"{name}.second_moment"]
