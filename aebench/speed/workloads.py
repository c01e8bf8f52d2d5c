"""What is timed, defined once. A workload is plain data that travels to a framework's process and is made ready there:
data on the device, random numbers drawn. Only then is it run against the clock, again and again; its first run, which
compiles what is compiled, is measured apart."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np

from aebench import registry
from aebench.arrays import Dtype
from aebench.data import Dataset, Split
from aebench.parameters import initial_parameters
from aebench.protocol import Model, Use
from aebench.records.machine import peak_resident
from aebench.spec import Autoencoder, Phase
from aebench.speed import ceiling
from aebench.streams import stream
from aebench.training import schedule
from aebench.training.trial import dataset_of, epochs_together, scheduled

USES: tuple[Use, ...] = ("encode", "decode", "reconstruct", "sample")
BATCHES = (1, 150, 1_000, 10_000)
# A round of inference lasts about so many images, so that the clock's resolution does not matter.
IMAGES_A_ROUND = 2_000
# A library's threads spin for a while after their work (those of NumPy's products 0.03 s) and would be in the way of
# whoever is timed next.
SECONDS_TO_CALM_DOWN = 0.05


class Timed(Protocol):
    """A workload of a framework, or the program of a peer: what can be made ready and then run."""

    def ready(self) -> tuple[Callable[[], object], int]:
        """What a round runs, and how many images it goes through; in the process that runs it."""

    def __hash__(self) -> int:
        """It is made ready once in a process, and known by its fields."""


class Ready(NamedTuple):
    """What a round runs, and how many images it goes through."""

    run: Callable[[], object]
    images: int


@dataclass(frozen=True)
class Workload(ABC):
    """An autoencoder in a framework (`pytorch`, or in another mode `pytorch-compiled`) on a data set.

    batch_size: of training, in place of the source's. width: factor on every hidden layer.
    """

    autoencoder: str
    framework: str
    device: str = "cpu"
    dtype: Dtype = "float32"
    dataset: str = "digits"
    data_dir: str | None = None
    schedule: str = "quick"
    batch_size: int | None = None
    width: float = 1.0

    @abstractmethod
    def ready(self) -> Ready:
        """Make everything ready; in the framework's process."""

    def prepared(self) -> tuple[Autoencoder, Dataset]:
        """The autoencoder as it is trained on the data set, and the data set."""
        autoencoder = registry.autoencoder(self.autoencoder).resized(self.width)
        dataset = dataset_of(autoencoder.dataset or self.dataset, self.data_dir, self.schedule)
        autoencoder = scheduled(autoencoder, dataset, self.schedule)
        return autoencoder.with_schedule({}, self.batch_size) if self.batch_size else autoencoder, dataset

    def model(self, autoencoder: Autoencoder) -> Model:
        """The autoencoder at its initial parameters in the framework."""
        framework = registry.framework(self.framework)
        initial = initial_parameters(autoencoder, seed=0)
        return framework.build(autoencoder, initial, dtype=self.dtype, device=self.device)


@dataclass(frozen=True)
class Training(Workload):
    """One epoch of every phase of an autoencoder: the steps alone.

    An epoch of a full-batch phase is one step; there a hundred of them are one round. The noise is drawn beforehand.
    """

    def ready(self) -> Ready:
        autoencoder, dataset = self.prepared()
        model, epochs = self.model(autoencoder), []
        for phase, n_steps, split in _epochs(autoencoder, dataset):
            order = schedule.first_orders(phase, 0, len(split), n_steps)
            noise = schedule.noise(autoencoder, phase, 0, range(len(order)), order.shape[1])
            labels = split.labels if autoencoder.kind == "classifier" else None
            epochs.append(model.trainer(phase.name, split.inputs, labels).ready(order, noise))
        return Ready(lambda: [epoch() for epoch in epochs], _images(autoencoder, dataset))


