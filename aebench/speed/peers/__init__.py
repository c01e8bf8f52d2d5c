"""What the suite's throughput is held against: the training programs that people would write without it.

Each peer is one program in one file, for the autoencoders `stacked`, `sparse` and `variational`. All numbers are the
specification's, the first parameters the suite's own; batch order and noise come from the peer's own generator.
Importing a peer's module loads no framework: its `ready` does, in a process of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

from aebench import registry
from aebench.arrays import Array, Arrays, Dtype
from aebench.errors import FrameworkError, UnknownNameError
from aebench.parameters import initial_parameters
from aebench.spec import Autoencoder, Phase
from aebench.training import schedule
from aebench.training.trial import dataset_of, scheduled

AUTOENCODERS = ("stacked", "sparse", "variational")


@dataclass(frozen=True)
class Program:
    """What a peer is, for people; the packages it imports, as requirements; and the command that installs them."""

    title: str
    requirements: tuple[str, ...]
    install: str

    @property
    def packages(self) -> tuple[str, ...]:
        """Names of the packages as they are imported."""
        return tuple(requirement.partition(">=")[0] for requirement in self.requirements)


PEERS = {
    "jax_scan": Program(
        "JAX: an epoch compiled into one scan, optax Adam, images on the device",
        ("jax>=0.5", "optax>=0.2.4"),
        "pip install -c constraints.txt 'aebench[peers]'",
    ),
    "keras_fit": Program(
        "Keras on TensorFlow: compile and fit with NumPy arrays",
        ("tensorflow>=2.16", "keras>=3"),
        "pip install -c constraints.txt 'aebench[cpu]'",
    ),
    "torch_dataloader": Program(
        "PyTorch: a loop over a shuffling DataLoader, stock Adam",
        ("torch>=2.4",),
        "pip install -c constraints.txt 'aebench[cpu]'",
    ),
}


@dataclass(frozen=True)
class Task:
    """What a peer's program is given.

    images: (n, n_inputs) in [0, 1] in the peer's dtype, read-only. parameters: exchange name -> array in that dtype,
    weights (n_in, n_out). n_batches: batches of `phase.batch_size` in an epoch, the incomplete last one dropped.
    """

    autoencoder: Autoencoder
    phase: Phase
    images: Array
    parameters: Arrays
    n_batches: int

    @property
    def n_images(self) -> int:
        """Images that an epoch trains on."""
        return self.n_batches * self.phase.batch_size


@dataclass(frozen=True)
class Peer:
    """One epoch of an autoencoder in a peer: plain data that travels to the peer's process and is made ready there.

    seed: of the peer's own generator, which draws the order of the images and the noise.
    """

    name: str
    autoencoder: str
    dataset: str = "digits"
    data_dir: str | None = None
    schedule: str = "quick"
    dtype: Dtype = "float32"
    device: str = "cpu"
    seed: int = 0

    def ready(self) -> tuple[Callable[[], float], int]:
        """What a round runs, and how many images that trains on.

        The function trains one epoch, going on from where the one before ended, waits until the device has finished,
        and returns the mean over the epoch's steps of the total loss before each step, as the specification sums it.

        Raises:
            UnknownNameError: no peer has that name.
            FrameworkError: a package of the peer or the device is not here, or it has no such autoencoder.
        """
        found = missing(self.name)
        if found:
            raise FrameworkError(found)
        ready: Callable[[Peer], tuple[Callable[[], float], int]]
        ready = importlib.import_module(f"aebench.speed.peers.{self.name}").ready
        return ready(self)

    def task(self) -> Task:
        """What there is to train, and on what; FrameworkError for an autoencoder that no peer has."""
        if self.autoencoder not in AUTOENCODERS:
            raise FrameworkError(
                f"{self.name} has no autoencoder '{self.autoencoder}'; the peers have {', '.join(AUTOENCODERS)}"
            )
        autoencoder = registry.autoencoder(self.autoencoder)
        dataset = dataset_of(self.dataset, self.data_dir, self.schedule)
        autoencoder = scheduled(autoencoder, dataset, self.schedule)
        (phase,) = autoencoder.phases
        split = schedule.training_split(phase, dataset)
        n_batches = len(schedule.epoch_order(phase, 0, len(split), 0))
        parameters = {name: value.astype(self.dtype) for name, value in initial_parameters(autoencoder, seed=0).items()}
        return Task(autoencoder, phase, split.inputs.astype(self.dtype, copy=False), parameters, n_batches)


def missing(name: str) -> str | None:
    """What the peer lacks here and how to get it, as a sentence; None when it is installed. Nothing is imported."""
    program = _program(name)
    lacking = [package for package in program.packages if importlib.util.find_spec(package) is None]
    return (
        f"{name} needs {' and '.join(lacking)}, not installed here; get it with: {program.install}" if lacking else None
    )


def versions(name: str) -> dict[str, str]:
    """Package -> version found, of the peer's packages that are installed. Nothing is imported."""
    distributions = metadata.packages_distributions()
    return {p: metadata.version(distributions[p][0]) for p in _program(name).packages if p in distributions}


def no_device(name: str, device: str, found: list[str]) -> FrameworkError:
    """What a peer raises for a device that it does not find here."""
    return FrameworkError(f"{name}: no device '{device}' here, found {found}; a gpu needs a CUDA build")


def _program(name: str) -> Program:
    if name not in PEERS:
        raise UnknownNameError("peer", name, PEERS)
    return PEERS[name]
