"""What a framework offers: NumPy in, NumPy out. The harness sees frameworks through this page only.

Exchange names and shapes are the specification's; a framework that stores a weight transposed converts at its own
border. No implementation draws a random number: parameters, orders, noise and masks are arguments.

What the harness calls (`build`, `assign`, `trainer`, `feed`, `ready`, `restore`) is written here: it checks what it is
given, once and for every framework alike, and hands it to what a framework writes (`make`, `put`, `begin`, `prepare`,
`take_up`). A refused call changes nothing.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from aebench import networks
from aebench.arrays import Array, Arrays, Dtype
from aebench.errors import FrameworkError
from aebench.given import check_dtype, checked, checked_images, checked_order, checked_state
from aebench.spec import Autoencoder, Phase

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
    """One phase under way: the model, the data it reads, and an optimiser of its own, whose moments begin at zero."""

    model: Model
    phase: Phase
    n_rows: int = 0

    def feed(self, images: Array, labels: Array | None = None) -> None:
        """Put these images (n, n_inputs) on the device in place of those before, cached inputs computed anew.

        labels: (n,) whole numbers, the classes; a classifier needs them, others leave them.

        Raises:
            DataError: images or labels that do not fit the autoencoder, or are not finite.
        """
        images, labels = checked_images(self.model.autoencoder, self.model.dtype, images, labels)
        self.put(images, labels)
        self.n_rows = len(images)

    def ready(self, order: Array, noise: Array | None = None) -> Callable[[], Arrays]:
        """Everything for one step per row of `order` (n_steps, batch_size), row numbers of the data, on the device.

        noise: (n_steps, batch_size, width) where the autoencoder takes noise.
        What is returned trains these steps whenever it is called, and returns loss term -> (n_steps,) values before
        each step's update, after the device has finished.

        Raises:
            DataError: rows that are not there, or an order or noise of another shape or kind of number.
        """
        return self.prepare(*checked_order(self.model.autoencoder, self.model.dtype, self.n_rows, order, noise))

    def run(self, order: Array, noise: Array | None = None) -> Arrays:
        """Train these steps; arguments and result as of `ready`."""
        return self.ready(order, noise)()

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take up the state of another trainer of the same phase, from any framework, to the bit.

        Raises:
            CheckpointError: the state is not that of such a trainer; says which array, what was found and expected.
        """
        self.take_up(checked_state(self.model.autoencoder, self.phase, state, self.model.dtype))

    @abstractmethod
    def state(self) -> Arrays:
        """`step` (int64 scalar) and, per trained parameter, `NAME.first_moment` and `NAME.second_moment`."""

    @abstractmethod
    def inputs(self) -> Array:
        """(n, width): what the phase trains on; the images, or the activations cached when they were put there."""

    @abstractmethod
    def put(self, images: Array, labels: Array | None) -> None:
        """What `feed` does, with images and labels that fit."""

    @abstractmethod
    def prepare(self, order: Array, noise: Array | None) -> Callable[[], Arrays]:
        """What `ready` does, with an order and noise that fit."""

    @abstractmethod
    def take_up(self, state: Arrays) -> None:
        """What `restore` does, with a state that fits: copied, since it stays the caller's."""


class Model(ABC):
    """One autoencoder in one framework, dtype and device, with parameters in it."""

    autoencoder: Autoencoder
    dtype: Dtype
    device: str

    def assign(self, parameters: Mapping[str, Array]) -> None:
        """Set the named parameters, rounded to the dtype, and leave the others.

        Values that are not finite are taken: a training may make them. `checkpoint.load_model` refuses them.

        Raises:
            CheckpointError: an unknown name, a wrong shape, or no real numbers.
        """
        found = checked(self.autoencoder, parameters)
        self.put({name: np.asarray(value, dtype=self.dtype) for name, value in found.items()})

    def restore(self, parameters: Mapping[str, Array]) -> None:
        """Set all parameters as `parameters` once gave them, to the bit: the reference keeps more than the dtype holds.

        Raises:
            CheckpointError: a name is missing or unknown, a shape is wrong, or there are no real numbers.
        """
        self.put(checked(self.autoencoder, parameters, complete=True))

    def trainer(self, phase: str, images: Array, labels: Array | None = None) -> Trainer:
        """Begin a phase: `images` (n, n_inputs) go to the device, cached inputs are computed, moments are zero.

        Raises:
            SpecificationError: there is no such phase.
            DataError: as `Trainer.feed`.
        """
        trainer = self.begin(self.autoencoder.phase(phase))
        trainer.feed(images, labels)
        return trainer

    @abstractmethod
    def parameters(self) -> Arrays:
        """Exchange name -> copy of the parameter, in the order of the specification, as precise as it is kept."""

    @abstractmethod
    def put(self, parameters: Arrays) -> None:
        """What `assign` and `restore` do, with parameters that fit: copied, since they stay the caller's."""

    @abstractmethod
    def begin(self, phase: Phase) -> Trainer:
        """A trainer of the phase that has not been fed yet."""

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

    def build(self, autoencoder: Autoencoder, parameters: Mapping[str, Array], *, dtype: Dtype, device: str) -> Model:
        """A model with these parameters, rounded to the dtype.

        Raises:
            FrameworkError: the dtype is neither of the two, or the device is not here.
            CheckpointError: parameters are missing or do not fit the specification.
        """
        check_dtype(self.name, dtype)
        if device not in (found := self.devices()):
            raise FrameworkError(
                f"{self.name}: no device '{device}' here, found {', '.join(found)}; a gpu needs a build for it"
            )
        parameters = checked(autoencoder, parameters, complete=True)
        return self.make(autoencoder, parameters, dtype=dtype, device=device)

    @abstractmethod
    def make(self, autoencoder: Autoencoder, parameters: Arrays, *, dtype: Dtype, device: str) -> Model:
        """What `build` does, with parameters that fit and a device that is here."""

    def settings(self) -> dict[str, str]:
        """What only the loaded framework knows of how it computes, which stands in every record: its full version with
        the build, its libraries, threads, determinism and TF32. Imports the heavy package; alike from call to call.
        """
        return {}

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
