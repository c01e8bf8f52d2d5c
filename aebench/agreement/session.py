"""The agreement of one autoencoder across processes: each framework climbs in its own and leaves a trace; the traces
are read and compared here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

from aebench import registry
from aebench.agreement.bounds import Spread
from aebench.agreement.compare import Agreement, Comparison, Judge
from aebench.agreement.ladder import RUNGS, Climb, record
from aebench.agreement.own import own_spreads
from aebench.agreement.spreads import spreads
from aebench.data import Dataset
from aebench.errors import AebenchError, UsageError
from aebench.processes.events import Listener
from aebench.processes.lanes import Lanes, errors_of
from aebench.processes.worker import FrameworkProcess
from aebench.records.trace import Place, Trace
from aebench.registry import ARBITER
from aebench.training.trial import dataset_of, scheduled


class Feeding(Protocol):
    """Where the climbers find what they read. It is sent to their processes."""

    def prepared(self, climb: Climb) -> tuple[Climb, Dataset]:
        """The climb as it goes with the data set, and the data set."""


@dataclass(frozen=True)
class Source:
    """Which data set the climbers read."""

    dataset: str
    data_dir: str | None
    schedule: str

    def prepared(self, climb: Climb) -> tuple[Climb, Dataset]:
        """The climb with the schedule and widths that go with the data set, and the data set."""
        dataset = dataset_of(self.dataset, self.data_dir, self.schedule)
        return replace(climb, autoencoder=scheduled(climb.autoencoder, dataset, self.schedule)), dataset


# Who does not climb, because there is a trace already, and what puts it at a path.
Kept = Mapping[str, Callable[[Path], None]]


@dataclass(frozen=True)
class Ascent:
    """One climb in several processes, under way. paths: where each leaves its trace. teacher: the one to follow."""

    climb: Climb
    paths: Mapping[str, Path]
    teacher: Path | None
    kept: Kept = field(default_factory=dict)
    calls: dict[str, Future[None]] = field(default_factory=dict)

    def begin(self, lanes: Lanes, source: Feeding) -> None:
        """Let every framework climb when it has done what it was asked for before.

        Nothing is timed here, so all climb at once; those who follow a teacher once its trace is there.
        """
        climb, paths, teacher = self.climb, self.paths, self.teacher
        self.remove()
        for name, put in self.kept.items():
            put(paths[name])
        judge = () if ARBITER in paths else (True,)
        if ARBITER in paths and ARBITER not in self.kept:
            self.calls[ARBITER] = lanes.call(ARBITER, climb_as_arbiter, climb, source, paths[ARBITER], teacher)
        elif teacher is not None:
            return
        for name in (name for name in paths if name not in (ARBITER, *self.kept)):
            call = climb_in, name, climb, source, paths[name], teacher, *judge
            self.calls[name] = lanes.call(name, *call, after=self.calls[ARBITER] if teacher else None)

    def agreements(self) -> tuple[list[Agreement], dict[str, str]]:
        """Wait for all; the agreements of all pairs, and for each framework that failed the reason.

        Raises:
            AebenchError: the reference itself failed, so that nothing can be compared.
            UsageError: there is no reference that the others could follow.
        """
        if self.teacher is not None and ARBITER not in self.paths:
            name = self.climb.autoencoder.name
            raise UsageError(f"{name} has no network in the reference, so there is no teacher to follow")
        errors = errors_of(self.calls)
        if ARBITER in errors:
            raise errors[ARBITER]
        traces = {name: Trace.read(path) for name, path in self.paths.items() if name not in errors}
        found = pairs(traces, self.climb, forced=self.teacher is not None)
        return found, {name: str(error) for name, error in errors.items()}

    def remove(self) -> None:
        """Leave no trace, which would pass for one of a later climb."""
        for path in (*self.paths.values(), self.teacher):
            if path is not None:
                path.unlink(missing_ok=True)


def ascent(
    frameworks: Iterable[str], climb: Climb, folder: Path, *, forced: bool = False, kept: Kept | None = None
) -> Ascent:
    """The climb of these frameworks, whose traces go into the folder; forced: in teacher-forced mode."""
    paths = {name: folder / f"{name}-{climb.dtype}.safetensors" for name in frameworks}
    teacher = folder / f"teacher-{climb.dtype}.safetensors" if forced else None
    return Ascent(climb, paths, teacher, kept or {})


def agree(
    processes: Mapping[str, FrameworkProcess], climb: Climb, source: Feeding, folder: Path
) -> tuple[list[Agreement], dict[str, str]]:
    """Let every framework climb; the agreements of all pairs, and for each framework that failed the reason.

    Without the reference among the processes the frameworks are compared with each other, and no arbiter takes part.

    Raises:
        AebenchError: the reference itself failed, so that nothing can be compared.
    """
    found = ascent(processes, climb, folder)
    with Lanes(processes) as lanes:
        lanes.at_end(found.remove)
        found.begin(lanes, source)
        return found.agreements()


@dataclass(frozen=True)
class Ascents:
    """The climbs of one autoencoder (dtypes) in the frameworks that have it, under way."""

    autoencoder: str
    frameworks: Sequence[str]
    each: Sequence[Ascent]
    keep_traces: bool

    def document(self, listener: Listener) -> dict[str, Any]:
        """Wait for them; the agreements as plain data; failures as rows."""
        name = self.autoencoder
        rows: list[dict[str, Any]] = []
        failed: dict[str, str] = {}
        listener.begin(f"{name}: agreement", len(self.each))
        for done, ascent in enumerate(self.each):
            try:
                agreements, failures = ascent.agreements()
            except AebenchError as error:
                agreements, failures = [], {self.frameworks[0]: str(error)}
            finally:
                if not self.keep_traces:
                    ascent.remove()
            rows += as_data(agreements)
            failed |= uncompared(agreements, self.frameworks, ascent.climb.dtype, failures) | failures
            listener.advance(done + 1, len(self.each))
        found = {"autoencoder": name, "agreements": list(undecided(rows)), "failures": failed}
        listener.finished(f"{name}, agreement", outcome(found))
        return found


def begin(
    lanes: Lanes, climbs: Sequence[Climb], source: Feeding, folder: Path, *, forced: bool = False,
    keep_traces: bool = False, kept: Sequence[Kept] | None = None,
) -> Ascents:  # fmt: skip
    """Begin several climbs of one autoencoder. What begins before others are compared loses no time.

    forced: teacher-forced mode. keep_traces: leave the traces in the folder (tens of megabytes each). kept: of each
    climb, who does not climb.
    """
    name, known = climbs[0].autoencoder.name, kept or [{} for _ in climbs]
    frameworks = registry.offering(name, dict.fromkeys((ARBITER, *lanes.processes, *(n for it in known for n in it))))
    each = [ascent(frameworks, climb, folder, forced=forced, kept=it) for climb, it in zip(climbs, known, strict=True)]
    for one in each:
        if not keep_traces:
            lanes.at_end(one.remove)
        one.begin(lanes, source)
    return Ascents(name, frameworks, each, keep_traces)


def uncompared(
    agreements: Sequence[Agreement], frameworks: Iterable[str], dtype: str, failures: Mapping[str, str]
) -> dict[str, str]:
    """The pairs of frameworks of which neither failed, and that were not compared all the same, as failures."""
    if not agreements and failures:
        return {}
    compared = {frozenset((a.left, a.right)) for a in agreements}
    pairs = combinations([name for name in frameworks if name not in failures], 2)
    return {b: f"was not compared with {a} in {dtype}" for a, b in pairs if frozenset((a, b)) not in compared}


def outcome(document: Mapping[str, Any]) -> str:
    """How the climbs of one autoencoder ended, in one line."""
    parting = next((row["parting"] for row in document["agreements"] if row["parting"]), None)
    vacuous = sum(1 for row in document["agreements"] if row.get("vacuous"))
    pairs = len({(row["left"], row["right"]) for row in document["agreements"]})
    found = [f"{name} failed: {why}" for name, why in document["failures"].items()]
    if parting:
        found.append(f"PARTS: {parting}")
    elif vacuous:
        found.append(f"nothing parts, but {vacuous} of {len(document['agreements'])} comparisons have vacuous rungs")
    elif pairs:
        found.append("1 pair agrees" if pairs == 1 else f"{pairs} pairs agree")
    return "; ".join(found) or "nothing was compared"


def pairs(traces: Mapping[str, Trace], climb: Climb, *, forced: bool) -> list[Agreement]:
    """Compare every pair, the reference first; without it each by the spreads of the pair's first."""
    judges = {name: _judge(traces[name], climb, forced) for name in ([ARBITER] if ARBITER in traces else traces)}
    return [
        judges[ARBITER if ARBITER in judges else left].compare(traces[left], traces[right])
        for left, right in combinations(traces, 2)
    ]


