"""Variational autoencoder 784-500-500-20-500-500-784 with Bernoulli outputs.

The codings are drawn as mean + sqrt(exp(log_variance)) * noise. Both loss terms are sums over the batch, in nats.
Expect a total near 98 nats an image after 50 epochs on MNIST.

Source: lines 614 to 656, whose `hidden3_log_sigma` is the log variance.
"""

from __future__ import annotations

import numpy as np

from aebench.arrays import Array, Arrays
from aebench.implementations.reference.layers import Dense, sigmoid
from aebench.implementations.reference.losses import (
    bernoulli_loss,
    bernoulli_loss_backward,
    latent_loss,
    latent_loss_backward,
)
from aebench.implementations.reference.network import Network
from aebench.implementations.reference.rounding import rounded
from aebench.spec import Autoencoder, Phase
from aebench.text import Text


class Variational(Network):
    """784-500-500-20-500-500-784, loss: reconstruction + latent."""

    text = Text(
        layers=("encoder1", "encoder2", "mean", "log_variance", "decoder1", "decoder2", "decoder3"),
        terms=("reconstruction", "latent"),
        coding_layer="mean",
    )

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__(autoencoder)
        self.encoder1 = Dense(autoencoder.layer("encoder1"))
        self.encoder2 = Dense(autoencoder.layer("encoder2"))
        self.mean = Dense(autoencoder.layer("mean"))
        self.log_variance = Dense(autoencoder.layer("log_variance"))
        self.decoder1 = Dense(autoencoder.layer("decoder1"))
        self.decoder2 = Dense(autoencoder.layer("decoder2"))
        self.decoder3 = Dense(autoencoder.layer("decoder3"))

    def deviation(self, log_variance: Array) -> Array:
        """Standard deviation of the codings, (batch, 20)."""
        return rounded(np.sqrt(rounded(np.exp(log_variance))))

    def encode(self, x: Array, noise: Array | None = None) -> Array:
        hidden2 = self.encoder2(self.encoder1(x))
        mean = self.mean(hidden2)
        return mean if noise is None else rounded(mean + self.deviation(self.log_variance(hidden2)) * noise)

    def decode(self, codings: Array) -> Array:
        return sigmoid(self.decoder3(self.decoder2(self.decoder1(codings))))

    def forward(self, phase: Phase, x: Array, noise: Array | None) -> Arrays:
        hidden1 = self.encoder1(x)
        hidden2 = self.encoder2(hidden1)
        mean = self.mean(hidden2)
        log_variance = self.log_variance(hidden2)
        deviation = self.deviation(log_variance)
        codings = rounded(mean + deviation * noise)
        hidden4 = self.decoder1(codings)
        hidden5 = self.decoder2(hidden4)
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

    def losses(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> Arrays:
        reconstruction = bernoulli_loss(activations["logits"], x)
        latent = latent_loss(activations["mean"], activations["log_variance"])
        return {"reconstruction": reconstruction, "latent": latent, "total": reconstruction + latent}

    def backward(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> None:
        hidden1, hidden2 = activations["hidden1"], activations["hidden2"]
        mean, log_variance, codings = activations["mean"], activations["log_variance"], activations["codings"]
        hidden4, hidden5, logits = activations["hidden4"], activations["hidden5"], activations["logits"]
        d_logits = bernoulli_loss_backward(logits, x)
        d_hidden5 = self.decoder3.backward(hidden5, logits, d_logits)
        d_hidden4 = self.decoder2.backward(hidden4, hidden5, d_hidden5)
        d_codings = self.decoder1.backward(codings, hidden4, d_hidden4)
        d_mean, d_log_variance = latent_loss_backward(mean, log_variance)
        # codings - mean is deviation * noise, and the deviation's derivative by the log variance is half of itself.
        d_log_variance = d_log_variance + d_codings * 0.5 * (codings - mean)
        d_hidden2 = self.mean.backward(hidden2, mean, rounded(d_codings + d_mean))
        d_hidden2 = d_hidden2 + self.log_variance.backward(hidden2, log_variance, rounded(d_log_variance))
        d_hidden1 = self.encoder2.backward(hidden1, hidden2, d_hidden2)
        self.encoder1.backward(x, hidden1, d_hidden1)
