"""asv: an epoch of training, warm and at first, its memory, and the error after a short training. Lower is better."""

from __future__ import annotations

import math
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from aebench import registry
from aebench.spec import Kind
from aebench.speed.workloads import Training, peak_memory, seconds
from aebench.training.schedule import training_split
from aebench.training.trial import Trial, dataset_of, run

from .cases import (
    AUTOENCODERS,
    DEVICES,
    FRAMEWORKS,
    TWO,
    Parameters,
    made,
    require,
    seconds_per_1000_images,
    times_the_ceiling,
    warm,
)

# The steps of a short training: enough for `sparse`, whose error goes up and down before, and few, because a long
# training is chaotic and ends elsewhere after a change of the last bit.
STEPS = 60


def _of_kind(*kinds: Kind) -> tuple[str, ...]:
    return tuple(name for name, found in registry.autoencoders().items() if found.kind in kinds)


class Warm:
    """One epoch of every phase, at the source's batch size, after the rounds that compile."""

    version = "1"
    params: Parameters = (AUTOENCODERS, FRAMEWORKS, DEVICES)
    param_names: tuple[str, ...] = ("autoencoder", "framework", "device")
    number, warmup_time = 1, 0.0

    def setup(self, autoencoder: str, framework: str, device: str, batch: int | None = None) -> None:
        """Make ready and run until warm. Nothing is torn down: asv would have it compiled anew for every sample."""
        self.workload = warm(Training(autoencoder, framework, device, batch_size=batch))

    def time_epoch(self, *parameters: object) -> None:
        """Seconds of an epoch."""
        seconds(self.workload)

    def track_seconds_per_1000_images(self, *parameters: object) -> float:
        """Seconds per 1,000 images."""
        return seconds_per_1000_images(self.workload)

    track_seconds_per_1000_images.unit = "seconds / 1,000 images"  # type: ignore[attr-defined]  # where asv reads it

    def track_times_the_ceiling(self, *parameters: object) -> float:
        """Seconds of an epoch over those of its matrix products and its optimiser's memory traffic, timed in turn."""
        return times_the_ceiling(self.workload)

    track_times_the_ceiling.unit = "times"  # type: ignore[attr-defined]  # where asv reads it


class WarmBatches(Warm):
    """The same at other batch sizes than the source's 150."""

    version = "1"
    params = (TWO, FRAMEWORKS, DEVICES, (30, 1_000))
    param_names = ("autoencoder", "framework", "device", "batch")


class First:
    """The first epoch, which compiles what is compiled: the data are on the device, the framework is imported."""

    version = "1"
    params = (TWO, FRAMEWORKS, DEVICES)
    param_names = ("autoencoder", "framework", "device")
    unit = "seconds"
    folder: TemporaryDirectory[str] | None = None

    def setup(self, autoencoder: str, framework: str, device: str) -> None:
        """Make ready; what PyTorch compiled in other processes is hidden from it, or only the first would compile."""
        self.folder = TemporaryDirectory()
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = self.folder.name
        self.workload = made(Training(autoencoder, framework, device))

    def track_first_epoch_seconds(self, *parameters: object) -> float:
        """Seconds of the first epoch, compilation included."""
        return float(seconds(self.workload))

    def teardown(self, *parameters: object) -> None:
        """Remove what was compiled."""
        if self.folder is not None:
            os.environ.pop("TORCHINDUCTOR_CACHE_DIR", None)
            self.folder.cleanup()


class _Available:
    """A row for each autoencoder, framework and device, which does everything by itself."""

    param_names = ("autoencoder", "framework", "device")

    def setup(self, autoencoder: str, framework: str, device: str) -> None:
        """Look whether it can be had here."""
        require(framework, device)


class Memory(_Available):
    """The most that a process holds at once in which two epochs are trained, its framework's code included."""

    version = "1"
    params = (TWO, FRAMEWORKS, DEVICES)

    def peakmem_epoch(self, autoencoder: str, framework: str, device: str) -> None:
        """Bytes in main memory."""
        warm(Training(autoencoder, framework, device))


class DeviceMemory(_Available):
    """The most that its tensors hold at once on the GPU."""

    version = "1"
    params = (TWO, FRAMEWORKS, ("gpu",))
    unit = "bytes"

    def track_device_bytes(self, autoencoder: str, framework: str, device: str) -> float:
        """Bytes on the GPU."""
        warm(Training(autoencoder, framework, device))
        _, found = peak_memory(framework)
        return float("nan") if found is None else float(found)


class Error(_Available):
    """How far a short training gets, from seed 0: every error must stay what it is when only speed was worked on."""

    version = "1"
    # A classifier is measured by accuracies, and starts from another training.
    params = (_of_kind("reconstructing", "variational"), FRAMEWORKS, DEVICES)
    unit = "squared intensity"

    def track_test_mse(self, autoencoder: str, framework: str, device: str) -> float:
        """Mean squared error of the reconstructed test images."""
        return measured(autoencoder, framework, device, "test_mse")


class Loss(_Available):
    """The same of the variational autoencoders, by the loss that they are trained with."""

    version = "1"
    params = (_of_kind("variational"), FRAMEWORKS, DEVICES)
    unit = "nats / image"

    def track_test_loss(self, autoencoder: str, framework: str, device: str) -> float:
        """Reconstruction and latent loss of the test images."""
        return measured(autoencoder, framework, device, "test_total")


def measured(name: str, framework: str, device: str, metric: str) -> float:
    """A metric after `STEPS` steps, in whole epochs, of every phase, on the digits or the autoencoder's own data."""
    autoencoder = registry.autoencoder(name)
    dataset = autoencoder.dataset or "digits"
    images = dataset_of(dataset, None, "quick")
    batches = {phase.name: phase.n_batches(len(training_split(phase, images))) for phase in autoencoder.phases}
    short = autoencoder.with_schedule({phase: math.ceil(STEPS / n) for phase, n in batches.items()})
    with TemporaryDirectory() as folder:
        # `source` takes the specification's schedule as it stands.
        document = run(Trial(short, framework, 0, "float32", device, dataset, None, "source", Path(folder)))
    return float(document["metrics"][metric]["value"])
