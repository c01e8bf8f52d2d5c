"""What is not timed of a comparison, in an executor's workers: climbs, and trainings as a run's.

A cell is what one autoencoder and one framework climb: base, head and the reference, by one worker. It is plain data,
its result a record. What a climb leaves for other heads lies in the comparison's folder, which every worker sees.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.arrays import Dtype
from aebench.comparison.deadline import Deadline
from aebench.comparison.numbers import Due, judged, measured, of_data
from aebench.comparison.quality import Asked, Comparing
from aebench.errors import AebenchError, ExecutorError
from aebench.processes import worker
from aebench.processes.events import Listener, Silent
from aebench.processes.executors import Handed
from aebench.processes.worker import FrameworkProcess
from aebench.records.comparisons import Numbers, Sides
from aebench.records.conditions import Conditions
from aebench.records.fields import checked, plain
from aebench.records.qualities import Quality
from aebench.records.store import is_wanted
from aebench.running import points
from aebench.running.elsewhere import Task, handing_in, interpreters, require_alike, take_on, travelling, while_wanted
from aebench.running.options import Options, processes_of
from aebench.running.trainings import Trainings

TRACES = "traces"


class Cell(Task):
    """The climbs of one autoencoder on two sides; `folder` is the comparison's. common: as of `numbers.measured`."""

    sides: Sides
    dtypes: tuple[Dtype, ...]
    common: str | None = None

    @property
    def due(self) -> list[Due]:
        """Each climb."""
        (name,) = self.options.autoencoders
        return [Due(name, self.sides, dtype) for dtype in self.dtypes]


@dataclass(frozen=True)
class Climbs:
    """Where climbs are handed in from. conditions: as they are climbed under; common: as of `numbers.measured`."""

    options: Options
    conditions: Conditions
    folder: Path
    common: Path | None = None

    def cells(self, due: Sequence[Due], token: str) -> Iterator[Cell]:
        """The climbs that are due, those of one autoencoder and framework together."""
        dtypes: dict[tuple[str, str], list[Dtype]] = {}
        for name, sides, dtype in due:
            dtypes.setdefault((name, sides.framework), []).append(dtype)
        sides_of = {sides.framework: sides for _, sides, _ in due}
        for (name, framework), some in dtypes.items():
            sides = sides_of[framework]
            common = None if self.common is None else str((self.common / name / framework).absolute())
            asked = replace(self.options, autoencoders=(name,), frameworks=sides.names)
            yield Cell(
                options=travelling(asked), folder=str(self.folder.absolute()), conditions=self.conditions,
                environments=interpreters(sides.names), token=token, silence=worker.SILENCE_SECONDS, sides=sides,
                dtypes=tuple(some), common=common,
            )  # fmt: skip


def climbed(
    due: Sequence[Due], climbs: Climbs, handed: Handed, over: Callable[[], bool], listener: Listener
) -> Iterator[Numbers]:  # fmt: skip
    """What moved in each climb that is due, as soon as a worker knows it, until the time is over.

    Raises:
        ExecutorError: the executor is gone, and there is no other.
    """
    with handing_in(climbs.folder, handed) as token, _removed(climbs.folder / TRACES):
        cells = dict(enumerate(climbs.cells(due, token)))
        listener.begin(f"numbers by {handed.name}", len(due))
        for number, cell in cells.items():
            name, *_ = cell.options.autoencoders
            handed.hand_in(number, f"{name}, {cell.sides.framework}: numbers", climb, plain(cell))
        done = 0
        for number, found in handed.results(over):
            cell = cells[number]
            rows = failed(cell, found) if isinstance(found, ExecutorError) else [checked(it, Numbers) for it in found]
            for row in rows:
                done += 1
                listener.finished(f"{row.autoencoder}, {row.framework}, {row.dtype}: numbers", row.verdict)
                listener.advance(done, len(due))
                yield row


