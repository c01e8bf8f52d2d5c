"""Sparse autoencoder 784-1000-784: sigmoid codings whose batch means are held near 0.1 by a KL penalty.

Loss: reconstruction MSE plus 0.2 times the sum over codings of KL(0.1 || batch mean).
Expect an MSE of 0.012 to 0.033 and a sparsity loss of 0.08 to 0.45 after 100 epochs on MNIST.
"""

from aebench.implementations.tensorflow.layers import Dense, sigmoid
from aebench.implementations.tensorflow.losses import (
    mean_squared_error,
    sparsity_loss,
)
from aebench.implementations.tensorflow.network import Network


class Sparse(Network):
    """784-1000-784, loss: reconstruction + weight * sparsity."""

    def __init__(self, autoencoder):
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.decoder1 = Dense(autoencoder.layer("decoder1"))

    def encode(self, x, noise=None):
        return sigmoid(self.encoder1(x))

    def decode(self, codings):
        return self.decoder1(codings)

    def forward(self, phase, x, noise):
        preactivations = self.encoder1(x)
        codings = sigmoid(preactivations)
        outputs = self.decoder1(codings)
        return {"preactivations": preactivations, "codings": codings, "outputs": outputs}

    def losses(self, phase, activations, x, labels):
        reconstruction = mean_squared_error(activations["outputs"], x)
        sparsity = sparsity_loss(activations["preactivations"], phase.sparsity.target)
        total = reconstruction + phase.sparsity.weight * sparsity
        return {"reconstruction": reconstruction, "sparsity": sparsity, "total": total}
