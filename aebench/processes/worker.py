"""One process = one framework: two in one process fight over threads, and can hang or crash.

`FrameworkProcess` is the harness's side. What it is asked to call runs in a fresh process that never loads another
framework, of the interpreter of the subject's environment; a crash there is an error here, and the next call gets a new
process.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from aebench import registry
from aebench.errors import TRACEBACK, FrameworkError, rebuilt
from aebench.processes import environments
from aebench.processes.environments import Environment
from aebench.processes.inside import Alive, Call, Message, Raised, Returned, Settings, packed
from aebench.processes.temporary import folder
from aebench.processes.view import view
from aebench.records.capture import WORKER_VARIABLES

Result = TypeVar("Result")
POLL_SECONDS = 0.5  # how often a silent process is looked after: another of its own may hold its connection open
# A process that neither answers nor tells anything for so long hangs. Compiling on a busy machine has taken two
# minutes, and what takes longer tells how it goes: a training each epoch and each call of a trainer, a climb each rung.
SILENCE_SECONDS = 900.0
ENDED = "its process was ended; the same command goes on, and waits longer with --timeout MINUTES"
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


# What a process runs: it imports from the places that follow, before its own where it is of another environment, and
# answers on the open file of that number. A place stands there once: each is searched for every package.
PROGRAM = (
    "import sys; sys.path[:] = dict.fromkeys(sys.argv[2:] + sys.path); "
    "from aebench.processes.inside import main; main(int(sys.argv[1]))"
)
# Another environment's interpreter finds what is installed there, not what the harness's user has told Python.
OURS_ALONE = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX")


class _SilentError(Exception):
    """A process has said nothing for too long."""


@dataclass(frozen=True)
class _Worker:
    """A running process, the way to it, and its folder for temporary files."""

    process: subprocess.Popen[bytes]
    connection: Connection
    temporary: Path

    def answer(self, call: Call, on_message: Callable[[Any], None] | None) -> Returned | Raised:
        """How the call ends; what it tells on the way is handed on. Raises as `_reply` does."""
        self.connection.send_bytes(packed(call))
        while isinstance(reply := self._reply(), (Alive, Message)):
            if isinstance(reply, Message) and on_message is not None:
                on_message(reply.content)
        return reply

    def _reply(self) -> Alive | Message | Returned | Raised:
        """What it says next; EOFError when it has ended, _SilentError when it says nothing for `SILENCE_SECONDS`."""
        # Counted, not read from a clock: who stops the harness for an hour and goes on (Ctrl-Z, fg) ends no process.
        for _ in range(math.ceil(SILENCE_SECONDS / POLL_SECONDS)):
            if self.connection.poll(POLL_SECONDS):
                found: Alive | Message | Returned | Raised = self.connection.recv()
                return found
            if self.process.poll() is not None and not self.connection.poll(0):
                raise EOFError
        raise _SilentError

    def end(self) -> None:
        """End it, whatever it does; again where an interruption came in between."""
        self.process.terminate()
        if self.status(GRACE_SECONDS) is None:
            self.process.kill()
            self.process.wait()
        self.connection.close()
        shutil.rmtree(self.temporary, ignore_errors=True)

    def status(self, seconds: float) -> int | None:
        """How it ended; None where it has not after so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(seconds)
        return None


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """A process that begins here leaves Ctrl-C to the harness from its first moment: terminals send it to both."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class FrameworkProcess:
    """A process of its own for one subject, such as `pytorch-compiled@old`, kept from call to call.

    log: where the framework's own messages go (appended); None: nowhere, or where AEBENCH_TRACEBACK=1 asks for more,
    standard error.
    """

    def __init__(self, framework: str, log: Path | None = None) -> None:
        self.framework, self.log = framework, log
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
            FrameworkError: any other exception there, in one line; or the process ended in the middle, or it hangs: it
                neither answers nor tells anything for `SILENCE_SECONDS`.
        After the last two the process is ended: nobody knows what state it is in, and its memory is given back.
        """
        worker = self._worker = self._worker or self._started()
        try:
            reply = worker.answer(Call(function, arguments, keywords), on_message)
        except (EOFError, ConnectionError) as error:
            status = worker.status(GRACE_SECONDS)
            self.close()
            raise FrameworkError(self._with_log(self._ended(status))) from error
        except _SilentError:
            self.close()
            why = f"{self.framework}: no answer to {function.__name__} in {SILENCE_SECONDS:g} s; {ENDED}"
            raise FrameworkError(self._with_log(why)) from None
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
        environment = environments.find(registry.environment(self.framework))
        environments.require_interpreter(environment)
        temporary = folder()
        undone.callback(shutil.rmtree, temporary, ignore_errors=True)
        here, there = Pipe()
        undone.callback(here.close)
        with there, uninterrupted():
            process = subprocess.Popen(
                [*_started_by(environment, there.fileno())],
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                env=variables_of(environment),
            )
            worker = _Worker(process, here, temporary)
            undone.callback(worker.end)
        settings = Settings(self.framework, self.log, WORKER_VARIABLES, temporary, os.getpid())
        with contextlib.suppress(ConnectionError):  # it has ended at once: the first call says so
            here.send_bytes(packed(settings))
        return worker

    def _ended(self, status: int | None) -> str:
        return f"{self.framework}: its process ended in the middle of its work, {how(status)}"

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


def how(status: int | None) -> str:
    """How a process ended, by its exit status, which is negative where a signal ended it."""
    if status is None:
        return "and left no status"
    if status >= 0:
        return f"with status {status}"
    if -status not in set(signal.Signals):  # those of real time have no names
        return f"by signal {-status}"
    by = signal.Signals(-status)
    return f"by {by.name}" + (f": {SIGNALS[by]}" if by in SIGNALS else "")


def _started_by(environment: Environment, descriptor: int) -> Iterator[str]:
    """The command line of its process: `here` imports whatever this process can, another one its own packages."""
    yield str(environment.python or sys.executable)
    yield from ("-P", "-c", PROGRAM, str(descriptor))
    if environment.python is None:
        yield from (place or os.getcwd() for place in sys.path)
    elif not environment.own:
        yield str(view())


def variables_of(environment: Environment) -> dict[str, str]:
    """The variables that a process of the environment begins with."""
    left_out = () if environment.python is None else OURS_ALONE
    return {**{name: value for name, value in os.environ.items() if name not in left_out},
            **dict(environment.variables), registry.ENVIRONMENT: environment.name}  # fmt: skip
