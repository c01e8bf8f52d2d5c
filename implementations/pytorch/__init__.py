"""PyTorch: `nn.Module` networks, autograd, and a stock optimiser whose arithmetic is the pinned Adam."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aebench.arrays import Arrays, Dtype
from aebench.protocol import Framework, Model, Product
from aebench.spec import Autoencoder


class PyTorch(Framework):
    """PyTorch on the CPU or on one CUDA device."""

    name = "pytorch"
    packages = ("torch",)
    install = "pip install -c constraints.txt 'aebench[cpu]'"
    modes = ("eager", "compiled")

    def devices(self) -> list[str]:
        from aebench.implementations.pytorch.training import devices

        return devices()

    def settings(self) -> dict[str, str]:
        from aebench.implementations.pytorch.settings import settings

        return settings()

    def make(self, autoencoder: Autoencoder, parameters: Arrays, *, dtype: Dtype, device: str) -> Model:
        from aebench.implementations.pytorch.compiled import CompiledModel
        from aebench.implementations.pytorch.training import PyTorchModel

        model = CompiledModel if self.mode == "compiled" else PyTorchModel
        return model(autoencoder, parameters, dtype, device)

    def products(self, products: Sequence[Product], *, dtype: Dtype, device: str) -> Callable[[], object]:
        from aebench.implementations.pytorch.ceiling import multiplying

        return multiplying(products, dtype, device)

    def copying(self, n_values: int, *, dtype: Dtype, device: str) -> Callable[[], object]:
        from aebench.implementations.pytorch.ceiling import copying

        return copying(n_values, dtype, device)

    def peak_device_memory(self) -> int | None:
        from aebench.implementations.pytorch.ceiling import peak_device_memory

        return peak_device_memory()
