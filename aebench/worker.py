"""One process = one framework: two in one process fight over threads, and can hang or crash.

`FrameworkProcess` is the harness's side. What it is asked to call runs in a fresh process that never loads another
framework; a crash there is an error here, and the next call gets a new process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from aebench.errors import FrameworkError

Result = TypeVar("Result")


class FrameworkProcess:
    """A process of its own for one framework, kept from call to call.

    log: where the framework's own messages go (appended); None leaves them on standard error.
    """

    def __init__(self, framework: str, log: Path | None = None) -> None:
        self.framework, self.log = framework, log
        self._pool: ProcessPoolExecutor | None = None

    def call(self, function: Callable[..., Result], *arguments: Any, **keywords: Any) -> Result:
        """Run a module-level function there; its errors are raised here, a crash is a FrameworkError."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, context, initializer=_begin, initargs=(self.framework, self.log))
        try:
            return self._pool.submit(function, *arguments, **keywords).result()
        except BrokenProcessPool as error:
            self.close()
            where = f"; see the end of {self.log}" if self.log else ""
            raise FrameworkError(
                f"{self.framework}: its process ended in the middle of its work (killed, out of memory or crashed){where}"
            ) from error

    def close(self) -> None:
        """End the process, at once if it is in the middle of something."""
        if self._pool is not None:
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def __enter__(self) -> FrameworkProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _begin(framework: str, log: Path | None) -> None:
    """First thing in the new process: leave Ctrl-C to the parent, send chatter to the log."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["AEBENCH_FRAMEWORK"] = framework
    if log is not None:
        sys.stderr.flush()
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)
