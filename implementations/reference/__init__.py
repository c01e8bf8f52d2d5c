"""The arbiter: NumPy in float64, gradients written by hand."""

from __future__ import annotations

from contextlib import AbstractContextManager

from aebench.arrays import Arrays, Dtype
from aebench.protocol import Framework, Model
from aebench.spec import Autoencoder


class Reference(Framework):
    """Float64 arithmetic always; the dtype says to what its inputs and initial parameters are rounded."""

    name = "reference"
    packages = ("numpy",)
    install = "pip install numpy"

    def devices(self) -> list[str]:
        from aebench.implementations.reference.training import devices

        return devices()

    def settings(self) -> dict[str, str]:
        from aebench.implementations.reference.settings import settings

        return settings()

    def make(self, autoencoder: Autoencoder, parameters: Arrays, *, dtype: Dtype, device: str) -> Model:
        from threadpoolctl import threadpool_limits

        from aebench.implementations.reference.training import ReferenceModel

        # The arbiter's sums keep their order however many cores there are. A step of `stacked` takes 21 ms instead of
        # 14 on two idle cores, and 21 instead of 200 when something else uses them, too.
        threadpool_limits(limits=1, user_api="blas")
        return ReferenceModel(autoencoder, parameters, dtype)

    def perturbed(self, unit_roundoff: float, seed: int) -> AbstractContextManager[None]:
        from aebench.implementations.reference.rounding import perturbed

        return perturbed(unit_roundoff, seed)
