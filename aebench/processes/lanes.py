"""Calls in several processes at the same time, and one after the other in each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Any, TypeVar

from aebench.errors import AebenchError
from aebench.processes.worker import FrameworkProcess

Found = TypeVar("Found")


class Lanes:
    """A thread for each process: its calls run in the order in which they were asked for.

    An exception within, such as an interruption, ends the processes: no call is waited for, none begins any more.
    """

    def __init__(self, processes: Mapping[str, FrameworkProcess]) -> None:
        self.processes = processes
        self.ended = False  # all calls were broken off, so that none that fails is tried again
        self._threads = {name: ThreadPoolExecutor(1) for name in processes}
        self._at_end = ExitStack()

    def call(
        self, name: str, function: Callable[..., object], *arguments: Any, after: Future[None] | None = None
    ) -> Future[None]:
        """Call a function in that process; after another call where one is named, and only if that one succeeds."""

        def called() -> None:
            if after is not None:
                after.result()
            self.processes[name].call(function, *arguments)

        return self._threads[name].submit(called)

    def work(self, name: str, function: Callable[[FrameworkProcess], Found]) -> Future[Found]:
        """Let a function of the process do what takes several calls, and hand back what it finds."""
        return self._threads[name].submit(function, self.processes[name])

    def at_end(self, function: Callable[[], object]) -> None:
        """Call this when all calls have ended, however they ended."""
        self._at_end.callback(function)

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        with self._at_end:
            if kind is not None:
                self.ended = True
                for thread in self._threads.values():
                    thread.shutdown(wait=False, cancel_futures=True)
                for process in self.processes.values():
                    process.close()
            for thread in self._threads.values():
                thread.shutdown()


def at_once(processes: Mapping[str, FrameworkProcess], calls: Mapping[str, tuple[Any, ...]]) -> dict[str, AebenchError]:
    """Call each function with its arguments in its process, all at the same time; the errors of those that failed.

    An interruption ends the processes: none is waited for.
    """
    with Lanes({name: processes[name] for name in calls}) as lanes:
        return errors_of({name: lanes.call(name, *call) for name, call in calls.items()})


def errors_of(calls: Mapping[str, Future[None]]) -> dict[str, AebenchError]:
    """Wait for all of them; the errors of those that failed."""
    wait(calls.values())
    errors: dict[str, AebenchError] = {}
    for name, call in calls.items():
        try:
            call.result()
        except AebenchError as error:
            errors[name] = error
    return errors
