"""What every reference network has: its layers by name, and the gradients they have gathered."""

from __future__ import annotations

from abc import ABC, abstractmethod

from aebench.arrays import Array, Arrays
from aebench.implementations.reference.layers import Dense, TiedDense
from aebench.spec import Autoencoder, Phase


class Network(ABC):
    """A network of dense layers named as in the specification; the subclass writes out the computation."""

    def __init__(self, autoencoder: Autoencoder) -> None:
        self.autoencoder = autoencoder

    @abstractmethod
    def encode(self, x: Array, noise: Array | None = None) -> Array:
        """Inputs (batch, n_inputs) to codings (batch, n_codings)."""

    @abstractmethod
    def decode(self, codings: Array) -> Array:
        """Codings (batch, n_codings) to outputs (batch, n_outputs)."""

    @abstractmethod
    def forward(self, phase: Phase, x: Array, noise: Array | None) -> Arrays:
        """Every named activation of the phase."""

    @abstractmethod
    def losses(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> Arrays:
        """Every loss term; `total` is what is minimised."""

    @abstractmethod
    def backward(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> None:
        """Add the gradient of `total` to the layers."""

    def layers(self) -> dict[str, Dense | TiedDense]:
        """The layers by name, in the order of the specification."""
        return {layer.name: getattr(self, layer.name) for layer in self.autoencoder.layers}
