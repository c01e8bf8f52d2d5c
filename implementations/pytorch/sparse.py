"""Sparse autoencoder 784-1000-784: sigmoid codings whose batch means are held near 0.1 by a KL penalty.

Loss: reconstruction MSE plus 0.2 times the sum over codings of KL(0.1 || batch mean).
Expect an MSE of 0.012 to 0.033 and a sparsity loss of 0.08 to 0.45 after 100 epochs on MNIST.

Source: lines 563 to 608, `sparsity_target`, `sparsity_weight`.
"""

from __future__ import annotations

from torch import Tensor

from aebench.implementations.pytorch.layers import Dense
from aebench.implementations.pytorch.losses import mean_squared_error, sparsity_loss
from aebench.implementations.pytorch.network import Network, Tensors
from aebench.spec import Autoencoder, Phase
from aebench.text import Text


class Sparse(Network):
    """784-1000-784, loss: reconstruction + weight * sparsity."""

    text = Text(layers=("encoder1", "decoder1"), terms=("reconstruction", "sparsity"), coding_layer="encoder1")

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.decoder1 = Dense(autoencoder.layer("decoder1"))

    def encode(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        return self.encoder1(x)

    def decode(self, codings: Tensor) -> Tensor:
        return self.decoder1(codings)

    def forward(self, phase: Phase, x: Tensor, noise: Tensor | None) -> Tensors:
        preactivations = self.encoder1.affine(x)
        codings = self.encoder1.activation(preactivations)
        outputs = self.decoder1(codings)
        return {"preactivations": preactivations, "codings": codings, "outputs": outputs}

    def losses(self, phase: Phase, activations: Tensors, x: Tensor, labels: Tensor | None) -> Tensors:
        reconstruction = mean_squared_error(activations["outputs"], x)
        sparsity = sparsity_loss(activations["preactivations"], phase.sparsity.target)
        total = reconstruction + phase.sparsity.weight * sparsity
        return {"reconstruction": reconstruction, "sparsity": sparsity, "total": total}
