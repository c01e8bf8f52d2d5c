"""Executors: found by name, told their settings, real ones handed calls to; lost workers, clusters that go away."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import handed as calls
import pytest

from aebench.errors import ExecutorError, UnknownNameError, UsageError
from aebench.processes import executors, pools
from aebench.processes.events import Silent
from aebench.processes.executors import Chosen, Handed, find
from aebench.records import capture

NEEDS = {"processes": (), "loky": ("loky",), "dask": ("distributed",), "submitit": ("submitit",), "ray": ("ray",)}


class Heard(Silent):
    """A listener that remembers notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Remember it."""
        self.notes.append(text)


# submitit looks after its jobs every few seconds.
@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow if name == "submitit" else ()) for name in NEEDS])
def chosen(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Chosen:
    """Each executor in turn, with two workers; skipped where its package is not installed."""
    for package in NEEDS[request.param]:
        pytest.importorskip(package, reason=f"{package} is not installed: pip install 'aebench[executors]'")
    settings: dict[str, Any] = {"workers": 2}
    # A job or task finds what is installed, and not the tests.
    if request.param in ("submitit", "ray"):
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    if request.param == "submitit":
        settings = {"folder": str(tmp_path_factory.mktemp("jobs")), "cluster": "local"}
    return Chosen(request.param, find(request.param).factory, settings, "a test's")


def chosen_as(factory: Callable[[Mapping[str, Any]], Executor], **settings: Any) -> Chosen:
    """An executor that no package registers."""
    return Chosen("mine", factory, settings, "a test's")


def results(chosen: Chosen, listener: Silent, *asked: tuple[Callable[..., Any], dict[str, Any]]) -> dict[int, Any]:
    """How the calls end, by their places."""
    with Handed(chosen, listener) as handed:
        for key, (function, content) in enumerate(asked):
            handed.hand_in(key, f"call {key}", function, content)
        return dict(handed.results())


def test_calls_are_made_in_other_processes(chosen: Chosen) -> None:
    """Each gives its own result, and none is made here; more calls than there are workers."""
    found = results(chosen, Silent(), *((calls.place, {"number": number}) for number in range(5)))
    assert {key: key for key in range(5)} == {key: result["number"] for key, result in found.items()}
    assert os.getpid() not in {result["process"] for result in found.values()}


@pytest.mark.filterwarnings("default")  # loky and distributed warn of the process that is killed
def test_a_call_whose_worker_is_lost_is_made_again_once(chosen: Chosen, tmp_path: Path) -> None:
    """Planted: a worker is killed by its call, the first time or always; others end as if nothing had happened."""
    once, always, heard = tmp_path / "once", tmp_path / "always", Heard()
    before = capture.variables()
    once.mkdir()
    always.mkdir()
    found = results(chosen, heard, (calls.lost, {"folder": str(once), "times": 1, "number": 0}))
    assert 0 == found[0]["number"]
    assert (2, 1) == (len(list(once.iterdir())), len(heard.notes))
    assert heard.notes[0].startswith("call 0: its worker was lost (")
    found = results(chosen, heard, (calls.lost, {"folder": str(always), "times": 9, "number": 0}))
    assert "its worker was lost 2 times, at last: " in str(found[0])
    assert 2 == len(list(always.iterdir()))
    assert before == capture.variables()  # also after another worker was started for the lost one


def test_what_a_library_sets_here_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a cluster's client that sets a thread for each library, as Dask's does, and one that fails after it."""
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "2", "HOME": "mine"})

    def threading(settings: Mapping[str, str]) -> ThreadPoolExecutor:
        os.environ.update({"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1", "HOME": "others"})
        if settings:
            raise OSError("nobody listens")
        return ThreadPoolExecutor(1)

    Chosen("threads", threading, {}, "a test's").opened().shutdown()
    assert {"OMP_NUM_THREADS": "2", "HOME": "others"} == os.environ
    with pytest.raises(ExecutorError, match="nobody listens"):
        Chosen("threads", threading, {"address": "there"}, "a test's").opened()
    assert {"OMP_NUM_THREADS": "2", "HOME": "others"} == os.environ


