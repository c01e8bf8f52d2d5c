"""What is asked for: autoencoders, frameworks, data, schedule, seeds; and whether that can be done at all."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from aebench import networks, registry
from aebench.arrays import Dtype
from aebench.errors import FrameworkError, ResultError, UsageError
from aebench.processes.worker import FrameworkProcess
from aebench.records import documents
from aebench.registry import ARBITER
from aebench.spec import Autoencoder
from aebench.training import schedule
from aebench.training.likelihood import ROWS_AT_ONCE
from aebench.training.trial import dataset_of, scheduled

RUNS = Path("results/runs")
DTYPES: tuple[Dtype, ...] = ("float64", "float32")
CHOICES = {"schedule": ("quick", "source"), "device": ("cpu", "gpu"), "dtype": ("float32", "float64")}


@dataclass(frozen=True)
class Options:
    """What a run is asked to do; a run is resumed with the same options only."""

    autoencoders: tuple[str, ...]
    frameworks: tuple[str, ...]
    dataset: str = "digits"
    data_dir: str | None = None
    schedule: str = "quick"
    seeds: tuple[int, ...] = (0,)
    device: str = "cpu"
    dtype: Dtype = "float32"
    agreement: bool = True
    importance_samples: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what there is not, and what no draw has.

        Raises:
            UsageError: another schedule, device or dtype than those of `CHOICES`; no seed or a negative one; numbers of
                importance samples outside 1 to `ROWS_AT_ONCE`.
        """
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                listed = ", ".join(f"'{it}'" for it in known)
                raise UsageError(f"{name}: '{getattr(self, name)}' is not one of {listed}")
        if min(self.seeds, default=-1) < 0:
            raise UsageError(f"seeds are whole numbers from 0, one at least; found {_listed(self.seeds)}")
        if not all(1 <= samples <= ROWS_AT_ONCE for samples in self.importance_samples):
            raise UsageError(
                f"an image takes 1 to {ROWS_AT_ONCE:,} importance samples, found {_listed(self.importance_samples)}"
            )

    def device_of(self, framework: str) -> str:
        """The device that the framework computes on: the arbiter's is the CPU always."""
        return "cpu" if registry.plain(framework) == ARBITER else self.device


def _listed(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers)) or "none"


def ordered(options: Options) -> list[str]:
    """The autoencoders asked for, each after the one it is pretrained by, which is added when it was not named."""
    names: list[str] = []
    for name in options.autoencoders:
        needed = registry.autoencoder(name).pretraining
        names += [n for n in (needed, name) if n is not None and n not in names]
    return names


def dataset_name(options: Options, autoencoder: Autoencoder) -> str:
    """The data set that the autoencoder reads: its own where it has one (the curve), else the run's."""
    return autoencoder.dataset or options.dataset


def data_read(options: Options, names: Iterable[str]) -> str:
    """The data sets that these autoencoders read, in words."""
    return " and ".join(dict.fromkeys(dataset_name(options, registry.autoencoder(name)) for name in names))


def check(options: Options) -> None:
    """Everything that can be known to be wrong before the first minute is spent.

    Raises:
        AebenchError: a framework is not installed, a data set is missing, damaged or does not fit an autoencoder.
    """
    for name in options.frameworks:
        registry.framework(name)
    for name in ordered(options):
        autoencoder = registry.autoencoder(name)
        if not registry.offering(name, options.frameworks):
            lacking = "; ".join(networks.lacking(framework, name) for framework in options.frameworks)
            raise UsageError(f"there is nothing to measure: {lacking}")
        dataset = dataset_of(dataset_name(options, autoencoder), options.data_dir, options.schedule)
        scheduled(autoencoder, dataset, options.schedule)
        if autoencoder.kind == "classifier" and dataset.train.labels is None:
            raise UsageError(f"{name} needs labels, and {dataset.name} has none; choose another data set")
        for phase in autoencoder.phases:
            schedule.epoch_order(phase, 0, len(schedule.training_split(phase, dataset)), 0)


def rehearse(options: Options) -> None:
    """The same, and whether the frameworks have the device, for which each is started.

    Raises:
        AebenchError: as of `check` and `require_device`.
    """
    check(options)
    require_device(options)


@contextlib.contextmanager
def processes_of(options: Options, logs: Path | None, *, arbiter: bool) -> Iterator[dict[str, FrameworkProcess]]:
    """A process for each framework of the run and, where asked for, the arbiter's first; ended on leaving.

    Raises:
        FrameworkError: a framework does not have the device (the arbiter computes on the CPU always).
    """
    names = dict.fromkeys((*([ARBITER] if arbiter else []), *options.frameworks))
    processes = {name: FrameworkProcess(name, logs and logs / f"{name}.log") for name in names}
    with contextlib.ExitStack() as closing:
        for process in processes.values():
            closing.callback(process.close)
        # Before the first log is written: a folder in which nothing could be begun stays as it was.
        require_device(options)
        yield processes


def require_device(options: Options) -> None:
    """FrameworkError where one of the frameworks does not have the device; the arbiter needs none but the CPU."""
    for name in options.frameworks if options.device != "cpu" else ():
        if registry.plain(name) == ARBITER:
            continue
        with FrameworkProcess(name) as process:
            if options.device not in process.call(devices_of, name):
                raise FrameworkError(
                    f"{name} sees no {options.device} here; use --device cpu, or get a build for it: pip install "
                    "'aebench[gpu]'"
                )


def devices_of(name: str) -> list[str]:
    """In a framework's process: its devices."""
    return registry.framework(name).devices()


def with_defaults(options: Options, *, arbiter: bool) -> Options:
    """The options with every autoencoder that the frameworks have and every installed framework, where none was named.

    arbiter: whether the reference is one of these. It says who is right on the ladder, for which it need not be
    trained: what trains or times takes it in where it is named, or where nothing else is installed.
    """
    installed, others = tuple(registry.installed(registry.frameworks())), others_installed()
    frameworks = options.frameworks or (installed if arbiter else others or installed)
    offered = tuple(name for name in registry.autoencoders() if registry.offering(name, frameworks))
    autoencoders = options.autoencoders or offered
    return replace(options, autoencoders=autoencoders, frameworks=frameworks)


def others_installed() -> tuple[str, ...]:
    """The installed frameworks but the reference."""
    return tuple(name for name in registry.installed(registry.frameworks()) if name != ARBITER)


def new_folder(*what: str) -> Path:
    """A new folder's name under results/runs: when, and what is measured there."""
    return RUNS / "-".join((time.strftime("%Y%m%d-%H%M%S"), *what)).replace(":", "-")


def newest(wanted: str = "to go on with; name its folder with --output") -> Path:
    """The folder of the run that was begun last; UsageError when there is none, which says what it was wanted for."""
    plans = list(RUNS.glob("*/plan.json"))
    if not plans:
        raise UsageError(f"there is no run under {RUNS} {wanted}")
    return max(plans, key=_begun).parent


def _begun(plan: Path) -> str:
    """When a run was begun, as its plan says; where it does not, or cannot be read, when it was written."""
    written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(plan.stat().st_mtime))
    with contextlib.suppress(ResultError):
        return documents.read(plan, "plan")["begun"] or written
    return written
