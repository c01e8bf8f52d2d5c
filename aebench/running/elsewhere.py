"""What is worked on elsewhere, in an executor's worker: a task of plain data, done under the harness's conditions only,
and for as long as somebody wants it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from aebench import registry
from aebench.errors import UsageError
from aebench.processes import environments, worker
from aebench.processes.environments import Environment
from aebench.processes.executors import Handed
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture
from aebench.records.conditions import Conditions, differences, in_words
from aebench.records.fields import Part
from aebench.records.store import WANTED, is_wanted, wanted
from aebench.running.options import Options
from aebench.running.resume import seen_by

LOOK_SECONDS = 0.5  # how often a worker looks whether its task is still wanted
# Of the conditions: what the task itself says.
OF_TASK = ("specifications", "data", "schedule", "device", "dtype")


class Interpreter(Part):
    """An environment besides `here`, as `processes.environments.Environment`."""

    name: str
    python: str | None
    said: str
    variables: dict[str, str]
    own: bool = False


class Task(Part):
    """What is handed in. folder: where the harness works. conditions: the harness's, which it is done under or not at
    all. token: of those who want it, as of `records.store.wanted`. silence: seconds after which a process hangs that
    says nothing."""

    options: Options
    folder: str
    conditions: Conditions
    environments: list[Interpreter]
    token: str
    silence: float


@contextlib.contextmanager
def handing_in(folder: Path, handed: Handed) -> Iterator[str]:
    """The token of what is handed in within it; where that is broken off, nobody wants it any more."""
    with wanted(folder) as token:
        try:
            yield token
        except BaseException:
            (folder / WANTED).unlink(missing_ok=True)
            handed.abandon()
            raise


def travelling(options: Options) -> Options:
    """The options as another process can be told them: its folder may be another one."""
    place = options.data_dir
    return options if place is None else replace(options, data_dir=str(Path(place).expanduser().absolute()))


def interpreters(frameworks: Iterable[str]) -> list[Interpreter]:
    """The environments that these live in, but for this one."""
    found = {name: environments.find(name) for name in dict.fromkeys(map(registry.environment, frameworks))}
    return [
        Interpreter(
            name=it.name, python=None if it.python is None else str(it.python), said=it.said,
            variables=dict(it.variables), own=it.own,
        )
        for name, it in found.items() if name != registry.HERE
    ]  # fmt: skip


def take_on(task: Task) -> None:
    """In a worker: the variables that choose kernels become the harness's, and its environments are known."""
    capture.take_on(task.conditions.variables or {})
    worker.SILENCE_SECONDS = task.silence
    for it in task.environments:
        python = None if it.python is None else Path(it.python)
        environments.tell(Environment(it.name, python, it.said, tuple(sorted(it.variables.items())), it.own))


def require_alike(task: Task, process: FrameworkProcess) -> None:
    """UsageError where work here would be of other conditions than the harness's, but for what only takes time."""
    subject = process.call(capture.subject, process.framework)
    here = structs.replace(process.call(capture.here), subjects={process.framework: subject})
    found = differences(seen_by(process, task.conditions), here, but=OF_TASK)
    if found := [difference for difference in found if "quality" in difference.matters]:
        raise UsageError(
            f"its worker would compute under other conditions than the run's ({in_words(found)}); give it workers that "
            "are as the machine which the run was begun on"
        )


@contextlib.contextmanager
def while_wanted(task: Task, *processes: FrameworkProcess) -> Iterator[None]:
    """The processes are ended once nobody wants the task any more, also those that begin then: the run was interrupted,
    or is another's."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            if not is_wanted(Path(task.folder), task.token):
                for process in processes:
                    process.close()

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
