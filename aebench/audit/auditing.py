"""An audit: every fault planted as often as was asked for, each judged by itself; what is done is kept at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

from aebench.audit import climbs, timings, trainings
from aebench.audit.planted import Fault
from aebench.comparison.comparing import PARTS, Deadline
from aebench.comparison.speed import Where
from aebench.errors import AebenchError, UsageError
from aebench.processes.events import Listener
from aebench.processes.worker import FrameworkProcess
from aebench.records import documents
from aebench.records.audits import Audit, Case, Outcome
from aebench.records.comparisons import What
from aebench.records.conditions import Conditions
from aebench.records.fields import Float, checked, plain
from aebench.records.reuse import require_same_document
from aebench.records.store import locked
from aebench.registry import ARBITER
from aebench.running.options import Options, check, processes_of
from aebench.running.resume import conditions

FILE = "audit.json"
ADVICE = "audit as then, or choose another --output"
TIMED, TRAINED = "linear", "stacked"


@dataclass(frozen=True)
class Asked:
    """What is planted. autoencoders: empty: every fault of the ladder, and `linear` timed. repeats: of each fault of
    speed and memory. limit: seconds after which nothing more begins."""

    options: Options
    autoencoders: tuple[str, ...] = ()
    only: tuple[What, ...] = PARTS
    repeats: int = 10
    limit: float | None = None

    @property
    def timed(self) -> tuple[str, ...]:
        """The autoencoders that are timed."""
        return self.autoencoders or (TIMED,)


def audit(asked: Asked, folder: Path, listener: Listener) -> Audit:
    """Plant everything that is not there yet; the record, kept in the folder's `audit.json` after each case.

    Raises:
        UsageError: there is nothing to plant, or the folder holds an audit under other conditions.
        ResultError: its document is damaged, or cannot be written.
    """
    check(asked.options)
    if not any(planned(asked).values()):
        who, what = ", ".join(asked.options.frameworks), ", ".join(asked.only)
        where = ", ".join(asked.autoencoders) or "anything"
        raise UsageError(
            f"there is nothing to plant: {who} has no fault of {what} in {where}; name other frameworks, or more parts"
        )
    deadline = Deadline(asked.limit)
    with locked(folder):
        with processes_of(asked.options, folder / "logs", arbiter=True) as processes:
            found = _begun(folder / FILE, conditions(asked.options, processes))
            known = {_key(case) for case in found.cases}
            if "numbers" in asked.only:
                _keep(folder, found, _numbers(asked, processes, folder, known, listener), deadline)
            if "quality" in asked.only:
                _keep(folder, found, _quality(asked, processes, folder, known, listener), deadline)
        # What is timed has the machine to itself: the processes above are gone.
        _keep(folder, found, _timed(asked, folder, known, listener), deadline)
        found.complete = not deadline.over()
        documents.write(folder / FILE, "audit", plain(found))
    return found


def _begun(path: Path, now: Conditions) -> Audit:
    """The record so far; what failed is taken up again."""
    before = documents.read_if_there(path, "audit")
    if before is None:
        return Audit(conditions=now, cases=[], complete=False)
    merged = require_same_document(path, before, plain(now), ADVICE)
    kept = checked({**before, "conditions": merged}, Audit)
    return Audit(conditions=kept.conditions, cases=[it for it in kept.cases if not it.failure], complete=False)


def _keep(folder: Path, found: Audit, todo: Iterator[Callable[[], Case]], deadline: Deadline) -> None:
    """Do one case after the other, as long as there is time."""
    for case in todo:
        if deadline.over():
            return
        found.cases.append(case())
        documents.write(folder / FILE, "audit", plain(found))


def _key(case: Case) -> tuple[str, ...]:
    return case.part, case.fault, case.framework, case.autoencoder, str(case.number)


def _case(
    part: What, kind: str, fault: str, framework: str, autoencoder: str, outcomes: Callable[[], Iterator[Outcome]],
    listener: Listener, number: int = 0,
) -> Case:  # fmt: skip
    """Do it: its outcomes, or why there are none."""
    begun, found, failed = time.perf_counter(), list[Outcome](), None
    try:
        found = list(outcomes())
    except AebenchError as error:
        failed = str(error)
    said = failed or ", ".join(dict.fromkeys(outcome.verdict for outcome in found))
    listener.finished(f"{autoencoder}, {framework}, {fault}", said)
    return Case(
        part=part, kind=kind, fault=fault, framework=framework, autoencoder=autoencoder, number=number,
        seconds=Float(time.perf_counter() - begun), outcomes=found, failure=failed,
    )  # fmt: skip


def _numbers(
    asked: Asked, processes: Mapping[str, FrameworkProcess], folder: Path, known: Container[tuple[str, ...]],
    listener: Listener,
) -> Iterator[Callable[[], Case]]:  # fmt: skip
    """The ladder's faults, group by group, and each group once without any."""
    groups = climbs.faults(asked.options.frameworks, asked.autoencoders)
    for number, (group, faults) in enumerate(groups.items()):
        name, framework = group.autoencoder, group.framework
        # The sound climb is told from those of other groups of its autoencoder by its number.
        todo: list[tuple[str, str, Fault | None, int]] = [("nothing", climbs.SOUND, None, number)]
        todo += [(f"rung {fault.rung}", fault.name, fault, 0) for fault in faults]
        missing = [it for it in todo if ("numbers", it[1], framework, name, str(it[3])) not in known]
        with climbs.Sounds(group, processes, folder / "traces").ready() as sounds:
            for kind, fault_name, fault, n in missing:
                outcomes = partial(sounds.outcomes, fault)
                yield partial(_case, "numbers", kind, fault_name, framework, name, outcomes, listener, n)
        # A process in which hundreds of programs were compiled has crashed.
        processes[framework].close()


