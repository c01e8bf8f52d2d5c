"""How fast: subjects run in turn, round after round, each in a process of its own that stays, until their ratios are
known. A machine's speed drifts; what is measured in the same round drifts together, so ratios are taken round by round.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import stats

from aebench import registry
from aebench.arrays import Dtype
from aebench.errors import AebenchError, UsageError
from aebench.processes.events import Listener
from aebench.processes.worker import FrameworkProcess
from aebench.protocol import Use
from aebench.records import documents
from aebench.records.conditions import MACHINE, environment, versions_changed
from aebench.records.documents import comparable
from aebench.speed.ceiling import has_ceiling
from aebench.speed.peers import Peer
from aebench.speed.workloads import (
    SECONDS_TO_CALM_DOWN,
    Inference,
    Products,
    Timed,
    Traffic,
    Training,
    Workload,
    images,
    import_seconds,
    peak_memory,
    seconds,
)

Kind = Literal["framework", "peer", "products", "traffic"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """What is timed in every subject. use: None is training, of which `batch` replaces the source's batch size."""

    autoencoder: str
    use: Use | None = None
    batch: int | None = None
    width: float = 1.0

    @property
    def title(self) -> str:
        """What is timed, in one line."""
        batch = f", batch {self.batch:,}" if self.batch else ""
        width = f", width {self.width:g}" if self.width != 1 else ""
        return f"{self.autoencoder}, {self.use or 'training'}{batch}{width}"


@dataclass(frozen=True)
class Options:
    """Who is timed, on what."""

    frameworks: tuple[str, ...]
    peers: tuple[str, ...] = ()
    dataset: str = "digits"
    data_dir: str | None = None
    schedule: str = "quick"
    device: str = "cpu"
    dtype: Dtype = "float32"


@dataclass(frozen=True)
class Rounds:
    """How long: at least `least` rounds, at most `most`, until the interval of every ratio is within `precision`."""

    least: int = 7
    most: int = 25
    precision: float = 0.02


class Interval(NamedTuple):
    """A median and its 95 % confidence interval."""

    median: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """Half the interval's width, relative to the median."""
        return (self.high - self.low) / 2 / self.median


@dataclass(frozen=True)
class Subject:
    """Who runs what in which process."""

    name: str
    kind: Kind
    workload: Timed


@dataclass
class Timings:
    """A subject's rounds, in seconds per 1,000 images."""

    subject: Subject
    rounds: list[float] = field(default_factory=list)
    facts: Row = field(default_factory=dict)


def interval(values: Sequence[float]) -> Interval:
    """Median and interval of whatever distribution, from the order of the values; unbounded for fewer than six."""
    found = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    low, high = (math.inf if math.isnan(bound) else float(bound) for bound in found)
    return Interval(float(np.median(values)), -low if math.isinf(low) else low, high)


def run(cases: Sequence[Case], options: Options, rounds: Rounds, folder: Path, listener: Listener) -> list[Row]:
    """Time every case; the documents of those asked for, kept in the folder's `bench.json` with earlier ones.

    Raises:
        UsageError: the folder holds what was timed differently: other options, machine or versions.
        ResultError: the folder's document is damaged.
    """
    path = folder / "bench.json"
    # Where the data lay says nothing about what was timed.
    stated = {key: value for key, value in asdict(options).items() if key != "data_dir"}
    document = _continued(
        path, {"options": stated, "rounds": asdict(rounds), "environment": environment(alone=True), "cases": []}
    )
    documents.write(path, "bench", document)
    known = [_case(row) for row in document["cases"]]
    for case in cases:
        if case not in known:
            names = dict.fromkeys(subject.name for subject in subjects(case, options))
            with contextlib.ExitStack() as stack:
                logs = folder / "logs"
                opened = {
                    name: stack.enter_context(FrameworkProcess(name, logs / f"{name}.log", alone=True))
                    for name in names
                }
                document["cases"].append(measure(case, options, rounds, opened, listener))
            documents.write(path, "bench", document)
    return [row for row in document["cases"] if _case(row) in cases]


def _case(row: Mapping[str, Any]) -> Case:
    return Case(**{name: row[name] for name in ("autoencoder", "use", "batch", "width")})


def _continued(path: Path, document: Row) -> Row:
    """The document with the cases that were timed there before; those in which something failed are timed anew."""
    if not path.exists():
        return document
    before, now = documents.read(path, "bench"), comparable(document)
    changed = [key for key in now["options"] if before["options"].get(key) != now["options"][key]]
    changed += [key for key in MACHINE if before["environment"].get(key) != now["environment"][key]]
    changed += versions_changed(before["environment"]["frameworks"], now["environment"]["frameworks"])
    if changed and before["cases"]:
        raise UsageError(f"{path} was timed differently ({'; '.join(changed)}); choose another --output")
    sound = [row for row in before["cases"] if not any("failure" in subject for subject in row["subjects"])]
    return {**document, "cases": sound}


