"""Denoising autoencoder: Gaussian noise of deviation 1/sqrt(300) on the inputs while training.

Loss: MSE of the reconstruction from the clean image, plus an L2 penalty. Evaluation sees clean inputs.
Expect a training MSE below 0.010 after ten epochs on MNIST.

Source: lines 434 to 490, `X_noisy`.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from aebench.implementations.pytorch.denoising import Denoising


class DenoisingGaussian(Denoising):
    """x + deviation * noise, noise standard normal (batch, n_inputs)."""

    text = replace(Denoising.text, corruption="gaussian")

    def corrupt(self, x: Tensor, noise: Tensor) -> Tensor:
        """Images x (batch, n_inputs) with noise of the specification's deviation."""
        return x + self.autoencoder.corruption.amount * noise
