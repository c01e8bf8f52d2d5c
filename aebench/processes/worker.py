"""One process = one framework: two in one process fight over threads, and can hang or crash.

`FrameworkProcess` is the harness's side. What it is asked to call runs in a fresh process that never loads another
framework; a crash there is an error here, and the next call gets a new process.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from aebench.errors import TRACEBACK, FrameworkError, rebuilt
from aebench.processes.inside import Call, Message, Raised, Returned, Settings, serve
from aebench.processes.temporary import folder
from aebench.records.capture import worker_variables

Result = TypeVar("Result")
POLL_SECONDS = 0.5  # how often a silent process is looked after: another of its own may hold its connection open
GRACE_SECONDS = 5.0  # for a process that is told to end
DESCRIPTORS = 64  # files that must be allowed at once: a process takes half a dozen, its libraries dozens while loading
# What an end by a signal means.
SIGNALS = {
    signal.SIGILL: "this build needs instructions that the processor lacks",
    signal.SIGKILL: "somebody killed it, perhaps the system because memory was short",
    signal.SIGSEGV: "its native code touched memory that is not its own",
    signal.SIGBUS: "its native code lost memory under it, perhaps because a disk or /dev/shm is full",
    signal.SIGABRT: "its native code gave up",
    signal.SIGFPE: "its native code divided a whole number by zero",
    signal.SIGTERM: "somebody ended it",
}


@dataclass(frozen=True)
class _Worker:
    """A running process, the way to it, and its folder for temporary files."""

    process: SpawnProcess
    connection: Connection
    temporary: Path

    def reply(self) -> Message | Returned | Raised:
        """What it says next; EOFError when it has ended."""
        while not self.connection.poll(POLL_SECONDS):
            if self.process.exitcode is not None and not self.connection.poll(0):
                raise EOFError
        found: Message | Returned | Raised = self.connection.recv()
        return found

    def end(self) -> None:
        """End it, whatever it does; again where an interruption came in between."""
        if self.process.pid is not None:
            self._killed()
        shutil.rmtree(self.temporary, ignore_errors=True)

    def _killed(self) -> None:
        self.process.terminate()
        self.process.join(GRACE_SECONDS)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """A process that begins here leaves Ctrl-C to the harness from its first moment: terminals send it to both."""
    resource_tracker.ensure_running()  # its start would undo the next line
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class FrameworkProcess:
    """A process of its own for one framework, kept from call to call.

    log: where the framework's own messages go (appended); None leaves them on standard error.
    alone: nothing else runs while this process does, so its threads may wait for each other without sleeping.
    """

    def __init__(self, framework: str, log: Path | None = None, *, alone: bool = False) -> None:
        self.framework, self.log, self.alone = framework, log, alone
        self._worker: _Worker | None = None

    def call(
        self,
        function: Callable[..., Result],
        *arguments: Any,
        on_message: Callable[[Any], None] | None = None,
        **keywords: Any,
    ) -> Result:
        """Run a module-level function there and wait; what it passes to `tell` arrives at `on_message`.

        Raises:
            AebenchError: what the function raised of aebench's own errors.
            OutOfMemoryError: memory was short there.
            FrameworkError: any other exception there, in one line; or the process ended in the middle.
        After the last two the process is ended: nobody knows what state it is in, and its memory is given back.
        """
        worker = self._worker = self._worker or self._started()
        try:
            worker.connection.send(Call(function, arguments, keywords))
            while isinstance(reply := worker.reply(), Message):
                if on_message is not None:
                    on_message(reply.content)
        except (EOFError, ConnectionError) as error:
            worker.process.join(GRACE_SECONDS)
            self.close()
            raise FrameworkError(self._with_log(self._ended(worker.process.exitcode))) from error
        except BaseException:
            # Broken off: it would answer the next call with the result of this one.
            self.close()
            raise
        if isinstance(reply, Returned):
            value: Result = reply.value
            return value
        if not reply.foreign:
            raise rebuilt(reply.kind, reply.message)
        self.close()
        raise rebuilt(reply.kind, self._with_log(reply.message))

    def _started(self) -> _Worker:
        """A new process.

        Raises:
            FrameworkError: the machine gives no process, no more open files or no folder for temporary ones.
        """
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if allowed < DESCRIPTORS:
            raise FrameworkError(
                f"{self.framework}: its process may open {allowed} files at once, and {DESCRIPTORS} are needed; "
                "raise the limit: ulimit -n 1024"
            )
        try:
            with contextlib.ExitStack() as undone:
                worker = self._begun(undone)
                # Before the interpreter waits for its children, which wait for it.
                atexit.register(worker.end)
                undone.pop_all()
                return worker
        except OSError as error:
            raise FrameworkError(f"{self.framework}: no process can be started for it: {error}") from error

    def _begun(self, undone: contextlib.ExitStack) -> _Worker:
        """A new process; `undone` takes back what an error or an interruption in the middle of it would leave."""
        context = multiprocessing.get_context("spawn")
        temporary = folder()
        undone.callback(shutil.rmtree, temporary, ignore_errors=True)
        settings = Settings(self.framework, self.log, worker_variables(alone=self.alone), temporary, os.getpid())
        here, there = context.Pipe()
        worker = _Worker(context.Process(target=serve, args=(there, settings), name=self.framework), here, temporary)
        with _uninterrupted():
            undone.callback(worker.end)
            worker.process.start()
        there.close()
        return worker

    def _ended(self, status: int | None) -> str:
        ended = f"{self.framework}: its process ended in the middle of its work"
        if status is None or status >= 0:
            return f"{ended}, with status {status}"
        by = signal.Signals(-status)
        return f"{ended}, by {by.name}" + (f": {SIGNALS[by]}" if by in SIGNALS else "")

    def _with_log(self, message: str) -> str:
        return f"{message}; see the end of {self.log}" if self.log else f"{message}; {TRACEBACK}=1 shows more"

    def close(self) -> None:
        """End the process, at once if it is in the middle of something."""
        # Taken first: another thread, whose call this breaks off, may close at the same time.
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()
            atexit.unregister(worker.end)

    def __enter__(self) -> FrameworkProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
