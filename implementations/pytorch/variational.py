"""Variational autoencoder 784-500-500-20-500-500-784 with Bernoulli outputs.

The codings are drawn as mean + sqrt(exp(log_variance)) * noise. Both loss terms are sums over the batch, in nats.
Expect a total near 98 nats an image after 50 epochs on MNIST.

Source: lines 614 to 656, whose `hidden3_log_sigma` is the log variance.
"""

from __future__ import annotations

import torch
from torch import Tensor

from aebench.implementations.pytorch.layers import Dense, sigmoid
from aebench.implementations.pytorch.losses import bernoulli_loss, latent_loss
from aebench.implementations.pytorch.network import Network, Tensors
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

    def deviation(self, log_variance: Tensor) -> Tensor:
        """Standard deviation of the codings, (batch, 20)."""
        return torch.sqrt(torch.exp(log_variance))

    def encode(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        hidden2 = self.encoder2(self.encoder1(x))
        mean = self.mean(hidden2)
        return mean if noise is None else mean + self.deviation(self.log_variance(hidden2)) * noise

    def decode(self, codings: Tensor) -> Tensor:
        return sigmoid(self.decoder3(self.decoder2(self.decoder1(codings))))

    def forward(self, phase: Phase, x: Tensor, noise: Tensor | None) -> Tensors:
        hidden1 = self.encoder1(x)
        hidden2 = self.encoder2(hidden1)
        mean = self.mean(hidden2)
        log_variance = self.log_variance(hidden2)
        deviation = self.deviation(log_variance)
        codings = mean + deviation * noise
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

    def losses(self, phase: Phase, activations: Tensors, x: Tensor, labels: Tensor | None) -> Tensors:
        reconstruction = bernoulli_loss(activations["logits"], x)
        latent = latent_loss(activations["mean"], activations["log_variance"])
        return {"reconstruction": reconstruction, "latent": latent, "total": reconstruction + latent}