def test_a_worker_that_somebody_kills_is_noticed(tmp_path: Path) -> None:
    """A real cluster of two worker processes: one is killed in the middle of its call, which another makes again."""
    pytest.importorskip("distributed", reason="distributed is not installed: pip install 'aebench[executors]'")
    (tmp_path / "on").touch()
    heard, killed = Heard(), []

    def kill() -> None:
        while len(begun := [path for path in tmp_path.iterdir() if path.name != "on"]) < 2:
            time.sleep(0.05)
        killed.append(int(begun[0].name))
        os.kill(killed[0], signal.SIGKILL)
        while not heard.notes:
            time.sleep(0.05)
        (tmp_path / "on").unlink()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    asked = [(calls.waits, {"folder": str(tmp_path), "number": number}) for number in range(4)]
    found = results(Chosen("dask", pools.dask, {"workers": 2}, "a test's"), heard, *asked)
    killer.join(10)
    assert [0, 1, 2, 3] == sorted(result["number"] for result in found.values())
    assert killed[0] not in {result["process"] for result in found.values()}
    assert 1 == len(heard.notes)


def test_a_cluster_that_goes_away_ends_the_work(tmp_path: Path) -> None:
    """The scheduler that settings name is closed in the middle: one error says so, within the time to wait for it."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    (tmp_path / "on").touch()
    with capture.undisturbed():
        cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50)

    def close() -> None:
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.05)
        (tmp_path / "on").unlink()
        cluster.close()

    closer = threading.Thread(target=close, daemon=True)
    closer.start()
    gone = Chosen("dask", pools.dask, {"address": cluster.scheduler_address, "wait": 2}, "a test's")
    asked = [(calls.waits, {"folder": str(tmp_path), "number": 0}), (calls.place, {"number": 1})]
    with pytest.raises(ExecutorError, match="executor 'dask' cannot be had"):
        results(gone, Silent(), *asked, (calls.waits, {"folder": str(tmp_path / "none"), "number": 2}))
    closer.join(30)


def test_a_cluster_of_ray_that_is_not_there_is_told_at_once() -> None:
    """Ray itself would try for minutes; nobody listens at the first port."""
    pytest.importorskip("ray", reason="ray is not installed: pip install 'aebench[executors]'")
    with pytest.raises(ExecutorError, match=r"executor 'ray' cannot be had .ConnectionRefusedError.* a test's"):
        Chosen("ray", pools.ray, {"address": "127.0.0.1:1"}, "a test's").opened()


def test_no_more_is_handed_in_than_a_pool_works_on() -> None:
    """Whatever breaks the pool, what it was not given yet is not lost with it."""
    most = 0

    class Counting(ThreadPoolExecutor):
        def submit(self, fn: Any, /, *arguments: Any, **keywords: Any) -> Any:
            nonlocal most
            most = max(most, 1 + len(handed._running))
            return super().submit(fn, *arguments, **keywords)

    with Handed(chosen_as(lambda _: Counting(2)), Silent()) as handed:
        for number in range(6):
            handed.hand_in(number, "a call", calls.place, {"number": number})
        assert 6 == len(list(handed.results()))
    assert 2 == most


def test_an_executor_that_takes_nothing_is_replaced_once() -> None:
    """Planted: one that is closed from the start, and then one that is sound, or never one."""

    def closed(_: object = None) -> Executor:
        executor = ThreadPoolExecutor(1)
        executor.shutdown()
        return executor

    opened = iter([closed(), ThreadPoolExecutor(1)])
    assert 3 == results(chosen_as(lambda _: next(opened)), Silent(), (calls.place, {"number": 3}))[0]["number"]
    with pytest.raises(ExecutorError, match="executor 'mine' takes no work"):
        results(chosen_as(closed), Silent(), (calls.place, {"number": 3}))


@pytest.mark.parametrize("error", [ModuleNotFoundError("No module named 'aebench'"), AttributeError("of aebench.x")])
def test_what_workers_cannot_import_ends_the_work(error: Exception) -> None:
    """Planted: a scheduler without aebench, whose own error says so as its cause; no other attempt would help."""

    class Lacking(ThreadPoolExecutor):
        def submit(self, fn: Any, /, *arguments: Any, **keywords: Any) -> Any:
            asked.append(fn)
            future: Future[Any] = Future()
            wrapped = RuntimeError("Error during deserialization of the task graph")
            wrapped.__cause__ = error
            future.set_exception(wrapped)
            return future

    asked: list[Any] = []
    with pytest.raises(
        ExecutorError, match=rf"cannot import what it is to do \({type(error).__name__}: .*install this"
    ):
        results(chosen_as(lambda _: Lacking(1)), Silent(), (calls.place, {"number": 3}))
    assert 1 == len(asked)


def test_what_goes_with_a_cluster_is_told_in_one_line() -> None:
    """Planted: a client that gives up all that it has at once; another one does it."""

    class Gone(ThreadPoolExecutor):
        def submit(self, fn: Any, /, *arguments: Any, **keywords: Any) -> Any:
            future: Future[Any] = Future()
            given.append(future)
            if len(given) == 3:
                for each in given:
                    each.cancel()
                    each.set_running_or_notify_cancel()
            return future

    given: list[Any] = []
    opened, heard = iter([Gone(9), ThreadPoolExecutor(3)]), Heard()
    asked = [(calls.place, {"number": number}) for number in range(3)]
    assert 3 == len(results(chosen_as(lambda _: next(opened)), heard, *asked))
    assert ["call 0 and 2 more: their workers were lost (its executor gave it up); they are done again"] == [
        re.sub(r"call \d", "call 0", note) for note in heard.notes
    ]


def test_what_is_not_installed_is_named_with_what_to_install() -> None:
    """Planted: a factory whose package is not there."""

    def factory(_: object) -> Executor:
        raise ModuleNotFoundError("No module named 'distributed'", name="distributed")

    with pytest.raises(ExecutorError, match=r"needs distributed, which is not installed: pip install 'aebench\[exec"):
        chosen_as(factory).opened()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"worker": 2}, "unknown setting 'worker'; did you mean 'workers'"),
        ({"workers": 0}, "workers"),
        ({"workers": "two"}, "workers"),
        ({"workers": 1.5}, "workers"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], message: str) -> None:
    """And where it stands; nothing is started."""
    with pytest.raises(ExecutorError, match=f"(?s){message}.*its settings are a test's"):
        chosen_as(pools.processes, **settings).opened()


def test_executors_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the settings that the nearest file holds, of that name only; an unknown one is told the nearest."""
    monkeypatch.chdir(tmp_path)
    assert {} == find("processes").settings
    (tmp_path / "aebench.toml").write_text("[executor.processes]\nworkers = 3\n[executor.dask]\nworkers = 5\n")
    assert ({"workers": 3}, {}) == (find("processes").settings, find("loky").settings)
    with pytest.raises(UnknownNameError, match="unknown executor 'daks'; did you mean 'dask'"):
        find("daks")
    (tmp_path / "aebench.toml").write_text("[executor.procesess]\nworkers = 3\n")
    with pytest.raises(UsageError, match=r"\[executor.procesess\] is of no executor; did you mean 'processes'"):
        find("processes")


