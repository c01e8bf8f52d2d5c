"""What both denoising autoencoders share: tied weights, corrupted inputs while training, clean targets always.

Source: lines 434 to 546, `is_training`.
"""

from __future__ import annotations

from aebench.arrays import Array, Arrays
from aebench.implementations.reference.losses import l2_penalty_backward, mean_squared_error_backward
from aebench.implementations.reference.tied import Tied
from aebench.spec import Phase


class Denoising(Tied):
    """As `tied`, on `corrupt(x, noise)`; without noise the inputs stay clean. Subclasses say how to corrupt."""

    def corrupt(self, x: Array, noise: Array) -> Array:
        """Images x (batch, n_inputs) as they are while training."""
        raise NotImplementedError

    def encode(self, x: Array, noise: Array | None = None) -> Array:
        return super().encode(x if noise is None else self.corrupt(x, noise))

    def forward(self, phase: Phase, x: Array, noise: Array | None) -> Arrays:
        corrupted = x if noise is None else self.corrupt(x, noise)
        return {"corrupted": corrupted, **super().forward(phase, corrupted, None)}

    def backward(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> None:
        d_outputs = mean_squared_error_backward(activations["outputs"], x)
        self.backpropagate(activations, activations["corrupted"], d_outputs)
        l2_penalty_backward(phase.l2, self.penalised(phase))
