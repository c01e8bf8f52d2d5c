"""One process = one framework: two in one process fight over threads, and can hang or crash.

`FrameworkProcess` is the harness's side. What it is asked to call runs in a fresh process that never loads another
framework; a crash there is an error here, and the next call gets a new process.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from aebench.errors import AebenchError, FrameworkError, OutOfMemoryError
from aebench.records import capture
from aebench.records.capture import worker_variables

Result = TypeVar("Result")
POLL_SECONDS = 0.1
# How NumPy, PyTorch and TensorFlow say that memory is short: a type's name, or a part of the message, in lower case.
# The last three are sizes that no memory has. None of the frameworks may be imported here.
MEMORY_TYPES = {"MemoryError", "OutOfMemoryError", "ResourceExhaustedError"}
MEMORY_TEXTS = (
    "allocate memory", "out of memory", "oom when allocating", "resource_exhausted", "alloc_failed",
    "array is too big", "maximum allowed dimension exceeded", "size calculation overflowed",
)  # fmt: skip

_messages: Any = None


@dataclass(frozen=True)
class _Finished:
    """The last message of a call: it travels behind all others, the result itself on another way."""

    call: int


class FrameworkProcess:
    """A process of its own for one framework, kept from call to call.

    log: where the framework's own messages go (appended); None leaves them on standard error.
    alone: nothing else runs while this process does, so its threads may wait for each other without sleeping.
    """

    def __init__(self, framework: str, log: Path | None = None, *, alone: bool = False) -> None:
        self.framework, self.log, self.alone = framework, log, alone
        self._pool: ProcessPoolExecutor | None = None
        self._queue: Any = None
        self._calls = 0

    def call(
        self,
        function: Callable[..., Result],
        *arguments: Any,
        on_message: Callable[[Any], None] | None = None,
        **keywords: Any,
    ) -> Result:
        """Run a module-level function there and wait; what it passes to `tell` arrives at `on_message`.

        Raises:
            FrameworkError: the process ended in the middle, or an error there cannot be sent as it is.
            OutOfMemoryError: memory was short there; the process is ended, so that its memory is given back.
            Whatever else the function raised is raised here.
        """
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._queue = context.Queue()
            settings = self.framework, self.log, worker_variables(alone=self.alone), self._queue, os.getpid()
            self._pool = ProcessPoolExecutor(1, context, initializer=_begin, initargs=settings)
        try:
            self._calls += 1
            future: Future[Result] = self._pool.submit(_run, self._calls, function, *arguments, **keywords)
            return self._wait(future, on_message or (lambda _: None))
        except OutOfMemoryError:
            self.close()
            raise
        except BrokenProcessPool as error:
            self.close()
            ended = f"{self.framework}: its process ended in the middle of its work (killed, crashed or out of memory)"
            raise FrameworkError(f"{ended}; see the end of {self.log}" if self.log else ended) from error

    def _wait(self, future: Future[Result], on_message: Callable[[Any], None]) -> Result:
        while True:
            try:
                message = self._queue.get(timeout=POLL_SECONDS)
            except queue.Empty:
                # A call that crashed, or could not even be sent, has no last message.
                if future.done():
                    return future.result()
                continue
            if not isinstance(message, _Finished):
                on_message(message)
            elif message.call == self._calls:
                return future.result()

    def close(self) -> None:
        """End the process, at once if it is in the middle of something."""
        # Taken first: another thread, whose call this breaks off, may close at the same time.
        pool, messages, self._pool, self._queue = self._pool, self._queue, None, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)
            messages.close()

    def __enter__(self) -> FrameworkProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def tell(message: Any) -> None:
    """Send a message to whoever called this process; nothing happens outside one."""
    if _messages is not None:
        _messages.put(message)


def _run(call: int, function: Callable[..., Result], *arguments: Any, **keywords: Any) -> Result:
    """The function, and behind whatever it tells the last message of its call."""
    try:
        return function(*arguments, **keywords)
    except Exception as error:
        sent = _sendable(error)
        if sent is error:
            raise
        raise sent from None
    finally:
        tell(_Finished(call))


def _sendable(error: Exception) -> Exception:
    """The error as the harness is to get it: lack of memory under one name, and nothing that breaks on the way."""
    kind, text = type(error).__name__, str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no message"]
    names = {t.__name__ for t in type(error).__mro__}
    telling = [line for line in lines if any(part in line.lower() for part in MEMORY_TEXTS)]
    if not isinstance(error, AebenchError) and (telling or names & MEMORY_TYPES):
        return OutOfMemoryError(
            f"{_framework()}: memory does not hold this ({kind}: {(telling or lines)[0]}); ask for less, "
            "or use a machine or a device with more"
        )
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        # It would end the process's connection; what it was goes to the log.
        traceback.print_exception(error)
        return FrameworkError(f"{_framework()}: {kind}: {lines[0]}")
    return error


def _framework() -> str:
    return os.environ.get("AEBENCH_FRAMEWORK", "this process")


def _begin(framework: str, log: Path | None, variables: Mapping[str, str], messages: Any, parent: int) -> None:
    """First thing in the new process: leave Ctrl-C to the parent, send chatter to the log, end with the parent."""
    global _messages
    _messages = messages
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    os.environ.update({name: value for name, value in variables.items() if name not in os.environ})
    os.environ["AEBENCH_FRAMEWORK"] = framework
    capture.begin()
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        sys.stderr.flush()
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)


def _end_with(parent: int) -> None:
    """A killed parent must not leave a training behind it."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
