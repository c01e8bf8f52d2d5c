"""Executors: who does work in other processes, or on other machines, through `concurrent.futures.Executor`.

A package registers one under `aebench.executors`: a callable that takes the settings, which is the table
`[executor.NAME]` of `aebench.toml`, and gives an Executor. Ours, registered in the same way, stand in `pools.py`.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from importlib import metadata
from types import TracebackType
from typing import Any

from aebench.errors import AebenchError, ExecutorError, UnknownNameError, UsageError, nearest
from aebench.networks import described
from aebench.plugins import OURS
from aebench.processes.environments import configured
from aebench.processes.events import Listener
from aebench.processes.worker import GRACE_SECONDS, uninterrupted
from aebench.records.capture import undisturbed

GROUP = "aebench.executors"
TIMES = 2  # how often a call is handed in whose worker is lost each time

Factory = Callable[[Mapping[str, Any]], Executor]


@dataclass(frozen=True)
class Chosen:
    """An executor that was asked for by its name. place: where its settings stand, in words."""

    name: str
    factory: Factory
    settings: Mapping[str, Any]
    place: str

    def opened(self) -> Executor:
        """The executor itself.

        Raises:
            ExecutorError: a package is missing, a setting is wrong, or there is no such cluster.
        """
        try:
            with undisturbed():
                return self.factory(self.settings)
        except ImportError as error:
            raise ExecutorError(
                f"executor '{self.name}' needs {error.name}, which is not installed: pip install 'aebench[executors]'"
            ) from error
        except AebenchError as error:
            raise ExecutorError(f"executor '{self.name}': {error}; its settings are {self.place}") from error
        except Exception as error:  # whatever a cluster's client raises when there is no cluster
            raise ExecutorError(
                f"executor '{self.name}' cannot be had ({described(error)}); its settings are {self.place}"
            ) from error

    def rehearse(self) -> None:
        """Whether it can be had. Raises as `opened`."""
        self.opened().shutdown()


def names() -> list[str]:
    """The executors that some package registers."""
    return sorted({entry.name for entry in metadata.entry_points(group=GROUP)})


def find(name: str) -> Chosen:
    """The executor of that name, with its settings from the nearest file.

    Raises:
        UnknownNameError: no package registers one.
        ExecutorError: its package cannot be imported.
        UsageError: the file cannot be read.
    """
    entries = metadata.entry_points(group=GROUP)
    mine = sorted(
        (entry for entry in entries if entry.name == name), key=lambda it: it.dist is None or it.dist.name != OURS
    )
    if not mine:
        raise UnknownNameError("executor", name, names())
    try:
        factory = mine[0].load()
    except Exception as error:  # whatever another package does when it is imported
        raise ExecutorError(f"executor '{name}' cannot be imported: {described(error)}") from error
    configuration = configured()
    if configuration is None:
        return Chosen(name, factory, {}, f"[executor.{name}] of aebench.toml, which is not there")
    known = names()
    for table in configuration.settings.executor:
        if table not in known:
            raise UsageError(f"{configuration.path}: [executor.{table}] is of no executor{nearest(table, known)}")
    settings = configuration.settings.executor.get(name, {})
    return Chosen(name, factory, settings, f"[executor.{name}] of {configuration.path}")


@dataclass
class _Call:
    """A call that was handed in. what: which one, in words. executor: that has it. losses: how often its worker was
    lost."""

    key: Any
    what: str
    function: Callable[[Any], Any]
    content: Mapping[str, Any]
    executor: Executor | None = None
    losses: int = 0


class Handed:
    """Calls that are handed in to an executor; each is a module-level function of plain data that gives plain data.

    Such a function raises nothing, so an exception says that the worker was lost: the call is done again, once.
    """

    def __init__(self, chosen: Chosen, listener: Listener) -> None:
        self.name = chosen.name
        self._chosen, self._listener = chosen, listener
        self._executor = chosen.opened()
        self._gone = False
        self._waiting: deque[_Call] = deque()
        self._running: dict[Future[Any], _Call] = {}

    def hand_in(self, key: Any, what: str, function: Callable[[Any], Any], content: Mapping[str, Any]) -> None:
        """Have the function called with the content; `results` says how it ends, under the key."""
        self._waiting.append(_Call(key, what, function, content))

    def results(self, over: Callable[[], bool] = lambda: False) -> Iterator[tuple[Any, Any]]:
        """Key and result of each call as it ends, until none is left; more may be handed in meanwhile.

        The result is an ExecutorError where the call's worker was lost as often as it was handed in. over: whether no
        other call is to begin; what the executor has already is waited for.

        Raises:
            ExecutorError: the executor has broken, and there is no other.
        """
        while self._waiting or self._running:
            if over():
                self._waiting.clear()
            while self._waiting and self._has_room():
                call = self._waiting.popleft()
                self._running[self._submitted(call)] = call
            lost: dict[str, list[_Call]] = {}
            for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                call = self._running.pop(future)
                error = _error_of(future)
                if error is None:
                    yield call.key, future.result()
                elif lacking := _lacking(future):
                    raise ExecutorError(
                        f"executor '{self.name}' cannot import what it is to do ({lacking}); install this aebench for "
                        "its workers and its scheduler"
                    )
                elif call.losses + 1 < TIMES:
                    # Nobody here has cancelled it: a client does that with all that it has when its cluster is gone.
                    self._gone |= future.cancelled() and call.executor is self._executor
                    lost.setdefault(error, []).append(call)
                else:
                    yield call.key, ExecutorError(f"its worker was lost {TIMES} times, at last: {error}")
            for error, calls in lost.items():
                self._take_back(calls, error)

    def _take_back(self, calls: Sequence[_Call], error: str) -> None:
        """Let what was lost wait again, and say so in one line: with a cluster goes all that it had."""
        first, *others = (call.what for call in calls)
        if others:
            self._listener.note(
                f"{first} and {len(others)} more: their workers were lost ({error}); they are done again"
            )
        else:
            self._listener.note(f"{first}: its worker was lost ({error}); it is done again")
        for call in calls:
            call.losses += 1
            self._waiting.append(call)

    def _has_room(self) -> bool:
        """Whether another call may be handed in: where it is known how many are worked on at once, no more are given.

        One lost process breaks a whole pool, and a cluster's lost worker takes with it what waits for it there.
        """
        most = getattr(self._executor, "_max_workers", None)
        return most is None or len(self._running) < most

    def _submitted(self, call: _Call) -> Future[Any]:
        """The call's future; an executor that is gone, or takes nothing any more, is replaced by a new one."""
        if not self._gone:
            with contextlib.suppress(Exception):  # each kind says in its own way that it is broken or closed
                return self._submit(call)
        self._executor.shutdown(wait=False)
        self._executor, self._gone = self._chosen.opened(), False
        try:
            return self._submit(call)
        except Exception as error:
            raise ExecutorError(f"executor '{self.name}' takes no work ({described(error)})") from error

    def _submit(self, call: _Call) -> Future[Any]:
        call.executor = self._executor
        with uninterrupted():
            return self._executor.submit(call.function, call.content)

    def abandon(self) -> None:
        """Take back what is waiting, and wait a moment for what is under way, which was told to end."""
        self._waiting.clear()
        for future in self._running:
            future.cancel()
        wait(self._running, timeout=GRACE_SECONDS)
        self._running.clear()

    def __enter__(self) -> Handed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=kind is None)


def _lacking(future: Future[Any]) -> str | None:
    """What cannot be imported there, which no other attempt changes; None where the call failed otherwise.

    The functions raise nothing of their own, so it is the executor that could not import them.
    """
    error = None if future.cancelled() else future.exception()
    while error is not None:
        if isinstance(error, ImportError) or (isinstance(error, AttributeError) and "aebench" in str(error)):
            return described(error)
        error = error.__cause__ or error.__context__
    return None


def _error_of(future: Future[Any]) -> str | None:
    """Why the call has no result, in words; None where it has one."""
    if future.cancelled():
        return "its executor gave it up"
    error = future.exception()
    return None if error is None else described(error)
