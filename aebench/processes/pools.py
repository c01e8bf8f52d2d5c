"""The executors that aebench registers itself. The packages that they need are imported when one of them is opened."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Annotated, Any, TypeVar

import msgspec

from aebench.errors import UsageError, nearest
from aebench.processes.worker import uninterrupted
from aebench.records.fields import Part, checked
from aebench.records.machine import cores

Kind = TypeVar("Kind", bound=Part)
Positive = Annotated[int, msgspec.Meta(ge=1)]

# A call that lost its worker is handed in again by us, who say so: the scheduler does not repeat it by itself.
OURS_TO_REPEAT = {"distributed.scheduler.allowed-failures": 0}


class Workers(Part):
    """Settings of a pool on this machine. workers: how many processes; default: one for each core."""

    workers: Positive | None = None


class Cluster(Workers):
    """Settings of Dask. address: of a scheduler that runs; without one, a cluster of so many workers is started here.

    wait: seconds for the scheduler to answer and the first worker to be there.
    """

    address: str | None = None
    wait: Annotated[float, msgspec.Meta(gt=0)] = 30.0


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
    if found.address is None:
        with uninterrupted(), config.set(OURS_TO_REPEAT):
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
