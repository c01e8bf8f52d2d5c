"""TensorFlow compiled: every computation, all steps of an epoch among them, is one program under XLA."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import tensorflow as tf

from aebench.arrays import Arrays, Dtype
from aebench.implementations.tensorflow.training import TensorFlowModel
from aebench.spec import Autoencoder, Phase


class CompiledModel(TensorFlowModel):
    """As the eager one, every computation compiled."""

    def __init__(self, autoencoder: Autoencoder, parameters: Arrays, dtype: Dtype, device: str) -> None:
        super().__init__(autoencoder, parameters, dtype, device)
        self.longest_calls: dict[tuple[Any, ...], int] = {}

    def ready(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @cache
        def program(_: tuple[Any, ...]) -> Callable[..., Any]:
            # Without AutoGraph, which writes a file for each function that it translates and leaves it behind when its
            # process is ended: loops over tensors are written as such.
            return tf.function(partial(function), jit_compile=True, autograph=False)

        def run(*arguments: Any) -> Any:
            # XLA compiles for shapes in any case. A function that meets several of them is taken for a mistake by
            # TensorFlow, which warns of it; a function for each is none.
            return program(tuple(map(shape_of, arguments)))(*arguments)

        return run

    def longest(self, phase: Phase, shape: tuple[int, ...]) -> int:
        """As many as of the longest such call so far: its program takes fewer steps, too, and is compiled already."""
        n_steps, *of_a_step = shape
        key = phase.name, *of_a_step
        self.longest_calls[key] = max(n_steps, self.longest_calls.get(key, 0))
        return self.longest_calls[key]


def shape_of(argument: Any) -> Any:
    """The shape of a tensor, of each where there are several; what is none as it is."""
    if isinstance(argument, (list, tuple)):
        return tuple(map(shape_of, argument))
    return tuple(argument.shape) if tf.is_tensor(argument) or isinstance(argument, tf.Variable) else argument
