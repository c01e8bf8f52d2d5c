"""The executors that aebench registers itself. The packages that they need are imported when one of them is opened."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from aebench.errors import UsageError, nearest
from aebench.processes.temporary import told
from aebench.processes.worker import uninterrupted
from aebench.records.fields import Part, checked
from aebench.records.machine import cores

Kind = TypeVar("Kind", bound=Part)
Positive = Annotated[int, msgspec.Meta(ge=1)]

# A call that lost its worker is handed in again by us, who say so: the scheduler does not repeat it by itself. What
# Dask sets before it starts a worker (one thread for each library) it sets in this process, for each new worker again.
DASK_SETTINGS = {"distributed.scheduler.allowed-failures": 0, "distributed.nanny.pre-spawn-environ": {}}

# It tells nobody that it is used, hides no GPU from a task that reserves none, and prints nothing among our tables: who
# hands in a call is told by us that its worker was lost.
RAY_VARIABLES = {
    "RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": ".*"
}  # fmt: skip
RECORDS_BYTES = 100 * 2**20  # of memory that results share: records are small, and Ray takes 30 % of the machine's


class Workers(Part):
    """Settings of a pool on this machine. workers: how many processes; default: one for each core."""

    workers: Positive | None = None


class Cluster(Workers):
    """Settings of Dask. address: of a scheduler that runs; without one, a cluster of so many workers is started here.

    wait: seconds for the scheduler to answer and the first worker to be there.
    """

    address: str | None = None
    wait: Annotated[float, msgspec.Meta(gt=0)] = 30.0

    def __post_init__(self) -> None:
        if self.address is not None and not re.fullmatch(r"(\w+://)?\S+:\d+", self.address):
            raise ValueError(f"address is '{self.address}', expected one such as tcp://127.0.0.1:8786")


class Nodes(Workers):
    """Settings of Ray. address: of a cluster that runs, as `ray.init` takes it; without one, so many workers are
    started here.

    num_cpus: how many of the cluster's cores each call takes. wait: seconds for the cluster to answer.
    """

    address: str | None = None
    wait: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    num_cpus: Annotated[float, msgspec.Meta(ge=0)] = 1.0


class Jobs(Part):
    """Settings of submitit. folder: for what it leaves of its jobs, which all machines see. cluster: `slurm`, `local`,
    or, by default, whichever is there. parameters: as of its `update_parameters`, such as `timeout_min`."""

    folder: str = "submitit"
    cluster: str | None = None
    parameters: dict[str, Any] = {}


def processes(settings: Mapping[str, Any]) -> Executor:
    """Processes on this machine, by the standard library."""
    workers = _taken(settings, Workers).workers or cores()
    return ProcessPoolExecutor(workers, get_context("spawn"), end_with, (os.getpid(),))


def loky(settings: Mapping[str, Any]) -> Executor:
    """Processes on this machine, by loky."""
    from loky import ProcessPoolExecutor as LokyExecutor

    workers = _taken(settings, Workers).workers or cores()
    pool: Executor = LokyExecutor(workers, initializer=end_with, initargs=(os.getpid(),))
    return pool


def dask(settings: Mapping[str, Any]) -> Executor:
    """A cluster of Dask: one that runs, or one that is started here and ends with the command."""
    from dask import config
    from distributed import Client, LocalCluster

    found, cluster = _taken(settings, Cluster), None
    workers = found.workers or cores()
    # That a cluster is gone is told by us; its client shows a traceback besides.
    for name in [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if found.address is None:
        with uninterrupted(), config.set(DASK_SETTINGS):
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )  # fmt: skip
    closing: list[Callable[[], object]] = [cluster.close] if cluster else []
    try:
        client = Client(cluster or found.address, timeout=found.wait, set_as_default=False)
        closing.insert(0, client.close)
        client.wait_for_workers(1, timeout=found.wait)
    except BaseException:
        _Owner(None, closing).shutdown()
        raise
    return _Owner(client.get_executor(pure=False), closing, workers if cluster else None)


def ray(settings: Mapping[str, Any]) -> Executor:
    """A cluster of Ray: one that runs, or one that is started here and ends with the command."""
    found = _taken(settings, Nodes)
    with told(RAY_VARIABLES):
        import ray as cluster

        workers = found.workers or cores()
        ours = not cluster.is_initialized()
        if ours:
            _require_answer(found)
            here = {} if found.address else {
                "num_cpus": workers, "object_store_memory": RECORDS_BYTES, "include_dashboard": False
            }  # fmt: skip
            with uninterrupted():
                cluster.init(found.address, log_to_driver=False, logging_level=logging.CRITICAL, **here)
    # A call that lost its worker is handed in again by us, who say so.
    options = {"num_cpus": found.num_cpus if found.address else 1, "max_retries": 0}
    return _Remote(cluster, options, workers if ours and not found.address else None, ours=ours)


def submitit(settings: Mapping[str, Any]) -> Executor:
    """Jobs of a queue such as SLURM's, one for each call."""
    from submitit import AutoExecutor

    found = _taken(settings, Jobs)
    folder = Path(found.folder)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    queue = AutoExecutor(folder=found.folder, cluster=found.cluster)
    queue.update_parameters(**found.parameters)
    return _Queue(queue, made)


