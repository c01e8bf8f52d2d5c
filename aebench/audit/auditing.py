"""An audit: every fault planted as often as was asked for, each judged by itself; what is done is kept at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, product
from pathlib import Path

from aebench.audit import climbs, timings, trainings
from aebench.audit.planted import Fault
from aebench.comparison.deadline import Deadline
from aebench.comparison.parts import PARTS
from aebench.comparison.speed import Where
from aebench.errors import AebenchError, UsageError
from aebench.processes.events import Listener
from aebench.processes.worker import FrameworkProcess
from aebench.records import documents
from aebench.records.audits import Audit, Case, Outcome
from aebench.records.comparisons import What
from aebench.records.conditions import Conditions
from aebench.records.fields import Float, checked, plain
from aebench.records.opened import FILES
from aebench.records.reuse import require_same_document
from aebench.records.store import locked
from aebench.registry import ARBITER
from aebench.running.options import Options, check, processes_of
from aebench.running.resume import conditions

FILE = FILES["audit"]
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


@dataclass(frozen=True)
class Due:
    """A case that is to be done. plant: what is planted; None: nothing, in a climb. number: of its repetitions."""

    part: What
    kind: str
    fault: str
    framework: str
    autoencoder: str
    number: int = 0
    plant: Fault | trainings.Plant | timings.Plant | None = field(default=None, compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        """Which case it is."""
        return self.part, self.fault, self.framework, self.autoencoder, str(self.number)

    def done(self, outcomes: Iterator[Outcome], listener: Listener) -> Case:
        """The case: its outcomes, or why there are none."""
        begun, found, failed = time.perf_counter(), list[Outcome](), None
        try:
            found = list(outcomes)
        except AebenchError as error:
            failed = str(error)
        said = failed or ", ".join(dict.fromkeys(outcome.verdict for outcome in found))
        listener.finished(f"{self.autoencoder}, {self.framework}, {self.fault}", said)
        return Case(
            part=self.part, kind=self.kind, fault=self.fault, framework=self.framework, autoencoder=self.autoencoder,
            number=self.number, seconds=Float(time.perf_counter() - begun), outcomes=found, failure=failed,
        )  # fmt: skip


def planned(asked: Asked) -> dict[str, int]:
    """How many cases of each part there are in all."""
    counts = Counter(due.part for due in every(asked))
    return {part: counts[part] for part in asked.only}


def every(asked: Asked) -> Iterator[Due]:
    """All cases of the parts that are asked for."""
    cases = chain(*_of_numbers(asked).values(), _of_quality(asked), _of_time(asked))
    return (due for due in cases if due.part in asked.only)


def _of_numbers(asked: Asked) -> dict[climbs.Group, list[Due]]:
    """The ladder's faults, group by group, and each group once without any."""
    groups = climbs.faults(asked.options.frameworks, asked.autoencoders)
    found = {}
    for number, (group, faults) in enumerate(groups.items()):
        where = group.framework, group.autoencoder
        # The sound climb is told from those of other groups of its autoencoder by its number.
        sound = Due("numbers", "nothing", climbs.SOUND, *where, number)
        found[group] = [sound, *(Due("numbers", f"rung {it.rung}", it.name, *where, plant=it) for it in faults)]
    return found


def _of_quality(asked: Asked) -> Iterator[Due]:
    """Trainings of `stacked` with a fault, and from other seeds without one."""
    if not asked.autoencoders or TRAINED in asked.autoencoders:
        for framework in (name for name in asked.options.frameworks if name != ARBITER):
            for plant in trainings.plants(framework):
                yield Due("quality", plant.kind, plant.fault, framework, TRAINED, plant=plant)


def _of_time(asked: Asked) -> Iterator[Due]:
    """Slow-downs, memory and nothing; all once before any twice, so that what is broken off has some of each."""
    for number in range(asked.repeats):
        for plant, framework, name in product(timings.PLANTS, asked.options.frameworks, asked.timed):
            for n in range(plant.times * number, plant.times * (number + 1)):
                yield Due(plant.part, plant.kind, plant.fault, framework, name, n, plant)


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
            missing = [due for due in every(asked) if due.key not in known]
            _keep(folder, found, _climbed(asked, missing, processes, folder, listener), deadline)
            _keep(folder, found, _trained(asked, missing, processes, folder, listener), deadline)
        # What is timed has the machine to itself: the processes above are gone.
        _keep(folder, found, _timed(asked, missing, folder, listener), deadline)
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


def _climbed(
    asked: Asked, missing: Sequence[Due], processes: Mapping[str, FrameworkProcess], folder: Path, listener: Listener
) -> Iterator[Callable[[], Case]]:
    """Climbs, those of one group after the other: they part from the same sound ones."""
    wanted = set(missing)
    for group, cases in _of_numbers(asked).items():
        with climbs.Sounds(group, processes, folder / "traces").ready() as sounds:
            for due in (due for due in cases if due in wanted):
                fault = due.plant if isinstance(due.plant, Fault) else None
                yield partial(due.done, sounds.outcomes(fault), listener)
        # A process in which hundreds of programs were compiled has crashed.
        processes[group.framework].close()


def _trained(
    asked: Asked, missing: Sequence[Due], processes: Mapping[str, FrameworkProcess], folder: Path, listener: Listener
) -> Iterator[Callable[[], Case]]:
    trained = trainings.Trainings(asked.options, folder / "trials", listener)
    for due in missing:
        if isinstance(due.plant, trainings.Plant):
            outcomes = trained.outcomes(due.plant, due.framework, due.autoencoder, processes[due.framework])
            yield partial(due.done, outcomes, listener)


def _timed(
    asked: Asked, missing: Sequence[Due], folder: Path, listener: Listener
) -> Iterator[Callable[[], Case]]:  # fmt: skip
    options = asked.options
    where = Where(options.dataset, options.data_dir, options.schedule, options.device, options.dtype)
    timed = timings.Timings(where, folder / "logs", listener)
    for due in missing:
        if isinstance(due.plant, timings.Plant):
            yield partial(due.done, timed.outcomes(due.plant, due.framework, due.autoencoder), listener)
