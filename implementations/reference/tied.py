"""Stacked autoencoder whose decoder weights are the encoder weights transposed: half the parameters.

Loss: reconstruction MSE plus an L2 penalty on the two weights there are.
Expect a training MSE near 0.010 after four epochs on MNIST.
"""

from aebench.implementations.reference.layers import Dense, TiedDense, elu, elu_backward
from aebench.implementations.reference.losses import (
    l2_penalty,
    l2_penalty_backward,
    mean_squared_error,
    mean_squared_error_backward,
)
from aebench.implementations.reference.network import Network


class Tied(Network):
    """784-300-150-300-784 with tied weights, loss: reconstruction + l2."""

    def __init__(self, autoencoder):
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.encoder2 = Dense(autoencoder.layer("encoder2"))
        self.decoder1 = TiedDense(autoencoder.layer("decoder1"))
        self.decoder2 = TiedDense(autoencoder.layer("decoder2"))

    def encode(self, x, noise=None):
        return elu(self.encoder2(elu(self.encoder1(x))))

    def decode(self, codings):
        return self.decoder2(elu(self.decoder1(codings, self.encoder2)), self.encoder1)

    def forward(self, phase, x, noise):
        hidden1 = elu(self.encoder1(x))
        codings = elu(self.encoder2(hidden1))
        hidden3 = elu(self.decoder1(codings, self.encoder2))
        outputs = self.decoder2(hidden3, self.encoder1)
        return {"hidden1": hidden1, "codings": codings, "hidden3": hidden3, "outputs": outputs}

    def losses(self, phase, activations, x, labels):
        reconstruction = mean_squared_error(activations["outputs"], x)
        l2 = l2_penalty(phase.l2, [self.encoder1, self.encoder2])
        return {"reconstruction": reconstruction, "l2": l2, "total": reconstruction + l2}

    def backward(self, phase, activations, x, labels):
        self.backpropagate(activations, x, mean_squared_error_backward(activations["outputs"], x))
        l2_penalty_backward(phase.l2, [self.encoder1, self.encoder2])

    def backpropagate(self, activations, inputs, d_outputs):
        """Add the gradients of what led from the inputs (batch, n_inputs) to the outputs."""
        hidden1, codings, hidden3 = activations["hidden1"], activations["codings"], activations["hidden3"]
        d_hidden3 = self.decoder2.backward(hidden3, d_outputs, self.encoder1)
        d_codings = self.decoder1.backward(codings, elu_backward(hidden3, d_hidden3), self.encoder2)
        d_hidden1 = self.encoder2.backward(hidden1, elu_backward(codings, d_codings))
        self.encoder1.backward(inputs, elu_backward(hidden1, d_hidden1))