class _Queue(Executor):
    """The executor that submitit's, whose jobs are no futures, stands behind. made: folders for the jobs that were made
    when it was opened, the innermost first."""

    def __init__(self, queue: Any, made: Sequence[Path] = ()) -> None:
        self._queue, self._made = queue, made

    def submit(self, fn: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """The job's future; who cancels it cancels the job."""
        future: Future[Any] = Future()
        job = self._queue.submit(fn, *arguments, **keywords)
        future.add_done_callback(lambda ended: job.cancel() if ended.cancelled() else None)
        threading.Thread(target=_settle, args=(future, job), daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """What had no jobs leaves no folder that was not there before."""
        with contextlib.suppress(OSError):
            for folder in self._made:
                folder.rmdir()


def _require_answer(found: Nodes) -> None:
    """OSError where nobody listens at the address: Ray itself tries for minutes."""
    host, _, port = (found.address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), found.wait).close()


class _Remote(Executor):
    """The executor that Ray, whose tasks give futures, stands behind. most: as of `_Owner`. ours: Ray was started by
    us, and ends with it."""

    def __init__(self, cluster: Any, options: Mapping[str, Any], most: int | None, *, ours: bool) -> None:
        self._cluster, self._options, self._max_workers, self._ours = cluster, options, most, ours

    def submit(self, fn: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """The task's future; who cancels it ends the task's worker."""
        if not self._cluster.is_initialized():
            raise RuntimeError("this executor is closed")
        task = self._cluster.remote(**self._options)(fn).remote(*arguments, **keywords)
        future: Future[Any] = task.future()
        future.add_done_callback(lambda ended: self._cluster.cancel(task, force=True) if ended.cancelled() else None)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End what was started here; whoever ends it has waited for what is under way, or does not want it any more."""
        if self._ours:
            self._ours = False
            self._cluster.shutdown()


def _settle(future: Future[Any], job: Any) -> None:
    """Wait for the job, and hand on how it ended."""
    job.wait()
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(job.result())
        except Exception as error:  # submitit's, for a job that was lost
            future.set_exception(error)


class _Owner(Executor):
    """An executor, and what has to be closed with it. most: how many calls it works on at once, where that is known,
    under the name that pools have for it."""

    def __init__(self, executor: Executor | None, closing: list[Callable[[], object]], most: int | None = None) -> None:
        self._executor, self._closing, self._max_workers = executor, closing, most

    def submit(self, fn: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """As the executor's."""
        if self._executor is None:
            raise RuntimeError("this executor is closed")
        return self._executor.submit(fn, *arguments, **keywords)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close everything; whoever closes it has waited for what is under way, or does not want it any more."""
        closing, self._closing, self._executor = self._closing, [], None
        for close in closing:
            close()


def end_with(parent: int) -> None:
    """First thing in a pool's process: leave Ctrl-C to the harness, and end when the harness does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_ended_with, args=(parent,), daemon=True).start()


def _ended_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _taken(settings: Mapping[str, Any], kind: type[Kind]) -> Kind:
    """The settings as that class.

    Raises:
        UsageError: an unknown one, with the nearest that is known, or a wrong value.
    """
    known = kind.__struct_fields__
    for name in settings:
        if name not in known:
            raise UsageError(f"unknown setting '{name}'{nearest(name, known) or '.'} Known: {', '.join(known)}")
    try:
        return checked(settings, kind)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error
