"""Dense layers and activations in TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from aebench.spec import Layer

elu = tf.nn.elu
sigmoid = tf.sigmoid
frozen = tf.stop_gradient


class Dense(tf.Module):
    """x @ weight + bias, weight (n_inputs, n_outputs); the variables are made when their values arrive."""

    def __init__(self, layer: Layer) -> None:
        super().__init__(name=layer.name)
        self.weight: tf.Variable | None = None
        self.bias: tf.Variable | None = None

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """(batch, n_inputs) -> (batch, n_outputs)."""
        return tf.matmul(x, self.weight) + self.bias


class TiedDense(tf.Module):
    """x @ encoder.weight transposed + bias: a bias of its own, the weight of the encoder layer."""

    def __init__(self, layer: Layer) -> None:
        super().__init__(name=layer.name)
        self.bias: tf.Variable | None = None

    def __call__(self, x: tf.Tensor, encoder: Dense) -> tf.Tensor:
        """(batch, n_inputs) -> (batch, n_outputs)."""
        return tf.matmul(x, encoder.weight, transpose_b=True) + self.bias
