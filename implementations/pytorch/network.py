"""What every PyTorch network has: the layers of the specification as modules."""

from __future__ import annotations

from torch import Tensor, nn

from aebench.spec import Autoencoder, Phase


class Network(nn.Module):
    """A network of dense layers named as in the specification; the subclass writes out the computation."""

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def encode(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """Inputs (batch, n_inputs) to codings (batch, n_codings)."""
        raise NotImplementedError

    def decode(self, codings: Tensor) -> Tensor:
        """Codings (batch, n_codings) to outputs (batch, n_outputs)."""
        raise NotImplementedError

    def forward(self, phase: Phase, x: Tensor, noise: Tensor | None) -> dict[str, Tensor]:
        """Every named activation of the phase."""
        raise NotImplementedError

    def losses(
        self, phase: Phase, activations: dict[str, Tensor], x: Tensor, labels: Tensor | None
    ) -> dict[str, Tensor]:
        """Every loss term; `total` is what is minimised."""
        raise NotImplementedError
