"""One block: a fresh process of each subject, made warm, timed in turn forwards and backwards, and ended.

A process keeps its luck (where its memory lies, which cores it got) for all its rounds: two fresh processes of one
subject differ more than the rounds of one do. So what is compared is compared over several blocks, each of which gives
one number, and who begins changes from block to block: the process that is started first is slower than the second.

Most of the rest is the core's: on one core, PyTorch's blocks varied by 2.6 % in place of 3.2 in training and by 2.2 in
place of 4.4 in inference; divided by the core's pace meanwhile, its imports by 3.7 % in place of 9.3.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import UNSET, UnsetType

from aebench.errors import AebenchError
from aebench.processes.temporary import told
from aebench.processes.worker import FrameworkProcess
from aebench.records.blocks import Block, Kind, Timed, Work
from aebench.records.fields import Float
from aebench.records.machine import Watch
from aebench.speed import workloads
from aebench.speed.cores import Pace, cores, hold
from aebench.speed.ratios import FIRST_EPOCH, IMPORT, TRAINING
from aebench.training.timing import ROUNDS_TO_WARM

# A subject's rounds of a workload take about so long, and are so many at least and at most: to start a process costs
# several seconds, and what one has in luck is in all its rounds.
SECONDS_OF_ROUNDS = 0.5
LEAST_ROUNDS, MOST_ROUNDS = 6, 12
# What takes less is run several times in a round, or the way into it would count.
LEAST_SECONDS = 0.05
THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
)  # fmt: skip

Opened = Callable[[str, Path], contextlib.AbstractContextManager[FrameworkProcess]]


@dataclass(frozen=True)
class Subject:
    """Who is timed, and the workloads by name that its process goes through, one after the other."""

    name: str
    workloads: Mapping[str, workloads.Timed]
    kind: Kind = "framework"


@dataclass
class _Life:
    """A subject's process from its start to its end; what fails in it ends its part in the block."""

    subject: Subject
    process: FrameworkProcess
    timed: Timed

    @property
    def sound(self) -> bool:
        """Whether nothing has failed so far."""
        return self.timed.failed is None

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What the function answers in the process; None where it fails, which is then the subject's failure."""
        try:
            return self.process.call(function, *arguments)
        except AebenchError as error:
            self.timed.failure, self.timed.works = str(error), {}
            return None


@contextlib.contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Within it processes begin with so many threads in an operation, but for variables that somebody has set.

    None: as many as each framework takes by itself.
    """
    with told({name: str(count) for name in THREAD_VARIABLES if count}):
        yield


def timed(
    subjects: Sequence[Subject], first: int, logs: Path, opened: Opened = FrameworkProcess, *,
    pause: float = workloads.SECONDS_TO_CALM_DOWN, core: int | None = None, measures: Collection[str] | None = None,
) -> Block:  # fmt: skip
    """Time the subjects in fresh processes; the one in place `first` begins. A subject that fails says why.

    pause: seconds before each round, in which the other one's threads go to sleep. core: what is timed runs there
    alone, and what happens once has the core's pace beside it; None: wherever the system puts it. measures: those
    of `ratios.log_ratio` that are wanted, and nothing else is run; None: all of them. Peaks of memory are taken where
    every workload is.
    """
    begun, watch = time.perf_counter(), Watch()
    every = (IMPORT, FIRST_EPOCH, *(name for it in subjects for name in it.workloads))
    wanted = frozenset(every if measures is None else measures)
    with contextlib.ExitStack() as stack:
        lives = [
            _Life(
                _cut(it, wanted),
                stack.enter_context(opened(it.name, _log(logs, it))),
                Timed(name=it.name, kind=it.kind),
            )
            for it in subjects
        ]
        order = [*lives[first:], *lives[:first]]
        _together(order, _start)
        if IMPORT in wanted:
            with _on(core, order):
                for life in order:
                    _import(life, core)
        _together(order, _make_ready)
        with _on(core, order):
            for name in dict.fromkeys(name for life in lives for name in life.subject.workloads):
                _time(order, name, pause, core, once=name not in wanted)
        for life in order if wanted.issuperset(every[2:]) else ():
            _remember(life)
    ended = [life.timed for life in lives]
    seconds = Float(time.perf_counter() - begun)
    where = UNSET if core is None else core
    return Block(first=first, subjects=ended, seconds=seconds, busy=watch.busy(), core=where)


def rehearse(subjects: Sequence[Subject], logs: Path, opened: Opened = FrameworkProcess) -> None:
    """Have each subject go through everything once, in a process that is not timed.

    What is read from a disk or compiled for the first time on this machine lies in its caches afterwards. Whatever
    fails is found out again in the blocks.
    """
    with contextlib.ExitStack() as stack:
        lives = [
            _Life(it, stack.enter_context(opened(it.name, _log(logs, it))), Timed(name=it.name)) for it in subjects
        ]
        _together(lives, _rehearse)


def _cut(subject: Subject, wanted: Collection[str]) -> Subject:
    """The subject with the workloads alone of which something is wanted."""
    kept = {
        name: workload for name, workload in subject.workloads.items()
        if name in wanted or (name == TRAINING and FIRST_EPOCH in wanted)
    }  # fmt: skip
    return replace(subject, workloads=kept)


def _log(logs: Path, subject: Subject) -> Path:
    return logs / f"{subject.name.replace(os.sep, '_')}-{subject.kind}.log"


def _rehearse(life: _Life) -> None:
    """Run each workload once."""
    for workload in life.subject.workloads.values():
        if life.sound:
            life.ask(workloads.seconds, workload)


def _start(life: _Life) -> None:
    life.ask(os.getpid)


@contextlib.contextmanager
def _on(core: int | None, lives: Sequence[_Life]) -> Iterator[None]:
    """Within it they run on the core alone; None: wherever the system puts them."""
    if core is not None:
        _hold(lives, [core])
    yield
    if core is not None:
        _hold(lives, cores())


def _hold(lives: Iterable[_Life], on: Sequence[int]) -> None:
    for life in (life for life in lives if life.sound):
        life.ask(hold, on)


@contextlib.contextmanager
def _paced(core: int | None) -> Iterator[Callable[[], Float | UnsetType]]:
    """What says, afterwards, how fast the core was within it: seconds of a piece of work; UNSET where nobody knows."""
    if core is None:
        yield lambda: UNSET
        return
    with Pace(core) as pace:
        yield lambda: UNSET if pace.seconds is None else Float(pace.seconds)


def _import(life: _Life, core: int | None) -> None:
    """Import the framework against the clock; a peer's is imported when it is made ready."""
    if life.sound and life.subject.kind == "framework":
        with _paced(core) as pace:
            spent = life.ask(workloads.import_seconds, life.subject.name)
        if life.sound:
            life.timed.import_seconds, life.timed.import_pace = spent, pace()


