"""Comparisons in an executor's workers: what is found without one, each cell once; what is lost is told and no row is
green for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import examples
import pytest
from comparisons import SIDES, climbed, record

from aebench.comparison import comparing, handing, quality, verdict
from aebench.comparison.deadline import Deadline
from aebench.comparison.handing import Climbs
from aebench.comparison.numbers import Due
from aebench.comparison.parts import require_untimed
from aebench.comparison.quality import Asked
from aebench.errors import UnwritableError, UsageError
from aebench.processes import environments
from aebench.processes.environments import Environment
from aebench.processes.events import Silent
from aebench.processes.executors import Chosen, Handed
from aebench.records import documents
from aebench.records.comparisons import Numbers
from aebench.records.conditions import Conditions, Harness, Machine
from aebench.records.fields import checked, plain
from aebench.records.qualities import Quality
from aebench.records.store import WANTED
from aebench.running import elsewhere, points
from aebench.running.options import Options
from aebench.running.points import Point
from aebench.running.trainings import Trainings

DTYPES = ("float64", "float32")
DUE = [Due(name, SIDES, dtype) for name in ("linear", "tied") for dtype in DTYPES]
OPTIONS = Options(("linear", "tied"), SIDES.names)
CONDITIONS = Conditions(aebench=Harness(), machine=Machine(), subjects={})


class Lost(Executor):
    """An executor whose workers are lost, each time."""

    def submit(self, fn: Any, /, *_: Any, **__: Any) -> Future[Any]:
        """The call's future, which has failed."""
        future: Future[Any] = Future()
        future.set_exception(RuntimeError("gone"))
        return future


class One(examples.Now):
    """An executor with one worker, which is given a call when it has none."""

    _max_workers = 1


LOST = Chosen("lost", lambda _: Lost(), {}, "a test's")


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is no worker; the environment `old` is known."""
    monkeypatch.setattr(elsewhere.capture, "take_on", lambda _: None)
    monkeypatch.setattr(environments, "_told", {"old": Environment("old", Path("old/bin/python"), "./old", own=True)})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Due], Path, Path | None]]:
    """What is climbed where, without climbing: float32 moves, by what is no number in the reference."""
    found: list[tuple[list[Due], Path, Path | None]] = []

    def measured(
        due: Sequence[Due], feed: Any, processes: Mapping[str, Any], folder: Path, keep: Callable[[Numbers], None],
        over: Any, listener: Any, common: Path | None,
    ) -> None:  # fmt: skip
        found.append((list(due), folder, common))
        assert {"reference", *SIDES.names} == set(processes)
        for it in due:
            assert it.autoencoder == feed(it).climb.autoencoder.name
            keep(moved(it))

    monkeypatch.setattr(handing, "measured", measured)
    monkeypatch.setattr(handing, "processes_of", examples.inline)
    monkeypatch.setattr(handing, "require_alike", lambda *_: None)
    return found


def moved(due: Due) -> Numbers:
    """The row of a climb: float32 moved."""
    row = climbed(due.dtype, "moved" if due.dtype == "float32" else "identical", autoencoder=due.autoencoder)
    row.rungs[0].base = type(row.rungs[0].base)("nan")
    return row


def rows(folder: Path, chosen: Chosen = examples.NOW, *, over: bool = False, common: Path | None = None) -> list[Any]:
    """What that executor finds of all that is due, in the order in which it is due."""
    with Handed(chosen, Silent()) as handed:
        climbs = Climbs(OPTIONS, CONDITIONS, folder, common)
        found = [*handing.climbed(DUE, climbs, handed, lambda: over, Silent())]
    return sorted(found, key=lambda row: DUE.index(Due(row.autoencoder, SIDES, row.dtype)))


def test_each_cell_is_climbed_once_by_one_worker(asked: list[Any], tmp_path: Path) -> None:
    """Both dtypes together, each cell with traces of its own and its place among the common ones; the rows are those
    that are found without an executor, and nothing else is left."""
    found = rows(tmp_path, common=tmp_path / "common")
    assert repr([plain(moved(due)) for due in DUE]) == repr([plain(row) for row in found])
    asked.sort(key=lambda it: DUE.index(it[0][0]))
    assert [DUE[:2], DUE[2:]] == [due for due, *_ in asked]
    assert 2 == len({folder for _, folder, _ in asked})
    assert [tmp_path / "common" / name / "pytorch" for name in ("linear", "tied")] == [place for *_, place in asked]
    assert [] == list(tmp_path.iterdir())


def test_a_worker_starts_the_sides_as_the_harness_does(tmp_path: Path, asked: list[Any]) -> None:
    """A commit's environment runs the aebench that is installed there, in a worker, too."""
    (cell, _) = Climbs(OPTIONS, CONDITIONS, tmp_path).cells(DUE, "token")
    environments._told.clear()
    elsewhere.take_on(checked(json.loads(json.dumps(plain(cell))), handing.Cell))
    assert (True, Path("old/bin/python")) == (environments.find("old").own, environments.find("old").python)


