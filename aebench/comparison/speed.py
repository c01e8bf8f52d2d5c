"""Base against head by blocks: which is due next, and what those that there are say of every row.

Both are functions of the blocks alone, so a call that was broken off goes on with the blocks that it left, and a report
says the same of them as the call that made them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, product
from pathlib import Path

from msgspec import UNSET

from aebench.arrays import Dtype
from aebench.comparison.sequential import LOOKS, Thresholds
from aebench.comparison.verdicts import LEAST_MEMORIES, Verdict, judged, loaded, memory, moved
from aebench.counted import counted
from aebench.processes.events import Listener
from aebench.records.blocks import Block, Pair
from aebench.speed import blocks, cores
from aebench.speed.blocks import Subject
from aebench.speed.ratios import IMPORT, INFERENCE, OF_AN_AUTOENCODER, PEAKS, TRAINING, has, log_ratio
from aebench.speed.workloads import SECONDS_TO_CALM_DOWN, Inference, Timed, Training

# One block in so many is a null control, and no call has fewer controls than these.
CONTROL_EVERY, LEAST_CONTROLS = 4, 2
# An autoencoder of which so many blocks failed is not tried again.
MOST_FAILURES = 2


@dataclass(frozen=True)
class Row:
    """What is judged: a measure of an autoencoder; None: of the framework, whichever autoencoder it computes."""

    autoencoder: str | None
    measure: str


@dataclass(frozen=True)
class Due:
    """The block to measure next. first: place of the subject that begins. control: of base and base.

    autoencoder: None: the block imports the frameworks, and no more. measures: what is measured, so that what is
    decided already costs no more time; None: everything, memory included.
    """

    autoencoder: str | None
    control: bool
    first: int
    measures: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Question:
    """Is head slower than base on these autoencoders, or does it hold more memory?

    limit: seconds after which no block begins; None: no limit. speed: whether that is asked, too; for memory alone two
    blocks will do, and no control.
    """

    base: str
    head: str
    autoencoders: tuple[str, ...]
    thresholds: Thresholds = field(default_factory=Thresholds)
    limit: float | None = None
    speed: bool = True


@dataclass(frozen=True)
class Where:
    """What both sides compute on.

    threads: in an operation; None: as many as each framework takes. One by default: with a thread for each of two cores
    and other programs on these, a block of `pytorch` varied by 13 %, with one thread by 4.5 % (`stacked`, digits).
    """

    dataset: str = "digits"
    data_dir: str | None = None
    schedule: str = "quick"
    device: str = "cpu"
    dtype: Dtype = "float32"
    threads: int | None = 1


class Blocks:
    """Blocks measured here. planted: what head's workloads are replaced by, for those who look whether it is found."""

    def __init__(
        self, question: Question, where: Where, logs: Path, *, planted: Callable[[Timed], Timed] | None = None
    ) -> None:
        self.question, self.where, self.logs, self.planted = question, where, logs, planted
        self._rehearsed: set[str | None] = {None}  # where nothing runs there is nothing to rehearse
        self._turn = 0

    def __call__(self, due: Due) -> Pair:
        """Measure the block; what is to be compiled or read from a disk for the first time was so before."""
        pair = self.subjects(due.autoencoder)
        with blocks.threads(self.where.threads):
            block = self._measured(due, pair)
        known = {name: getattr(block, name) for name in block.__struct_fields__}
        return Pair(**known, autoencoder=due.autoencoder, control=due.control)

    def _measured(self, due: Due, pair: tuple[Subject, Subject]) -> Block:
        if due.autoencoder not in self._rehearsed:
            blocks.rehearse(pair, self.logs)
            self._rehearsed.add(due.autoencoder)
        # A single thread waits for nobody, and spins for nobody.
        pause = 0.0 if self.where.threads == 1 else SECONDS_TO_CALM_DOWN
        sides = (pair[0], pair[0]) if due.control else pair
        return blocks.timed(sides, due.first, self.logs, pause=pause, core=self._core(), measures=due.measures)

    def _core(self) -> int | None:
        """The core of the next block, each two blocks another; None where several have to do with what is timed."""
        if self.where.threads != 1 or self.where.device != "cpu" or not cores.held():
            return None
        self._turn += 1
        every = cores.cores()
        return every[(self._turn - 1) // 2 % len(every)]

    def subjects(self, autoencoder: str | None) -> tuple[Subject, Subject]:
        """Base and head on the autoencoder; without one they have nothing to run."""
        base, head = (self._workloads(autoencoder, name) for name in (self.question.base, self.question.head))
        if self.planted:
            head = {name: self.planted(workload) for name, workload in head.items()}
        return Subject(self.question.base, base), Subject(self.question.head, head)

    def _workloads(self, autoencoder: str | None, name: str) -> dict[str, Timed]:
        if autoencoder is None:
            return {}
        where = {key: value for key, value in vars(self.where).items() if key != "threads"}
        return {
            TRAINING: Training(autoencoder, name, **where),
            INFERENCE: Inference(autoencoder, name, **where, use="reconstruct"),
        }


def measured(
    question: Question,
    source: Callable[[Due], Pair],
    known: Iterable[Pair],
    keep: Callable[[Pair], None],
    listener: Listener,
) -> list[Pair]:
    """Measure until every row is decided, or the time is over; all blocks, those known before included.

    keep: is handed each block as soon as it is done.
    """
    pairs, begun = list(known), time.monotonic()
    title = f"{question.head} against {question.base}"
    listener.begin(title, _at_least(question))
    while (it := due(question, pairs)) and in_time(question.limit, pairs, time.monotonic() - begun):
        pair = source(it)
        keep(pair)
        pairs.append(pair)
        listener.advance(len(pairs), max(len(pairs), _at_least(question)))
    found = verdicts(question, pairs) if question.speed else _memories(question, pairs)
    words = [verdict.word for verdict in found.values()]
    said = counted(len(pairs), "block")
    for word in (word for word in ("undecided", "unusable", "failed") if word in words):
        said += f", {counted(words.count(word), 'row')} {word}"
    listener.finished(title, said)
    return pairs


def due(question: Question, pairs: Sequence[Pair]) -> Due | None:
    """The block to measure next; None where every row is decided, or cannot be."""
    controls, compared = (
        [pair for pair in pairs if pair.control is control and not pair.failed] for control in (True, False)
    )
    able = [name for name in (*question.autoencoders, None) if len(_failures(pairs, name)) < MOST_FAILURES]
    found = judged(_rows(question, pairs), question.thresholds) if question.speed else _memories(question, pairs)
    undecided = {row.autoencoder for row, verdict in found.items() if verdict.open}
    timed = [name for name in able if name is not None]
    # Every block imports; one that does nothing else is due where nothing else is open, but never where all fail.
    names: Sequence[str | None] = [name for name in timed if name in undecided]
    alone = not names and timed and None in able and None in undecided
    names = [None] if alone else names
    least = math.ceil(len(compared) / CONTROL_EVERY) if names else LEAST_CONTROLS
    wanted = least if question.speed else 0
    if timed and len(controls) < wanted:
        it = _next(names if alone else timed, controls, control=True)
    elif names:
        it = _next(names, compared, control=False)
    else:
        return None
    return replace(it, measures=_open(found, it))


def _open(found: Mapping[Row, Verdict], it: Due) -> tuple[str, ...] | None:
    """What the block is to measure: what is open, of its autoencoder or, in a control, of any; None: everything."""
    rows = [row for row, verdict in found.items() if verdict.open]
    of = {row.measure for row in rows if it.control or row.autoencoder in (None, it.autoencoder)}
    every = (*OF_AN_AUTOENCODER, IMPORT)
    left = tuple(measure for measure in every if measure in of)
    return None if left in ((), (IMPORT,), every) else left


def verdicts(question: Question, pairs: Sequence[Pair]) -> dict[Row, Verdict]:
    """What the blocks say of every row, of speed and of memory."""
    rows = _rows(question, pairs)
    controls = _rows(question, pairs, control=True)
    load = loaded([pair.busy for pair in pairs]) or _uncontrolled(pairs)
    wrong = {measure: load or _moved(measure, controls, rows, question) for measure in (*OF_AN_AUTOENCODER, IMPORT)}
    found = {**judged(rows, question.thresholds), **_memories(question, pairs)}
    for row, verdict in found.items():
        if verdict.word == "undecided" and verdict.open and (why := _lost(row, question, pairs)):
            found[row] = Verdict("failed", verdict.blocks, reason=why)
        elif why := wrong.get(row.measure):
            found[row] = replace(verdict, word="unusable", open=False, reason=why)
    return found


def _uncontrolled(pairs: Sequence[Pair]) -> str | None:
    """Why nobody knows what the machine does to two equal sides, where base against base fails; else None."""
    controls = [pair for pair in pairs if pair.control]
    failures = [why for pair in controls if (why := pair.failed)]
    if len(failures) < MOST_FAILURES or len(controls) - len(failures) >= LEAST_CONTROLS:
        return None
    return f"base against base failed: {failures[-1]}"


def _rows(question: Question, pairs: Sequence[Pair], *, control: bool = False) -> dict[Row, list[float]]:
    """The log ratios of each row, block by block."""
    found: dict[Row, list[float]] = {Row(n, m): [] for n in question.autoencoders for m in OF_AN_AUTOENCODER}
    found[Row(None, IMPORT)] = []
    for pair in (pair for pair in pairs if pair.control is control and not pair.failed):
        for row in (it for it in found if it.autoencoder in (None, pair.autoencoder) and has(pair, it.measure)):
            found[row].append(log_ratio(pair, 0, 1, row.measure))
    return found


def _moved(
    measure: str, controls: dict[Row, list[float]], rows: dict[Row, list[float]], question: Question
) -> str | None:
    """What is wrong with the measure according to its null controls."""
    one, other = ({row: values for row, values in of.items() if row.measure == measure} for of in (controls, rows))
    return moved(one, other, question.thresholds.tolerated)


def _memories(question: Question, pairs: Sequence[Pair]) -> dict[Row, Verdict]:
    """The verdicts on the peaks of the process, and of the device where both sides have one."""
    found = {}
    for name, (measure, key) in product(question.autoencoders, PEAKS.items()):
        mine = [pair for pair in pairs if pair.autoencoder == name and not pair.control and not pair.failed]
        peaks = [[getattr(subject, key) for subject in pair.subjects] for pair in mine]
        peaks = [sides for sides in peaks if UNSET not in sides]  # where something was left out there are none
        if all(chain.from_iterable(peaks)) and (peaks or key == "peak_bytes"):
            found[Row(name, measure)] = memory([math.log(head / base) for base, head in peaks])
    return found


def _lost(row: Row, question: Question, pairs: Sequence[Pair]) -> str | None:
    """Why no block of the row will ever have a number; None where one may."""
    if row.autoencoder is None and len(mine := _failures(pairs, None)) >= MOST_FAILURES:
        return mine[-1]
    of_all = [_failures(pairs, name) for name in question.autoencoders if row.autoencoder in (None, name)]
    return of_all[0][-1] if all(len(each) >= MOST_FAILURES for each in of_all) else None


def _failures(pairs: Iterable[Pair], autoencoder: str | None) -> list[str]:
    """Why blocks of the autoencoder failed; None: those that only import."""
    return [why for pair in pairs if pair.autoencoder == autoencoder and (why := pair.failed)]


def _next(names: Sequence[str | None], before: Sequence[Pair], *, control: bool) -> Due:
    """A block of the autoencoder that has the fewest; who begins changes from one to the next."""
    counts = {name: sum(pair.autoencoder == name for pair in before) for name in names}
    name = min(counts, key=lambda each: counts[each])
    return Due(name, control, (len(before) if control else counts[name]) % 2)


def _at_least(question: Question) -> int:
    blocks, controls = (LOOKS[0], LEAST_CONTROLS) if question.speed else (LEAST_MEMORIES, 0)
    return blocks * len(question.autoencoders) + controls


def in_time(limit: float | None, blocks: Sequence[Block], spent: float) -> bool:
    """Whether a block as long as the last still ends within the limit. limit, spent: seconds; None: no limit."""
    last = float(blocks[-1].seconds) if blocks else 0.0
    return limit is None or spent + last <= limit
