"""Greedy layer-wise training of two separate models, stacked afterwards.

The first, 784-300-784, learns images; the second, 300-150-300 with linear outputs, learns the first one's codings of
the whole training set. Once they are stacked, the second one's outputs pass through ELU.
Expect training MSEs near 0.018 (first) and 0.0045 (second) after four epochs each on MNIST.

Source: lines 195 to 240, `train_autoencoder`.
"""

from __future__ import annotations

from dataclasses import replace

from aebench.arrays import Array, Arrays
from aebench.implementations.reference.layers import Dense
from aebench.implementations.reference.losses import (
    l2_penalty,
    l2_penalty_backward,
    mean_squared_error,
    mean_squared_error_backward,
)
from aebench.implementations.reference.stacked import Stacked
from aebench.spec import Phase
from aebench.text import Pass


class LayerwiseSeparate(Stacked):
    """784-300-784, then 300-150-300 on codings (batch, 300); loss of each: reconstruction + l2."""

    text = replace(
        Stacked.text, passes=(Pass(("encoder1", "decoder2")), Pass(("encoder2", "decoder1"), inputs="hidden1"))
    )

    def hidden1(self, x: Array) -> Array:
        """What the second model reads of the images (n, 784): the first one's codings, (n, 300)."""
        return self.encoder1(x)

    def forward(self, phase: Phase, x: Array, noise: Array | None) -> Arrays:
        encoder, decoder = self.shallow(phase)
        hidden = encoder(x)
        outputs = decoder.affine(hidden)
        return {"hidden": hidden, "outputs": outputs}

    def losses(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> Arrays:
        reconstruction = mean_squared_error(activations["outputs"], x)
        l2 = l2_penalty(phase.l2, self.penalised(phase))
        return {"reconstruction": reconstruction, "l2": l2, "total": reconstruction + l2}

    def shallow(self, phase: Phase) -> tuple[Dense, Dense]:
        """Encoder and decoder of the phase's model: the first one reads images."""
        first = phase.inputs == "images"
        return (self.encoder1, self.decoder2) if first else (self.encoder2, self.decoder1)

    def backward(self, phase: Phase, activations: Arrays, x: Array, labels: Array | None) -> None:
        encoder, decoder = self.shallow(phase)
        hidden, outputs = activations["hidden"], activations["outputs"]
        d_outputs = mean_squared_error_backward(outputs, x)
        d_hidden = decoder.affine_backward(hidden, d_outputs)
        encoder.backward(x, hidden, d_hidden)
        l2_penalty_backward(phase.l2, self.penalised(phase))
