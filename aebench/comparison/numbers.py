"""Numbers: base and head climb the ladder beside the reference; each rung is identical, moved, or parted."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from aebench import registry
from aebench.agreement import session
from aebench.agreement.compare import Agreement
from aebench.agreement.ladder import RUNGS, Climb
from aebench.agreement.session import Ascent, Feeding, Kept, Source
from aebench.arrays import Dtype
from aebench.errors import AebenchError, UnwritableError
from aebench.processes.events import Listener
from aebench.processes.lanes import Lanes, errors_of
from aebench.processes.worker import FrameworkProcess
from aebench.records.comparisons import Moved, MovedRung, Numbers, Sides, Verdict
from aebench.records.fields import Float
from aebench.registry import ARBITER
from aebench.running.ladders import one_ahead
from aebench.running.options import Options, dataset_name


class Due(NamedTuple):
    """A climb that is wanted."""

    autoencoder: str
    sides: Sides
    dtype: Dtype


class Fed(NamedTuple):
    """What is climbed, what it reads, and who does not climb because there is a trace already."""

    climb: Climb
    source: Feeding
    kept: Kept


def measured(
    due: Sequence[Due], feed: Callable[[Due], Fed], processes: Mapping[str, FrameworkProcess], folder: Path,
    keep: Callable[[Numbers], None], over: Callable[[], bool], listener: Listener, common: Path | None = None,
) -> None:  # fmt: skip
    """Let both sides of each climb, until the time is over.

    feed: says what each reads. processes: of all sides, and of the reference, as far as they climb. folder: for traces,
    and removed. keep: is handed what moved in each climb as soon as it is known. common: where traces of base and of
    the reference stay, for other heads.
    """

    def started(it: Due) -> Climbing:
        # Each in a folder of its own: two climbs are under way at once.
        place = Path(it.autoencoder) / it.sides.framework
        return begin(it.sides, feed(it), lanes, folder / place, common and common / place)

    with Lanes(processes) as lanes:
        lanes.at_end(partial(shutil.rmtree, folder, ignore_errors=True))
        begun = (started(it) for it in due if not over())
        listener.begin("numbers", len(due))
        # So no process waits while traces are compared, nor for one that climbs more slowly.
        for done, climbing in enumerate(one_ahead(begun), start=1):
            row = climbing.numbers()
            keep(row)
            listener.finished(f"{row.autoencoder}, {row.framework}, {row.dtype}: numbers", row.verdict)
            listener.advance(done, len(due))


def of_data(due: Due, options: Options) -> Fed:
    """What is climbed on the data set that is asked for."""
    autoencoder = registry.autoencoder(due.autoencoder)
    source = Source(dataset_name(options, autoencoder), options.data_dir, options.schedule)
    return Fed(Climb(autoencoder, options.seeds[0], due.dtype, options.device), source, {})


@dataclass(frozen=True)
class Climbing:
    """A climb of both sides, and of the reference where it has the autoencoder, under way."""

    sides: Sides
    ascent: Ascent
    source: Feeding
    lanes: Lanes
    common: Path | None = None

    def numbers(self) -> Numbers:
        """Wait for it; what moved between the sides. Its traces are removed, but for those that others take.

        Whoever fails climbs once more, in a new process: what fails twice is not bad luck.

        Raises:
            UnwritableError: a trace cannot be written, which is no side's failure.
        """
        try:
            agreements, failures = self._ended()
            if failures:
                self.ascent.begin(self.lanes, self.source)
                agreements, failures = self._ended()
            if self.common is not None and not failures:
                self._leave(self.common)
        finally:
            self.ascent.remove()
        return judged(self.sides, self.ascent.climb, agreements, failures)

    def _leave(self, common: Path) -> None:
        """Leave the traces of base and of the reference for the same climb beside another head."""
        common.mkdir(parents=True, exist_ok=True)
        for name, path in self.ascent.paths.items():
            if name != self.sides.head:
                path.replace(_place(common, name, self.ascent.climb))

    def _ended(self) -> tuple[list[Agreement], dict[str, str]]:
        """The agreements, and for each that failed the reason."""
        for error in errors_of(self.ascent.calls).values():
            if isinstance(error, UnwritableError):
                raise error
        try:
            return self.ascent.agreements()
        except AebenchError as error:
            return [], {ARBITER: str(error)}


def begin(sides: Sides, fed: Fed, lanes: Lanes, folder: Path, common: Path | None = None) -> Climbing:
    """Let them climb as soon as their processes are free. folder, common: for traces, as of `measured`."""
    names = registry.offering(fed.climb.autoencoder.name, (ARBITER, *sides.names))
    places = {name: _place(common, name, fed.climb) for name in names} if common is not None else {}
    # Who climbed beside another head does not climb again.
    climbed = {name: partial(_copy, place) for name, place in places.items() if place.exists()}
    ascent = session.ascent(names, fed.climb, folder, kept={**climbed, **fed.kept})
    ascent.begin(lanes, fed.source)
    return Climbing(sides, ascent, fed.source, lanes, common)


def _place(common: Path, name: str, climb: Climb) -> Path:
    """Where a trace stays that several comparisons take."""
    return common / f"{name}-{climb.dtype}"


def _copy(trace: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(trace, path)


def judged(sides: Sides, climb: Climb, agreements: list[Agreement], failures: Mapping[str, str]) -> Numbers:
    """The record of what the climbs gave."""
    known = {frozenset((found.left, found.right)): found for found in agreements}
    pair = known.get(frozenset(sides.names))
    against = {side: known.get(frozenset((ARBITER, side))) for side in sides.names}
    partings = {side: _parting(found) for side, found in against.items()}
    parting = _parting(pair)
    mended = partings[sides.base] is not None and against[sides.head] is not None and partings[sides.head] is None
    if mended:
        parting = partings[sides.base]
    elif parting is None and partings[sides.head] and not partings[sides.base]:
        parting = partings[sides.head]
    rungs = [] if pair is None else [_rung(pair, against[sides.base], against[sides.head], rung) for rung in RUNGS]
    found = [rung for rung in rungs if rung is not None]
    verdict: Verdict
    if pair is None or not found:
        verdict = "failed" if set(failures) == {sides.head} else "not compared"
    elif mended:
        verdict = "mended"
    elif parting:
        verdict = "parted"
    else:
        verdict = "moved" if any(rung.moved for rung in found) else "identical"
    return Numbers(
        autoencoder=climb.autoencoder.name,
        framework=sides.framework,
        dtype=climb.dtype,
        seed=climb.seed,
        verdict=verdict,
        rungs=found,
        parting=parting,
        both=partings[sides.head] if partings[sides.base] else None,
        vacuous=pair.vacuous() if pair else [],
        failures=dict(failures),
    )


def _parting(agreement: Agreement | None) -> str | None:
    first = agreement.first_parting if agreement else None
    return first.problem if first else None


def _rung(pair: Agreement, base: Agreement | None, head: Agreement | None, rung: str) -> MovedRung | None:
    """The rung of the pair, None where it has none."""
    arrays = [found for found in pair.comparisons if found.place.rung == rung]
    worst = pair.worst(rung)
    if worst is None:
        return None
    # A difference that is not a number is one.
    moved = [found for found in arrays if found.problem or found.relative != 0.0]
    verdict: Moved = "parted" if any(found.problem for found in arrays) else "moved" if moved else "identical"
    return MovedRung(
        rung=rung,
        verdict=verdict,
        arrays=len(arrays),
        moved=len(moved),
        place=worst.place.key,
        relative=Float(worst.relative),
        share=Float(worst.share),
        base=Float(_share(base, rung)),
        head=Float(_share(head, rung)),
    )


def _share(agreement: Agreement | None, rung: str) -> float:
    """The largest share of a bound in the rung; NaN without the reference."""
    worst = agreement.worst(rung) if agreement else None
    return worst.share if worst else float("nan")