def _judge(trace: Trace, climb: Climb, forced: bool) -> Judge:
    spreads = {Place.parse(key): Spread(*values) for key, values in trace.metadata["spreads"].items()}
    return Judge(trace, spreads, climb.autoencoder, forced=forced)


def climb_in(name: str, climb: Climb, source: Feeding, path: Path, teacher: Path | None, judge: bool = False) -> None:
    """In a framework's process: climb and write the trace; as a judge, with how far it strays itself."""
    climb, dataset = source.prepared(climb)
    framework, followed = registry.framework(name), Trace.read(teacher) if teacher else None
    trace = record(framework, climb, dataset, followed)
    trace.framework = name
    if judge:
        found = own_spreads(framework, climb, dataset, trace)
        trace.metadata["spreads"] = {place.key: (s.largest, s.rms) for place, s in found.items()}
    trace.save(path)


def climb_as_arbiter(climb: Climb, source: Feeding, path: Path, teacher: Path | None) -> None:
    """In the reference's process: climb, climb disturbed, and write the trace with the spreads.

    With a teacher the reference first climbs freely, leaves that as the teacher's trace, and then follows it itself.
    """
    climb, dataset = source.prepared(replace(climb, device="cpu"))
    arbiter, followed = registry.framework(ARBITER), None
    if teacher is not None:
        followed = record(arbiter, replace(climb, moments=True), dataset)
        followed.save(teacher)
    base = record(arbiter, climb, dataset, followed)
    found = spreads(arbiter, climb, dataset, base, followed)
    base.metadata["spreads"] = {place.key: (s.largest, s.rms) for place, s in found.items()}
    base.save(path)


