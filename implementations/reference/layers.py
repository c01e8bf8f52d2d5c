"""Dense layers and activations in NumPy, each with its gradient beside it."""

from __future__ import annotations

import numpy as np

from aebench.arrays import Array
from aebench.checks import require
from aebench.implementations.reference.rounding import rounded
from aebench.spec import Layer


class Dense:
    """activation(x @ weight + bias), weight (n_inputs, n_outputs); `backward` adds to the layer's gradients."""

    def __init__(self, layer: Layer) -> None:
        require(layer.is_dense, f"layer {layer.name} has parameters of its own, its text takes it for a dense one")
        self.weight: Array = np.zeros((layer.n_inputs, layer.n_outputs))
        self.bias: Array = np.zeros(layer.n_outputs)
        self.activation, self.activation_backward = ACTIVATIONS[layer.activation]
        self.zero_gradients()

    def zero_gradients(self) -> None:
        """Forget the gradients of an earlier batch."""
        self.weight_gradient: Array = np.zeros_like(self.weight)
        self.bias_gradient: Array = np.zeros_like(self.bias)

    def affine(self, x: Array) -> Array:
        """(batch, n_inputs) -> (batch, n_outputs), before the activation."""
        return affine(x, self.weight, self.bias)

    def __call__(self, x: Array) -> Array:
        """(batch, n_inputs) -> (batch, n_outputs)."""
        return self.activation(self.affine(x))

    def affine_backward(self, x: Array, d_outputs: Array) -> Array:
        """Gradient by x, given the inputs x of the forward pass and the gradient by what `affine` gave."""
        self.weight_gradient = self.weight_gradient + product(x.T, d_outputs)
        self.bias_gradient = self.bias_gradient + rounded(d_outputs.sum(axis=0), terms=len(x))
        return product(d_outputs, self.weight.T)

    def backward(self, x: Array, y: Array, d_y: Array) -> Array:
        """Gradient by x, given inputs x and outputs y of the forward pass and the gradient by y."""
        return self.affine_backward(x, self.activation_backward(y, d_y))


class TiedDense:
    """activation(x @ encoder.weight.T + bias): a bias of its own, the weight of the encoder layer transposed."""

    def __init__(self, layer: Layer) -> None:
        self.bias: Array = np.zeros(layer.n_outputs)
        self.activation, self.activation_backward = ACTIVATIONS[layer.activation]
        self.zero_gradients()

    def zero_gradients(self) -> None:
        """Forget the gradients of an earlier batch."""
        self.bias_gradient: Array = np.zeros_like(self.bias)

    def affine(self, x: Array, encoder: Dense) -> Array:
        """(batch, n_inputs) -> (batch, n_outputs), before the activation."""
        return affine(x, encoder.weight.T, self.bias)

    def __call__(self, x: Array, encoder: Dense) -> Array:
        """(batch, n_inputs) -> (batch, n_outputs)."""
        return self.activation(self.affine(x, encoder))

    def backward(self, x: Array, y: Array, d_y: Array, encoder: Dense) -> Array:
        """Gradient by x; the weight's share goes to the encoder layer, transposed."""
        d_outputs = self.activation_backward(y, d_y)
        encoder.weight_gradient = encoder.weight_gradient + product(d_outputs.T, x)
        self.bias_gradient = self.bias_gradient + rounded(d_outputs.sum(axis=0), terms=len(x))
        return product(d_outputs, encoder.weight)


def affine(x: Array, weight: Array, bias: Array) -> Array:
    """x @ weight + bias, rounded after the product and after the sum."""
    return rounded(product(x, weight) + bias)


def product(a: Array, b: Array) -> Array:
    """a @ b: operands rounded, the result rounded as a sum over the inner axis."""
    return rounded(rounded(a) @ rounded(b), terms=a.shape[1])


def frozen(x: Array) -> Array:
    """x as a constant: `backward` stops here."""
    return x


def elu(x: Array) -> Array:
    """x where x > 0, else exp(x) - 1 (alpha 1)."""
    return rounded(np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))))


def elu_backward(y: Array, d_y: Array) -> Array:
    """Gradient by x of y = elu(x), from y: 1 where y > 0, else y + 1."""
    return rounded(d_y * np.where(y > 0, 1.0, y + 1.0))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow on either side."""
    e = np.exp(-np.abs(x))
    return rounded(np.where(x >= 0, 1.0, e) / (1.0 + e))


def sigmoid_backward(y: Array, d_y: Array) -> Array:
    """Gradient by x of y = sigmoid(x), from y: y (1 - y)."""
    return rounded(d_y * y * (1.0 - y))


def log_sigmoid(x: Array) -> Array:
    """log(sigmoid(x)), finite for every finite x."""
    return rounded(np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x))))


def none(x: Array) -> Array:
    """x itself."""
    return x


def none_backward(y: Array, d_y: Array) -> Array:
    """Gradient by x of y = x."""
    return d_y


# By the specification's names, with the gradient. Source: `activation_fn=None`, `tf.nn.elu` (alpha 1), `tf.nn.sigmoid`.
ACTIVATIONS = {"none": (none, none_backward), "elu": (elu, elu_backward), "sigmoid": (sigmoid, sigmoid_backward)}