@dataclass(frozen=True)
class Inference(Workload):
    """The use of an autoencoder on batches of test images (`encode`, `reconstruct`) or codings (`decode`, `sample`)."""

    use: Use = "reconstruct"
    batch: int = 150

    def ready(self) -> Ready:
        autoencoder, dataset = self.prepared()
        images = np.resize(dataset.test.inputs, (self.batch, autoencoder.n_inputs))
        codings = stream(0, "benchmark/codings").normal((self.batch, autoencoder.n_codings))
        once = self.model(autoencoder).ready_to(self.use, codings if self.use in ("decode", "sample") else images)
        times = _times(self.batch)
        return Ready(lambda: [once() for _ in range(times)], times * self.batch)


@dataclass(frozen=True)
class Products(Workload):
    """The matrix products of the steps of `Training`, by the framework's library: one part of the ceiling.

    use: those of `Inference` instead, on batches of `batch`.
    """

    use: Use | None = None
    batch: int = 150

    def ready(self) -> Ready:
        autoencoder, dataset = self.prepared()
        framework, parts = registry.framework(self.framework), []
        if self.use:
            shapes, times = ceiling.products_of_use(autoencoder, self.use, self.batch), _times(self.batch)
            once = framework.products(shapes, dtype=self.dtype, device=self.device)
            return Ready(lambda: [once() for _ in range(times)], times * self.batch)
        for phase, n_steps, split in _epochs(autoencoder, dataset):
            shapes = ceiling.products(autoencoder, phase, phase.rows(len(split)))
            parts.append((framework.products(shapes, dtype=self.dtype, device=self.device), n_steps))
        return Ready(lambda: [[step() for _ in range(n)] for step, n in parts], _images(autoencoder, dataset))


@dataclass(frozen=True)
class Traffic(Workload):
    """The optimiser's way through memory in the steps of `Training`, by the framework: the ceiling's other part."""

    def ready(self) -> Ready:
        autoencoder, dataset = self.prepared()
        framework, parts = registry.framework(self.framework), []
        for phase, n_steps, _ in _epochs(autoencoder, dataset):
            n_values = ceiling.optimizer_values(autoencoder, phase)
            parts.append((framework.copying(n_values, dtype=self.dtype, device=self.device), n_steps))
        return Ready(lambda: [[step() for _ in range(n)] for step, n in parts], _images(autoencoder, dataset))


def _times(batch: int) -> int:
    """Batches in a round of inference."""
    return max(1, IMAGES_A_ROUND // batch)


def _epochs(autoencoder: Autoencoder, dataset: Dataset) -> Iterator[tuple[Phase, int, Split]]:
    """Each phase, the steps of its round and what it trains on."""
    for phase in autoencoder.phases:
        split = schedule.training_split(phase, dataset)
        schedule.require_a_batch(phase, len(split))
        epochs = epochs_together(phase, len(split)) if phase.sampling == "full" else 1
        yield phase, epochs * phase.n_batches(len(split)), split


def _images(autoencoder: Autoencoder, dataset: Dataset) -> int:
    return sum(n_steps * phase.rows(len(split)) for phase, n_steps, split in _epochs(autoencoder, dataset))


# In the framework's process.


def seconds(workload: Timed, times: int = 1) -> float:
    """The seconds of one round, so many of which run in a row. The first makes the workload ready, and compiles."""
    run, _ = _ready(workload)
    started = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - started) / times


def images(workload: Timed) -> int:
    """How many images one round goes through."""
    return _ready(workload)[1]


def import_seconds(framework: str) -> float:
    """How long importing the framework took; only the first call in a process says so.

    Looking it up is no part of it: that reads what every package says of itself, whichever lie around.
    """
    found = registry.framework(framework)
    started = time.perf_counter()
    found.devices()
    return time.perf_counter() - started


def peak_memory(framework: str) -> tuple[int, int | None]:
    """Most bytes this process has held at once, and its tensors on the GPU; None without one."""
    return peak_resident(), registry.framework(framework).peak_device_memory()


@cache
def _ready(workload: Timed) -> tuple[Callable[[], object], int]:
    return workload.ready()
