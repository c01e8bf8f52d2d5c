"""Trainings in one folder: each is a trial of a subject from a seed, whose file says that it is done.

What is interrupted, or killed, is taken up where it was, and nothing is done twice under the same conditions. A trial
that fails is a row with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.errors import AebenchError, CheckpointError, FrameworkError, ResultError, UnwritableError, UsageError
from aebench.processes.events import Listener, together
from aebench.processes.lanes import Lanes
from aebench.processes.worker import FrameworkProcess
from aebench.records.conditions import Conditions
from aebench.running.options import Options, dataset_name
from aebench.running.resume import known_trial, seen_by
from aebench.training.trial import Trial, failure, run


@dataclass
class Trainings:
    """The trials of one folder. conditions: as they are now; None until they were looked at.

    options: what is trained, and how; which seeds and frameworks is said with each trial. attempts: how often a trial
    is tried, each time from where the one before broke off.
    """

    options: Options
    folder: Path
    listener: Listener
    trials: list[dict[str, Any]] = field(default_factory=list)
    conditions: Conditions | None = None
    attempts: int = 1

    def trial(self, name: str, seed: int, framework: str) -> Trial:
        """The trial of an autoencoder, a seed and a framework."""
        options, autoencoder = self.options, registry.autoencoder(name)
        folder = self.folder / name / f"seed{seed}"
        pretrained = (
            folder.parents[1] / autoencoder.pretraining / f"seed{seed}" / framework if autoencoder.pretraining else None
        )
        return Trial(
            autoencoder, framework, seed, options.dtype, options.device_of(framework),
            dataset_name(options, autoencoder), options.data_dir, options.schedule, folder / framework, pretrained,
            importance_samples=options.importance_samples if autoencoder.kind == "variational" else (),
        )  # fmt: skip

    def measure(self, name: str, seed: int, framework: str, process: FrameworkProcess) -> dict[str, Any]:
        """One trial's document; trained only if it is not there, and after the trial that it starts from.

        Raises:
            UsageError: it is there, and was measured under other conditions.
        """
        if known := self.measured(name, seed, framework):
            return known
        if first := registry.autoencoder(name).pretraining:
            self.measure(first, seed, framework, process)
        if (document := self.settled(name, seed, framework, process)) is not None:
            return document
        self.make_room(name, framework, process)
        self.listener.begin(f"{name}, {framework}, seed {seed}", 1)
        return self.ended(self.attempted(self.trial(name, seed, framework), process))

    def at_once(self, name: str, seed: int, processes: Mapping[str, FrameworkProcess]) -> dict[str, dict[str, Any]]:
        """The trial's document of each of these, as of `measure`; those to be trained are trained at the same time.

        Their seconds are then no measure of speed, which the documents say.

        Raises:
            UsageError, UnwritableError: as of `measure`; the trainings beside it are ended.
        """
        if first := registry.autoencoder(name).pretraining:
            self.at_once(first, seed, processes)
        due = {
            framework: process for framework, process in processes.items()
            if self.measured(name, seed, framework) is None and self.settled(name, seed, framework, process) is None
        }  # fmt: skip
        if due:
            self._train(name, seed, due)
        found = {framework: self.measured(name, seed, framework) for framework in processes}
        return {framework: document for framework, document in found.items() if document is not None}

    def _train(self, name: str, seed: int, processes: Mapping[str, FrameworkProcess]) -> None:
        """Train in all of these at the same time."""
        told = dict(zip(processes, together(self.listener, len(processes)), strict=True))
        self.listener.begin(f"{name}, {' and '.join(processes)}, seed {seed}", 1)
        with Lanes(processes) as lanes:
            under_way = []
            for framework, process in processes.items():
                self.make_room(name, framework, process)
                trial = replace(self.trial(name, seed, framework), alone=len(processes) == 1)
                work = partial(self.attempted, trial, listener=told[framework], over=lambda: lanes.ended)
                under_way.append(lanes.work(framework, work))
            for each in as_completed(under_way):
                each.result()  # what ends the command is not waited for
            for each in under_way:
                self.ended(each.result())

    def attempted(
        self, trial: Trial, process: FrameworkProcess, listener: Listener | None = None,
        over: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:  # fmt: skip
        """The trial's document after as many attempts as it takes, or the last one's row.

        listener: who is told of them; default: who is told of all. over: whether no other attempt is to begin.

        Raises:
            UnwritableError: as of `attempt`.
        """
        told = listener or self.listener
        document = attempt(trial, process, told)
        for _ in range(self.attempts - 1):
            if "failure" in document and not over():
                what = f"{trial.autoencoder.name}, {trial.framework}, seed {trial.seed}"
                told.note(f"{what}: {outcome(document)}; it is tried again")
                document = attempt(trial, process, told)
        return document

    def make_room(self, name: str, framework: str, process: FrameworkProcess) -> None:
        """Do what has to be done to a process before it trains an autoencoder; here nothing."""

    def settled(self, name: str, seed: int, framework: str, process: FrameworkProcess) -> dict[str, Any] | None:
        """The trial's document where nothing is left to train: it is there, or what it starts from has failed.

        Raises:
            UsageError: it is there, and was measured under other conditions.
        """
        trial = self.trial(name, seed, framework)
        first = trial.autoencoder.pretraining
        before = (self.measured(first, seed, framework) if first else None) or {}
        if "failure" in before:
            why = f"{first}, from which it starts, failed: {before['failure']}"
            return self.ended(failure(trial, CheckpointError(why)))
        try:
            document = known_trial(trial, seen_by(process, self.now())) if trial.result.exists() else None
        except (ResultError, FrameworkError) as error:
            self.listener.note(f"{name}, {framework}, seed {seed}: trained again: {error}")
            return None
        return None if document is None else self.ended(document, " (before)")

    def ended(self, document: dict[str, Any], how: str = "") -> dict[str, Any]:
        """Put the document among these, and tell how its trial ended."""
        what = f"{document['autoencoder']}, {document['framework']}, seed {document['seed']}"
        self.listener.finished(what, f"{outcome(document)}{how}")
        self.trials.append(document)
        return document

    def now(self) -> Conditions:
        """The conditions as they are now.

        Raises:
            UsageError: nobody has looked at them yet.
        """
        if self.conditions is None:
            raise UsageError(f"{self.folder}: nothing was begun there yet")
        return self.conditions

    def measured(self, name: str, seed: int, framework: str) -> dict[str, Any] | None:
        """The trial's document, if it is among these."""
        wanted = name, seed, framework
        return next((t for t in self.trials if (t["autoencoder"], t["seed"], t["framework"]) == wanted), None)


def outcome(document: Mapping[str, Any]) -> str:
    """How a trial ended, in one line."""
    if "failure" in document:
        return f"failed: {document['failure']}"
    return f"trained and measured in {document['speed']['trial_seconds']:.1f} s"


def attempt(trial: Trial, process: FrameworkProcess, listener: Listener) -> dict[str, Any]:
    """Run the trial in its framework's process: its document, or the row that says why there is none.

    Raises:
        UnwritableError: its files cannot be written: no failure of the framework, and nothing else could be either.
    """

    def heard(message: str | tuple[int, int]) -> None:
        if isinstance(message, str):
            listener.note(f"{trial.autoencoder.name}, {trial.framework}, seed {trial.seed}: {message}")
        else:
            listener.advance(*message)

    try:
        return process.call(run, trial, on_message=heard)
    except UnwritableError:
        raise
    except AebenchError as error:
        return failure(trial, error)
