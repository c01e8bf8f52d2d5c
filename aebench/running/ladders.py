"""The ladder alone, without training: every autoencoder asked for, in every framework, from every seed."""

from __future__ import annotations

import contextlib
import shlex
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from aebench import registry
from aebench.agreement import session
from aebench.agreement.ladder import Climb
from aebench.agreement.session import Ascents, Source
from aebench.arrays import Dtype
from aebench.errors import AebenchError, ExecutorError, UsageError
from aebench.processes import environments, worker
from aebench.processes.events import Listener, Silent
from aebench.processes.executors import Chosen, Handed
from aebench.processes.lanes import Lanes
from aebench.processes.temporary import scratch
from aebench.processes.worker import FrameworkProcess
from aebench.records import documents
from aebench.records.conditions import Conditions
from aebench.records.documents import comparable
from aebench.records.fields import Count, checked, plain
from aebench.records.reuse import require_same_document, require_same_options
from aebench.records.store import locked
from aebench.registry import ARBITER
from aebench.running.elsewhere import Task, handing_in, interpreters, require_alike, take_on, travelling, while_wanted
from aebench.running.options import Options, check, dataset_name, processes_of, with_defaults
from aebench.running.resume import conditions, covers

Item = TypeVar("Item")
Key = tuple[str, int]  # autoencoder, seed
Found = tuple[str, int, Mapping[str, Any]]  # the same, and what was found of it

# Of the options: what makes two climbs comparable, and what a later call may add to.
SAME = ("dataset", "schedule", "device")
ADDED = ("autoencoders", "frameworks", "seeds")
ADVICE = "climb as then, or choose another --output"


@dataclass(frozen=True)
class Climbing:
    """How the ladder is climbed. climbs: the pattern of each climb; forced, keep_traces: as of `session.begin`."""

    climbs: Climb
    dtypes: tuple[Dtype, ...]
    forced: bool = False
    keep_traces: bool = False

    @property
    def stated(self) -> dict[str, Any]:
        """What a document says of it."""
        return {"steps": self.climbs.steps, "dtypes": self.dtypes, "forced": self.forced}


class Ascending(Task):
    """The climbs of one autoencoder from one seed, in each dtype."""

    steps: Count
    dtypes: tuple[Dtype, ...]
    forced: bool


def asked_for(options: Options, steps: int) -> tuple[Options, Climb]:
    """The options with whatever was not named, and the pattern of each climb, of so many steps in each phase.

    Raises:
        UsageError: there is nothing that the reference is compared with.
    """
    found = with_defaults(options, arbiter=True)
    if set(found.frameworks) <= {ARBITER}:
        raise UsageError(
            f"with {ARBITER} alone nothing is compared; name another framework, such as --frameworks pytorch"
        )
    return found, Climb(registry.autoencoder(found.autoencoders[0]), device=found.device, steps=steps)


