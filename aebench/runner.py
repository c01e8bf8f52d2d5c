"""A run: plan, let each framework's process train, agree and measure, collect, resume.

Frameworks take turns, so that each has the whole machine while it is timed. A finished trial is a file; a run that is
interrupted, or killed, is taken up where it was and does nothing twice. A trial that fails is a row with its reason.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from aebench import climbing, registry, results, schedule
from aebench.agreement.ladder import Climb
from aebench.climbing import Listener, Source
from aebench.environment import environment
from aebench.errors import AebenchError, FrameworkError, ResultError, UsageError
from aebench.likelihood import ROWS_AT_ONCE
from aebench.protocol import Dtype
from aebench.registry import ARBITER
from aebench.spec import Autoencoder
from aebench.trial import Trial, dataset_of, failure, run, scheduled
from aebench.worker import FrameworkProcess

RUNS = Path("results/runs")
DTYPES: tuple[Dtype, ...] = ("float64", "float32")


@dataclass(frozen=True)
class Options:
    """What a run is asked to do; a run is resumed with the same options only."""

    autoencoders: tuple[str, ...]
    frameworks: tuple[str, ...]
    dataset: str = "digits"
    data_dir: str | None = None
    profile: str = "quick"
    seeds: tuple[int, ...] = (0,)
    device: str = "cpu"
    dtype: Dtype = "float32"
    agreement: bool = True
    importance_samples: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no draw has.

        Raises:
            UsageError: no seed, a negative one, or numbers of importance samples outside 1 to `ROWS_AT_ONCE`.
        """
        if min(self.seeds, default=-1) < 0:
            raise UsageError(f"seeds are whole numbers from 0, one at least; found {_listed(self.seeds)}")
        if not all(1 <= samples <= ROWS_AT_ONCE for samples in self.importance_samples):
            raise UsageError(
                f"an image takes 1 to {ROWS_AT_ONCE:,} importance samples, found {_listed(self.importance_samples)}"
            )

    def device_of(self, framework: str) -> str:
        """The device that the framework computes on: the arbiter's is the CPU always."""
        return "cpu" if framework == ARBITER else self.device


def _listed(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers)) or "none"


@dataclass
class Run:
    """One run in one folder."""

    options: Options
    folder: Path
    listener: Listener
    trials: list[dict[str, Any]] = field(default_factory=list)
    agreements: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=environment)

    def execute(self, *, resume: bool) -> dict[str, Any]:
        """Do everything that is not done yet; the collected document, also left as `result.json`.

        Raises:
            UsageError: impossible options, or a folder that holds another run.
        """
        with self.opened(resume=resume) as processes:
            for name in ordered(self.options):
                if self.options.agreement:
                    self._agree(name, processes)
                for seed, framework in product(self.options.seeds, self.options.frameworks):
                    self.measure(name, seed, framework, processes[framework])
        return self.document()

    @contextlib.contextmanager
    def opened(self, *, resume: bool) -> Iterator[dict[str, FrameworkProcess]]:
        """The frameworks' processes, after the plan was written; what was measured is collected on leaving.

        Raises:
            UsageError: impossible options, or a folder that holds another run.
        """
        check(self.options)
        if not resume and self.folder.exists() and any(self.folder.iterdir()):
            raise UsageError(f"{self.folder} is not empty; go on with --resume, or choose another --output")
        plan = {"options": asdict(self.options), "environment": self.environment}
        results.write(self.folder / "plan.json", "plan", plan)
        try:
            with processes_of(self.options, self.folder / "logs", arbiter=self.options.agreement) as processes:
                yield processes
        finally:
            results.write(self.folder / "result.json", "run", self.document())

    def document(self) -> dict[str, Any]:
        """What there is so far, earlier calls' trials with it; complete when no trial is missing."""
        asked = list(product(ordered(self.options), self.options.seeds, self.options.frameworks))
        for name, seed, framework in asked:
            if self._measured(name, seed, framework) is None:
                with contextlib.suppress(ResultError):
                    self.trials.append(results.read(self.trial(name, seed, framework).result, "trial"))
        return {
            "options": asdict(self.options),
            "environment": self.environment,
            "complete": all(self._measured(*trial) for trial in asked),
            "agreements": self.agreements,
            "trials": self.trials,
            "failures": self.failures,
        }

    def trial(self, name: str, seed: int, framework: str) -> Trial:
        """The trial of an autoencoder, a seed and a framework."""
        options, autoencoder = self.options, registry.autoencoder(name)
        folder = self.folder / name / f"seed{seed}"
        pretrained = (
            folder.parents[1] / autoencoder.pretraining / f"seed{seed}" / framework if autoencoder.pretraining else None
        )
        return Trial(
            autoencoder, framework, seed, options.dtype, options.device_of(framework),
            dataset_name(options, autoencoder), options.data_dir, options.profile, folder / framework, pretrained,
            importance_samples=options.importance_samples if autoencoder.kind == "variational" else (),
        )  # fmt: skip

    def _agree(self, name: str, processes: dict[str, FrameworkProcess]) -> None:
        """The ladder in both dtypes at the first seed, unless its document is there."""
        path = self.folder / name / "agreement.json"
        with contextlib.suppress(ResultError):
            document = results.read(path, "agreement")
            self.agreements += document["agreements"]
            self.listener.finished(document)
            return
        options, autoencoder = self.options, registry.autoencoder(name)
        source = Source(dataset_name(options, autoencoder), options.data_dir, options.profile)
        climbs = [Climb(autoencoder, options.seeds[0], dtype, options.device) for dtype in DTYPES]
        document = climbing.document(processes, climbs, source, path.parent, self.listener)
        failed = document["failures"]
        self.agreements += document["agreements"]
        self.failures += [{"autoencoder": name, "framework": k, "failure": why} for k, why in failed.items()]
        if not failed:
            results.write(path, "agreement", document)

    def measure(self, name: str, seed: int, framework: str, process: FrameworkProcess) -> dict[str, Any]:
        """One trial's document; trained only if it is not there, and after the trial that it starts from."""
        if known := self._measured(name, seed, framework):
            return known
        trial = self.trial(name, seed, framework)
        first = trial.autoencoder.pretraining
        if first and not self.trial(first, seed, framework).result.exists():
            self.measure(first, seed, framework, process)
        try:
            document = results.read(trial.result, "trial")
        except ResultError:
            self.listener.begin(f"{name}: {framework}, seed {seed}", 1)
            document = attempt(trial, process, self.listener)
        self.trials.append(document)
        self.listener.finished(document)
        return document

    def _measured(self, name: str, seed: int, framework: str) -> dict[str, Any] | None:
        """The trial's document, if this run holds it."""
        wanted = name, seed, framework
        return next((t for t in self.trials if (t["autoencoder"], t["seed"], t["framework"]) == wanted), None)


