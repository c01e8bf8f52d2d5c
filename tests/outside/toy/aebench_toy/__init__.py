"""A framework of another package, as small as one can be: NumPy in the run's dtype, gradients by hand."""

from aebench.arrays import Arrays, Dtype
from aebench.protocol import Framework, Model
from aebench.spec import Autoencoder


class Toy(Framework):
    """NumPy once more; it has `linear` only, in `linear.py`."""

    name = "toy"
    packages = ("numpy",)
    install = "pip install aebench-toy"

    def devices(self) -> list[str]:
        return ["cpu"]

    def make(self, autoencoder: Autoencoder, parameters: Arrays, *, dtype: Dtype, device: str) -> Model:
        from aebench_toy.model import ToyModel

        return ToyModel(autoencoder, parameters, dtype)
