"""TensorFlow: `tf.Module` networks, gradient tapes, and whole epochs compiled by XLA."""

from __future__ import annotations

from collections.abc import Mapping

from aebench.protocol import Array, Dtype, Framework, Model
from aebench.spec import Autoencoder


class TensorFlow(Framework):
    """TensorFlow on the CPU or on one GPU."""

    name = "tensorflow"
    packages = ("tensorflow", "tensorflow-cpu")
    install = "pip install -c constraints.txt 'aebench[cpu]'"

    def devices(self) -> list[str]:
        from aebench.implementations.tensorflow.training import devices

        return devices()

    def build(self, autoencoder: Autoencoder, parameters: Mapping[str, Array], *, dtype: Dtype, device: str) -> Model:
        from aebench.implementations.tensorflow.training import TensorFlowModel

        return TensorFlowModel(autoencoder, parameters, dtype, device)
