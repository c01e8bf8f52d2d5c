"""asv: the uses of an autoencoder on batches of images or codings, warm. Lower is better."""

from __future__ import annotations

from aebench.protocol import Use
from aebench.speed.workloads import BATCHES, Inference, seconds

from .cases import DEVICES, FRAMEWORKS, TWO, Parameters, seconds_per_1000_images, warm


class Reconstruct:
    """Batches of test images through encoder and decoder; a round is about 2,000 images, or one batch."""

    version = "1"
    params: Parameters = (TWO, FRAMEWORKS, DEVICES, BATCHES)
    param_names: tuple[str, ...] = ("autoencoder", "framework", "device", "batch")
    number, warmup_time = 1, 0.0

    def setup(self, autoencoder: str, framework: str, device: str, batch: int, use: Use = "reconstruct") -> None:
        """Make ready and run until warm. Nothing is torn down: asv would have it compiled anew for every sample."""
        self.workload = warm(Inference(autoencoder, framework, device, use=use, batch=batch))

    def time_round(self, *parameters: object) -> None:
        """Seconds of a round."""
        seconds(self.workload)

    def track_seconds_per_1000_images(self, *parameters: object) -> float:
        """Seconds per 1,000 images."""
        return seconds_per_1000_images(self.workload)

    track_seconds_per_1000_images.unit = "seconds / 1,000 images"  # type: ignore[attr-defined]  # where asv reads it


class Parts(Reconstruct):
    """The other uses, at one size of batch."""

    version = "1"
    params = (TWO, FRAMEWORKS, DEVICES, (1_000,), ("encode", "decode", "sample"))
    param_names = ("autoencoder", "framework", "device", "batch", "use")