def test_what_is_lost_is_not_compared(asked: list[Any], tmp_path: Path) -> None:
    """Planted: every worker is lost; every climb is a row that says so, and the status is 2."""
    found = rows(tmp_path, LOST)
    assert ([], ["not compared"] * 4) == (asked, [row.verdict for row in found])
    assert all("its worker was lost 2 times" in why for row in found for why in row.failures.values())
    assert 2 == verdict.status(verdict.findings(record(*found)))
    assert [] == list(tmp_path.iterdir())


def test_what_fails_in_the_middle_leaves_what_was_found(
    asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the disk is full after the first dtype."""

    def measured(due: Sequence[Due], *others: Any) -> None:
        others[3](moved(due[0]))
        raise UnwritableError("full")

    monkeypatch.setattr(handing, "measured", measured)
    found = rows(tmp_path)
    assert ["identical", "not compared"] * 2 == [row.verdict for row in found]
    assert [due.dtype for due in DUE] == [row.dtype for row in found]
    assert dict.fromkeys(SIDES.names, "full") == found[1].failures


def test_a_worker_that_does_not_see_the_folder_says_so(asked: list[Any], tmp_path: Path) -> None:
    """Planted: a folder of another machine. Nothing is climbed, and nothing written there."""
    (cell, _) = Climbs(OPTIONS, CONDITIONS, tmp_path / "elsewhere").cells(DUE, "token")
    found = handing.climb(plain(cell))
    assert all("its worker does not see" in why for row in found for why in row["failures"].values())
    assert ([], []) == (asked, list(tmp_path.iterdir()))


def test_nothing_begins_when_the_time_is_over(asked: list[Any], tmp_path: Path) -> None:
    """And no row says that it did."""
    assert ([], []) == (rows(tmp_path, over=True), asked)


def test_whoever_breaks_off_wants_nothing_any_more(asked: list[Any], tmp_path: Path) -> None:
    """The token is gone, and so are the traces."""
    with Handed(examples.NOW, Silent()) as handed:
        found = handing.climbed(DUE, Climbs(OPTIONS, CONDITIONS, tmp_path), handed, lambda: False, Silent())
        next(found)
        assert (tmp_path / WANTED).exists()
        found.close()
    assert [] == list(tmp_path.iterdir())


def made_up(name: str, subject: str, seed: int) -> dict[str, Any]:
    """A finished training: of `tied` head fails at seed 1, of others it ends near base."""
    if (name, subject, seed) == ("tied", SIDES.head, 1):
        return {"autoencoder": name, "framework": subject, "seed": seed, "failure": "leapt"}
    error = 1.0 + 0.1 * (seed % 3) + (0.001 if subject == SIDES.head else 0.0)
    return examples.trial(subject, seed, error, autoencoder=name, parameters=f"{name}{subject}{seed}")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """What is trained, without training, in workers and without them."""
    found: list[tuple[str, str, int]] = []

    def train(content: Mapping[str, Any]) -> dict[str, Any]:
        point = checked(content, Point)
        found.append((point.autoencoder, point.framework, point.seed))
        assert comparing.ATTEMPTS == point.attempts
        return made_up(*found[-1])

    monkeypatch.setattr(points, "train", train)
    monkeypatch.setattr(points, "document_of", lambda _, found, *__: found)
    monkeypatch.setattr(points.Trainings, "settled", lambda *_: None)
    return found


TODO = [(name, SIDES) for name in ("tied", "linear", "pretrained")]
PROCESSES: dict[str, Any] = {name: examples.Inline(name) for name in SIDES.names}


def judged(folder: Path, deadline: Deadline) -> dict[str, Quality]:
    """What an executor finds of the trainings, by autoencoder."""
    trainings = Trainings(OPTIONS, folder, Silent(), conditions=CONDITIONS, attempts=comparing.ATTEMPTS)
    with Handed(Chosen("one", lambda _: One(), {}, "a test's"), Silent()) as handed:
        found = handing.trained(TODO, trainings, Asked(seeds=range(4), parts=3), PROCESSES, handed, deadline)
        return {row.autoencoder: row for row in found}


def test_trainings_are_judged_as_without_an_executor(trained: list[Any], tmp_path: Path) -> None:
    """The same record, of the same trainings: none that is not needed, none twice, and what another starts from before
    it."""
    found, asked = judged(tmp_path, Deadline(None)), Asked(seeds=range(4), parts=3)
    wanted: set[Any] = set()

    def here(name: str) -> Quality:
        def train(subject: str, seed: int) -> Mapping[str, Any]:
            wanted.add((name, subject, seed))
            return made_up(name, subject, seed)

        return quality.compare(quality.registry.autoencoder(name), *SIDES.names, train, asked)

    expected = {name: here(name) for name, _ in TODO}
    first = quality.registry.autoencoder("pretrained").pretraining
    needed = {(first, subject, seed) for name, subject, seed in wanted if name == "pretrained"}
    assert {name: plain(it) for name, it in expected.items()} == {name: plain(it) for name, it in found.items()}
    assert (len(wanted | needed), wanted | needed) == (len(trained), set(trained))
    for name, subject, seed in trained:
        if name == "pretrained":
            assert trained.index((first, subject, seed)) < trained.index((name, subject, seed))


def test_when_the_time_is_over_trainings_are_undecided(trained: list[Any], tmp_path: Path) -> None:
    """Nothing begins, or nothing more; each row says after how many seeds."""
    found = judged(tmp_path, Deadline(0.0))
    assert [] == trained
    assert {"the time was up after 0 of up to 4 seeds"} == {row.reason for row in found.values()}

    class Later(Deadline):
        def over(self) -> bool:
            return len(trained) >= 4

    found = judged(tmp_path, Later(None))
    assert 4 == len(trained)
    assert {"tied", "linear", "pretrained"} == set(found)
    assert all((row.reason or "").startswith("the time was up after ") for row in found.values())


def test_a_record_s_rows_stand_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    """Whoever was done first."""
    found = record(*(climbed(dtype, autoencoder=name) for name in ("tied", "linear") for dtype in reversed(DTYPES)))
    found.options.autoencoders = ["linear", "tied"]
    comparing._keep(tmp_path, found)
    kept = documents.read(tmp_path / comparing.FILE, "comparison")["numbers"]
    assert [(name, dtype) for name in ("linear", "tied") for dtype in DTYPES] == [
        (row["autoencoder"], row["dtype"]) for row in kept
    ]


@pytest.mark.parametrize("only", [("speed",), ("numbers", "memory"), ("numbers", "quality", "speed", "memory")])
def test_what_is_timed_takes_no_executor(only: Any) -> None:
    """The reason, and what to add; what is not timed takes one."""
    with pytest.raises(UsageError, match=r"has its machine to itself.*add --only numbers,quality"):
        require_untimed(only, examples.NOW)
    require_untimed(only, None)
    require_untimed(("numbers", "quality"), examples.NOW)


def test_a_worker_climbs_as_the_harness_would_or_not_at_all(
    asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes on the harness's conditions, and every process is looked at before it climbs."""
    seen: list[str] = []
    monkeypatch.setattr(handing, "take_on", lambda _: seen.append("taken on"))
    monkeypatch.setattr(handing, "require_alike", lambda _, process: seen.append(process.framework))
    rows(tmp_path)
    assert ["taken on", "reference", *SIDES.names] * 2 == seen

    def other(*_: object) -> None:
        raise UsageError("of other conditions")

    monkeypatch.setattr(handing, "require_alike", other)
    before = len(asked)
    found = rows(tmp_path)
    assert (before, {"not compared"}) == (len(asked), {row.verdict for row in found})


def test_traces_lie_in_the_comparison_s_folder(asked: list[Any], tmp_path: Path) -> None:
    """Which has room for them, where the system's own folder may not."""
    rows(tmp_path)
    assert {tmp_path / handing.TRACES} == {folder.parent for _, folder, _ in asked}


def test_what_is_under_way_when_the_time_is_over_is_waited_for(trained: list[Any], tmp_path: Path) -> None:
    """Another one's result comes in meanwhile; what was not begun is undecided at once."""

    class Over(Deadline):
        said = False

        def over(self) -> bool:
            return self.said

    deadline = Over(None)
    trainings = Trainings(OPTIONS, tmp_path, Silent(), conditions=CONDITIONS, attempts=comparing.ATTEMPTS)
    some = [handing.Comparing(quality.registry.autoencoder(name), *SIDES.names, Asked(seeds=range(4), parts=2))
            for name in ("linear", "tied")]  # fmt: skip
    judging = handing._Judging(some[:1], trainings, deadline)
    assert ([], 2) == (list(judging.advanced()), len(judging.left))
    judging.open, deadline.said = some, True
    assert ["tied"] == [it.autoencoder for it in judging.advanced()]
    assert ["linear"] == [it.autoencoder.name for it in judging.open]