def _quality(
    asked: Asked, processes: Mapping[str, FrameworkProcess], folder: Path, known: Container[tuple[str, ...]],
    listener: Listener,
) -> Iterator[Callable[[], Case]]:  # fmt: skip
    """Trainings of `stacked` with a fault, and from other seeds without one."""
    trained = trainings.Trainings(asked.options, folder / "trials", listener)
    if asked.autoencoders and TRAINED not in asked.autoencoders:
        return
    for framework in (name for name in asked.options.frameworks if name != ARBITER):
        for plant in trainings.plants(framework):
            if ("quality", plant.fault, framework, TRAINED, "0") not in known:
                outcomes = partial(trained.outcomes, plant, framework, TRAINED, processes[framework])
                yield partial(_case, "quality", plant.kind, plant.fault, framework, TRAINED, outcomes, listener)


def _timed(
    asked: Asked, folder: Path, known: Container[tuple[str, ...]], listener: Listener
) -> Iterator[Callable[[], Case]]:
    """Slow-downs, memory and nothing; all once before any twice, so that what is broken off has some of each."""
    options = asked.options
    where = Where(options.dataset, options.data_dir, options.schedule, options.device, options.dtype)
    timed = timings.Timings(where, folder / "logs", listener)
    for number in range(asked.repeats):
        for plant, framework, name in product(timings.PLANTS, options.frameworks, asked.timed):
            for n in range(plant.times * number, plant.times * (number + 1)) if plant.part in asked.only else ():
                if (plant.part, plant.fault, framework, name, str(n)) not in known:
                    outcomes = partial(timed.outcomes, plant, framework, name)
                    yield partial(_case, plant.part, plant.kind, plant.fault, framework, name, outcomes, listener, n)


def planned(asked: Asked) -> dict[str, int]:
    """How many cases of each part there are in all."""
    frameworks = asked.options.frameworks
    groups = climbs.faults(frameworks, asked.autoencoders)
    trained = 0
    if not asked.autoencoders or TRAINED in asked.autoencoders:
        trained = sum(len(trainings.plants(name)) for name in frameworks if name != ARBITER)
    sides = asked.repeats * len(frameworks) * len(asked.timed)
    counts = {
        "numbers": sum(len(faults) + 1 for faults in groups.values()),
        "quality": trained,
        **{part: sides * sum(it.times for it in timings.PLANTS if it.part == part) for part in ("speed", "memory")},
    }
    return {part: count for part, count in counts.items() if part in asked.only}
