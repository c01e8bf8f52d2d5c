"""Dense layers and activations in TensorFlow."""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

from aebench.checks import require
from aebench.spec import Layer

elu = tf.nn.elu
sigmoid = tf.sigmoid
frozen = tf.stop_gradient


def none(x: Tensor) -> Tensor:
    """x itself."""
    return x


# By the specification's names. Source: `activation_fn=None`, `tf.nn.elu` (alpha 1), `tf.nn.sigmoid`.
ACTIVATIONS = {"none": none, "elu": elu, "sigmoid": sigmoid}


class Dense(tf.Module):
    """activation(x @ weight + bias), weight (n_inputs, n_outputs); the variables are made when their values arrive."""

    def __init__(self, layer: Layer) -> None:
        require(layer.is_dense, f"layer {layer.name} has parameters of its own, its text takes it for a dense one")
        super().__init__(name=layer.name)
        self.weight: tf.Variable | None = None
        self.bias: tf.Variable | None = None
        self.activation = ACTIVATIONS[layer.activation]

    def affine(self, x: Tensor) -> Tensor:
        """(batch, n_inputs) -> (batch, n_outputs), before the activation."""
        return tf.matmul(x, self.weight) + self.bias

    def __call__(self, x: Tensor) -> Tensor:
        """(batch, n_inputs) -> (batch, n_outputs)."""
        return self.activation(self.affine(x))


class TiedDense(tf.Module):
    """activation(x @ encoder.weight transposed + bias): a bias of its own, the weight of the encoder layer."""

    def __init__(self, layer: Layer) -> None:
        super().__init__(name=layer.name)
        self.bias: tf.Variable | None = None
        self.activation = ACTIVATIONS[layer.activation]

    def affine(self, x: Tensor, encoder: Dense) -> Tensor:
        """(batch, n_inputs) -> (batch, n_outputs), before the activation."""
        return tf.matmul(x, encoder.weight, transpose_b=True) + self.bias

    def __call__(self, x: Tensor, encoder: Dense) -> Tensor:
        """(batch, n_inputs) -> (batch, n_outputs)."""
        return self.activation(self.affine(x, encoder))
