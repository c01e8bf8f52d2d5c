"""Variational autoencoder 784-500-500-20-500-500-784 with Bernoulli outputs.

The codings are drawn as mean + sqrt(exp(log_variance)) * noise. Both loss terms are sums over the batch, in nats.
Expect a total near 98 nats an image after 50 epochs on MNIST.
"""

import numpy as np

from aebench.implementations.reference.layers import Dense, elu, elu_backward, sigmoid
from aebench.implementations.reference.losses import (
    bernoulli_loss,
    bernoulli_loss_backward,
    latent_loss,
    latent_loss_backward,
)
from aebench.implementations.reference.network import Network
from aebench.implementations.reference.rounding import rounded


class Variational(Network):
    """784-500-500-20-500-500-784, loss: reconstruction + latent."""

    def __init__(self, autoencoder):
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.encoder2 = Dense(autoencoder.layer("encoder2"))
        self.mean = Dense(autoencoder.layer("mean"))
        self.log_variance = Dense(autoencoder.layer("log_variance"))
        self.decoder1 = Dense(autoencoder.layer("decoder1"))
        self.decoder2 = Dense(autoencoder.layer("decoder2"))
        self.decoder3 = Dense(autoencoder.layer("decoder3"))

    def deviation(self, log_variance):
        """Standard deviation of the codings, (batch, 20)."""
        return rounded(np.sqrt(rounded(np.exp(log_variance))))

    def encode(self, x, noise=None):
        hidden2 = elu(self.encoder2(elu(self.encoder1(x))))
        mean = self.mean(hidden2)
        return mean if noise is None else rounded(mean + self.deviation(self.log_variance(hidden2)) * noise)

    def decode(self, codings):
        return sigmoid(self.decoder3(elu(self.decoder2(elu(self.decoder1(codings))))))

    def forward(self, phase, x, noise):
        hidden1 = elu(self.encoder1(x))
        hidden2 = elu(self.encoder2(hidden1))
        mean = self.mean(hidden2)
        log_variance = self.log_variance(hidden2)
        deviation = self.deviation(log_variance)
        codings = rounded(mean + deviation * noise)
        hidden4 = elu(self.decoder1(codings))
        hidden5 = elu(self.decoder2(hidden4))
        logits = self.decoder3(hidden5)
        return {
            "hidden1": hidden1,
            "hidden2": hidden2,
            "mean": mean,
            "log_variance": log_variance,
            "deviation": deviation,
            "codings": codings,
            "hidden4": hidden4,
            "hidden5": hidden5,
            "logits": logits,
        }

    def losses(self, phase, activations, x, labels):
        reconstruction = bernoulli_loss(activations["logits"], x)
        latent = latent_loss(activations["mean"], activations["log_variance"])
        return {"reconstruction": reconstruction, "latent": latent, "total": reconstruction + latent}

    def backward(self, phase, activations, x, labels):
        hidden1, hidden2 = activations["hidden1"], activations["hidden2"]
        hidden4, hidden5 = activations["hidden4"], activations["hidden5"]
        mean, codings = activations["mean"], activations["codings"]
        d_logits = bernoulli_loss_backward(activations["logits"], x)
        d_hidden5 = self.decoder3.backward(hidden5, d_logits)
        d_hidden4 = self.decoder2.backward(hidden4, elu_backward(hidden5, d_hidden5))
        d_codings = self.decoder1.backward(codings, elu_backward(hidden4, d_hidden4))
        d_mean, d_log_variance = latent_loss_backward(mean, activations["log_variance"])
        # codings - mean is deviation * noise, and the deviation's derivative by the log variance is half of itself.
        d_log_variance = d_log_variance + d_codings * 0.5 * (codings - mean)
        d_hidden2 = self.mean.backward(hidden2, rounded(d_codings + d_mean))
        d_hidden2 = d_hidden2 + self.log_variance.backward(hidden2, rounded(d_log_variance))
        d_hidden1 = self.encoder2.backward(hidden1, elu_backward(hidden2, d_hidden2))
        self.encoder1.backward(x, elu_backward(hidden1, d_hidden1))
