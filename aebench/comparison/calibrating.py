"""This machine's noise: every subject against itself, in the blocks of a comparison. What is done is kept at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from msgspec import structs

from aebench import registry
from aebench.comparison.speed import MOST_FAILURES, Blocks, Due, Question, Where, in_time
from aebench.processes.events import Listener
from aebench.records import documents
from aebench.records.asked import Options as RecordedOptions
from aebench.records.calibrations import Calibration, Control
from aebench.records.circumstances import Lookout
from aebench.records.conditions import Conditions
from aebench.records.documents import comparable
from aebench.records.fields import checked, plain
from aebench.records.opened import FILES
from aebench.records.reuse import require_same_document, require_same_options
from aebench.records.store import locked
from aebench.running.options import Options, check, processes_of, with_defaults
from aebench.running.resume import conditions
from aebench.speed import blocks as timing

FILE = FILES["calibration"]
ADVICE = "calibrate as then, or choose another --output"
# Of the options: what a second call asks for as the first did.
SAME = ("autoencoders", "frameworks", "dataset", "schedule", "device", "dtype")


@dataclass(frozen=True)
class Next:
    """The block to measure next: of which subject, and which."""

    subject: str
    due: Due


@dataclass(frozen=True)
class Asked:
    """What is calibrated. wanted: blocks of each autoencoder in each framework. limit: seconds after which no block
    begins."""

    options: Options
    wanted: int
    limit: float | None = None

    def timed(self) -> dict[str, list[str]]:
        """By subject, the autoencoders that it has."""
        return {
            subject: [name for name in self.options.autoencoders if registry.offers(subject, name)]
            for subject in self.options.frameworks
        }


def planned(options: Options, wanted: int, limit: float | None = None) -> Asked:
    """What is calibrated, with everything that is here where nothing was named.

    Raises:
        AebenchError: it cannot be measured: a framework or data are missing, or do not fit.
    """
    full = with_defaults(options, arbiter=False)
    check(full)
    return Asked(full, wanted, limit)


def calibrate(asked: Asked, folder: Path, listener: Listener) -> Calibration:
    """Measure; the record, kept in the folder's `calibration.json` after each block. A second call goes on.

    Raises:
        UsageError: the folder holds another calibration, or one under other conditions.
        ResultError: its document is damaged, or cannot be written.
    """
    where = _where(asked.options)
    with locked(folder):
        # Under the setting that the blocks have.
        with (
            timing.threads(where.threads),
            processes_of(asked.options, folder / "logs", arbiter=False) as processes,
        ):
            found = _begun(asked, folder / FILE, conditions(asked.options, processes), where.threads)
        sources = {
            subject: Blocks(Question(subject, subject, tuple(names)), where, folder / "logs")
            for subject, names in asked.timed().items()
        }

        def keep(block: Control) -> None:
            found.blocks.append(block)
            documents.write(folder / FILE, "calibration", plain(found))

        def source(it: Next) -> Control:
            lookout = Lookout()
            pair = sources[it.subject](it.due)
            return Control(**structs.asdict(pair), circumstances=lookout.circumstances())

        measured(asked, source, found.blocks, keep, listener)
    return found


def measured(
    asked: Asked,
    source: Callable[[Next], Control],
    known: Sequence[Control],
    keep: Callable[[Control], None],
    listener: Listener,
) -> None:
    """Measure until there are as many blocks as are wanted, or the time is over.

    known: the blocks so far. keep: is handed each block as soon as it is done.
    """
    blocks, begun = list(known), time.monotonic()
    total = asked.wanted * sum(map(len, asked.timed().values()))
    listener.begin("base against base", total)
    while (it := due(asked, blocks)) and in_time(asked.limit, blocks, time.monotonic() - begun):
        block = source(it)
        keep(block)
        blocks.append(block)
        listener.advance(min(len(blocks), total), total)
    listener.finished("base against base", f"{len(blocks)} blocks")


def due(asked: Asked, blocks: Sequence[Control]) -> Next | None:
    """The block to measure next, of what has the fewest, who begins changing; None where there are all.

    What failed too often is not tried again.
    """
    counts = {}
    for subject, name in ((subject, name) for subject, names in asked.timed().items() for name in names):
        mine = [block for block in blocks if (block.subject, block.autoencoder) == (subject, name)]
        failed = sum(block.failed is not None for block in mine)
        if failed < MOST_FAILURES and len(mine) - failed < asked.wanted:
            counts[subject, name] = len(mine) - failed
    if not counts:
        return None
    subject, name = min(counts, key=lambda each: counts[each])
    return Next(subject, Due(name, control=True, first=counts[subject, name] % 2))


def _where(options: Options) -> Where:
    return Where(options.dataset, options.data_dir, options.schedule, options.device, options.dtype)


def _begun(asked: Asked, path: Path, now: Conditions, threads: int | None) -> Calibration:
    """The record so far: that of the folder, where it is of this calibration, else a new one."""
    before = documents.read_if_there(path, "calibration")
    options = checked(comparable(asdict(asked.options)), RecordedOptions)
    found = Calibration(options=options, conditions=now, timed=asked.timed(), wanted=asked.wanted, threads=threads)
    if before is None:
        documents.write(path, "calibration", plain(found))
        return found
    fresh = plain(found)
    require_same_options(path, {key: before["options"][key] for key in SAME}, fresh["options"], ADVICE)
    require_same_options(path, {"threads": before["threads"]}, fresh, ADVICE)
    merged = require_same_document(path, before, plain(now), ADVICE)
    kept = checked({**before, "conditions": merged}, Calibration)
    # What failed is taken up again.
    sound = [block for block in kept.blocks if not block.failed]
    return structs.replace(found, conditions=kept.conditions, blocks=sound)
