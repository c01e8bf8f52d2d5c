"""The agreement of one autoencoder across processes: each framework climbs in its own and leaves a trace; the traces
are read and compared here."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.agreement.bounds import Spread
from aebench.agreement.compare import Agreement, Comparison, compare
from aebench.agreement.ladder import RUNGS, Climb, record
from aebench.agreement.spreads import draw, spreads
from aebench.data import Dataset
from aebench.errors import AebenchError, UsageError
from aebench.processes import environments
from aebench.processes.events import Listener
from aebench.processes.worker import FrameworkProcess
from aebench.records.trace import Place, Trace
from aebench.registry import ARBITER
from aebench.training.trial import dataset_of, scheduled


@dataclass(frozen=True)
class Source:
    """Which data set the climbers read."""

    dataset: str
    data_dir: str | None
    schedule: str


def agree(
    processes: Mapping[str, FrameworkProcess], climb: Climb, source: Source, folder: Path, *, forced: bool = False,
    keep_traces: bool = False,
) -> tuple[list[Agreement], dict[str, str]]:  # fmt: skip
    """Let every framework climb; the agreements of all pairs, and for each framework that failed the reason.

    Without the reference among the processes the frameworks are compared with each other, and no arbiter takes part.
    forced: teacher-forced mode. keep_traces: leave the traces in the folder (tens of megabytes each).

    Raises:
        AebenchError: the reference itself failed, so that nothing can be compared.
        UsageError: teacher-forced mode without the reference.
    """
    refereed = ARBITER in processes
    if forced and not refereed:
        raise UsageError(f"{climb.autoencoder.name} has no network in the reference, so there is no teacher to follow")
    paths = {name: folder / f"{name}-{climb.dtype}.safetensors" for name in processes}
    teacher = folder / f"teacher-{climb.dtype}.safetensors" if forced else None
    judge = () if refereed else (True,)
    others = {n: (climb_in, n, climb, source, paths[n], teacher, *judge) for n in processes if n != ARBITER}
    arbiter = {ARBITER: (climb_as_arbiter, climb, source, paths[ARBITER], teacher)} if refereed else {}
    _remove(*paths.values(), teacher)
    try:
        # Nothing is timed here, so all climb at once; those who follow a teacher once its trace is there.
        errors = at_once(processes, arbiter) if forced else at_once(processes, arbiter | others)
        if ARBITER in errors:
            raise errors[ARBITER]
        errors |= at_once(processes, others) if forced else {}
        traces = {name: Trace.read(path) for name, path in paths.items() if name not in errors}
        return pairs(traces, climb, forced=forced), {name: str(error) for name, error in errors.items()}
    finally:
        if not keep_traces:
            _remove(*paths.values(), teacher)


def _remove(*paths: Path | None) -> None:
    """Leave no trace of an earlier climb, which would pass for one of this."""
    for path in paths:
        if path is not None:
            path.unlink(missing_ok=True)


def at_once(processes: Mapping[str, FrameworkProcess], calls: Mapping[str, tuple[Any, ...]]) -> dict[str, AebenchError]:
    """Call each function with its arguments in its process, all at the same time; the errors of those that failed.

    An interruption ends the processes: none is waited for.
    """
    errors: dict[str, AebenchError] = {}
    with ThreadPoolExecutor(len(calls) or 1) as threads:
        futures = {name: threads.submit(partial(processes[name].call, *call)) for name, call in calls.items()}
        try:
            wait(futures.values())
        except BaseException:
            for name in calls:
                processes[name].close()
            raise
    for name, future in futures.items():
        try:
            future.result()
        except AebenchError as error:
            errors[name] = error
    return errors


def document(
    processes: Mapping[str, FrameworkProcess], climbs: Sequence[Climb], source: Source, folder: Path,
    listener: Listener, *, forced: bool = False, keep_traces: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """The agreements of one autoencoder over several climbs (dtypes) as plain data; failures as rows."""
    name = climbs[0].autoencoder.name
    ordered = {ARBITER: processes[ARBITER], **processes}
    ordered = {framework: ordered[framework] for framework in registry.offering(name, ordered)}
    rows: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    listener.begin(f"{name}: agreement", len(climbs))
    for done, climb in enumerate(climbs):
        try:
            agreements, failures = agree(ordered, climb, source, folder, forced=forced, keep_traces=keep_traces)
        except AebenchError as error:
            agreements, failures = [], {next(iter(ordered)): str(error)}
        rows += as_data(agreements)
        failed |= uncompared(agreements, ordered, climb.dtype, failures) | failures
        listener.advance(done + 1, len(climbs))
    found = {"autoencoder": name, "agreements": list(undecided(rows)), "failures": failed}
    listener.finished(f"{name}, agreement", outcome(found))
    return found


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


def command(climb: Climb, source: Source, names: Iterable[str], *, forced: bool = False) -> str:
    """The command that climbs the subjects again, beside the reference."""
    subjects = ",".join(environments.said(name) for name in names if name != ARBITER)
    words = ["aebench", "agree", climb.autoencoder.name, "-f", subjects, "--dtype", climb.dtype, "-s", str(climb.seed)]
    words += ["--steps", str(climb.steps), "-d", source.dataset, "-p", source.schedule]
    words += ["--data-dir", source.data_dir] if source.data_dir else []
    words += ["--device", climb.device] if climb.device != "cpu" else []
    return shlex.join([*words, "--teacher-forced"] if forced else words)


def pairs(traces: Mapping[str, Trace], climb: Climb, *, forced: bool) -> list[Agreement]:
    """Compare every pair, the reference first; without it each by the spreads of the pair's first."""
    found = []
    for left, right in combinations(traces, 2):
        judge = traces.get(ARBITER, traces[left])
        limits = {Place.parse(key): Spread(*values) for key, values in judge.metadata["spreads"].items()}
        reference = traces.get(ARBITER)
        found.append(compare(traces[left], traces[right], reference, limits, climb.autoencoder, forced=forced))
    return found


def climb_in(name: str, climb: Climb, source: Source, path: Path, teacher: Path | None, judge: bool = False) -> None:
    """In a framework's process: climb and write the trace; as a judge, with how far it strays itself."""
    climb, dataset = prepared(climb, source)
    framework, followed = registry.framework(name), Trace.read(teacher) if teacher else None
    trace = record(framework, climb, dataset, followed)
    trace.framework = name
    if judge:
        found = draw(framework, climb, dataset, trace)
        trace.metadata["spreads"] = {place.key: (s.largest, s.rms) for place, s in found.items()}
    trace.save(path)


def climb_as_arbiter(climb: Climb, source: Source, path: Path, teacher: Path | None) -> None:
    """In the reference's process: climb, climb disturbed, and write the trace with the spreads.

    With a teacher the reference first climbs freely, leaves that as the teacher's trace, and then follows it itself.
    """
    climb, dataset = prepared(replace(climb, device="cpu"), source)
    arbiter, followed = registry.framework(ARBITER), None
    if teacher is not None:
        followed = record(arbiter, replace(climb, moments=True), dataset)
        followed.save(teacher)
    base = record(arbiter, climb, dataset, followed)
    found = spreads(arbiter, climb, dataset, base, followed)
    base.metadata["spreads"] = {place.key: (s.largest, s.rms) for place, s in found.items()}
    base.save(path)


def prepared(climb: Climb, source: Source) -> tuple[Climb, Dataset]:
    """The climb with the schedule and widths that go with the data set, and the data set."""
    dataset = dataset_of(source.dataset, source.data_dir, source.schedule)
    return replace(climb, autoencoder=scheduled(climb.autoencoder, dataset, source.schedule)), dataset


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
