"""A bundle as a side of a comparison: the other side climbs what it holds, and its reference's traces judge."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from aebench.comparison.numbers import Due, Fed, of_data
from aebench.errors import OtherClimbError, UsageError
from aebench.processes.environments import Environment
from aebench.processes.worker import FrameworkProcess
from aebench.records.comparisons import What
from aebench.records.conditions import Conditions
from aebench.running.options import DTYPES, Options, processes_of
from aebench.running.replaying import Asked, conditions_of, kept, of_subjects, options_of, taken, unpacked
from aebench.running.resume import conditions


@dataclass(frozen=True)
class Held:
    """What a bundle gives both sides to climb. subjects: of both sides."""

    asked: Asked
    subjects: tuple[str, ...]

    @property
    def options(self) -> Options:
        """What is asked for, as the bundle says it; of several seeds the first."""
        found = options_of(self.asked)
        return replace(found, frameworks=self.subjects, seeds=found.seeds[:1])

    def left_out(self) -> Iterator[str]:
        """In words, what the bundles hold and is not compared: of several seeds all but the first, and climbs that one
        of them alone holds."""
        there = {climb.key for climb in self.asked.climbs()}
        if seeds := sorted({seed for _, seed, _ in there} - set(self.options.seeds)):
            listed = f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
            yield f"{listed} of {self.asked.bundle.path}; `aebench agree` compares all seeds"
        known = {climb.specification.name for climb in self.asked.bundle.manifest.climbs}
        for bundle in {id(bundle): bundle for bundle, _ in self.asked.others.values()}.values():
            names = dict.fromkeys(climb.specification.name for climb in bundle.manifest.climbs)
            if alone := [name for name in names if name not in known]:
                yield f"{', '.join(alone)}, which {bundle.path} alone holds"

    def feed(self, due: Due, folder: Path) -> Fed:
        """What is climbed, and who has climbed it. folder: for what is unpacked."""
        key = due.autoencoder, self.options.seeds[0], due.dtype
        climb = next(found for found in self.asked.climbs() if found.key == key)
        here = kept(self.asked, climb, due.sides.names)
        return Fed(taken(climb, self.asked.device), unpacked(self.asked.bundle, climb, folder), here)


def held(
    base: Environment, head: Environment, only: Sequence[What], subjects: tuple[str, ...], options: Options
) -> Held | None:
    """What the bundle gives where base or head is one, else nothing.

    Raises:
        UsageError: more than numbers is asked for, or what the bundle does not hold.
        ResultError: the bundle is damaged.
    """
    bundles = [side.said for side in (base, head) if side.bundle is not None]
    if not bundles:
        return None
    if set(only) != {"numbers"}:
        raise UsageError(f"{bundles[0]} is a bundle, which holds numbers and no times: add --only numbers")
    found = Held(of_subjects(subjects, options.autoencoders, DTYPES, options.device), subjects)
    if not found.asked.frameworks and options.device != "cpu":
        raise UsageError(f"{' and '.join(bundles)} are bundles: nothing is computed here, so leave --device out")
    there = {climb.key for climb in found.asked.climbs()}
    for name in found.options.autoencoders:
        for dtype in DTYPES:
            if (name, found.options.seeds[0], dtype) not in there:
                raise OtherClimbError(
                    f"{bundles[0]} holds no climb of {name} in {dtype} from its first seed; make it anew"
                )
    return found


@contextlib.contextmanager
def taking_part(
    held: Held | None, options: Options, logs: Path
) -> Iterator[tuple[Mapping[str, FrameworkProcess], Conditions]]:
    """The processes of all who compute, and the conditions."""
    if held is None:
        with processes_of(options, logs, arbiter=True) as processes:
            yield processes, conditions(options, processes)
        return
    with processes_of(options_of(held.asked), logs, arbiter=False) as processes:
        yield processes, conditions_of(held.asked, processes)


def feeding(held: Held | None, options: Options, folder: Path) -> Callable[[Due], Fed]:
    """What says of each climb what it reads: the bundle, or the data set that is asked for."""
    return partial(of_data, options=options) if held is None else partial(held.feed, folder=folder)
