"""Trainings in other processes or on other machines: each is a point of plain data, and its result a record.

A worker trains as a run without an executor does, in a process of the framework's own, under the run's conditions, and
leaves its files in the run's folder, which every worker must see under the same path.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import structs

from aebench import registry
from aebench.errors import AebenchError, ExecutorError, UsageError
from aebench.processes import environments
from aebench.processes.environments import Environment
from aebench.processes.events import Silent
from aebench.processes.executors import Handed
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture
from aebench.records.conditions import Conditions, differences, in_words
from aebench.records.fields import Count, Name, Part, checked, plain
from aebench.records.store import WANTED, is_wanted, wanted
from aebench.running.options import Options
from aebench.running.resume import known_trial, seen_by
from aebench.running.trainings import Trainings
from aebench.training.trial import Trial, failure, run

LOOK_SECONDS = 0.5  # how often a worker looks whether its point is still wanted
# Of the conditions: what a trial's own document is held against once it is there.
OF_DOCUMENT = ("specifications", "data", "schedule", "device", "dtype")


class Interpreter(Part):
    """An environment besides `here`, as `processes.environments.Environment`."""

    name: str
    python: str | None
    said: str
    variables: dict[str, str]


class Point(Part):
    """One training. folder: the run's. conditions: the run's, which it trains under or not at all. token: of those who
    want it, as of `records.store.wanted`."""

    options: Options
    folder: str
    autoencoder: Name
    framework: Name
    seed: Count
    conditions: Conditions
    environment: Interpreter | None
    token: str


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
    with wanted(trainings.folder) as token:
        try:
            listener.begin(f"{len(left)} trainings by {handed.name}", len(left))
            left = _handed_in(trainings, left, processes, handed, token)
            for key, found in handed.results():
                trainings.ended(_document(trainings.trial(*key), found, trainings, processes[key[2]]))
                left = _handed_in(trainings, left, processes, handed, token)
                listener.advance(len(trainings.trials), len(asked))
        except BaseException:
            (trainings.folder / WANTED).unlink(missing_ok=True)
            handed.abandon()
            raise


def _handed_in(
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
    options = replace(trainings.options, data_dir=_absolute(trainings.options.data_dir))
    environment = environments.find(registry.environment(framework))
    interpreter = Interpreter(
        name=environment.name, python=None if environment.python is None else str(environment.python),
        said=environment.said, variables=dict(environment.variables),
    )  # fmt: skip
    return Point(
        options=options, folder=str(trainings.folder.absolute()), autoencoder=name, framework=framework, seed=seed,
        conditions=trainings.now(), environment=None if environment.name == registry.HERE else interpreter, token=token,
    )  # fmt: skip


def _absolute(place: str | None) -> str | None:
    return None if place is None else str(Path(place).expanduser().absolute())


def _document(
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
    trainings = Trainings(point.options, Path(point.folder), Silent(), conditions=point.conditions)
    trial = replace(trainings.trial(point.autoencoder, point.seed, point.framework), alone=False)
    try:
        capture.take_on(point.conditions.variables or {})
        if (it := point.environment) is not None:
            python = None if it.python is None else Path(it.python)
            environments.tell(Environment(it.name, python, it.said, tuple(sorted(it.variables.items()))))
        log = trainings.folder / "logs" / f"{point.framework}.log"
        with FrameworkProcess(point.framework, log) as process, _while_wanted(point, process):
            _require_alike(point, process)
            return process.call(run, trial)
    except AebenchError as error:
        return failure(trial, error)


def _require_alike(point: Point, process: FrameworkProcess) -> None:
    """UsageError where a training here would be of other conditions than the run's, but for what only takes time."""
    subject = process.call(capture.subject, point.framework)
    here = structs.replace(process.call(capture.here), subjects={point.framework: subject})
    found = differences(seen_by(process, point.conditions), here, but=OF_DOCUMENT)
    if found := [difference for difference in found if "quality" in difference.matters]:
        raise UsageError(
            f"its worker would train under other conditions than the run's ({in_words(found)}); give it workers that "
            "are as the machine which the run was begun on"
        )


@contextlib.contextmanager
def _while_wanted(point: Point, process: FrameworkProcess) -> Iterator[None]:
    """The process, which is ended once nobody wants the point any more: the run was interrupted, or is another's."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            if not is_wanted(Path(point.folder), point.token):
                process.close()
                return

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
