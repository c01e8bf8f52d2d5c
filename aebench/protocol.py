"""What a framework offers: NumPy in, NumPy out. The harness sees frameworks through this page only.

Exchange names and shapes are the specification's; a framework that stores a weight transposed converts at its own
border. No implementation draws a random number: parameters, orders, noise and masks are arguments.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from aebench import networks
from aebench.arrays import Array, Arrays, Dtype
from aebench.errors import CheckpointError, TrainingError
from aebench.spec import Autoencoder

Mode = Literal["eager", "compiled"]
Use = Literal["encode", "decode", "reconstruct", "sample"]
# Rows, inner size and columns of a matrix product.
Product = tuple[int, int, int]


@dataclass(frozen=True)
class Batch:
    """What one training step reads.

    inputs: (batch, n_inputs) images or, for a phase with cached inputs, (batch, n_hidden) codings, in the run's dtype.
    noise: standard normals or a keep mask, shape of the inputs (denoising) or (batch, n_codings) (variational).
    labels: (batch,) int64, for a classifier.
    """

    inputs: Array
    noise: Array | None = None
    labels: Array | None = None


class Trainer(ABC):
    """One phase under way: the model, the data it reads, and an optimiser of its own."""

    @abstractmethod
    def inputs(self) -> Array:
        """(n, width): what the phase trains on; the images, or the activations cached when they were put there."""

    @abstractmethod
    def feed(self, images: Array, labels: Array | None = None) -> None:
        """Put these images (n, n_inputs) on the device in place of those before, cached inputs computed anew."""

    @abstractmethod
    def ready(self, order: Array, noise: Array | None = None) -> Callable[[], Arrays]:
        """Everything for one step per row of `order` (n_steps, batch_size), row numbers of the data, on the device.

        noise: (n_steps, batch_size, width) where the autoencoder takes noise.
        What is returned trains these steps whenever it is called, and returns loss term -> (n_steps,) values before
        each step's update, after the device has finished.
        """

    def run(self, order: Array, noise: Array | None = None) -> Arrays:
        """Train these steps; arguments and result as of `ready`."""
        return self.ready(order, noise)()

    @abstractmethod
    def state(self) -> Arrays:
        """`step` (int64 scalar) and, per trained parameter, `NAME.first_moment` and `NAME.second_moment`."""

    @abstractmethod
    def restore(self, state: Mapping[str, Array]) -> None:
        """Take up the state of another trainer of the same phase, from any framework."""


class Model(ABC):
    """One autoencoder in one framework, dtype and device, with parameters in it."""

    autoencoder: Autoencoder
    dtype: Dtype
    device: str

    @abstractmethod
    def parameters(self) -> Arrays:
        """Exchange name -> copy of the parameter, in the order of the specification."""

    @abstractmethod
    def assign(self, parameters: Mapping[str, Array]) -> None:
        """Set the named parameters and leave the others; CheckpointError for an unknown name or a wrong shape."""

    @abstractmethod
    def forward(self, phase: str, batch: Batch) -> Arrays:
        """Every named activation of the phase, each (batch, width)."""

    @abstractmethod
    def losses(self, phase: str, batch: Batch) -> Arrays:
        """Loss term -> scalar: `total` and its parts."""

    @abstractmethod
    def gradients(self, phase: str, batch: Batch) -> Arrays:
        """Gradient of `total` by every parameter that the phase trains, under the exchange names."""

    @abstractmethod
    def encode(self, inputs: Array, noise: Array | None = None) -> Array:
        """(batch, n_inputs) -> codings (batch, n_codings); without noise a variational model gives its mean."""

    @abstractmethod
    def decode(self, codings: Array) -> Array:
        """Codings (batch, n_codings) -> outputs: reconstructions (batch, n_inputs), probabilities for a variational
        model, class logits (batch, n_classes) for a classifier."""

    @abstractmethod
    def reconstruct(self, inputs: Array, noise: Array | None = None) -> Array:
        """Outputs for the inputs (batch, n_inputs); with noise a denoising model corrupts them first."""

    @abstractmethod
    def trainer(self, phase: str, images: Array, labels: Array | None = None) -> Trainer:
        """Begin a phase: `images` (n, n_inputs) go to the device, cached inputs are computed, moments are zero."""

    def ready_to(self, use: Use, values: Array) -> Callable[[], object]:
        """What computes `use` of these values, which are on the device, whenever it is called, and waits for the end.

        values: images (batch, n_inputs), or for `decode` and `sample` codings (batch, n_codings).
        """
        return partial(getattr(self, use), values)

    def sample(self, noise: Array) -> Array:
        """New images (batch, n_inputs) from standard normal codings (batch, n_codings)."""
        return self.decode(noise)


class Framework(ABC):
    """A framework as the registry finds it. Making one must not import the heavy package; `build` may.

    name: what it is registered as. packages: what is imported, the first of which tells whether it is installed, and
    in which version. install: the command that gets it. modes: the ways it computes, the one that its plain name stands
    for first. eager: operation by operation, as most people write it. compiled: the fastest way that the framework
    offers publicly. Same mathematics, same numbers.
    """

    name: str
    packages: tuple[str, ...]
    install: str
    modes: tuple[Mode, ...] = ("eager",)

    @property
    def mode(self) -> Mode:
        """The way that this one computes."""
        return self.modes[0]

    @property
    def plain(self) -> str:
        """The name without a mode."""
        return type(self).name

    def place(self, autoencoder: str) -> str | None:
        """The network of the autoencoder of that name as `module:Class`; None where there is none."""
        return networks.place(self.plain, type(self).__module__, autoencoder)

    def offers(self, autoencoder: str) -> bool:
        """Whether `build` takes the autoencoder of that name; imports nothing heavy.

        The base class asks whether there is a network. A framework that computes whatever a specification says, without
        a network for each, overrides this.
        """
        return self.place(autoencoder) is not None

    def variants(self) -> list[Framework]:
        """This framework in each of its modes: itself, then copies called NAME-MODE."""
        others = [copy.copy(self) for _ in self.modes[1:]]
        for other, mode in zip(others, self.modes[1:], strict=True):
            other.name, other.modes = f"{self.name}-{mode}", (mode,)
        return [self, *others]

    @abstractmethod
    def devices(self) -> list[str]:
        """Devices that `build` takes here: `cpu`, and `gpu` where there is one. Imports the heavy package."""

    @abstractmethod
    def build(self, autoencoder: Autoencoder, parameters: Mapping[str, Array], *, dtype: Dtype, device: str) -> Model:
        """A model with these parameters, cast to the dtype; FrameworkError when the device is not here."""

    def products(self, products: Sequence[Product], *, dtype: Dtype, device: str) -> Callable[[], object]:
        """What multiplies matrices of these shapes, once each, whenever it is called: how fast its library is.

        The base class multiplies with NumPy.
        """
        pairs = [(np.full((m, k), 0.5, dtype), np.full((k, n), 0.5, dtype)) for m, k, n in products]
        results = [np.empty((m, n), dtype) for m, _, n in products]
        return lambda: [np.matmul(*pair, out=out) for pair, out in zip(pairs, results, strict=True)]

    def copying(self, n_values: int, *, dtype: Dtype, device: str) -> Callable[[], object]:
        """What reads half of so many values and writes the other half, whenever it is called: how fast memory is."""
        source = np.zeros(max(1, n_values // 2), dtype)
        return partial(np.copyto, np.empty_like(source), source)

    def peak_device_memory(self) -> int | None:
        """Most bytes that were in use at once on the GPU in this process; None where that is not known."""
        return None

    def perturbed(self, unit_roundoff: float, seed: int) -> AbstractContextManager[None]:
        """Within it every input, operand and result is disturbed as rounding of that unit does (the arbiter only)."""
        raise NotImplementedError(f"{self.name} is not the arbiter")


def checked(autoencoder: Autoencoder, parameters: Mapping[str, Array], *, complete: bool = False) -> Arrays:
    """The parameters as arrays, after their names and shapes were held against the specification."""
    expected = autoencoder.shapes
    for name, value in parameters.items():
        if name not in expected:
            raise CheckpointError(f"{autoencoder.name}: {_misplaced(autoencoder, name)}")
        if np.shape(value) != expected[name]:
            raise CheckpointError(
                f"{autoencoder.name}: {name} has shape {np.shape(value)}, expected {expected[name]} "
                "(weights are (n_in, n_out) in every framework)"
            )
    missing = [name for name in expected if name not in parameters]
    if complete and missing:
        raise CheckpointError(f"{autoencoder.name}: parameters are missing: {', '.join(missing)}")
    return {name: np.asarray(parameters[name]) for name in expected if name in parameters}


def _misplaced(autoencoder: Autoencoder, name: str) -> str:
    layer = next((x for x in autoencoder.layers if name == f"{x.name}.weight" and x.tied_to), None)
    if layer:
        return f"{name} has no place in a tied model (it is {layer.tied_to}.weight transposed)"
    return f"no parameter is called {name}; known: {', '.join(autoencoder.shapes)}"


def require_finite(losses: Mapping[str, Array], *, context: str, first_step: int) -> None:
    """TrainingError naming the first step and loss term that is not finite."""
    bad = {term: np.flatnonzero(~np.isfinite(np.atleast_1d(values))) for term, values in losses.items()}
    found: Iterable[tuple[int, bool, str]] = ((int(i[0]), term == "total", term) for term, i in bad.items() if len(i))
    first = min(found, default=None)
    if first is not None:
        step, _, term = first
        value = np.atleast_1d(losses[term])[step]
        raise TrainingError(
            f"{context}: the loss term '{term}' became {value} at step {first_step + step + 1}; parameters and "
            "optimiser state up to the last finished epoch are kept. Look at the data (infinite or very large values?) "
            "and at the learning rate."
        )
