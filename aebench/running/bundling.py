"""Making a bundle: every climb that is asked for, taken once, and all that another machine needs to take it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from aebench import networks, registry
from aebench.agreement import session
from aebench.agreement.bundled import Unpacked, drawn, keep_data, ladder_text, narrow
from aebench.agreement.ladder import Climb
from aebench.agreement.session import Ascent, Ascents
from aebench.data import Dataset
from aebench.errors import ResultError, UsageError
from aebench.processes.events import Listener, Silent
from aebench.processes.lanes import Lanes
from aebench.processes.subjects import subjects
from aebench.processes.temporary import scratch
from aebench.records import archive, capture
from aebench.records.bundles import Bundle, Bundled
from aebench.records.checkpoint import write_arrays
from aebench.records.conditions import Subject
from aebench.registry import ARBITER
from aebench.running.ladders import one_ahead
from aebench.running.options import DTYPES, Options, check, dataset_name, processes_of
from aebench.spec import Autoencoder
from aebench.training.trial import dataset_of, scheduled

DIGEST = 16  # characters of a checksum that name a data set's member


@dataclass(frozen=True)
class Making:
    """A bundle on its way. folder: where its members are gathered; members: these, by their names in the bundle; data:
    the checksums of what is read."""

    options: Options
    full: bool
    folder: Path
    members: dict[str, Path] = field(default_factory=dict)
    climbs: list[Bundled] = field(default_factory=list)
    data: dict[str, str | None] = field(default_factory=dict)

    def begin(self, lanes: Lanes, name: str, seed: int) -> Ascents:
        """Let the reference and the subjects climb what the bundle will say."""
        autoencoder, dataset = self._read(registry.autoencoder(name))
        climbs = [Climb(autoencoder, seed, dtype, self.options.device) for dtype in DTYPES]
        data, inside = self._data(dataset), f"drawn/{name}-seed{seed}.safetensors"
        source = Unpacked(dataset.name, self.members[data], self._member(inside))
        write_arrays(source.drawn, drawn(climbs[0], dataset), {"autoencoder": name})
        begun = session.begin(lanes, climbs, source, self.folder / "traces" / f"{name}-seed{seed}", keep_traces=True)
        for ascent in begun.each:
            self.climbs.append(
                Bundled(
                    specification=autoencoder,
                    seed=seed,
                    dtype=ascent.climb.dtype,
                    steps=ascent.climb.steps,
                    dataset=dataset.name,
                    data=data,
                    drawn=inside,
                    traces=self._traces(ascent),
                )
            )
        return begun

    def _read(self, autoencoder: Autoencoder) -> tuple[Autoencoder, Dataset]:
        """What is climbed and on what, with the widths of the bundle."""
        options = self.options
        dataset = dataset_of(dataset_name(options, autoencoder), options.data_dir, options.schedule)
        found = scheduled(autoencoder, dataset, options.schedule)
        return (found, dataset) if self.full else narrow(found, dataset)

    def _data(self, dataset: Dataset) -> str:
        """The member with the data set, written once for all that read the same of it."""
        name = f"data/{dataset.checksum[:DIGEST]}.safetensors"
        if name not in self.members:
            keep_data(self._member(name), dataset)
            self.data[dataset.name] = dataset.checksum
        return name

    def _traces(self, ascent: Ascent) -> dict[str, str]:
        """The members with what everyone leaves of the climb, by subjects without their environments."""
        climb, found = ascent.climb, {}
        for name, path in ascent.paths.items():
            bare = registry.bare(name)
            found[bare] = f"traces/{climb.autoencoder.name}-seed{climb.seed}-{climb.dtype}/{bare}.safetensors"
            self.members[found[bare]] = path
        return found

    def _member(self, name: str) -> Path:
        return self.members.setdefault(name, self.folder / name)

    def manifest(self, climbed: Mapping[str, Subject]) -> Bundle:
        """What stands at the head of the bundle, when all climbs are done; climbed: who took part, by name."""
        return Bundle(
            full=self.full,
            ladder=ladder_text(),
            conditions=capture.here(
                subjects={registry.bare(name): subject for name, subject in climbed.items()},
                autoencoders=[climb.specification for climb in self.climbs],
                data=self.data,
                schedule=self.options.schedule,
                device=self.options.device,
            ),
            climbs=self.climbs,
            members={name: archive.measured(path) for name, path in self.members.items()},
        )


def make(options: Options, path: Path, listener: Listener, *, full: bool = False) -> dict[str, Any]:
    """Climb, and leave a bundle at the path; what was found on the way, as of `ladders.agreements`.

    full: with the shipped sizes on the whole data set; else narrow, on a few images.

    Raises:
        UsageError: something is at the path already, or what is asked for can be no bundle.
        ResultError: somebody could not climb; nothing is written then.
    """
    _require_new(path)
    check(options)
    _require_bundled(options)
    document: dict[str, Any] = {"agreements": [], "failures": []}
    with scratch() as folder, processes_of(options, None, arbiter=True) as processes, Lanes(processes) as lanes:
        making, todo = Making(options, full, folder), list(product(options.autoencoders, options.seeds))
        begun = one_ahead((making.begin(lanes, *pair), pair[1]) for pair in todo)
        listener.begin("climbs", len(todo))
        for done, (ascents, seed) in enumerate(begun, start=1):
            found = ascents.document(Silent())
            _require_climbed(found)
            document["agreements"] += [{**row, "seed": seed} for row in found["agreements"]]
            listener.finished(f"{found['autoencoder']}, seed {seed}", "climbed")
            listener.advance(done, len(todo))
        archive.write(path, making.manifest(subjects(processes)), making.members)
    return document


def _require_new(path: Path) -> None:
    if path.suffix != archive.SUFFIX:
        raise UsageError(f"a bundle's name ends in {archive.SUFFIX}, found {path}")
    if path.exists():
        raise UsageError(f"there is a {path} already; a bundle is never written over: move it away, or name another")


def _require_bundled(options: Options) -> None:
    """UsageError where the reference lacks an autoencoder, or two subjects would have one name in the bundle."""
    for name in options.autoencoders:
        if not registry.offers(ARBITER, name):
            raise UsageError(f"{networks.lacking(ARBITER, name)}; a bundle holds its trace, by which others are judged")
    known: dict[str, str] = {}
    for name in options.frameworks:
        other = known.setdefault(registry.bare(name), name)
        if other != name:
            raise UsageError(f"{other} and {name} would both be {registry.bare(name)} in the bundle; make one of each")


def _require_climbed(found: Mapping[str, Any]) -> None:
    for name, why in found["failures"].items():
        raise ResultError(f"no bundle was made, because {name} could not climb {found['autoencoder']}: {why}")