def as_data(agreements: Sequence[Agreement]) -> list[dict[str, Any]]:
    """The agreements as plain data: per rung the place with the least headroom, the first that parts, and what no
    bound could judge: `blind` arrays, and `vacuous` rungs, of which that is all."""
    return [
        {
            "autoencoder": a.autoencoder,
            "dtype": a.dtype,
            "left": a.left,
            "right": a.right,
            "arbiter": ARBITER if a.arbiter else None,
            "parting": a.first_parting.problem if a.first_parting else None,
            "vacuous": a.vacuous(),
            "blind": {c.place.key: c.sensitivity for c in a.blind},
            "rungs": [_rung(a, rung, worst) for rung in RUNGS if (worst := a.worst(rung))],
        }
        for a in agreements
    ]


def undecided(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The agreements with those rungs as `vacuous` that none of a pair's dtypes could judge.

    What one dtype leaves to rounding and the other judges was compared; its arrays stay among the `blind`.
    """
    for row in rows:
        pair = [other for other in rows if (other["left"], other["right"]) == (row["left"], row["right"])]
        lost = [rung for rung in row["vacuous"] if all(rung in other["vacuous"] for other in pair)]
        yield {**row, "vacuous": lost}


def _rung(agreement: Agreement, rung: str, worst: Comparison) -> dict[str, Any]:
    return {
        "rung": rung,
        "arrays": sum(c.place.rung == rung for c in agreement.comparisons),
        "place": worst.place.key,
        "relative": worst.relative,
        "headroom": worst.headroom,
        "sensitivity": agreement.sensitivity(rung),
        "bound": worst.bound.largest,
        "reason": worst.bound.reason,
    }
