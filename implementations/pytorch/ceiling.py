"""How fast PyTorch's matrix products and copies are: what a training step cannot be faster than."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from aebench.arrays import Dtype
from aebench.implementations.pytorch.training import DEVICES, DTYPES, synchronize
from aebench.protocol import Product


def multiplying(products: Sequence[Product], dtype: Dtype, device: str) -> Callable[[], None]:
    """Multiplies matrices of these shapes (rows, inner, columns), once each."""
    place = {"dtype": DTYPES[dtype], "device": DEVICES[device]}
    pairs = [(torch.full((m, k), 0.5, **place), torch.full((k, n), 0.5, **place)) for m, k, n in products]
    results = [torch.empty(m, n, **place) for m, _, n in products]

    def run() -> None:
        for (a, b), result in zip(pairs, results, strict=True):
            torch.mm(a, b, out=result)
        synchronize(device)

    return run


def copying(n_values: int, dtype: Dtype, device: str) -> Callable[[], None]:
    """Reads half of so many values and writes the other half."""
    source = torch.zeros(max(1, n_values // 2), dtype=DTYPES[dtype], device=DEVICES[device])
    target = torch.empty_like(source)

    def run() -> None:
        target.copy_(source)
        synchronize(device)

    return run


def peak_device_memory() -> int | None:
    """Most bytes that tensors held at once on the GPU."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
