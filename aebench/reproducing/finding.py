"""What is reproduced: the first place of a climb in which two subjects part or, of one framework, differ at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from aebench import registry
from aebench.agreement import session
from aebench.agreement.compare import Agreement, Comparison
from aebench.agreement.ladder import Climb
from aebench.agreement.session import Feeding, Kept, Source, climb_in
from aebench.arrays import Dtype
from aebench.errors import ReproductionError
from aebench.processes.events import Listener
from aebench.processes.lanes import Lanes
from aebench.processes.worker import FrameworkProcess
from aebench.records.trace import Place, Trace
from aebench.registry import ARBITER
from aebench.reproducing.judging import Criterion
from aebench.reproducing.places import Climbed
from aebench.running.options import DTYPES
from aebench.running.replaying import bundled, kept, of_subjects, taken, unpacked


@dataclass(frozen=True)
class Asked:
    """Where a difference is looked for: one autoencoder, seed and pair of subjects.

    dtypes: in this order, until it is found.
    """

    autoencoder: str
    pair: tuple[str, str]
    seed: int = 0
    dtypes: tuple[Dtype, ...] = DTYPES
    steps: int = 10
    dataset: str = "digits"
    data_dir: str | None = None
    schedule: str = "quick"
    device: str = "cpu"

    @property
    def subjects(self) -> tuple[str, ...]:
        """The pair, and the reference where it has the autoencoder."""
        judge = registry.offering(self.autoencoder, [ARBITER])
        return tuple(dict.fromkeys((*judge, *self.pair)))

    @property
    def alike(self) -> bool:
        """Whether both are one framework, in two versions, modes or settings."""
        return registry.plain(self.pair[0]) == registry.plain(self.pair[1])


@dataclass(frozen=True)
class Found:
    """The first place that differs, and who is right. good, bad, criterion: as of `Sides`. held: the good one is a
    bundle's, and climbed is its climb, else the bad one's."""

    climbed: Climbed
    place: Place
    good: str
    bad: str
    criterion: Criterion
    words: str
    held: bool = False


class Fed(NamedTuple):
    """A climb, what it reads, and who does not climb because a bundle holds the trace."""

    climb: Climb
    source: Feeding
    kept: Kept


def find(asked: Asked, processes: Mapping[str, FrameworkProcess], folder: Path, listener: Listener) -> Found:
    """Let both climb, beside the reference, and find the first place that differs.

    processes: of those that climb.

    Raises:
        ReproductionError: there is none, or someone did not climb.
        UsageError: a bundle does not hold what is asked for.
    """
    for name in asked.pair:
        if not registry.offers(name, asked.autoencoder):
            raise ReproductionError(f"{name} has no {asked.autoencoder}, so there is nothing of it to reproduce")
    feeds = list(_feeds(asked, folder))
    listener.begin(f"{asked.autoencoder}: climbing", len(feeds))
    for done, fed in enumerate(feeds, start=1):
        found = _found(asked, fed, processes, folder)
        listener.advance(done, len(feeds))
        if found is not None:
            listener.finished(f"{asked.autoencoder}, {fed.climb.dtype}", f"{found.criterion} at {found.place.key}")
            return found
    raise ReproductionError(_nothing(asked))


def _feeds(asked: Asked, folder: Path) -> Iterator[Fed]:
    """The climbs in their order: on the data set that is asked for, or as a bundle holds them."""
    if bundled(asked.pair):
        held = of_subjects(asked.pair, (asked.autoencoder,), asked.dtypes, asked.device)
        for climb in held.climbs():
            yield Fed(taken(climb, asked.device), unpacked(held.bundle, climb, folder), kept(held, climb))
        return
    autoencoder = registry.autoencoder(asked.autoencoder)
    source = Source(autoencoder.dataset or asked.dataset, asked.data_dir, asked.schedule)
    for dtype in asked.dtypes:
        yield Fed(Climb(autoencoder, asked.seed, dtype, asked.device, asked.steps), source, {})


def _found(asked: Asked, fed: Fed, processes: Mapping[str, FrameworkProcess], folder: Path) -> Found | None:
    """The first place of a climb that differs; None where none does."""
    climb, source, held = fed
    ascent = session.ascent(asked.subjects, climb, folder, kept=held)
    with Lanes(processes) as lanes:
        ascent.begin(lanes, source)
        agreements, failures = ascent.agreements()
    if failures:
        name, reason = next(iter(failures.items()))
        raise ReproductionError(f"{asked.autoencoder}: {name} did not climb, so nothing is reproduced: {reason}")
    first = _first(asked, {(found.left, found.right): found for found in agreements})
    if first is None:
        ascent.remove()
        return None
    comparison, good, bad, criterion = first
    if bad in held:
        good, bad = bad, next(name for name in asked.pair if name != bad)
    # What a bundle holds was computed from its own arrays.
    whose = good if good in held and good != ARBITER else bad
    trace = Trace.read(ascent.paths[whose])
    ascent.remove()
    prepared, dataset = source.prepared(climb)
    if comparison.place.rung == "trajectory" and whose == bad:
        trace = _with_moments(bad, climb, source, processes[bad], folder, trace)
    climbed = Climbed(replace(prepared, moments=True), dataset, trace)
    words = comparison.problem or comparison.place.key
    return Found(climbed, comparison.place, good, bad, criterion, words, held=whose == good)


def _nothing(asked: Asked) -> str:
    what = "give the same, to the bit," if asked.alike else "agree"
    return (
        f"{asked.autoencoder}: {' and '.join(asked.pair)} {what} in {' and '.join(asked.dtypes)} at every place of the "
        f"ladder (seed {asked.seed}, {asked.steps} steps), so there is nothing to reproduce"
    )


def _first(
    asked: Asked, known: Mapping[tuple[str, str], Agreement]
) -> tuple[Comparison, str, str, Criterion] | None:  # fmt: skip
    """The first place that differs, who is right there, and in what sense it differs."""
    left, right = asked.pair if asked.pair in known else asked.pair[::-1]
    pair = known[left, right]
    if (parting := pair.first_parting) is not None:
        good, bad = _right(asked, known, parting.place)
        return parting, good, bad, "parts"
    if not asked.alike:
        return None
    good, bad = asked.pair
    if (alone := _parts_alone(known, bad, good)) is not None:
        return alone, ARBITER, bad, "parts"
    moved = (found for found in pair.comparisons if found.relative != 0.0)
    return next(((found, good, bad, "moves") for found in moved), None)


def _parts_alone(known: Mapping[tuple[str, str], Agreement], one: str, other: str) -> Comparison | None:
    """The first place in which one parts from the reference, where the other does nowhere; None without such."""
    mine, its = (known.get((ARBITER, name)) for name in (one, other))
    return mine.first_parting if mine and its and not its.first_parting else None


def _right(asked: Asked, known: Mapping[tuple[str, str], Agreement], place: Place) -> tuple[str, str]:
    """Who is held to be right at a place: the first of two of one framework, unless only that one parts from the
    reference; else the reference; and who is not."""
    if ARBITER in asked.pair:
        return ARBITER, next(name for name in asked.pair if name != ARBITER)
    shares = {name: _share(known.get((ARBITER, name)), place) for name in asked.pair}
    if asked.alike and _parts_alone(known, *asked.pair) is not None:
        return asked.pair[1], asked.pair[0]
    if asked.alike or None in shares.values():
        return asked.pair
    return ARBITER, max(shares, key=lambda name: shares[name] or 0.0)


def _share(agreement: Agreement | None, place: Place) -> float | None:
    found = agreement.comparisons if agreement else ()
    return next((comparison.share for comparison in found if comparison.place == place), None)


def _with_moments(
    name: str, climb: Climb, source: Feeding, process: FrameworkProcess, folder: Path, trace: Trace
) -> Trace:  # fmt: skip
    """The trace with the optimiser's state at every step, which a plain climb leaves at the first only."""
    path = folder / "moments.safetensors"
    process.call(climb_in, name, replace(climb, moments=True, plain=True), source, path, None)
    found = Trace.read(path)
    path.unlink()
    return replace(trace, arrays={**trace.arrays, **found.arrays})
