"""Stacked autoencoder 784-300-150-300-784, ELU, linear outputs, all layers trained at once.

Loss: reconstruction MSE plus an L2 penalty on all four weights.
Expect a training MSE near 0.010 after four epochs on MNIST.

Source: lines 79 to 120, "n_hidden2 = 150 # codings".
"""

from __future__ import annotations

from tensorflow import Tensor

from aebench.implementations.tensorflow.layers import Dense
from aebench.implementations.tensorflow.losses import l2_penalty, mean_squared_error
from aebench.implementations.tensorflow.network import Network, Tensors
from aebench.spec import Autoencoder, Phase
from aebench.text import Text


class Stacked(Network):
    """784-300-150-300-784, loss: reconstruction + l2."""

    text = Text(
        layers=("encoder1", "encoder2", "decoder1", "decoder2"),
        terms=("reconstruction", "l2"),
        coding_layer="encoder2",
    )

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.encoder2 = Dense(autoencoder.layer("encoder2"))
        self.decoder1 = Dense(autoencoder.layer("decoder1"))
        self.decoder2 = Dense(autoencoder.layer("decoder2"))

    def encode(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        return self.encoder2(self.encoder1(x))

    def decode(self, codings: Tensor) -> Tensor:
        return self.decoder2(self.decoder1(codings))

    def forward(self, phase: Phase, x: Tensor, noise: Tensor | None) -> Tensors:
        hidden1 = self.encoder1(x)
        codings = self.encoder2(hidden1)
        hidden3 = self.decoder1(codings)
        outputs = self.decoder2(hidden3)
        return {"hidden1": hidden1, "codings": codings, "hidden3": hidden3, "outputs": outputs}

    def losses(self, phase: Phase, activations: Tensors, x: Tensor, labels: Tensor | None) -> Tensors:
        reconstruction = mean_squared_error(activations["outputs"], x)
        l2 = l2_penalty(phase.l2, self.penalised(phase))
        return {"reconstruction": reconstruction, "l2": l2, "total": reconstruction + l2}
