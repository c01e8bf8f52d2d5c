"""A run: plan, let each framework's process train, agree and measure, collect, resume.

Frameworks take turns, so that each has the whole machine while it is timed. A finished trial is a file; a run that is
interrupted, or killed, is taken up where it was and does nothing twice. A trial that fails is a row with its reason.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from aebench import climbing, registry, results, schedule
from aebench.agreement.ladder import Climb
from aebench.climbing import Listener, Source
from aebench.environment import environment
from aebench.errors import AebenchError, FrameworkError, ResultError, UsageError
from aebench.protocol import Dtype
from aebench.registry import ARBITER
from aebench.results import comparable
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


@dataclass
class Run:
    """One run in one folder."""

    options: Options
    folder: Path
    listener: Listener
    trials: list[dict[str, Any]] = field(default_factory=list)
    agreements: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)

    def execute(self, *, resume: bool) -> dict[str, Any]:
        """Do everything that is not done yet; the collected document, also left as `result.json`.

        Raises:
            UsageError: impossible options, or a folder that holds another run.
        """
        self._check(resume)
        results.write(
            self.folder / "plan.json", "plan", {"options": asdict(self.options), "environment": environment()}
        )
        complete = False
        try:
            with processes_of(self.options, self.folder / "logs", arbiter=self.options.agreement) as processes:
                for name in ordered(self.options):
                    if self.options.agreement:
                        self._agree(name, processes)
                    for seed in self.options.seeds:
                        for framework in self.options.frameworks:
                            self._trial(name, seed, framework, processes[framework])
            complete = True
        finally:
            document = self.collect(complete=complete)
        return document

    def collect(self, *, complete: bool) -> dict[str, Any]:
        """Write and return what there is so far."""
        document = {
            "options": asdict(self.options),
            "environment": environment(),
            "complete": complete,
            "agreements": self.agreements,
            "trials": self.trials,
            "failures": self.failures,
        }
        results.write(self.folder / "result.json", "run", document)
        return document

    def trial(self, name: str, seed: int, framework: str) -> Trial:
        """The trial of an autoencoder, a seed and a framework."""
        options, autoencoder = self.options, registry.autoencoder(name)
        folder = self.folder / name / f"seed{seed}"
        pretrained = (
            folder.parents[1] / autoencoder.pretraining / f"seed{seed}" / framework if autoencoder.pretraining else None
        )
        device = "cpu" if framework == ARBITER else options.device
        return Trial(
            autoencoder, framework, seed, options.dtype, device, dataset_name(options, autoencoder),
            options.data_dir, options.profile, folder / framework, pretrained,
            importance_samples=options.importance_samples if autoencoder.kind == "variational" else (),
        )  # fmt: skip

    def _check(self, resume: bool) -> None:
        """Everything that can be known to be wrong before the first minute is spent."""
        options = self.options
        check(options)
        if not resume and self.folder.exists() and any(self.folder.iterdir()):
            raise UsageError(f"{self.folder} is not empty; go on with --resume, or choose another --output")

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

    def _trial(self, name: str, seed: int, framework: str, process: FrameworkProcess) -> None:
        """One trial, unless its document is there."""
        trial = self.trial(name, seed, framework)
        try:
            document = results.read(trial.result, "trial")
        except ResultError:
            self.listener.begin(f"{name}: {framework}, seed {seed}", 1)
            try:
                document = process.call(run, trial, on_message=lambda message: self.listener.advance(*message))
            except AebenchError as error:
                document = failure(trial, error)
        self.trials.append(document)
        self.listener.finished(document)


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
    installed = tuple(n for n, f in registry.frameworks().items() if registry.version(f) is not None)
    autoencoders = options.autoencoders or tuple(registry.autoencoders())
    return replace(options, autoencoders=autoencoders, frameworks=options.frameworks or installed)


def planned(folder: Path, asked: Mapping[str, Any]) -> Options:
    """The options that the run in the folder was begun with.

    asked: options given anew; they must be the same, but for `data_dir`, since data may have moved.

    Raises:
        UsageError: another option than then. ResultError: there is no run, or its plan is damaged.
    """
    then = results.read(folder / "plan.json", "plan")["options"]
    changed = [f"{key}: {then[key]} then, {now} now" for key, now in comparable(asked).items() if then[key] != now]
    changed = [text for text in changed if not text.startswith("data_dir:")]
    if changed:
        raise UsageError(f"{folder} was begun with other options ({'; '.join(changed)}); leave them out, or start anew")
    then["data_dir"] = asked.get("data_dir", then["data_dir"])
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in then.items()}
    return Options(**values)


def new_folder(options: Options) -> Path:
    """A new folder's name under results/runs: when, on what, how."""
    return RUNS / f"{time.strftime('%Y%m%d-%H%M%S')}-{options.dataset.replace(':', '-')}-{options.profile}"


def newest() -> Path:
    """The folder of the newest run; UsageError when there is none."""
    folders = sorted(path.parent for path in RUNS.glob("*/plan.json"))
    if not folders:
        raise UsageError(f"there is no run under {RUNS} to go on with; name its folder with --output")
    return folders[-1]
