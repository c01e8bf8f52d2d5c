"""One block: fresh processes, in turn, with what fails in them as a reason; and the reference's for real."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from msgspec import UNSET, structs
from pairs import pair

from aebench.comparison.speed import Blocks, Due, Question, Where
from aebench.errors import FrameworkError, ResultError
from aebench.processes import worker
from aebench.processes.worker import FrameworkProcess
from aebench.records import machine
from aebench.records.blocks import Block, Pair, Timed, Work
from aebench.records.conditions import Busy
from aebench.records.fields import Float, checked, plain
from aebench.speed import blocks, workloads
from aebench.speed.blocks import Subject
from aebench.speed.planted import Slowed
from aebench.speed.ratios import has, log_ratio
from aebench.speed.workloads import Inference, Training


@dataclass(frozen=True)
class Hanging:
    """A workload that never becomes ready."""

    def ready(self) -> Any:
        """Nothing for ten minutes."""
        time.sleep(600.0)


class Steady:
    """The pace of a core on which the piece of work always takes as long."""

    seconds: float | None = 0.5

    def __init__(self, core: int) -> None:
        assert 3 == core

    def __enter__(self) -> Steady:
        return self

    def __exit__(self, *_: object) -> None:
        pass


Calls = list[tuple[int, str]]
PAIR = [Subject(name, {"training": Training("linear", name), "inference": Inference("linear", name)}) for name in "ab"]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of this process; nobody waits for them."""
    found: list[float] = []
    monkeypatch.setattr(blocks, "time", SimpleNamespace(sleep=found.append, perf_counter=lambda: 0.0))
    monkeypatch.setattr(blocks, "Pace", Steady)
    return found


class Clockwork:
    """A process whose rounds take so long; `fails`: a function, and at which call of it the process breaks."""

    def __init__(self, number: int, seconds: float, calls: Calls, fails: tuple[str, int] | None) -> None:
        self.number, self.seconds, self.calls, self.fails = number, seconds, calls, fails
        self.held: list[list[int]] = []

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        name = function.__name__
        self.calls.append((self.number, name))
        if self.fails and self.calls.count((self.number, name)) >= self.fails[1] and name == self.fails[0]:
            raise FrameworkError("it broke")
        if name == "hold":
            self.held.append(list(arguments[0]))
        first = self.calls.count((self.number, name)) == 1
        found = {"seconds": self.seconds * (2 if first else 1), "images": 100, "hold": None, "getpid": 1}
        return {**found, "import_seconds": self.seconds, "peak_memory": (2**20, None)}[name]

    def close(self) -> None:
        """End at once."""
        self.calls.append((self.number, "closed"))


def timed(
    subjects: list[Subject], seconds: list[float], first: int = 0, fails: tuple[str, int] | None = None, **how: Any
) -> tuple[Block, Calls]:
    """The block of processes of these seconds a round, the last of which may fail, and what they were called for."""
    calls: Calls = []
    numbers = iter(range(len(subjects)))

    @contextlib.contextmanager
    def opened(name: str, log: Path) -> Iterator[Clockwork]:
        number = next(numbers)
        yield Clockwork(number, seconds[number], calls, fails if number == len(subjects) - 1 else None)
        calls.append((number, "ended"))

    return blocks.timed(subjects, first, Path("logs"), opened, **how), calls  # type: ignore[arg-type]


def test_rounds_go_forwards_and_backwards() -> None:
    """ABBA, as often forwards as backwards; who is first begins."""
    for first, turns in ((0, [0, 1, 1, 0]), (1, [1, 0, 0, 1])):
        block, calls = timed(PAIR, [0.4, 0.4], first)
        rounds = [number for number, name in calls if name == "seconds"]
        assert first == block.first
        warm = [turns[0]] * 2 + [turns[1]] * 2
        assert (warm + turns * 3) * 2 == rounds, "two to warm up, six rounds; of training and then of inference"


def test_everything_happens_in_its_order() -> None:
    """Import, ready, warm, timed, the peak of memory, the end: a workload after the other, and both end."""
    _, calls = timed(PAIR, [1.0, 1.0])
    mine = [name for number, name in calls if number == 0]
    work = ["seconds"] * (2 + 6)
    assert ["getpid", "import_seconds", "images", "images", *work * 2, "peak_memory", "ended"] == mine
    assert (1, "ended") in calls