@contextmanager
def _removed(folder: Path) -> Iterator[None]:
    """What workers that were lost have left there goes."""
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def climb(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """In an executor's worker: climb the cell; what moved, dtype by dtype, and why what failed did not climb."""
    cell = checked(content, Cell)
    rows: list[Numbers] = []
    try:
        _require_seen(cell)
        take_on(cell)
        place = Path(cell.folder)
        with (
            processes_of(cell.options, place / "logs", arbiter=True) as processes,
            while_wanted(cell, *processes.values()),
        ):
            for process in processes.values():
                require_alike(cell, process)
            _climb(cell, processes, rows)
    except AebenchError as error:
        rows += failed(cell, error)[len(rows) :]
    return [plain(row) for row in rows]


def _climb(cell: Cell, processes: Mapping[str, FrameworkProcess], rows: list[Numbers]) -> None:
    """Climb as it is done without an executor. The traces lie beside the common ones, in a folder of this call's own:
    a worker that is taken for lost may go on beside it."""
    traces = Path(cell.folder) / TRACES
    traces.mkdir(exist_ok=True)
    mine, common = (
        Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=traces)),
        None if cell.common is None else Path(cell.common),
    )
    feed = partial(of_data, options=cell.options)
    measured(cell.due, feed, processes, mine, rows.append, lambda: False, Silent(), common)


def _require_seen(cell: Cell) -> None:
    """ExecutorError where the worker does not see the comparison's folder."""
    if not is_wanted(Path(cell.folder), cell.token):
        raise ExecutorError(
            f"its worker does not see {cell.folder}, or what was asked for is over; give --output in a folder that all "
            "machines share"
        )


def failed(cell: Cell, error: AebenchError) -> list[Numbers]:
    """The rows of what nobody climbed."""
    why = dict.fromkeys(cell.sides.names, str(error))
    return [judged(it.sides, of_data(it, cell.options).climb, [], why) for it in cell.due]


def trained(
    todo: Sequence[tuple[str, Sides]], trainings: Trainings, asked: Asked, processes: Mapping[str, FrameworkProcess],
    handed: Handed, deadline: Deadline,
) -> Iterator[Quality]:  # fmt: skip
    """How each autoencoder's trainings end on both sides, as soon as it is decided: seed by seed as without an
    executor, and several autoencoders at once.

    Raises:
        UsageError: a trial is there, and was measured under other conditions.
        ExecutorError: the executor is gone, and there is no other; what is finished is kept.
    """
    with handing_in(trainings.folder, handed) as token:
        trainings.listener.begin(f"quality by {handed.name}", len(todo))
        judging = _Judging([Comparing(registry.autoencoder(name), *sides.names, asked) for name, sides in todo],
                           trainings, deadline)  # fmt: skip
        yield from _known(judging, processes, handed, token)
        for key, found in handed.results(deadline.over):
            trainings.ended(points.document_of(trainings.trial(*key), found, trainings, processes[key[2]]))
            yield from _known(judging, processes, handed, token)
            trainings.listener.advance(len(todo) - len(judging.open), len(todo))
        yield from (it.out_of_time() for it in judging.open)


@dataclass
class _Judging:
    """Comparisons of trainings that are under way. left: trainings that are wanted, and not handed in yet."""

    open: list[Comparing]
    trainings: Trainings
    deadline: Deadline

    def __post_init__(self) -> None:
        self.left: list[points.Key] = []
        self._wanted: set[points.Key] = set()

    def advanced(self) -> Iterator[Quality]:
        """Take in what is trained; each that has ended, and what the others want next is left to be handed in."""
        still = []
        for it in self.open:
            while (trials := self._trials(it)) is not None:
                it.take(*trials)
            if it.seed is None:
                yield it.found
            elif not self._is_begun(it) and self.deadline.over():
                yield it.out_of_time()
            else:
                self._want(it, it.seed)
                still.append(it)
        self.open = still

    def _trials(self, it: Comparing) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Both sides' trials from the seed, where both are there."""
        if it.seed is None:
            return None
        base, head = (self.trainings.measured(it.autoencoder.name, it.seed, who) for who in it.subjects)
        return None if base is None or head is None else (base, head)

    def _is_begun(self, it: Comparing) -> bool:
        return any((it.autoencoder.name, it.seed, who) in self._wanted for who in it.subjects)

    def _want(self, it: Comparing, seed: int) -> None:
        """Both sides' trainings from the seed, each after the one that it starts from."""
        for who in it.subjects:
            for name in filter(None, (it.autoencoder.pretraining, it.autoencoder.name)):
                key = name, seed, who
                if key not in self._wanted:
                    self._wanted.add(key)
                    self.left.append(key)


def _known(
    judging: _Judging, processes: Mapping[str, FrameworkProcess], handed: Handed, token: str
) -> Iterator[Quality]:  # fmt: skip
    """What is decided; and hand in what the rest wants, until nothing of it is there already."""
    before = -1
    while before != len(judging.trainings.trials):
        before = len(judging.trainings.trials)
        yield from judging.advanced()
        judging.left = points.hand_in(judging.trainings, judging.left, processes, handed, token)
