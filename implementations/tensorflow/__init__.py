"""TensorFlow: `tf.Module` networks, gradient tapes, and whole epochs compiled by XLA."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aebench.arrays import Arrays, Dtype
from aebench.protocol import Framework, Model, Product
from aebench.spec import Autoencoder


class TensorFlow(Framework):
    """TensorFlow on the CPU or on one GPU."""

    name = "tensorflow"
    packages = ("tensorflow",)
    install = "pip install -c constraints.txt 'aebench[cpu]'"
    modes = ("compiled", "eager")

    def devices(self) -> list[str]:
        from aebench.implementations.tensorflow.training import devices

        return devices()

    def settings(self) -> dict[str, str]:
        from aebench.implementations.tensorflow.settings import settings

        return settings()

    def make(self, autoencoder: Autoencoder, parameters: Arrays, *, dtype: Dtype, device: str) -> Model:
        from aebench.implementations.tensorflow.compiled import CompiledModel
        from aebench.implementations.tensorflow.training import TensorFlowModel

        model = CompiledModel if self.mode == "compiled" else TensorFlowModel
        return model(autoencoder, parameters, dtype, device)

    def products(self, products: Sequence[Product], *, dtype: Dtype, device: str) -> Callable[[], object]:
        from aebench.implementations.tensorflow.ceiling import multiplying

        return multiplying(products, dtype, device)

    def copying(self, n_values: int, *, dtype: Dtype, device: str) -> Callable[[], object]:
        from aebench.implementations.tensorflow.ceiling import copying

        return copying(n_values, dtype, device)

    def peak_device_memory(self) -> int | None:
        from aebench.implementations.tensorflow.ceiling import peak_device_memory

        return peak_device_memory()
