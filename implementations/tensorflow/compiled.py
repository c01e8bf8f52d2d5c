"""TensorFlow compiled: every computation, all steps of an epoch among them, is one program under XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from aebench.implementations.tensorflow.training import TensorFlowModel


class CompiledModel(TensorFlowModel):
    """As the eager one, every computation compiled."""

    def ready(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return tf.function(function, jit_compile=True)
