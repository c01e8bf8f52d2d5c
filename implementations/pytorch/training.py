"""PyTorch behind the harness's protocol: NumPy in, NumPy out, weights transposed at this border."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aebench import networks
from aebench.arrays import Array, Arrays, Dtype
from aebench.implementations.pytorch.adam import EpsilonHatAdam
from aebench.implementations.pytorch.network import Network
from aebench.protocol import Batch, Model, Trainer, Use
from aebench.spec import Autoencoder, Phase

DTYPES = {"float32": torch.float32, "float64": torch.float64}
DEVICES = {"cpu": "cpu", "gpu": "cuda"}
# Multiply-adds of a step below which a second thread gains nothing (linear: 0.53 ms a step with one thread and with
# two), but waits for its turn when the machine is busy (26 ms with two other processes on two cores).
WORTH_A_THREAD = 1_000_000

# TensorFloat-32 keeps 10 bits of the mantissa: three decimal digits, far from the float32 that is compared.
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False


def devices() -> list[str]:
    """Devices at hand, as the harness names them."""
    return ["cpu", "gpu"] if torch.cuda.is_available() else ["cpu"]


class PyTorchModel(Model):
    """An `nn.Module` on one device in one dtype."""

    def __init__(self, autoencoder: Autoencoder, parameters: Arrays, dtype: Dtype, device: str) -> None:
        self.autoencoder, self.dtype, self.device = autoencoder, dtype, device
        network = networks.load("pytorch", __package__, autoencoder.name, Network)(autoencoder)
        self.network = network.to(DEVICES[device], DTYPES[dtype])
        self.assign(parameters)
        self.activations = self.ready(self.network)
        self.encoded, self.decoded = self.ready(self.network.encode), self.ready(self.network.decode)

    def ready(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is run: here as it is written."""
        return function

    def cast(self, array: Array | None) -> Tensor | None:
        """On the device, in the run's dtype."""
        return (
            None if array is None else torch.as_tensor(np.array(array, dtype=self.dtype), device=DEVICES[self.device])
        )

    def indices(self, array: Array | None) -> Tensor | None:
        """Row numbers or labels on the device."""
        return None if array is None else torch.as_tensor(np.array(array, np.int64), device=DEVICES[self.device])

    def network_parameters(self) -> dict[str, torch.nn.Parameter]:
        """The parameters themselves, by exchange name."""
        return {name: self.network.get_parameter(name) for name in self.autoencoder.shapes}

    def parameters(self) -> Arrays:
        return {name: exported(name, value) for name, value in self.network_parameters().items()}

    def put(self, parameters: Arrays) -> None:
        with torch.no_grad():
            for name, value in parameters.items():
                self.network.get_parameter(name).copy_(imported(name, self.cast(value)))

    def forward(self, phase: str, batch: Batch) -> Arrays:
        with torch.no_grad():
            x, noise = self.cast(batch.inputs), self.cast(batch.noise)
            activations = self.activations(self.autoencoder.phase(phase), x, noise)
        return {name: value.cpu().numpy() for name, value in activations.items()}

    def losses(self, phase: str, batch: Batch) -> Arrays:
        with torch.no_grad():
            losses = self.loss_tensors(phase, batch)
        return {name: value.cpu().numpy() for name, value in losses.items()}

    def loss_tensors(self, phase: str, batch: Batch) -> dict[str, Tensor]:
        """The loss terms as tensors."""
        specification, x = self.autoencoder.phase(phase), self.cast(batch.inputs)
        activations = self.network(specification, x, self.cast(batch.noise))
        return self.network.losses(specification, activations, x, self.indices(batch.labels))

    def train_only(self, phase: Phase) -> list[torch.nn.Parameter]:
        """Freeze all but the phase's parameters and return these."""
        trained = self.autoencoder.trained(phase)
        for name, parameter in self.network_parameters().items():
            parameter.requires_grad_(name in trained)
        return [self.network.get_parameter(name) for name in trained]

    def gradients(self, phase: str, batch: Batch) -> Arrays:
        parameters = self.train_only(self.autoencoder.phase(phase))
        gradients = torch.autograd.grad(self.loss_tensors(phase, batch)["total"], parameters)
        names = self.autoencoder.trained(self.autoencoder.phase(phase))
        return {name: exported(name, value) for name, value in zip(names, gradients, strict=True)}

    def encode(self, inputs: Array, noise: Array | None = None) -> Array:
        with torch.no_grad():
            return self.encoded(self.cast(inputs), self.cast(noise)).cpu().numpy()

    def decode(self, codings: Array) -> Array:
        with torch.no_grad():
            return self.decoded(self.cast(codings)).cpu().numpy()

    def reconstruct(self, inputs: Array, noise: Array | None = None) -> Array:
        with torch.no_grad():
            return self.decoded(self.encoded(self.cast(inputs), self.cast(noise))).cpu().numpy()

    def ready_to(self, use: Use, values: Array) -> Callable[[], Tensor]:
        x = self.cast(values)
        functions = {"encode": self.encoded, "decode": self.decoded, "sample": self.decoded,
                     "reconstruct": lambda x: self.decoded(self.encoded(x))}  # fmt: skip

        def run() -> Tensor:
            with torch.no_grad():
                result = functions[use](x)
            synchronize(self.device)
            return result

        return run

    def begin(self, phase: Phase) -> Trainer:
        return PyTorchTrainer(self, phase)