def attempt(trial: Trial, process: FrameworkProcess, listener: Listener) -> dict[str, Any]:
    """Run the trial in its framework's process: its document, or the row that says why there is none."""
    try:
        return process.call(run, trial, on_message=lambda message: listener.advance(*message))
    except AebenchError as error:
        return failure(trial, error)


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


def check(options: Options) -> None:
    """Everything that can be known to be wrong before the first minute is spent.

    Raises:
        AebenchError: a framework is not installed, a data set is missing, damaged or does not fit an autoencoder.
    """
    for name in options.frameworks:
        registry.framework(name)
    for name in ordered(options):
        autoencoder = registry.autoencoder(name)
        dataset = dataset_of(dataset_name(options, autoencoder), options.data_dir, options.profile)
        scheduled(autoencoder, dataset, options.profile)
        if autoencoder.kind == "classifier" and dataset.train.labels is None:
            raise UsageError(f"{name} needs labels, and {dataset.name} has none; choose another data set")
        for phase in autoencoder.phases:
            schedule.epoch_order(phase, 0, len(schedule.training_split(phase, dataset)), 0)


@contextlib.contextmanager
def processes_of(options: Options, logs: Path | None, *, arbiter: bool) -> Iterator[dict[str, FrameworkProcess]]:
    """A process for each framework of the run and, where asked for, the arbiter's first; ended on leaving.

    Raises:
        FrameworkError: a framework does not have the device (the arbiter computes on the CPU always).
    """
    names = dict.fromkeys((*([ARBITER] if arbiter else []), *options.frameworks))
    processes = {name: FrameworkProcess(name, logs and logs / f"{name}.log") for name in names}
    try:
        for name, process in processes.items():
            if options.device != "cpu" and name != ARBITER and options.device not in process.call(devices_of, name):
                raise FrameworkError(
                    f"{name} sees no {options.device} here; use --device cpu, or get a build for it: "
                    "pip install 'aebench[gpu]'"
                )
        yield processes
    finally:
        for process in processes.values():
            process.close()


def devices_of(name: str) -> list[str]:
    """In a framework's process: its devices."""
    return registry.framework(name).devices()


def with_defaults(options: Options) -> Options:
    """The options with every autoencoder and every installed framework, where none was named."""
    installed = tuple(registry.installed(registry.frameworks()))
    autoencoders = options.autoencoders or tuple(registry.autoencoders())
    return replace(options, autoencoders=autoencoders, frameworks=options.frameworks or installed)


def without_arbiter(options: Options) -> Options:
    """The options without the reference, where there is another framework: for what is about speed and quality."""
    others = tuple(name for name in options.frameworks if name != ARBITER)
    return replace(options, frameworks=others or options.frameworks)


def new_folder(*what: str) -> Path:
    """A new folder's name under results/runs: when, and what is measured there."""
    return RUNS / "-".join((time.strftime("%Y%m%d-%H%M%S"), *what)).replace(":", "-")


def newest() -> Path:
    """The folder of the newest run; UsageError when there is none."""
    folders = sorted(path.parent for path in RUNS.glob("*/plan.json"))
    if not folders:
        raise UsageError(f"there is no run under {RUNS} to go on with; name its folder with --output")
    return folders[-1]
