"""Greedy layer-wise training of two separate models, stacked afterwards.

The first, 784-300-784, learns images; the second, 300-150-300 with linear outputs, learns the first one's codings of
the whole training set. Once they are stacked, the second one's outputs pass through ELU.
Expect training MSEs near 0.018 (first) and 0.0045 (second) after four epochs each on MNIST.

Source: lines 195 to 240, `train_autoencoder`.
"""

from __future__ import annotations

from dataclasses import replace

from tensorflow import Tensor

from aebench.implementations.tensorflow.layers import Dense
from aebench.implementations.tensorflow.losses import l2_penalty, mean_squared_error
from aebench.implementations.tensorflow.network import Tensors
from aebench.implementations.tensorflow.stacked import Stacked
from aebench.spec import Phase
from aebench.text import Pass


class LayerwiseSeparate(Stacked):
    """784-300-784, then 300-150-300 on codings (batch, 300); loss of each: reconstruction + l2."""

    text = replace(
        Stacked.text, passes=(Pass(("encoder1", "decoder2")), Pass(("encoder2", "decoder1"), inputs="hidden1"))
    )

    def hidden1(self, x: Tensor) -> Tensor:
        """What the second model reads of the images (n, 784): the first one's codings, (n, 300)."""
        return self.encoder1(x)

    def forward(self, phase: Phase, x: Tensor, noise: Tensor | None) -> Tensors:
        encoder, decoder = self.shallow(phase)
        hidden = encoder(x)
        outputs = decoder.affine(hidden)
        return {"hidden": hidden, "outputs": outputs}

    def losses(self, phase: Phase, activations: Tensors, x: Tensor, labels: Tensor | None) -> Tensors:
        reconstruction = mean_squared_error(activations["outputs"], x)
        l2 = l2_penalty(phase.l2, self.penalised(phase))
        return {"reconstruction": reconstruction, "l2": l2, "total": reconstruction + l2}

    def shallow(self, phase: Phase) -> tuple[Dense, Dense]:
        """Encoder and decoder of the phase's model: the first one reads images."""
        first = phase.inputs == "images"
        return (self.encoder1, self.decoder2) if first else (self.encoder2, self.decoder1)
