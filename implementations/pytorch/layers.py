"""Dense layers and activations in PyTorch."""

from __future__ import annotations

import torch
from torch import nn, sigmoid
from torch.nn.functional import elu, linear, logsigmoid

from aebench.spec import Layer

__all__ = ["Dense", "TiedDense", "elu", "frozen", "logsigmoid", "sigmoid"]


def frozen(x: torch.Tensor) -> torch.Tensor:
    """x as a constant: no gradient passes."""
    return x.detach()


class Dense(nn.Linear):
    """x @ weight + bias; `nn.Linear` keeps the weight as (n_outputs, n_inputs)."""

    def __init__(self, layer: Layer) -> None:
        super().__init__(layer.n_inputs, layer.n_outputs)

    def reset_parameters(self) -> None:
        """Draw nothing: the parameters arrive from outside."""


class TiedDense(nn.Module):
    """x @ encoder.weight transposed + bias: a bias of its own, the weight of the encoder layer."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(layer.n_outputs))

    def forward(self, x: torch.Tensor, encoder: Dense) -> torch.Tensor:
        """(batch, n_inputs) -> (batch, n_outputs)."""
        return linear(x, encoder.weight.T, self.bias)