class PyTorchTrainer(Trainer):
    """One phase: data and labels on the device, and Adam."""

    model: PyTorchModel

    def __init__(self, model: PyTorchModel, phase: Phase) -> None:
        self.model, self.phase = model, phase
        self.optimizer = EpsilonHatAdam(phase.optimizer, model.train_only(phase))

    def put(self, images: Array, labels: Array | None) -> None:
        self.data, self.labels = self.model.cast(images), self.model.indices(labels)
        if self.phase.inputs != "images":
            with torch.no_grad():
                self.data = getattr(self.model.network, self.phase.inputs)(self.data)

    def inputs(self) -> Array:
        return self.data.cpu().numpy()

    def prepare(self, order: Array, noise: Array | None) -> Callable[[], Arrays]:
        rows, noises = self.model.indices(order), self.model.cast(noise)

        def run() -> Arrays:
            self.model.train_only(self.phase)
            with threads_for(order.shape[1], self.model.network):
                history = [self.step(rows[i], None if noises is None else noises[i]) for i in range(len(rows))]
            return collected(history)

        return run

    def step(self, rows: Tensor, noise: Tensor | None) -> dict[str, Tensor]:
        """One step on these rows; the loss terms before it."""
        network, x = self.model.network, self.data[rows]
        labels = None if self.labels is None else self.labels[rows]
        losses = network.losses(self.phase, network(self.phase, x, noise), x, labels)
        self.optimizer.zero_grad()
        losses["total"].backward()
        self.optimizer.step()
        return {term: value.detach() for term, value in losses.items()}

    def state(self) -> Arrays:
        arrays: Arrays = {"step": np.asarray(self.optimizer.step_count, dtype=np.int64)}
        for name in self.model.autoencoder.trained(self.phase):
            moments = self.optimizer.state[self.model.network.get_parameter(name)]
            arrays[f"{name}.first_moment"] = exported(name, moments["exp_avg"])
            arrays[f"{name}.second_moment"] = exported(name, moments["exp_avg_sq"])
        return arrays

    def take_up(self, state: Arrays) -> None:
        self.optimizer.step_count = int(state["step"])
        for name in self.model.autoencoder.trained(self.phase):
            moments = [self.model.cast(state[f"{name}.{moment}"]) for moment in ("first_moment", "second_moment")]
            self.optimizer.set_moments(self.model.network.get_parameter(name), *(imported(name, m) for m in moments))


def synchronize(device: str) -> None:
    """Wait until the device has finished."""
    if device == "gpu":
        torch.cuda.synchronize()


@contextmanager
def threads_for(batch_size: int, network: Network) -> Iterator[None]:
    """As many threads as torch has for large steps, one for small ones."""
    threads, multiply_adds = torch.get_num_threads(), batch_size * sum(p.numel() for p in network.parameters())
    torch.set_num_threads(threads if multiply_adds >= WORTH_A_THREAD else 1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def collected(history: list[dict[str, Tensor]]) -> Arrays:
    """Loss term -> (n_steps,) from the terms of each step, once the device has finished."""
    return {term: torch.stack([losses[term] for losses in history]).cpu().numpy() for term in history[0]}


def exported(name: str, tensor: Tensor) -> Array:
    """A copy in the exchange layout: weights (n_in, n_out)."""
    array = tensor.detach().cpu().numpy()
    return np.array(array.T if name.endswith(".weight") else array, order="C")


def imported(name: str, tensor: Tensor) -> Tensor:
    """From the exchange layout to the one of `nn.Linear`; a contiguous copy."""
    return (tensor.T if name.endswith(".weight") else tensor).clone(memory_format=torch.contiguous_format)
