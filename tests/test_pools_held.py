"""What pools begin with, what stands behind those of other packages, and that whatever is closed is closed once."""

from __future__ import annotations

import os
import socket
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from orphans import ends, left_by

from aebench.processes import pools

STARTED = "(__import__('multiprocessing').get_start_method(), __import__('signal').getsignal(2).name)"


def test_a_pool_has_a_worker_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its settings do not say how many."""
    monkeypatch.setattr(pools, "cores", lambda: 3)
    for settings, expected in (({}, 3), ({"workers": 2}, 2)):
        with pools.processes(settings) as pool:
            assert expected == getattr(pool, "_max_workers", None)


def test_a_pool_s_process_is_no_copy_of_the_harness_and_leaves_ctrl_c_to_it() -> None:
    """What the harness has loaded, and its threads, are none of it."""
    with pools.processes({"workers": 1}) as pool:
        assert ("spawn", "SIG_IGN") == pool.submit(eval, STARTED).result()


ORPHAN = """
import os, signal
from aebench.processes.pools import processes
if __name__ == "__main__":
    print(processes({"workers": 1}).submit(os.getpid).result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_harness_takes_its_pool_along(tmp_path: Path) -> None:
    """No training goes on when the process that asked for it is gone."""
    assert ends(left_by(ORPHAN, tmp_path))


@pytest.mark.parametrize(("scheme", "host"), [("", "127.0.0.1"), ("ray://", "127.0.0.1"), ("", "[::1]")])
def test_who_listens_at_an_address_is_asked(scheme: str, host: str) -> None:
    """However the address is written; a port that nobody listens at is an error at once."""
    family = socket.AF_INET6 if "[" in host else socket.AF_INET
    try:
        server = socket.create_server((host.strip("[]"), 0), family=family)
    except OSError as error:
        pytest.skip(f"this machine has no {host}: {error}")
    with server:
        address = f"{scheme}{host}:{server.getsockname()[1]}"
        pools._require_answer(pools.Nodes(address=address))
    with pytest.raises(ConnectionRefusedError):
        pools._require_answer(pools.Nodes(address=address))


@pytest.mark.parametrize("address", [None, "auto", "local", "ray://head"])
def test_an_address_without_a_port_is_left_to_ray(monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    """It knows where such a cluster is."""
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("somebody is asked"))
    pools._require_answer(pools.Nodes(address=address))


class Job:
    """A job of a queue, which ends when it is told how."""

    def __init__(self) -> None:
        self.end: Future[Any] = Future()
        self.cancelled = False

    def wait(self) -> None:
        """Until it has ended."""
        self.end.exception()

    def result(self) -> Any:
        """What it gave."""
        return self.end.result()

    def cancel(self) -> None:
        """Nobody wants it any more."""
        self.cancelled = True
        self.end.set_exception(RuntimeError("cancelled"))


def queued() -> tuple[Job, Future[Any]]:
    """A job, and the future that stands for it."""
    job = Job()
    queue = type("Queue", (), {"submit": lambda *_: job})()
    return job, pools._Queue(queue).submit(len, "call")


def test_a_job_s_end_is_its_future_s() -> None:
    """A result, an error of the call, or one of the queue that lost the job."""
    job, future = queued()
    job.end.set_result(4)
    assert 4 == future.result(10.0)
    job, future = queued()
    job.end.set_exception(LookupError("lost"))
    assert "lost" == str(future.exception(10.0))


def test_who_cancels_a_future_cancels_its_job() -> None:
    """And nobody else does."""
    (given_up, future), (kept, other) = queued(), queued()
    assert future.cancel()
    kept.end.set_result(1)
    assert (1, True, False) == (other.result(10.0), given_up.cancelled, kept.cancelled)


class Ray:
    """A cluster that was started, and remembers how often it was ended."""

    def __init__(self) -> None:
        self.ended = 0

    def is_initialized(self) -> bool:
        """Until it is ended."""
        return not self.ended

    def shutdown(self) -> None:
        """End it."""
        self.ended += 1


@pytest.mark.parametrize(("ours", "expected"), [(True, 1), (False, 0)])
def test_a_cluster_of_ray_is_ended_by_who_started_it(ours: bool, expected: int) -> None:
    """Once, however often it is closed: another one may have been started meanwhile."""
    cluster = Ray()
    executor = pools._Remote(cluster, {}, 1, ours=ours)
    for _ in range(2):
        executor.shutdown()
    assert expected == cluster.ended


def test_what_goes_with_an_executor_is_closed_once_and_in_order() -> None:
    """However often the executor is."""
    ended: list[str] = []
    executor = pools._Owner(None, [lambda: ended.append("client"), lambda: ended.append("cluster")])
    for _ in range(2):
        executor.shutdown()
    assert ["client", "cluster"] == ended


@pytest.mark.parametrize(
    "executor", [pools._Remote(Ray(), {}, 1, ours=True), pools._Owner(ThreadPoolExecutor(1), [])], ids=["ray", "dask"]
)
def test_what_is_closed_takes_no_call(executor: Executor) -> None:
    """With the error that other pools have for it."""
    executor.shutdown()
    with pytest.raises(RuntimeError, match="this executor is closed"):
        executor.submit(os.getpid)


def test_a_cluster_without_workers_is_closed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """First its client, which would ask it for long, then what was started here."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    ended: list[str] = []

    class Closing:
        def __init__(self, *_: object, **__: object) -> None:
            """Whatever its settings."""

        def close(self) -> None:
            ended.append(type(self).__name__)

    class Client(Closing):
        def wait_for_workers(self, *_: object, **__: object) -> None:
            raise TimeoutError("no worker")

    monkeypatch.setattr(distributed, "Client", Client)
    monkeypatch.setattr(distributed, "LocalCluster", type("LocalCluster", (Closing,), {}))
    with pytest.raises(TimeoutError, match="no worker"):
        pools.dask({})
    assert ["Client", "LocalCluster"] == ended
