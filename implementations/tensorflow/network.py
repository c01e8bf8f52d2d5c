"""What every TensorFlow network has: the layers of the specification as modules."""

from __future__ import annotations

import tensorflow as tf

from aebench.spec import Autoencoder, Phase


class Network(tf.Module):
    """A network of dense layers named as in the specification; the subclass writes out the computation."""

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def encode(self, x: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
        """Inputs (batch, n_inputs) to codings (batch, n_codings)."""
        raise NotImplementedError

    def decode(self, codings: tf.Tensor) -> tf.Tensor:
        """Codings (batch, n_codings) to outputs (batch, n_outputs)."""
        raise NotImplementedError

    def forward(self, phase: Phase, x: tf.Tensor, noise: tf.Tensor | None) -> dict[str, tf.Tensor]:
        """Every named activation of the phase."""
        raise NotImplementedError

    def losses(
        self, phase: Phase, activations: dict[str, tf.Tensor], x: tf.Tensor, labels: tf.Tensor | None
    ) -> dict[str, tf.Tensor]:
        """Every loss term; `total` is what is minimised."""
        raise NotImplementedError