def subjects(case: Case, options: Options) -> list[Subject]:
    """The frameworks, the peers, and for the ceiling, where there is one, every installed framework's library."""
    common: Row = {key: value for key, value in asdict(options).items() if key not in ("frameworks", "peers")}
    common |= {"autoencoder": case.autoencoder, "width": case.width}
    inference: Row = {"use": case.use, "batch": case.batch or 150}

    def of_framework(name: str) -> Workload:
        if case.use:
            return Inference(framework=name, **common, **inference)
        return Training(framework=name, batch_size=case.batch, **common)

    found = [Subject(name, "framework", of_framework(name)) for name in options.frameworks]
    # A peer trains the specification as it stands; beside anything else its speed would be compared with other work.
    if case == Case(case.autoencoder):
        where = {key: value for key, value in common.items() if key != "width"}
        found += [Subject(name, "peer", Peer(name, **where)) for name in options.peers]
    for name in libraries(options.device) if has_ceiling(registry.autoencoder(case.autoencoder)) else ():
        if case.use:
            found.append(Subject(name, "products", Products(framework=name, **common, **inference)))
        else:
            found.append(Subject(name, "products", Products(framework=name, batch_size=case.batch, **common)))
            found.append(Subject(name, "traffic", Traffic(framework=name, batch_size=case.batch, **common)))
    return found


def libraries(device: str) -> list[str]:
    """The installed frameworks whose libraries may give the ceiling; NumPy's is on the CPU only."""
    return [name for name in registry.installed(registry.frameworks()) if device == "cpu" or name != registry.ARBITER]


def measure(
    case: Case, options: Options, rounds: Rounds, processes: Mapping[str, FrameworkProcess], listener: Listener
) -> Row:
    """Time every subject of the case in turn; the case's document.

    processes: a subject's name -> where it runs. A subject that fails has the reason in place of numbers.
    """
    timings = [Timings(subject) for subject in subjects(case, options)]
    for timing in timings:
        _first(timing, processes[timing.subject.name])
    sound = [timing for timing in timings if "failure" not in timing.facts]
    listener.begin(case.title, rounds.most)
    for number in range(rounds.most):
        # Every other round goes backwards, so that nobody always runs after the same neighbour.
        for timing in sound if number % 2 == 0 else sound[::-1]:
            process = processes[timing.subject.name]
            time.sleep(SECONDS_TO_CALM_DOWN)
            timing.rounds.append(process.call(seconds, timing.subject.workload) / timing.facts["images"] * 1000)
        listener.advance(number + 1, rounds.most)
        if number + 1 >= rounds.least and _narrow(sound, rounds.precision):
            break
    for timing in sound:
        _last(timing, processes[timing.subject.name])
    failed = [timing.subject.name for timing in timings if "failure" in timing.facts]
    listener.finished(case.title, f"{number + 1} rounds" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return {
        **asdict(case),
        "narrow": _narrow(sound, rounds.precision),
        "ceiling": ceiling(sound),
        "subjects": [
            {"name": t.subject.name, "kind": t.subject.kind, **t.facts, "seconds_per_1000_images": t.rounds}
            for t in timings
        ],
    }


def _first(timing: Timings, process: FrameworkProcess) -> None:
    """Import, make ready, run once."""
    subject = timing.subject
    try:
        if subject.kind == "framework":
            timing.facts["import_seconds"] = process.call(import_seconds, subject.name)
        timing.facts["images"] = process.call(images, subject.workload)
        timing.facts["first_seconds"] = process.call(seconds, subject.workload)
        timing.facts["second_seconds"] = process.call(seconds, subject.workload)
    except AebenchError as error:
        timing.facts = {"failure": str(error)}


def _last(timing: Timings, process: FrameworkProcess) -> None:
    """What is known after the rounds."""
    facts = timing.facts
    warm = float(np.median(timing.rounds)) * facts["images"] / 1000
    facts["compile_seconds"] = max(0.0, facts["first_seconds"] - warm)
    if timing.subject.kind == "framework":
        facts["peak_bytes"], facts["peak_device_bytes"] = process.call(peak_memory, timing.subject.name)


def ceiling(timings: Iterable[Timings]) -> Row | None:
    """The fastest library's products plus the fastest one's traffic, round by round; None where neither was timed."""
    parts = {}
    for kind in ("products", "traffic"):
        of_kind = [t for t in timings if t.subject.kind == kind and t.rounds]
        if of_kind:
            parts[kind] = min(of_kind, key=lambda timing: float(np.median(timing.rounds)))
    if "products" not in parts:
        return None
    rounds = np.sum([timing.rounds for timing in parts.values()], axis=0)
    by = {kind: timing.subject.name for kind, timing in parts.items()}
    return {"libraries": by, "seconds_per_1000_images": [float(value) for value in rounds]}


def ratio(numerator: Sequence[float], denominator: Sequence[float]) -> Interval:
    """The quotient round by round: its median and interval."""
    return interval([a / b for a, b in zip(numerator, denominator, strict=True)])


def _narrow(timings: Sequence[Timings], precision: float) -> bool:
    """Whether every subject's share of the ceiling is known to that precision."""
    top = ceiling(timings)
    if top is None:
        return False
    compared = [t for t in timings if t.subject.kind in ("framework", "peer")]
    return all(ratio(top["seconds_per_1000_images"], t.rounds).spread <= precision for t in compared)
