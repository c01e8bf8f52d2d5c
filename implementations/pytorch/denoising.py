"""What both denoising autoencoders share: tied weights, corrupted inputs while training, clean targets always.

Source: lines 434 to 546, `is_training`.
"""

from __future__ import annotations

from torch import Tensor

from aebench.implementations.pytorch.network import Tensors
from aebench.implementations.pytorch.tied import Tied
from aebench.spec import Phase


class Denoising(Tied):
    """As `tied`, on `corrupt(x, noise)`; without noise the inputs stay clean. Subclasses say how to corrupt."""

    def corrupt(self, x: Tensor, noise: Tensor) -> Tensor:
        """Images x (batch, n_inputs) as they are while training."""
        raise NotImplementedError

    def encode(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        return super().encode(x if noise is None else self.corrupt(x, noise))

    def forward(self, phase: Phase, x: Tensor, noise: Tensor | None) -> Tensors:
        corrupted = x if noise is None else self.corrupt(x, noise)
        return {"corrupted": corrupted, **super().forward(phase, corrupted, None)}
