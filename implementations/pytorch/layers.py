"""Dense layers and activations in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor, nn, sigmoid
from torch.nn.functional import elu, linear, logsigmoid

from aebench.checks import require
from aebench.spec import Layer

__all__ = ["ACTIVATIONS", "Dense", "TiedDense", "elu", "frozen", "logsigmoid", "sigmoid"]


def frozen(x: Tensor) -> Tensor:
    """x as a constant: no gradient passes."""
    return x.detach()


def none(x: Tensor) -> Tensor:
    """x itself."""
    return x


# By the specification's names. Source: `activation_fn=None`, `tf.nn.elu` (alpha 1), `tf.nn.sigmoid`.
ACTIVATIONS = {"none": none, "elu": elu, "sigmoid": sigmoid}


class Dense(nn.Linear):
    """activation(x @ weight + bias); `nn.Linear` keeps the weight as (n_outputs, n_inputs)."""

    def __init__(self, layer: Layer) -> None:
        require(layer.is_dense, f"layer {layer.name} has parameters of its own, its text takes it for a dense one")
        super().__init__(layer.n_inputs, layer.n_outputs)
        self.activation = ACTIVATIONS[layer.activation]

    def reset_parameters(self) -> None:
        """Draw nothing: the parameters arrive from outside."""

    def affine(self, x: Tensor) -> Tensor:
        """(batch, n_inputs) -> (batch, n_outputs), before the activation."""
        return linear(x, self.weight, self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n_inputs) -> (batch, n_outputs)."""
        return self.activation(self.affine(x))


class TiedDense(nn.Module):
    """activation(x @ encoder.weight transposed + bias): a bias of its own, the weight of the encoder layer."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(layer.n_outputs))
        self.activation = ACTIVATIONS[layer.activation]

    def affine(self, x: Tensor, encoder: Dense) -> Tensor:
        """(batch, n_inputs) -> (batch, n_outputs), before the activation."""
        return linear(x, encoder.weight.T, self.bias)

    def forward(self, x: Tensor, encoder: Dense) -> Tensor:
        """(batch, n_inputs) -> (batch, n_outputs)."""
        return self.activation(self.affine(x, encoder))
