"""Trainings in other processes or on other machines: each is a point of plain data, and its result a record.

A worker trains as a run without an executor does, in a process of the framework's own, under the run's conditions, and
leaves its files in the run's folder, which every worker must see under the same path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.errors import AebenchError, ExecutorError
from aebench.processes import worker
from aebench.processes.events import Silent
from aebench.processes.executors import Handed
from aebench.processes.worker import FrameworkProcess
from aebench.records.fields import Count, Name, checked, plain
from aebench.running.elsewhere import Task, handing_in, interpreters, require_alike, take_on, travelling, while_wanted
from aebench.running.resume import known_trial, seen_by
from aebench.running.trainings import Trainings
from aebench.training.trial import Trial, failure


class Point(Task):
    """One training; `folder` is the run's. attempts: as of `Trainings`."""

    autoencoder: Name
    framework: Name
    seed: Count
    attempts: Count = 1


Key = tuple[str, int, str]  # autoencoder, seed, framework


def distribute(
    trainings: Trainings, asked: Sequence[Key], processes: Mapping[str, FrameworkProcess], handed: Handed
) -> None:
    """Measure the trials asked for, in the executor's workers; one that starts from another comes after it.

    processes: of the harness, which say under which conditions each framework is to train.

    Raises:
        UsageError: a trial is there, and was measured under other conditions.
        ExecutorError: the executor is gone, and there is no other; what is finished is kept.
    """
    listener, left = trainings.listener, list(asked)
    with handing_in(trainings.folder, handed) as token:
        listener.begin(f"{len(left)} trainings by {handed.name}", len(left))
        left = hand_in(trainings, left, processes, handed, token)
        for key, found in handed.results():
            trainings.ended(document_of(trainings.trial(*key), found, trainings, processes[key[2]]))
            left = hand_in(trainings, left, processes, handed, token)
            listener.advance(len(trainings.trials), len(asked))


def hand_in(
    trainings: Trainings, left: Sequence[Key], processes: Mapping[str, FrameworkProcess], handed: Handed, token: str
) -> list[Key]:
    """Hand in what can be trained now; what starts from a trial that is not there yet, in their order."""
    later = []
    for key in left:
        name, seed, framework = key
        first = registry.autoencoder(name).pretraining
        if first and trainings.measured(first, seed, framework) is None:
            later.append(key)
        elif trainings.settled(*key, processes[framework]) is None:
            handed.hand_in(key, f"{name}, {framework}, seed {seed}", train, plain(_point(trainings, key, token)))
    return later


def _point(trainings: Trainings, key: Key, token: str) -> Point:
    name, seed, framework = key
    return Point(
        options=travelling(trainings.options), folder=str(trainings.folder.absolute()), autoencoder=name,
        framework=framework, seed=seed, conditions=trainings.now(), environments=interpreters((framework,)),
        token=token, silence=worker.SILENCE_SECONDS, attempts=trainings.attempts,
    )  # fmt: skip


def document_of(
    trial: Trial, found: Mapping[str, Any] | ExecutorError, trainings: Trainings, process: FrameworkProcess
) -> dict[str, Any]:
    """The trial's document as it lies in the run's folder, or the row that says why there is none."""
    if isinstance(found, ExecutorError):
        return failure(trial, found)
    if "failure" in found:
        return dict(found)
    try:
        document = known_trial(trial, seen_by(process, trainings.now()))
    except AebenchError as error:
        return failure(trial, error)
    if document is None:
        unseen = f"its worker left its files where this machine does not see them, expected {trial.result}"
        return failure(trial, ExecutorError(f"{unseen}; give --output in a folder that all machines share"))
    return document


def train(content: Mapping[str, Any]) -> dict[str, Any]:
    """In an executor's worker: train the point; the trial's document, or the row that says why there is none."""
    point = checked(content, Point)
    trainings = Trainings(
        point.options, Path(point.folder), Silent(), conditions=point.conditions, attempts=point.attempts
    )
    trial = replace(trainings.trial(point.autoencoder, point.seed, point.framework), alone=False)
    try:
        take_on(point)
        log = trainings.folder / "logs" / f"{point.framework}.log"
        with FrameworkProcess(point.framework, log) as process, while_wanted(point, process):
            require_alike(point, process)
            return trainings.attempted(trial, process)
    except AebenchError as error:
        return failure(trial, error)
