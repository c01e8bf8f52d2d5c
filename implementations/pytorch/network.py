"""What every PyTorch network has: the layers of the specification as modules."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from aebench.implementations.pytorch.layers import Dense
from aebench.spec import Autoencoder, Phase
from aebench.text import Text

Tensors = dict[str, Tensor]


class Network(nn.Module):
    """A network of layers named as in the specification; the subclass writes out the computation.

    text: what the subclass writes out; where it is stated, a specification that says otherwise is refused.
    """

    text: ClassVar[Text | None] = None

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__()
        if self.text:
            self.text.check(autoencoder)
        self.autoencoder = autoencoder

    def penalised(self, phase: Phase) -> list[Dense]:
        """The layers on which the phase's L2 penalty lies."""
        return [getattr(self, name) for name in phase.l2.layers]

    def encode(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """Inputs (batch, n_inputs) to codings (batch, n_codings)."""
        raise NotImplementedError

    def decode(self, codings: Tensor) -> Tensor:
        """Codings (batch, n_codings) to outputs (batch, n_outputs)."""
        raise NotImplementedError

    def forward(self, phase: Phase, x: Tensor, noise: Tensor | None) -> Tensors:
        """Every named activation of the phase."""
        raise NotImplementedError

    def losses(self, phase: Phase, activations: Tensors, x: Tensor, labels: Tensor | None) -> Tensors:
        """Every loss term; `total` is what is minimised."""
        raise NotImplementedError
