"""The agreement of one autoencoder across processes: each framework climbs in its own and leaves a trace; the traces
are read and compared here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.agreement.bounds import Spread, spreads
from aebench.agreement.compare import Agreement, compare
from aebench.agreement.ladder import RUNGS, Climb, record
from aebench.data import Dataset
from aebench.errors import AebenchError
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

    forced: teacher-forced mode. keep_traces: leave the traces in the folder (tens of megabytes each).

    Raises:
        AebenchError: the reference itself failed, so that nothing can be compared.
    """
    paths = {name: folder / f"{name}-{climb.dtype}.safetensors" for name in processes}
    teacher = folder / f"teacher-{climb.dtype}.safetensors" if forced else None
    others = {name: (climb_in, name, climb, source, paths[name], teacher) for name in processes if name != ARBITER}
    arbiter = {ARBITER: (climb_as_arbiter, climb, source, paths[ARBITER], teacher)}
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
            for path in (*paths.values(), *([teacher] if teacher else [])):
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
            agreements, failures = [], {ARBITER: str(error)}
        rows += as_data(agreements)
        failed |= failures
        listener.advance(done + 1, len(climbs))
    found = {"autoencoder": name, "agreements": rows, "failures": failed}
    listener.finished(f"{name}, agreement", outcome(found))
    return found


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
    """Compare every pair, the reference first."""
    reference = traces[ARBITER]
    limits = {Place.parse(key): Spread(*values) for key, values in reference.metadata["spreads"].items()}
    return [
        compare(traces[left], traces[right], reference, limits, climb.autoencoder, forced=forced)
        for left, right in combinations(traces, 2)
    ]


def climb_in(name: str, climb: Climb, source: Source, path: Path, teacher: Path | None) -> None:
    """In a framework's process: climb and write the trace."""
    climb, dataset = _prepared(climb, source)
    followed = Trace.read(teacher) if teacher else None
    record(registry.framework(name), climb, dataset, followed).save(path)


def climb_as_arbiter(climb: Climb, source: Source, path: Path, teacher: Path | None) -> None:
    """In the reference's process: climb, climb disturbed, and write the trace with the spreads.

    With a teacher the reference first climbs freely, leaves that as the teacher's trace, and then follows it itself.
    """
    climb, dataset = _prepared(replace(climb, device="cpu"), source)
    arbiter, followed = registry.framework(ARBITER), None
    if teacher is not None:
        followed = record(arbiter, replace(climb, moments=True), dataset)
        followed.save(teacher)
    base = record(arbiter, climb, dataset, followed)
    found = spreads(arbiter, climb, dataset, base, followed)
    base.metadata["spreads"] = {place.key: (s.largest, s.rms) for place, s in found.items()}
    base.save(path)


def _prepared(climb: Climb, source: Source) -> tuple[Climb, Dataset]:
    dataset = dataset_of(source.dataset, source.data_dir, source.schedule)
    return replace(climb, autoencoder=scheduled(climb.autoencoder, dataset, source.schedule)), dataset


def as_data(agreements: Sequence[Agreement]) -> list[dict[str, Any]]:
    """The agreements as plain data: per rung the place with the least headroom, and the first that parts."""
    return [
        {
            "autoencoder": a.autoencoder,
            "dtype": a.dtype,
            "left": a.left,
            "right": a.right,
            "parting": a.first_parting.problem if a.first_parting else None,
            "rungs": [
                {
                    "rung": rung,
                    "place": worst.place.key,
                    "relative": worst.relative,
                    "headroom": worst.headroom,
                    "bound": worst.bound.largest,
                    "reason": worst.bound.reason,
                }
                for rung in RUNGS
                if (worst := a.worst(rung))
            ],
        }
        for a in agreements
    ]
