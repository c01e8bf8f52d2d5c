"""Denoising autoencoder: inverted dropout on the inputs while training, keep probability 0.7.

Kept pixels are divided by 0.7, so that the sum keeps its expectation. Evaluation drops nothing.
Expect a training MSE near 0.012 after ten epochs on MNIST.

Source: lines 493 to 546, `X_drop`.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from aebench.implementations.pytorch.denoising import Denoising


class DenoisingDropout(Denoising):
    """x * mask / keep probability, mask 0 or 1 (batch, n_inputs)."""

    text = replace(Denoising.text, corruption="dropout")

    def corrupt(self, x: Tensor, noise: Tensor) -> Tensor:
        """Images x (batch, n_inputs) with the dropped pixels 0 and the kept ones enlarged."""
        return x * noise / self.autoencoder.corruption.amount