def test_every_number_is_kept_raw() -> None:
    """The first round, the warm rounds, the import and the memory of both sides; and the ratio of each measure."""
    block, _ = timed(PAIR, [0.2, 0.25])
    base, head = block.subjects
    assert Work(images=100, warm_up=[Float(0.4), Float(0.2)], rounds=[Float(0.2)] * 6) == base.works["training"]
    assert block.core is base.import_pace is UNSET
    assert (0.25, 2**20, None) == (head.import_seconds, head.peak_bytes, head.peak_device_bytes)
    for measure in ("training", "inference", "first epoch", "import"):
        assert math.log(1.25) == pytest.approx(log_ratio(block, 0, 1, measure))
    assert block == checked(plain(block), Block)


@pytest.mark.parametrize(
    ("measures", "called", "there"),
    [
        (("first epoch",), ["images", "seconds"], {"first epoch"}),
        (("inference",), ["images", *["seconds"] * 8], {"inference"}),
        (("training",), ["images", *["seconds"] * 8], {"training", "first epoch"}),
        (("inference", "first epoch"), ["images"] * 2 + ["seconds"] * 9, {"inference", "first epoch"}),
        (("training", "inference"), ["images"] * 2 + ["seconds"] * 16 + ["peak_memory"],
         {"training", "inference", "first epoch"}),
        (("first epoch", "import"), ["import_seconds", "images", "seconds"], {"first epoch", "import"}),
    ],
)  # fmt: skip
def test_what_is_not_wanted_is_not_run(measures: tuple[str, ...], called: list[str], there: set[str]) -> None:
    """A process does what the measures need and no more: its peak of memory is then that of nothing that is known."""
    block, calls = timed(PAIR, [1.0, 1.0], measures=measures)
    assert ["getpid", *called, "ended"] == [name for number, name in calls if number == 0]
    assert there == {measure for measure in ("training", "inference", "first epoch", "import") if has(block, measure)}
    assert [{"training", "inference"} <= there] * 2 == [it.peak_bytes is not UNSET for it in block.subjects]
    with contextlib.ExitStack() as stack:
        if missing := {"training", "inference", "first epoch", "import"} - there:
            stack.enter_context(pytest.raises(ResultError, match="it was not measured in this block"))
        for measure in missing:
            log_ratio(block, 0, 1, measure)
    known = {name: getattr(block, name) for name in block.__struct_fields__}
    whole = Pair(**known, autoencoder="linear", control=False)
    assert whole == checked(plain(whole), Pair)


def test_before_every_timing_the_threads_of_the_one_before_calm_down(pauses: list[float]) -> None:
    """A pause for each round, and for each warm-up."""
    timed(PAIR, [0.4, 0.4])
    assert [workloads.SECONDS_TO_CALM_DOWN] * 2 * 2 * (1 + 6) == pauses
    pauses.clear()
    timed(PAIR, [0.4, 0.4], pause=0.0)
    assert {0.0} == set(pauses), "with a single thread there is none to wait for"


@pytest.mark.parametrize(("seconds", "rounds"), [(0.001, 10), (0.05, 10), (0.06, 10), (0.08, 8), (3.0, 6)])
def test_a_side_is_timed_for_about_half_a_second(seconds: float, rounds: int) -> None:
    """From six rounds to twelve, an even number; what is short is repeated within a round."""
    block, _ = timed(PAIR, [seconds, seconds / 2])
    assert [rounds] * 4 == [len(work.rounds) for it in block.subjects for work in it.works.values()]


@pytest.mark.parametrize(
    "fails",
    [
        ("getpid", 1),
        ("import_seconds", 1),
        ("images", 2),
        ("seconds", 1),
        ("seconds", 5),
        ("seconds", 9),
        ("peak_memory", 1),
    ],
)
def test_what_fails_is_a_reason(fails: tuple[str, int]) -> None:
    """Wherever it breaks, the block is whole, the other side has its numbers, and no half of them is left."""
    block, _ = timed(PAIR, [0.4, 0.4], fails=fails)
    base, head = block.subjects
    assert (None, "it broke", {}) == (base.failed, head.failed, head.works)
    assert [6, 6] == [len(work.rounds) for work in base.works.values()]
    assert block == checked(plain(block), Block)
    with pytest.raises(ResultError, match="b has no seconds of its training: it broke"):
        log_ratio(block, 0, 1, "training")


