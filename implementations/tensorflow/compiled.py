"""TensorFlow compiled: every computation, all steps of an epoch among them, is one program under XLA."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import tensorflow as tf

from aebench.implementations.tensorflow.training import TensorFlowModel


class CompiledModel(TensorFlowModel):
    """As the eager one, every computation compiled."""

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


def shape_of(argument: Any) -> Any:
    """The shape of a tensor; what is none as it is."""
    return tuple(argument.shape) if tf.is_tensor(argument) else argument
