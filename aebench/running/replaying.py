"""Replaying a bundle: its climbs taken again by others, and judged by the reference's trace that it holds."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec import structs

from aebench import registry
from aebench.agreement import session
from aebench.agreement.bundled import Unpacked, unpack_trace
from aebench.agreement.ladder import Climb
from aebench.agreement.session import Ascents
from aebench.arrays import Dtype
from aebench.errors import OtherClimbError, UsageError
from aebench.processes import environments
from aebench.processes.events import Listener
from aebench.processes.lanes import Lanes
from aebench.processes.subjects import subjects
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture, documents
from aebench.records.archive import Archive, opened
from aebench.records.bundles import Bundled
from aebench.records.conditions import Conditions, Subject
from aebench.records.fields import plain
from aebench.registry import ARBITER
from aebench.running.ladders import one_ahead
from aebench.running.options import DTYPES, Options, processes_of


@dataclass(frozen=True)
class Asked:
    """What is replayed. frameworks: who climbs here. autoencoders: of the bundle's; empty: all of them.

    others: beside those who climb, who has climbed: by the subject's name here, the bundle and the name in it.
    """

    bundle: Archive
    frameworks: tuple[str, ...]
    autoencoders: tuple[str, ...] = ()
    dtypes: tuple[Dtype, ...] = DTYPES
    device: str = "cpu"
    others: Mapping[str, tuple[Archive, str]] = field(default_factory=dict)

    def climbs(self) -> list[Bundled]:
        """Those of the bundle that are asked for."""
        return [
            climb
            for climb in self.bundle.manifest.climbs
            if climb.specification.name in (self.autoencoders or (climb.specification.name,))
            and climb.dtype in self.dtypes
        ]


def bundled(names: Iterable[str]) -> dict[str, Path]:
    """Those of the subjects that are a bundle's, and its path."""
    found = {name: environments.find(registry.environment(name)).bundle for name in names}
    return {name: path for name, path in found.items() if path is not None}


def of_subjects(names: Sequence[str], autoencoders: tuple[str, ...], dtypes: tuple[Dtype, ...], device: str) -> Asked:
    """What subjects, some of whom are a bundle's, have to climb to be compared: what the first one's bundle holds.

    Raises:
        UsageError: the bundle does not hold what is asked for.
        OtherClimbError: another one does not hold the same climbs, or one has no trace of its subject.
        ResultError: a bundle is damaged.
    """
    places = bundled(names)
    archives = {path: opened(path) for path in dict.fromkeys(places.values())}
    others = {name: (archives[path], registry.bare(name)) for name, path in places.items()}
    here = tuple(name for name in names if name not in (ARBITER, *places))
    asked = Asked(next(iter(archives.values())), here, autoencoders, dtypes, device, others)
    _require_held(asked)
    for climb in asked.climbs():
        for bundle in archives.values():
            _require_same(asked.bundle, bundle, climb)
        for bundle, called in others.values():
            _require_trace(bundle, called, climb)
    return asked


def _require_same(one: Archive, other: Archive, climb: Bundled) -> None:
    """OtherClimbError where the other bundle does not hold that climb of the first one, fed the same."""
    same = _same(other, climb)
    if same is None or _fed(one, climb) != _fed(other, same):
        raise OtherClimbError(
            f"{one.path} and {other.path} do not hold the same climb of {_said(climb)}, so these are not compared"
        )


def _require_trace(bundle: Archive, called: str, climb: Bundled) -> None:
    """OtherClimbError where the bundle has no trace of a subject that has the autoencoder."""
    same = _same(bundle, climb)
    if same is not None and called not in same.traces and registry.offers(called, climb.specification.name):
        raise OtherClimbError(f"{bundle.path} holds no trace of {called} in {_said(climb)}; make the bundle anew")


def _same(bundle: Archive, climb: Bundled) -> Bundled | None:
    """The bundle's climb of the same autoencoder, seed and dtype."""
    return next((found for found in bundle.manifest.climbs if found.key == climb.key), None)


def _said(climb: Bundled) -> str:
    name, seed, dtype = climb.key
    return f"{name}, seed {seed}, {dtype}"


def _fed(bundle: Archive, climb: Bundled) -> tuple[Any, ...]:
    """All that a climb's numbers depend on, beside who climbs."""
    members = bundle.manifest.members
    return climb.specification, climb.steps, members[climb.data].sha256, members[climb.drawn].sha256


def replay(asked: Asked, folder: Path, listener: Listener) -> dict[str, Any]:
    """Let the frameworks climb; what was found, as of `ladders.agreements`. folder: for what is unpacked.

    Raises:
        UsageError: the bundle does not hold what is asked for, or a framework cannot be replayed with.
        ResultError: a member does not hold what it should.
    """
    _require_held(asked)
    options, document = options_of(asked), dict[str, Any](agreements=[], failures=[])
    with processes_of(options, None, arbiter=False) as processes:
        now = conditions_of(asked, processes)
        with Lanes(processes) as lanes:
            for ascents, seed in one_ahead(_begun(asked, lanes, folder)):
                found = ascents.document(listener)
                _put(document, found, asked, seed)
    stated = {"steps": asked.climbs()[0].steps, "dtypes": list(asked.dtypes), "forced": False}
    told = (ARBITER, *asked.frameworks, *asked.others)
    return {
        "options": {**asdict(options), "frameworks": told},
        "climbing": stated,
        "conditions": plain(now),
        **document,
    }


