"""What is timed, defined once. A workload is plain data that travels to a framework's process and is made ready there:
data on the device, random numbers drawn, code compiled. Only then is it run against the clock, again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from aebench import registry, schedule
from aebench.parameters import initial_parameters
from aebench.protocol import Dtype
from aebench.trial import dataset_of, epochs_together, scheduled


@dataclass(frozen=True)
class Training:
    """One epoch of every phase of an autoencoder: the steps alone, all data at hand, the device finished.

    An epoch of a full-batch phase is one step; there a hundred of them are one round.
    """

    autoencoder: str
    framework: str
    device: str = "cpu"
    dtype: Dtype = "float32"
    dataset: str = "digits"
    data_dir: str | None = None
    profile: str = "quick"

    def ready(self) -> tuple[Callable[[], None], int]:
        """What a round runs, and how many images that trains on."""
        autoencoder = registry.autoencoder(self.autoencoder)
        dataset = dataset_of(autoencoder.dataset or self.dataset, self.data_dir, self.profile)
        autoencoder = scheduled(autoencoder, dataset, self.profile)
        model = registry.framework(self.framework).build(
            autoencoder, initial_parameters(autoencoder, seed=0), dtype=self.dtype, device=self.device
        )
        rounds = []
        for phase in autoencoder.phases:
            split = schedule.training_split(phase, dataset)
            epochs = epochs_together(phase, len(split)) if phase.sampling == "full" else 1
            order = schedule.first_orders(phase, 0, len(split), epochs * phase.n_batches(len(split)))
            noise = schedule.noise(autoencoder, phase, 0, range(len(order)), order.shape[1])
            labels = split.labels if autoencoder.kind == "classifier" else None
            rounds.append((model.trainer(phase.name, split.inputs, labels), order, noise))

        def run() -> None:
            for trainer, order, noise in rounds:
                trainer.run(order, noise)

        return run, sum(order.size for _, order, _ in rounds)


def seconds(workload: Training) -> float:
    """In the framework's process: the seconds of one round. The first call makes the workload ready."""
    run, _ = _ready(workload)
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def images(workload: Training) -> int:
    """In the framework's process: how many images one round trains on."""
    return _ready(workload)[1]


@cache
def _ready(workload: Training) -> tuple[Callable[[], None], int]:
    return workload.ready()