def test_another_package_s_executor_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is registered as ours are; a broken one is told with its reason."""
    from importlib.metadata import EntryPoint

    mine = [EntryPoint("mine", "concurrent.futures:ThreadPoolExecutor", executors.GROUP),
            EntryPoint("broken", "no_such_package:executor", executors.GROUP)]  # fmt: skip
    monkeypatch.setattr(executors.metadata, "entry_points", lambda **_: mine)
    assert ThreadPoolExecutor is find("mine").factory
    with pytest.raises(ExecutorError, match=r"executor 'broken' cannot be imported: .*no_such_package"):
        find("broken")


@pytest.mark.parametrize("turn", [1, -1])
def test_another_package_s_executor_does_not_hide_ours(
    turn: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: one of the same name, before ours and after it."""
    places = []
    for package, place in (
        ("another", "concurrent.futures:ThreadPoolExecutor"),
        ("aebench", "aebench.processes.pools:processes"),
    ):
        folder = tmp_path / package / f"{package}-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{executors.GROUP}]\nprocesses = {place}\n")
        places.append(str(folder.parent))
    found = [entry for it in metadata.distributions(path=places[::turn]) for entry in it.entry_points]
    monkeypatch.setattr(executors.metadata, "entry_points", lambda **_: found)
    assert (2, pools.processes) == (len(found), find("processes").factory)


@pytest.mark.parametrize("address", ["nonsense", "", "tcp://", "tcp://host"])
def test_an_address_that_is_none_is_refused_before_dask_tries_it(address: str) -> None:
    """Its client leaves a traceback besides."""
    pytest.importorskip("distributed", reason="distributed is not installed: pip install 'aebench[executors]'")
    with pytest.raises(UsageError, match="expected one such as tcp:"):
        pools.dask({"address": address})
    assert "tcp://[::1]:8786" == pools.Cluster(address="tcp://[::1]:8786").address
