"""What becomes of executors whose calls are given up late, or that are left while they work."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from aebench.processes import pools
from aebench.processes.events import Silent
from aebench.processes.executors import Chosen, Handed


class Idle(Executor):
    """An executor that takes two calls at a time and does none of them."""

    _max_workers = 2

    def __init__(self) -> None:
        self.given: list[Future[Any]] = []
        self.waited: list[bool] = []

    def submit(self, fn: Any, /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """A future that nobody has begun."""
        self.given.append(Future())
        return self.given[-1]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Remember whether calls are waited for."""
        self.waited.append(wait)


def give_up(future: Future[Any]) -> None:
    """As a client does with what its cluster had."""
    future.cancel()
    future.set_running_or_notify_cancel()


def test_what_a_former_executor_gives_up_late_closes_no_other() -> None:
    """Planted: the first executor gives up one call, and the other one only when a second executor has taken over."""

    class First(Idle):
        def submit(self, fn: Any, /, *arguments: Any, **keywords: Any) -> Future[Any]:
            super().submit(fn)
            if len(self.given) == 2:
                give_up(self.given[0])
            return self.given[-1]

    class Second(Idle):
        def submit(self, fn: Any, /, *arguments: Any, **keywords: Any) -> Future[Any]:
            if not self.given:
                give_up(opened[0].given[1])
            super().submit(fn).set_result(fn(*arguments, **keywords))
            return self.given[-1]

    def factory(_: object) -> Idle:
        opened.append(Second() if opened else First())
        return opened[-1]

    opened: list[Idle] = []
    with Handed(Chosen("mine", factory, {}, "a test's"), Silent()) as handed:
        for key in ("one", "two"):
            handed.hand_in(key, f"call {key}", len, {key: key})
        assert {"one": 1, "two": 1} == dict(handed.results())
    assert [First, Second] == [type(each) for each in opened]


def test_an_interruption_waits_for_no_call() -> None:
    """What is under way is left alone; without one, the executor is closed when its calls are done."""
    interrupted, done = Idle(), Idle()
    with pytest.raises(KeyboardInterrupt), Handed(Chosen("mine", lambda _: interrupted, {}, ""), Silent()):
        raise KeyboardInterrupt
    with Handed(Chosen("mine", lambda _: done, {}, ""), Silent()):
        pass
    assert ([False], [True]) == (interrupted.waited, done.waited)


def test_a_queue_that_was_only_tried_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `--dry-run` tries it; what was there before stays, empty or not."""
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'aebench[executors]'")
    monkeypatch.chdir(tmp_path)
    settings = {"folder": "all/jobs", "cluster": "local"}
    chosen = Chosen("submitit", pools.submitit, settings, "a test's")
    for there in ((), (tmp_path / "all",), (tmp_path / "all", tmp_path / "all" / "jobs")):
        for folder in there:
            folder.mkdir(exist_ok=True)
        chosen.rehearse()
        assert [*there] == sorted(tmp_path.rglob("*"))
