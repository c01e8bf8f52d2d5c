"""Stacked autoencoder 784-300-150-300-784, ELU, linear outputs, all layers trained at once.

Loss: reconstruction MSE plus an L2 penalty on all four weights.
Expect a training MSE near 0.010 after four epochs on MNIST.

Source: lines 79 to 120, "n_hidden2 = 150 # codings".
"""

from __future__ import annotations

from aebench.arrays import Array, Arrays
from aebench.implementations.reference.layers import Dense
from aebench.implementations.reference.losses import (
    l2_penalty,
    l2_penalty_backward,
    mean_squared_error,
    mean_squared_error_backward,
)
from aebench.implementations.reference.network import Network
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

    def encode(self, x: Array, noise: Array | None = None) -> Array:
        return self.encoder2(self.encoder1(x))

    def decode(self, codings: Array) -> Array:
        return self.decoder2(self.decoder1(codings))

    def forward(self, phase: Phase, x: Array, noise: Array | None) -> Arrays:
        hidden1 = self.encoder1(x)
        codings = self.encoder2(hidden1)
        hidden3 = self.decoder1(codings)
        outputs = self.decoder2(hidden3)
        return {"hidden1": hidden1, "codings": codings, "hidden3": hidden3, "outputs": outputs}

    def losses(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> Arrays:
        reconstruction = mean_squared_error(activations["outputs"], x)
        l2 = l2_penalty(phase.l2, self.penalised(phase))
        return {"reconstruction": reconstruction, "l2": l2, "total": reconstruction + l2}

    def backward(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> None:
        hidden1, codings = activations["hidden1"], activations["codings"]
        hidden3, outputs = activations["hidden3"], activations["outputs"]
        d_outputs = mean_squared_error_backward(outputs, x)
        d_hidden3 = self.decoder2.backward(hidden3, outputs, d_outputs)
        d_codings = self.decoder1.backward(codings, hidden3, d_hidden3)
        d_hidden1 = self.encoder2.backward(hidden1, codings, d_codings)
        self.encoder1.backward(x, hidden1, d_hidden1)
        l2_penalty_backward(phase.l2, self.penalised(phase))