@pytest.mark.parametrize("function", ["images", "seconds"])
def test_an_interruption_ends_every_process(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """Ctrl-C while they are made ready, all at once, or in a round: no failure of anybody, and it waits for nobody."""
    sound = Clockwork.call

    def interrupted(self: Clockwork, asked: Callable[..., Any], *arguments: Any) -> Any:
        if asked.__name__ == function and self.number == 1:
            raise KeyboardInterrupt
        return sound(self, asked, *arguments)

    monkeypatch.setattr(Clockwork, "call", interrupted)
    calls: Calls = []
    numbers = iter(range(2))

    @contextlib.contextmanager
    def opened(name: str, log: Path) -> Iterator[Clockwork]:
        number = next(numbers)
        try:
            yield Clockwork(number, 1.0, calls, None)
        finally:
            calls.append((number, "ended"))

    with pytest.raises(KeyboardInterrupt):
        blocks.timed(PAIR, 0, Path("logs"), opened)  # type: ignore[arg-type]
    assert {0, 1} == {number for number, name in calls if name == "ended"}
    assert (function == "images") == ((0, "closed") in calls)


def test_what_is_timed_has_a_core_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it imports and is timed; all cores when it is made ready. What happens once has the pace of the core."""
    monkeypatch.setattr(blocks, "cores", lambda: [2, 3])
    block, calls = timed(PAIR, [1.0, 1.0], core=3)
    mine = [name for number, name in calls if number == 1]
    ready, work = ["hold", "images", "images"], ["hold", *["seconds"] * 2 * (2 + 6), "hold"]
    assert ["getpid", "hold", "import_seconds", *ready, *work, "peak_memory", "ended"] == mine
    base = block.subjects[0]
    assert (3, 0.5) == (block.core, base.import_pace)
    assert {0.5} == {work.pace for work in base.works.values()}
    assert block == checked(plain(block), Block)


@pytest.mark.parametrize(("measure", "ratio"), [("import", 1.5), ("first epoch", 1.5), ("training", 3.0)])
def test_what_happens_once_counts_by_the_pace_of_the_core(measure: str, ratio: float) -> None:
    """Planted: head takes three times as long, while its core is half as fast. Rounds go in turn, and need no pace."""
    work = [Work(images=1, warm_up=[Float(n)], rounds=[Float(n)], pace=Float(pace)) for n, pace in ((1, 0.5), (3, 1))]
    base, head = (
        Timed(name="a", works={"training": each}, import_seconds=each.rounds[0], import_pace=each.pace) for each in work
    )
    block = Block(first=0, subjects=[base, head], seconds=Float(1.0), busy=Busy())
    assert math.log(ratio) == pytest.approx(log_ratio(block, 0, 1, measure))
    head.import_pace = head.works["training"].pace = UNSET
    assert math.log(3.0) == pytest.approx(log_ratio(block, 0, 1, measure)), "not of one side alone"


def test_a_first_epoch_is_the_first_round_and_rounds_are_their_mean() -> None:
    """Planted: a second round of the warm-up, and a single round among many, that say something else."""
    works = [
        Work(images=1, warm_up=[Float(first), Float(9.0 / first)], rounds=[Float(it) for it in rounds])
        for first, rounds in ((1.0, (1.0, 1.0, 1.0, 1.0)), (3.0, (1.0, 1.0, 1.0, 16.0)))
    ]
    sides = [Timed(name=name, works={"training": work}) for name, work in zip("ab", works, strict=True)]
    block = Block(first=0, subjects=sides, seconds=Float(1.0), busy=Busy())
    assert math.log(3.0) == pytest.approx(log_ratio(block, 0, 1, "first epoch"))
    assert math.log(2.0) == pytest.approx(log_ratio(block, 0, 1, "training"))


def test_a_block_has_what_both_sides_have() -> None:
    """A side that failed, or was not asked, has nothing to be compared with."""
    whole = pair(Due("stacked", control=False, first=0), {})
    failed = pair(Due("stacked", control=False, first=0), {}, failure="it broke")
    assert (True, False) == (has(whole, "training"), has(failed, "training"))


def test_many_subjects_take_part_in_what_they_have() -> None:
    """Frameworks, peers and libraries in one block, each with its own workload of the same name."""
    kinds = ("framework", "peer", "products")
    subjects = [Subject(kind, {"training": PAIR[0].workloads["training"]}, kind) for kind in kinds]
    block, calls = timed(subjects, [0.4] * 3)
    assert list(kinds) == [it.kind for it in block.subjects]
    assert [0, 0, 1, 1, 2, 2] + [0, 1, 2, 2, 1, 0] * 3 == [number for number, name in calls if name == "seconds"]
    assert {0} == {number for number, name in calls if name in ("import_seconds", "peak_memory")}


def test_a_rehearsal_goes_through_everything_once() -> None:
    """In a process of each, at the same time; what fails there is found out in the block."""
    calls: Calls = []
    numbers = iter(range(2))

    @contextlib.contextmanager
    def opened(name: str, log: Path) -> Iterator[Clockwork]:
        number = next(numbers)
        yield Clockwork(number, 1.0, calls, ("seconds", 1) if number == 0 else None)
        calls.append((number, "ended"))

    blocks.rehearse(PAIR, Path("logs"), opened)  # type: ignore[arg-type]
    assert [(0, "seconds"), (1, "seconds"), (1, "seconds")] == sorted(calls[:-2])
    assert {(0, "ended"), (1, "ended")} == set(calls[-2:])


def test_rounds_of_different_numbers_are_no_block() -> None:
    """A record that was cut is refused."""
    works = [{"training": Work(images=1, warm_up=[Float(1.0)], rounds=[Float(1.0)] * n)} for n in (3, 4)]
    subjects = [Timed(name="a", works=each) for each in works]
    with pytest.raises(ValueError, match="training was timed in 3, 4 rounds"):
        Block(first=0, subjects=subjects, seconds=Float(1.0), busy=Busy())
    with pytest.raises(ValueError, match="2 subjects, found 1"):
        Pair(first=0, subjects=subjects[:1], seconds=Float(1.0), busy=Busy(), autoencoder="a", control=False)


NAN = Float("nan")


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ({"import_seconds": UNSET}, "import_seconds is there of base alone"),
        ({"peak_bytes": UNSET}, "peak_bytes is there of base alone"),
        ({"works": {}}, "training was timed in 0, 4 rounds"),
        ({"import_seconds": 0.0}, "head has import_seconds 0.0"),
        ({"peak_bytes": None}, "head has peak_bytes None"), ({"peak_bytes": 0}, "head has peak_bytes 0"),
        ({"works": {"training": Work(images=1, warm_up=[], rounds=[Float(1.0)] * 4)}}, "head took no seconds for tr"),
        ({"works": {"training": Work(images=1, warm_up=[Float(1.0)], rounds=[Float(0.0)] * 4)}}, "head took no second"),
        ({"works": {"training": Work(images=1, warm_up=[NAN], rounds=[Float(1.0)] * 4)}}, "head took no second"),
        ({"works": {"training": Work(images=1, warm_up=[Float(1.0)], rounds=[NAN] * 4)}}, "head took no second"),
        ({"works": {"training": Work(images=0, warm_up=[Float(1.0)], rounds=[Float(1.0)] * 4)}}, "head has 0 images"),
        ({"import_seconds": NAN}, "head has import_seconds nan"),
        ({"import_pace": Float("inf")}, "head has import_pace inf"),
        (
            {"works": {"training": Work(images=1, warm_up=[Float(1.0)], rounds=[Float(1.0)] * 4, pace=Float("inf"))}},
            "head has pace inf in training",
        ),
    ],
)  # fmt: skip
def test_a_side_that_did_not_fail_has_all_its_numbers(damage: dict[str, Any], problem: str) -> None:
    """A logarithm is taken of each; a record that lacks one was edited. One of the import needs no others."""
    sound = pair(Due("stacked", control=False, first=0), {})
    sides = [sound.subjects[0], structs.replace(sound.subjects[1], **damage)]
    sides = [structs.replace(side, works={k: w for k, w in side.works.items() if k == "training"}) for side in sides]
    with pytest.raises(ValueError, match=problem):
        structs.replace(sound, subjects=sides)
    nothing = [structs.replace(it, works={}, import_seconds=UNSET) for it in sound.subjects]
    for autoencoder in ("stacked", None):
        with pytest.raises(ValueError, match="nothing of base was measured"):
            structs.replace(sound, subjects=nothing, autoencoder=autoencoder)
    imported = [structs.replace(side, works={}, peak_bytes=UNSET) for side in sound.subjects]
    assert structs.replace(sound, subjects=imported, autoencoder=None).failed is None


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system counts the parent's memory, too")
def test_the_peak_of_memory_is_the_process_s_own() -> None:
    """Planted: the harness holds 512 MiB when it starts the process, which must not count there."""
    held = np.ones(2**29, np.uint8)
    with FrameworkProcess("reference") as process:
        assert process.call(workloads.peak_memory, "reference")[0] < held.nbytes


def test_a_process_that_hangs_is_ended_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Planted: a workload that never becomes ready. The rehearsal passes over it, the block says it."""
    monkeypatch.undo()
    monkeypatch.setattr(worker, "SILENCE_SECONDS", 10.0)
    sleeping = Subject("reference", {"training": Hanging()})
    blocks.rehearse([sleeping], tmp_path)
    block = blocks.timed([sleeping], 0, tmp_path)
    log = tmp_path / "reference-framework.log"
    waits = "its process was ended; the same command goes on, and waits longer with --timeout MINUTES"
    expected = f"reference: no answer to images in 10 s; {waits}; see the end of {log}"
    assert expected == block.subjects[0].failed


def test_processes_begin_with_so_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody has said how many; afterwards the variables are what they were."""
    for name in blocks.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    before = dict(os.environ)
    with blocks.threads(1), FrameworkProcess("reference") as process:
        found = [process.call(os.getenv, name) for name in blocks.THREAD_VARIABLES]
    assert ["1", "7", "1", "1", "1"] == found
    assert before == dict(os.environ)
    with blocks.threads(None):
        assert before == dict(os.environ)


def test_the_reference_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a head that takes four times as long and holds 64 MiB more is seen in a single block, and its control
    is not; each is a block of two processes that are gone afterwards."""
    monkeypatch.undo()
    where, question = Where(schedule="quick"), Question("reference", "reference", ("linear",))
    source = Blocks(question, where, tmp_path, planted=lambda workload: Slowed(workload, 3.0, 2**26))
    slowed, control = source(Due("linear", False, 1)), source(Due("linear", True, 0))
    assert [None, None] == [slowed.failed, control.failed]
    for measure in ("training", "inference"):
        assert log_ratio(slowed, 0, 1, measure) > math.log(2.0)
        assert abs(log_ratio(control, 0, 1, measure)) < math.log(2.0)
    held = [[it.peak_bytes for it in block.subjects] for block in (slowed, control)]
    assert held[0][1] - held[0][0] > 2**26 > abs(held[1][1] - held[1][0])  # type: ignore[operator]  # both are there
    assert slowed == checked(plain(slowed), Pair)


def test_what_this_process_and_its_own_do_is_not_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20 seconds of the processors, 6 were idle, 2 the host gave away, 5 were ours: 7 went to other programs."""
    Times = namedtuple("Times", ["user", "system", "idle", "iowait", "steal", "guest"])  # as psutil's on Linux
    times = iter([Times(*[0.0] * 6), Times(9.0, 3.0, 5.0, 1.0, 2.0, 4.0)])
    own = iter([100.0, 105.0])
    monkeypatch.setattr(machine.psutil, "cpu_times", lambda: next(times))
    monkeypatch.setattr(machine, "_own_seconds", lambda: next(own))
    busy = machine.Watch().busy()
    assert (0.1, 0.35) == (busy.steal, busy.others)


def test_an_import_is_timed_without_what_lies_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look a framework up reads what every installed package says of itself, which differs by environment."""
    spent = [0.0]

    class Found:
        def devices(self) -> list[str]:
            spent[0] += 2.0
            return ["cpu"]

    def looked_up(_: str) -> Found:
        spent[0] += 5.0
        return Found()

    monkeypatch.setattr(workloads.registry, "framework", looked_up)
    monkeypatch.setattr(workloads.time, "perf_counter", lambda: spent[0])
    assert 2.0 == workloads.import_seconds("pytorch")
