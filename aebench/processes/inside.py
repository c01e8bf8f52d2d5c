"""What runs in a framework's own process: it answers calls, tells how work goes, and sends errors as plain data.

Whatever a framework raises becomes a `FrameworkError` here, where the framework is loaded: the harness is told its
type and one line of text, and never has to import a framework to read an exception of its.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

from aebench import alive, errors
from aebench.errors import TRACEBACK, AebenchError, FrameworkError, OutOfMemoryError
from aebench.records import capture

# How NumPy, PyTorch and TensorFlow say that memory is short: a type's name, or a part of the message, in lower case.
# The last three are sizes that no memory has. None of the frameworks may be imported here.
MEMORY_TYPES = {"MemoryError", "OutOfMemoryError", "ResourceExhaustedError"}
MEMORY_TEXTS = (
    "allocate memory", "out of memory", "oom when allocating", "resource_exhausted", "alloc_failed",
    "array is too big", "maximum allowed dimension exceeded", "size calculation overflowed",
)  # fmt: skip
LONGEST_REASON = 300  # characters; the rest of a message is in the log

_connection: Connection | None = None
_sending = threading.Lock()
_logged = False


@dataclass(frozen=True)
class Settings:
    """What the process is told when it begins.

    log: where everything that it prints goes (appended); None: nowhere, unless AEBENCH_TRACEBACK asks for more.
    temporary: its own folder for temporary files, whose end is the end of whatever the framework leaves in it. parent:
    the harness's process.
    """

    framework: str
    log: Path | None
    variables: Mapping[str, str]
    temporary: Path
    parent: int


@dataclass(frozen=True)
class Call:
    """A module-level function, and what it is called with."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """What a function told on the way."""

    content: Any


@dataclass(frozen=True)
class Alive:
    """A sign of life: nothing to say, and not hanging."""


@dataclass(frozen=True)
class Returned:
    """The function's result."""

    value: Any


@dataclass(frozen=True)
class Raised:
    """An error as plain data. kind: a class of aebench.errors. foreign: what was raised was none of aebench's own."""

    kind: str
    message: str
    foreign: bool


def main(descriptor: int) -> None:
    """The process's whole life: make itself ready, then answer one call after the other until the harness is gone.

    descriptor: the open file on which it is told its settings, and called.
    """
    global _connection
    _connection = connection = Connection(descriptor)
    alive.heard_by(partial(_send, packed(Alive())))
    unready = _unready(ForkingPickler.loads(connection.recv_bytes()))
    while True:
        try:
            call = connection.recv_bytes()
        except (EOFError, OSError):
            return
        _send(unready or _answer(call))


def tell(message: Any) -> None:
    """Send a message to whoever called this process; nothing happens outside one."""
    if _connection is not None:
        _send(packed(Message(message)))


def raised(error: BaseException) -> Raised:
    """The error as the harness is to get it: a class of its own, one line, lack of memory under one name.

    The traceback of what is not aebench's own goes to the log; without one it is shown where AEBENCH_TRACEBACK asks.
    """
    if isinstance(error, AebenchError):
        # A plug-in may have derived an error of its own: its nearest relative here has the same exit status.
        known = next(t for t in type(error).__mro__ if vars(errors).get(t.__name__) is t)
        return Raised(known.__name__, str(error), foreign=False)
    if os.environ.get(TRACEBACK) or _logged:
        traceback.print_exception(error)
    name, kind, lines = _framework(), type(error).__name__, _lines(error)
    telling = [line for line in lines if any(part in line.lower() for part in MEMORY_TEXTS)]
    if telling or {t.__name__ for t in type(error).__mro__} & MEMORY_TYPES:
        text = (
            f"{name}: memory does not hold this ({kind}: {(telling or lines)[0]}); ask for less, "
            "or use a machine or a device with more"
        )
        return Raised(OutOfMemoryError.__name__, text, foreign=True)
    # "backend='inductor' raised:" says nothing without what follows.
    first = f"{lines[0]} {lines[1]}" if lines[0].endswith(":") and len(lines) > 1 else lines[0]
    return Raised(FrameworkError.__name__, f"{name}: {kind}: {first[:LONGEST_REASON]}", foreign=True)


def _lines(error: BaseException) -> list[str]:
    """The lines of the error's message; an error may even fail to say what it is."""
    try:
        text = str(error)
    except Exception as unsaid:
        text = f"its message cannot be read ({type(unsaid).__name__})"
    return [line.strip() for line in text.splitlines() if line.strip()] or ["no message"]


def _unready(settings: Settings) -> bytes | None:
    """Why the process could not make itself ready, as the answer to every call; None when it is."""
    try:
        _begin(settings)
    except Exception as error:
        return packed(raised(error))
    return None


def _answer(call: bytes) -> bytes:
    """The packed result, or whatever went wrong on the way to it: in unpacking, in the function, in packing."""
    try:
        asked: Call = ForkingPickler.loads(call)
        return packed(Returned(asked.function(*asked.arguments, **asked.keywords)))
    except (Exception, SystemExit) as error:
        return packed(raised(error))


class _Pickler(ForkingPickler):
    """Packs what another interpreter unpacks, of whatever version: the module that holds `Path` has moved in 3.13."""

    def reducer_override(self, thing: object) -> Any:
        """A path as the text that it is."""
        return (place, (os.fspath(thing),)) if isinstance(thing, Path) else NotImplemented


def place(text: str) -> Path:
    """The path of that text."""
    return Path(text)


def packed(content: object) -> bytes:
    """The content as bytes, for the other side of a connection."""
    return bytes(_Pickler.dumps(content))


def _send(reply: bytes) -> None:
    with _sending, contextlib.suppress(OSError):  # nobody is left to hear it
        if _connection is not None:
            _connection.send_bytes(reply)


def _framework() -> str:
    return os.environ.get("AEBENCH_FRAMEWORK", "this process")


def _begin(settings: Settings) -> None:
    """First thing in the new process: leave Ctrl-C to the harness, send chatter to the log, end with the harness."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(settings.parent, settings.temporary), daemon=True).start()
    os.environ.update({name: value for name, value in settings.variables.items() if name not in os.environ})
    capture.begin()
    os.environ["AEBENCH_FRAMEWORK"] = settings.framework
    # What PyTorch has compiled is kept from process to process, unlike all else that is temporary.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", f"{tempfile.gettempdir()}/torchinductor_{os.getuid()}")
    os.environ["TMPDIR"] = tempfile.tempdir = str(settings.temporary)
    global _logged
    _logged = settings.log is not None
    if settings.log is not None:
        settings.log.parent.mkdir(parents=True, exist_ok=True)
    elif os.environ.get(TRACEBACK):
        return
    sys.stderr.flush()
    file = os.open(settings.log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)


def _end_with(parent: int, temporary: Path) -> None:
    """A killed harness must not leave a training behind it, nor a folder."""
    while os.getppid() == parent:
        time.sleep(1.0)
    shutil.rmtree(temporary, ignore_errors=True)
    os._exit(1)
