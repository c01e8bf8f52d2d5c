"""Stacked autoencoder 784-300-150-300-784, ELU, linear outputs, all layers trained at once.

Loss: reconstruction MSE plus an L2 penalty on all four weights.
Expect a training MSE near 0.010 after four epochs on MNIST.
"""

from aebench.implementations.pytorch.layers import Dense, elu
from aebench.implementations.pytorch.losses import (
    l2_penalty,
    mean_squared_error,
)
from aebench.implementations.pytorch.network import Network


class Stacked(Network):
    """784-300-150-300-784, loss: reconstruction + l2."""

    def __init__(self, autoencoder):
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.encoder2 = Dense(autoencoder.layer("encoder2"))
        self.decoder1 = Dense(autoencoder.layer("decoder1"))
        self.decoder2 = Dense(autoencoder.layer("decoder2"))

    def encode(self, x, noise=None):
        return elu(self.encoder2(elu(self.encoder1(x))))

    def decode(self, codings):
        return self.decoder2(elu(self.decoder1(codings)))

    def forward(self, phase, x, noise):
        hidden1 = elu(self.encoder1(x))
        codings = elu(self.encoder2(hidden1))
        hidden3 = elu(self.decoder1(codings))
        outputs = self.decoder2(hidden3)
        return {"hidden1": hidden1, "codings": codings, "hidden3": hidden3, "outputs": outputs}

    def losses(self, phase, activations, x, labels):
        reconstruction = mean_squared_error(activations["outputs"], x)
        l2 = l2_penalty(phase.l2, [self.encoder1, self.encoder2, self.decoder1, self.decoder2])
        return {"reconstruction": reconstruction, "l2": l2, "total": reconstruction + l2}
