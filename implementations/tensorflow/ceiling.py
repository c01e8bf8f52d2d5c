"""How fast TensorFlow's matrix products and copies are: what a training step cannot be faster than."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from aebench.arrays import Dtype
from aebench.implementations.tensorflow.training import DEVICES, synchronize
from aebench.protocol import Product


def multiplying(products: Sequence[Product], dtype: Dtype, device: str) -> Callable[[], None]:
    """Multiplies matrices of these shapes (rows, inner, columns), once each."""
    half = tf.constant(0.5, dtype)
    with tf.device(DEVICES[device]):
        pairs = [(tf.fill((m, k), half), tf.fill((k, n), half)) for m, k, n in products]

    @tf.function(jit_compile=True)
    def all_products(pairs: list[tuple[tf.Tensor, tf.Tensor]]) -> list[tf.Tensor]:
        return [tf.matmul(a, b) for a, b in pairs]

    def run() -> None:
        all_products(pairs)
        synchronize(device)

    return run


def copying(n_values: int, dtype: Dtype, device: str) -> Callable[[], None]:
    """Reads half of so many values and writes the other half."""
    with tf.device(DEVICES[device]):
        source = tf.zeros(max(1, n_values // 2), dtype)

    def run() -> None:
        _ = source + 1
        synchronize(device)

    return run


def peak_device_memory() -> int | None:
    """Most bytes that tensors held at once on the GPU."""
    if not tf.config.list_physical_devices("GPU"):
        return None
    return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