def _require_held(asked: Asked) -> None:
    path, manifest = asked.bundle.path, asked.bundle.manifest
    names = list(dict.fromkeys(climb.specification.name for climb in manifest.climbs))
    for name in asked.autoencoders:
        if name not in names:
            raise UsageError(f"{path} holds no {name}; it holds {', '.join(names)}")
    for name in names:
        registry.autoencoder(name)
    for name in asked.frameworks:
        if registry.plain(name) == ARBITER:
            raise UsageError(f"{path} holds the {ARBITER}'s traces, which judge; name another framework")
        registry.framework(name)
    climbed = {climb.specification.name for climb in asked.climbs()}
    if not any(registry.offering(name, (*asked.frameworks, *asked.others)) for name in climbed):
        raise UsageError(f"there is nothing to replay: no framework that is asked for has {', '.join(sorted(climbed))}")


def options_of(asked: Asked) -> Options:
    """What is asked of those who climb here, as the bundle says it."""
    climbs, said = asked.climbs(), asked.bundle.manifest.conditions
    return Options(
        autoencoders=tuple(dict.fromkeys(climb.specification.name for climb in climbs)),
        frameworks=asked.frameworks,
        dataset=climbs[0].dataset,
        schedule=said.schedule or "quick",
        seeds=tuple(dict.fromkeys(climb.seed for climb in climbs)),
        device=asked.device,
    )


def conditions_of(asked: Asked, processes: Mapping[str, FrameworkProcess]) -> Conditions:
    """Who climbs here as their processes say it, who has climbed as the bundles do."""
    climbed = {ARBITER: _described(asked.bundle, ARBITER, ARBITER)}
    climbed |= {name: _described(bundle, called, name) for name, (bundle, called) in asked.others.items()}
    return capture.here(
        subjects=climbed | subjects(processes),
        autoencoders=[climb.specification for climb in asked.climbs()],
        data=asked.bundle.manifest.conditions.data,
        schedule=asked.bundle.manifest.conditions.schedule,
        device=asked.device,
    )


def _described(bundle: Archive, called: str, name: str) -> Subject:
    """A subject that a bundle holds, as the one of that name here."""
    subject = bundle.manifest.conditions.subjects[called]
    known = {**(subject.settings or {}), "bundle": bundle.digest}
    return structs.replace(subject, environment=registry.environment(name), settings=known)


def _begun(asked: Asked, lanes: Lanes, folder: Path) -> Iterator[tuple[Ascents, int]]:
    """The climbs of one autoencoder and seed after the other, in each dtype, under way."""
    for (name, seed), each in groupby(asked.climbs(), lambda climb: (climb.specification.name, climb.seed)):
        bundled = list(each)
        climbs = [taken(climb, asked.device) for climb in bundled]
        known = [kept(asked, climb) for climb in bundled]
        source = unpacked(asked.bundle, bundled[0], folder)
        yield session.begin(lanes, climbs, source, folder / f"{name}-seed{seed}", kept=known), seed


def taken(climb: Bundled, device: str) -> Climb:
    """The climb of a bundle as it is taken again."""
    return Climb(climb.specification, climb.seed, climb.dtype, device, climb.steps)


def unpacked(bundle: Archive, climb: Bundled, folder: Path) -> Unpacked:
    """What the climb reads, unpacked in the folder unless it is there already."""
    paths = {member: folder / bundle.manifest.members[member].sha256 for member in (climb.data, climb.drawn)}
    for member, path in paths.items():
        if not path.exists():
            bundle.unpack(member, path)
    return Unpacked(climb.dataset, paths[climb.data], paths[climb.drawn])


def kept(asked: Asked, climb: Bundled, among: Iterable[str] | None = None) -> session.Kept:
    """Who has climbed: the reference, and the subjects of bundles that are asked for, all or those among the names."""
    found = {ARBITER: partial(unpack_trace, asked.bundle, climb, ARBITER, ARBITER)}
    for name in asked.others if among is None else asked.others.keys() & set(among):
        bundle, called = asked.others[name]
        same = _same(bundle, climb)
        if same is not None and called in same.traces:
            found[name] = partial(unpack_trace, bundle, same, called, name)
    return found


def _put(document: dict[str, Any], found: Mapping[str, Any], asked: Asked, seed: int) -> None:
    """Add what was found of one autoencoder and seed."""
    document["agreements"] += [{**row, "command": command(asked, row), "seed": seed} for row in found["agreements"]]
    document["failures"] += [
        {"autoencoder": found["autoencoder"], "framework": name, "failure": why, "seed": seed}
        for name, why in found["failures"].items()
    ]


def command(asked: Asked, row: Mapping[str, Any]) -> str:
    """The command that climbs one pair again."""
    pair = [environments.said(name) for name in (row["left"], row["right"]) if name != ARBITER]
    of_bundles = asked.others.keys() & {row["left"], row["right"]}
    start = ["agree"] if of_bundles else ["replay", str(asked.bundle.path)]
    words = ["aebench", *start, row["autoencoder"], "-f", ",".join(pair)]
    words += ["--dtype", row["dtype"], *(["--device", asked.device] if asked.device != "cpu" else [])]
    return shlex.join(words)


def require_free(folder: Path) -> Path:
    """The folder's `agreements.json`, in which what is found is to be left.

    Raises:
        UsageError: there is one already.
    """
    path = folder / "agreements.json"
    if path.exists():
        raise UsageError(f"there is a {path} already; choose another --output")
    return path


def keep(document: Mapping[str, Any], folder: Path) -> None:
    """Leave what was found in the folder. Raises as `require_free`."""
    documents.write(require_free(folder), "agreements", document)