def agreements(
    options: Options, climbs: Climb, dtypes: Sequence[Dtype], folder: Path, listener: Listener, *, forced: bool,
    keep_traces: bool, executor: Chosen | None = None, logs: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The ladder alone, for every autoencoder and seed; `climbs` is the pattern of each climb.

    The folder's `agreements.json` is written anew after each. What it holds of an autoencoder and a seed is not climbed
    again where it covers every pair that is asked for, unless traces are to be kept. Returned is what is asked for.
    executor: climbs in its workers, several autoencoders and seeds at once; traces are not kept then. logs: folder for
    what the frameworks say themselves; without one that is left on standard error.

    Raises:
        UsageError: the folder holds climbs of another kind, or under other conditions.
        ExecutorError: the executor cannot be had, or is gone.
        ResultError: its document is damaged.
    """
    check(options)
    path, climbing = folder / "agreements.json", Climbing(climbs, tuple(dtypes), forced, keep_traces)
    with contextlib.ExitStack() as opened:
        # First: a cluster that is not there is told at once, and nothing is written.
        handed = opened.enter_context(Handed(executor, listener)) if executor else None
        opened.enter_context(locked(folder))
        processes = opened.enter_context(processes_of(options, logs, arbiter=True))
        now = conditions(options, processes, names=options.autoencoders)
        stated = {"options": asdict(options), "climbing": climbing.stated, "conditions": plain(now)}
        document = _continued(path, {**stated, "agreements": [], "failures": []})
        documents.write(path, "agreements", document)
        missing = _missing(document, options, climbing, processes)
        if handed:
            found = _elsewhere(missing, options, climbing, now, folder, handed, listener)
        else:
            found = _here(missing, options, climbing, processes, folder, listener)
        for name, seed, rows in found:
            _put(document, name, seed, rows, options, climbing)
            documents.write(path, "agreements", document)
    return {**document, **_asked(document, options, dtypes)}


def _here(
    missing: Sequence[Key], options: Options, climbing: Climbing, processes: Mapping[str, FrameworkProcess],
    folder: Path, listener: Listener,
) -> Iterator[Found]:  # fmt: skip
    """Climb in these processes, all of them at once."""
    with Lanes(processes) as lanes:
        begun = ((*pair, _begin(lanes, *pair, options, climbing, folder)) for pair in missing)
        # So no process waits while traces are compared, nor for one that climbs more slowly.
        for name, seed, ascents in one_ahead(begun):
            yield name, seed, ascents.document(listener)
            traces = _traces(folder, name, seed)
            with contextlib.suppress(OSError):  # they are empty, unless traces are kept
                traces.rmdir()
                traces.parent.rmdir()


def _elsewhere(
    missing: Sequence[Key], options: Options, climbing: Climbing, now: Conditions, folder: Path, handed: Handed,
    listener: Listener,
) -> Iterator[Found]:  # fmt: skip
    """Climb in the executor's workers."""
    with handing_in(folder, handed) as token:
        listener.begin(f"{len(missing)} climbs by {handed.name}", len(missing))
        for name, seed in missing:
            task = Ascending(
                options=travelling(replace(options, autoencoders=(name,), seeds=(seed,))),
                folder=str(folder.absolute()), conditions=now, environments=interpreters(options.frameworks),
                token=token, silence=worker.SILENCE_SECONDS,
                steps=climbing.climbs.steps, dtypes=climbing.dtypes, forced=climbing.forced,
            )  # fmt: skip
            handed.hand_in((name, seed), f"{name}, seed {seed}", ascend, plain(task))
        for done, ((name, seed), found) in enumerate(handed.results()):
            rows = _failed(options, found) if isinstance(found, ExecutorError) else found
            listener.finished(f"{name}, seed {seed}", session.outcome(rows))
            listener.advance(done + 1, len(missing))
            yield name, seed, rows


def ascend(content: Mapping[str, Any]) -> dict[str, Any]:
    """In an executor's worker: climb the task; its agreements, and why what failed did not climb."""
    task = checked(content, Ascending)
    options = task.options
    (name,), (seed,) = options.autoencoders, options.seeds
    try:
        take_on(task)
        climb = Climb(registry.autoencoder(name), device=options.device, steps=task.steps)
        climbing = Climbing(climb, task.dtypes, task.forced)
        with (
            scratch() as folder,
            processes_of(options, None, arbiter=True) as processes,
            while_wanted(task, *processes.values()),
            Lanes(processes) as lanes,
        ):
            for process in processes.values():
                require_alike(task, process)
            return _begin(lanes, name, seed, options, climbing, folder).document(Silent())
    except AebenchError as error:
        return _failed(options, error)


def _failed(options: Options, error: AebenchError) -> dict[str, Any]:
    """What is found where nothing was climbed."""
    return {"agreements": [], "failures": {framework: str(error) for framework in options.frameworks}}


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Each item once the one after it is there, too."""
    before: deque[Item] = deque()
    for item in items:
        before.append(item)
        if len(before) > 1:
            yield before.popleft()
    yield from before


def _missing(document: Mapping[str, Any], options: Options, climbing: Climbing, frameworks: Iterable[str]) -> list[Key]:
    """What the document does not hold yet; everything, where traces are to be kept."""
    names = list(frameworks)
    return [
        (name, seed)
        for name, seed in product(options.autoencoders, options.seeds)
        if climbing.keep_traces or not _covered(document, name, seed, names, climbing.dtypes)
    ]


def _covered(
    document: Mapping[str, Any], name: str, seed: int, frameworks: Iterable[str], dtypes: Sequence[Dtype]
) -> bool:
    """Whether the document holds every pair of the frameworks that have the autoencoder."""
    mine = [row for row in document["agreements"] if _is_of(row, name, seed)]
    return covers(mine, registry.offering(name, frameworks), dtypes)


def _traces(folder: Path, name: str, seed: int) -> Path:
    """Where the traces of an autoencoder and seed go."""
    return folder / name / f"seed{seed}"


def _begin(lanes: Lanes, name: str, seed: int, options: Options, climbing: Climbing, folder: Path) -> Ascents:
    """Begin the climbs of one autoencoder and seed."""
    autoencoder = registry.autoencoder(name)
    source = Source(dataset_name(options, autoencoder), options.data_dir, options.schedule)
    each = [replace(climbing.climbs, autoencoder=autoencoder, seed=seed, dtype=dtype) for dtype in climbing.dtypes]
    traces, forced = _traces(folder, name, seed), climbing.forced
    return session.begin(lanes, each, source, traces, forced=forced, keep_traces=climbing.keep_traces)


def _put(
    document: dict[str, Any], name: str, seed: int, found: Mapping[str, Any], options: Options, climbing: Climbing
) -> None:
    """Put what was found of one autoencoder and seed in the place of what the document held of it."""
    rows = {
        "agreements": [{**row, "command": command(options, climbing, row, seed)} for row in found["agreements"]],
        "failures": [{"autoencoder": name, "framework": k, "failure": v} for k, v in found["failures"].items()],
    }
    for part, new in rows.items():
        others = [row for row in document[part] if not _is_of(row, name, seed)]
        document[part] = [*others, *({**row, "seed": seed} for row in new)]


def command(options: Options, climbing: Climbing, row: Mapping[str, Any], seed: int) -> str:
    """The command that climbs one pair of frameworks again."""
    pair = ",".join(environments.said(name) for name in (row["left"], row["right"]) if name != ARBITER)
    words = ["aebench", "agree", row["autoencoder"], "-f", pair, "--dtype", row["dtype"], "-s", str(seed)]
    words += ["--steps", str(climbing.climbs.steps), "-d", options.dataset, "-p", options.schedule]
    words += ["--data-dir", options.data_dir] if options.data_dir else []
    words += ["--device", options.device] if options.device != "cpu" else []
    return shlex.join([*words, "--teacher-forced"] if climbing.forced else words)


def _is_of(row: Mapping[str, Any], name: str, seed: int) -> bool:
    return (row["autoencoder"], row["seed"]) == (name, seed)


def _continued(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    """The document with what was climbed there before.

    Raises:
        UsageError: what was climbed there was climbed differently.
        ResultError: damaged, or of another version.
    """
    before = documents.read_if_there(path, "agreements")
    if before is None or not before["agreements"]:
        return document
    now = comparable(document)
    require_same_options(path, {key: before["options"][key] for key in SAME}, now["options"], ADVICE)
    then = before["climbing"] or {"steps": "unknown", "forced": "unknown"}
    require_same_options(path, {key: then[key] for key in ("steps", "forced")}, now["climbing"], ADVICE)
    known = require_same_document(path, before, now["conditions"], ADVICE)
    options = {key: list(dict.fromkeys((*before["options"][key], *now["options"][key]))) for key in ADDED}
    climbing = {**now["climbing"], "dtypes": list(dict.fromkeys((*then["dtypes"], *now["climbing"]["dtypes"])))}
    return {**before, "options": {**now["options"], **options}, "climbing": climbing, "conditions": known}


def _asked(document: Mapping[str, Any], options: Options, dtypes: Sequence[Dtype]) -> dict[str, Any]:
    """The rows of the document that are asked for, and nothing that an earlier call asked for besides."""
    frameworks = {ARBITER, *options.frameworks}
    wanted = list(product(options.autoencoders, options.seeds))
    rows = [row for n, s in wanted for row in document["agreements"] if _is_of(row, n, s)]
    return {
        "options": asdict(options),
        "agreements": [r for r in rows if r["dtype"] in dtypes and {r["left"], r["right"]} <= frameworks],
        "failures": [row for row in document["failures"] if (row["autoencoder"], row["seed"]) in wanted],
    }