def _make_ready(life: _Life) -> None:
    """Everything that is not timed: data, parameters, random numbers."""
    for name, workload in life.subject.workloads.items():
        if life.sound and (images := life.ask(workloads.images, workload)):
            life.timed.works[name] = Work(images=images, warm_up=[], rounds=[])


def _together(lives: Iterable[_Life], act: Callable[[_Life], None]) -> None:
    """Do that in all of them at once; an interruption ends them, and waits for nobody."""
    sound = [life for life in lives if life.sound]
    with ThreadPoolExecutor(max(1, len(sound))) as threads:
        try:
            list(threads.map(act, sound))
        except BaseException:
            for life in sound:
                life.process.close()
            raise


def _warm_up(life: _Life, name: str, core: int | None, rounds: int) -> None:
    """Run the rounds that compile, and those that are slower without; the first beside the core's pace."""
    for number in range(rounds):
        with _paced(core if number == 0 else None) as pace:
            spent = life.ask(workloads.seconds, life.subject.workloads[name])
        if not life.sound:
            return
        life.timed.works[name].warm_up.append(spent)
        if number == 0:
            life.timed.works[name].pace = pace()


def _time(order: Sequence[_Life], name: str, pause: float, core: int | None, *, once: bool) -> None:
    """Make that workload warm in each process, and time it in turn, every other round backwards.

    once: only its first round is wanted.
    """
    taking_part = [life for life in order if name in life.subject.workloads]
    for life in (life for life in taking_part if life.sound):
        time.sleep(pause)
        _warm_up(life, name, core, 1 if once else ROUNDS_TO_WARM)
    if once:
        return
    warm = {id(life): life.timed.works[name].warm_up[-1] for life in taking_part if life.sound}
    times = {key: max(1, math.ceil(LEAST_SECONDS / seconds)) for key, seconds in warm.items()}
    slowest = max((times[key] * seconds for key, seconds in warm.items()), default=SECONDS_OF_ROUNDS)
    rounds = min(MOST_ROUNDS, max(LEAST_ROUNDS, math.ceil(SECONDS_OF_ROUNDS / slowest)))
    # As many forwards as backwards.
    for number in range(rounds + rounds % 2):
        for life in taking_part if number % 2 == 0 else reversed(taking_part):
            if life.sound:
                time.sleep(pause)
                spent = life.ask(workloads.seconds, life.subject.workloads[name], times[id(life)])
                if life.sound:
                    life.timed.works[name].rounds.append(spent)


def _remember(life: _Life) -> None:
    """A framework's peak memory, once everything has run."""
    if (
        life.sound
        and life.subject.kind == "framework"
        and (found := life.ask(workloads.peak_memory, life.subject.name))
    ):
        life.timed.peak_bytes, life.timed.peak_device_bytes = found
