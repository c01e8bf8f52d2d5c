"""Greedy layer-wise training of two separate models, stacked afterwards.

The first, 784-300-784, learns images; the second, 300-150-300 with linear outputs, learns the first one's codings of
the whole training set. Once they are stacked, the second one's outputs pass through ELU.
Expect training MSEs near 0.018 (first) and 0.0045 (second) after four epochs each on MNIST.
"""

from aebench.implementations.pytorch.layers import elu
from aebench.implementations.pytorch.losses import (
    l2_penalty,
    mean_squared_error,
)
from aebench.implementations.pytorch.stacked import Stacked


class LayerwiseSeparate(Stacked):
    """784-300-784, then 300-150-300 on codings (batch, 300); loss of each: reconstruction + l2."""

    def hidden1(self, x):
        """What the second model reads of the images (n, 784): the first one's codings, (n, 300)."""
        return elu(self.encoder1(x))

    def forward(self, phase, x, noise):
        encoder, decoder = self.shallow(phase)
        hidden = elu(encoder(x))
        outputs = decoder(hidden)
        return {"hidden": hidden, "outputs": outputs}

    def losses(self, phase, activations, x, labels):
        reconstruction = mean_squared_error(activations["outputs"], x)
        l2 = l2_penalty(phase.l2, self.shallow(phase))
        return {"reconstruction": reconstruction, "l2": l2, "total": reconstruction + l2}

    def shallow(self, phase):
        """Encoder and decoder of the phase's model."""
        return (self.encoder1, self.decoder2) if phase.name == "phase1" else (self.encoder2, self.decoder1)
