"""What every reference network has: its layers by name, and the gradients they have gathered."""

from __future__ import annotations

from typing import ClassVar

from aebench.arrays import Array, Arrays
from aebench.implementations.reference.layers import Dense, TiedDense
from aebench.spec import Autoencoder, Phase
from aebench.text import Text


class Network:
    """A network of layers named as in the specification; the subclass writes out the computation.

    text: what the subclass writes out; where it is stated, a specification that says otherwise is refused.
    """

    text: ClassVar[Text | None] = None

    def __init__(self, autoencoder: Autoencoder) -> None:
        if self.text:
            self.text.check(autoencoder)
        self.autoencoder = autoencoder

    def penalised(self, phase: Phase) -> list[Dense]:
        """The layers on which the phase's L2 penalty lies."""
        return [getattr(self, name) for name in phase.l2.layers]

    def encode(self, x: Array, noise: Array | None = None) -> Array:
        """Inputs (batch, n_inputs) to codings (batch, n_codings)."""
        raise NotImplementedError

    def decode(self, codings: Array) -> Array:
        """Codings (batch, n_codings) to outputs (batch, n_outputs)."""
        raise NotImplementedError

    def forward(self, phase: Phase, x: Array, noise: Array | None) -> Arrays:
        """Every named activation of the phase."""
        raise NotImplementedError

    def losses(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> Arrays:
        """Every loss term; `total` is what is minimised."""
        raise NotImplementedError

    def backward(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> None:
        """Add the gradient of `total` to the layers."""
        raise NotImplementedError

    def layers(self) -> dict[str, Dense | TiedDense]:
        """The layers by name, in the order of the specification."""
        return {layer.name: getattr(self, layer.name) for layer in self.autoencoder.layers}
