"""How fast: subjects run in turn, round after round, each in a process of its own that stays, until their ratios are
known. A machine's speed drifts; what is measured in the same round drifts together, so ratios are taken round by round.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import stats

from aebench import registry
from aebench.arrays import Dtype
from aebench.errors import AebenchError
from aebench.processes.events import Listener
from aebench.processes.worker import FrameworkProcess
from aebench.protocol import Use
from aebench.records.fields import plain
from aebench.records.machine import Watch
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


def subjects(case: Case, options: Options) -> list[Subject]:
    """The frameworks, the peers, and for the ceiling, where there is one, every installed framework's library."""
    common: Row = {key: value for key, value in asdict(options).items() if key not in ("frameworks", "peers")}
    common |= {"autoencoder": case.autoencoder, "width": case.width}
    inference: Row = {"use": case.use, "batch": case.batch or 150}

    def of_framework(name: str) -> Workload:
        if case.use:
            return Inference(framework=name, **common, **inference)
        return Training(framework=name, batch_size=case.batch, **common)

    found = [
        Subject(name, "framework", of_framework(name))
        for name in registry.offering(case.autoencoder, options.frameworks)
    ]
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

    processes: a subject's name -> where it runs. A subject that fails has the reason in place of numbers; one that
    breaks off in a single round is timed again in a new process, and says so.
    """
    listener.begin(case.title, rounds.most)
    watch = Watch()
    timings = [Timings(subject) for subject in subjects(case, options)]
    for timing in timings:
        _first(timing, processes[timing.subject.name])
    sound = [timing for timing in timings if "failure" not in timing.facts]
    for number in range(rounds.most):
        # Every other round goes backwards, so that nobody always runs after the same neighbour.
        for timing in sound if number % 2 == 0 else sound[::-1]:
            time.sleep(SECONDS_TO_CALM_DOWN)
            beside = [t for t in sound if t.subject.name == timing.subject.name and t is not timing]
            _round(timing, beside, processes[timing.subject.name])
        sound = [timing for timing in sound if "failure" not in timing.facts]
        listener.advance(number + 1, rounds.most)
        if number + 1 >= rounds.least and _narrow(sound, rounds.precision):
            break
    for timing in sound:
        _last(timing, processes[timing.subject.name])
    failed = [timing.subject.name for timing in timings if "failure" in timing.facts]
    lost = sum(len(timing.facts.get("lost", ())) for timing in timings)
    result = f"{number + 1} rounds" + (f", {lost} timings lost and repeated" if lost else "")
    listener.finished(case.title, result + (f"; failed: {', '.join(failed)}" if failed else ""))
    known = {"narrow": _narrow(sound, rounds.precision), "ceiling": ceiling(sound), "busy": plain(watch.busy())}
    return {**asdict(case), **known, "subjects": [_row(timing) for timing in timings]}


def _row(timing: Timings) -> Row:
    subject = {"name": timing.subject.name, "kind": timing.subject.kind}
    return {**subject, **timing.facts, "seconds_per_1000_images": timing.rounds}


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


def _round(timing: Timings, beside: Sequence[Timings], process: FrameworkProcess) -> None:
    """One more round; one that is lost is timed once more, and a subject that loses that, too, has failed.

    beside: the subjects whose workloads live in the same process, and are lost with it.
    """
    try:
        spent = process.call(seconds, timing.subject.workload)
    except AebenchError as error:
        timing.facts.setdefault("lost", []).append(f"round {len(timing.rounds) + 1}: {error}")
        try:
            _warm([timing, *beside], process)
            spent = process.call(seconds, timing.subject.workload)
        except AebenchError as again:
            timing.facts, timing.rounds = {"failure": f"round {len(timing.rounds) + 1}: {again}"}, []
            # What fails in there now is found out in its own round.
            with contextlib.suppress(AebenchError):
                _warm(beside, process)
            return
    timing.rounds.append(spent / timing.facts["images"] * 1000)


def _warm(timings: Iterable[Timings], process: FrameworkProcess) -> None:
    """Bring a new process to where the subjects left the one before: ready, compiled and run."""
    for timing in timings:
        for _ in range(2):
            process.call(seconds, timing.subject.workload)


def _last(timing: Timings, process: FrameworkProcess) -> None:
    """What is known after the rounds."""
    facts = timing.facts
    warm = float(np.median(timing.rounds)) * facts["images"] / 1000
    facts["compile_seconds"] = max(0.0, facts["first_seconds"] - warm)
    if timing.subject.kind == "framework":
        with contextlib.suppress(AebenchError):  # a process that ends only now has been timed all the same
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
