"""PyTorch: `nn.Module` networks, autograd, and a stock optimiser whose arithmetic is the pinned Adam."""

from __future__ import annotations

from collections.abc import Mapping

from aebench.protocol import Array, Dtype, Framework, Model
from aebench.spec import Autoencoder


class PyTorch(Framework):
    """PyTorch on the CPU or on one CUDA device."""

    name = "pytorch"
    packages = ("torch",)
    install = "pip install -c constraints.txt 'aebench[cpu]'"

    def devices(self) -> list[str]:
        from aebench.implementations.pytorch.training import devices

        return devices()

    def build(self, autoencoder: Autoencoder, parameters: Mapping[str, Array], *, dtype: Dtype, device: str) -> Model:
        from aebench.implementations.pytorch.training import PyTorchModel

        return PyTorchModel(autoencoder, parameters, dtype, device)
