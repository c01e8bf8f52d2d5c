"""What a layer is, as frozen data that checks itself: its sizes, its activation and its parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from aebench import checks

Activation = Literal["none", "elu", "sigmoid"]
Initializer = Literal["he_normal", "average_uniform", "glorot_uniform"]
Start = Literal["he_normal", "average_uniform", "glorot_uniform", "zeros"]


@dataclass(frozen=True)
class Parameter:
    """One array of a layer and how it is drawn.

    name: within its layer, such as `weight`. fan_in, fan_out: the numbers of inputs and outputs that the initialisers
    scale by; of a convolution's kernel (height, width, n_in, n_out) they are height * width * n_in and
    height * width * n_out.
    """

    name: str
    shape: tuple[int, ...]
    initializer: Start = "zeros"
    fan_in: int = 1
    fan_out: int = 1

    def __post_init__(self) -> None:
        checks.require(self.name.isidentifier(), f"parameter '{self.name}': a name is an identifier, such as weight")
        for size in (*self.shape, self.fan_in, self.fan_out):
            checks.count(f"parameter {self.name}: size", size)
        checks.one_of(f"parameter {self.name}: initializer", self.initializer, Start)


@dataclass(frozen=True)
class Layer:
    """A dense layer `activation(x @ weight + bias)`, or a layer with parameters of its own.

    n_inputs, n_outputs: values per image that it takes and gives; a picture's are height * width * channels.
    tied_to: the dense layer whose weight it uses transposed, with a bias of its own.
    own: its parameters where it is not dense. What is computed with them is the network's affair; such a layer is
    neither resized nor tied, and there is no ceiling for it.
    """

    name: str
    n_inputs: int
    n_outputs: int
    activation: Activation = "elu"
    initializer: Initializer = "he_normal"
    tied_to: str | None = None
    own: tuple[Parameter, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        checks.require(self.name.isidentifier(), f"layer '{self.name}': a name is an identifier, such as encoder1")
        checks.count(f"layer {self.name}: size", self.n_inputs)
        checks.count(f"layer {self.name}: size", self.n_outputs)
        checks.one_of(f"layer {self.name}: activation", self.activation, Activation)
        checks.one_of(f"layer {self.name}: initializer", self.initializer, Initializer)
        checks.distinct(f"layer {self.name}: a parameter", (parameter.name for parameter in self.own))
        drawn = self.tied_to is None or self.initializer == "he_normal"
        checks.require(drawn, f"layer {self.name}: a tied one has no weight of its own for an initializer")
        checks.require(not (self.own and self.tied_to), f"layer {self.name}: a tied one has no parameters of its own")

    @property
    def is_dense(self) -> bool:
        """Whether it multiplies by a matrix (n_inputs, n_outputs) and does nothing else of weight."""
        return not self.own

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its parameters, in the order of the exchange."""
        if self.own:
            return self.own
        fans = {"fan_in": self.n_inputs, "fan_out": self.n_outputs}
        weight = Parameter("weight", (self.n_inputs, self.n_outputs), self.initializer, **fans)
        bias = Parameter("bias", (self.n_outputs,))
        return (bias,) if self.tied_to else (weight, bias)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Exchange name -> shape of every parameter."""
        return {f"{self.name}.{parameter.name}": parameter.shape for parameter in self.parameters}

    @property
    def n_values(self) -> int:
        """How many numbers its parameters hold."""
        return sum(math.prod(parameter.shape) for parameter in self.parameters)
