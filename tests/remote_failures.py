"""What a framework's own process says of itself, and ways in which it can go wrong."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from aebench import errors
from aebench.alive import alive
from aebench.errors import DataError, UnknownNameError
from aebench.processes.inside import tell


def loaded_packages() -> set[str]:
    """The heavy packages that this process holds."""
    return {"torch", "tensorflow", "keras", "jax"} & set(sys.modules)


def process_id() -> int:
    """This process's number."""
    return os.getpid()


def end_by(how: signal.Signals | str) -> NoReturn:
    """End the process without a word, as a crash in native code or the kernel does: by a signal, or at once."""
    if isinstance(how, signal.Signals):
        os.kill(os.getpid(), how)
    os._exit(3)


def interrupt_itself() -> str:
    """What Ctrl-C on the terminal sends to every process."""
    os.kill(os.getpid(), signal.SIGINT)
    return "still here"


def say(text: str) -> None:
    """Chatter on both outputs, from below Python."""
    os.write(1, f"{text} on 1\n".encode())
    os.write(2, f"{text} on 2\n".encode())


def raise_own(kind: str) -> NoReturn:
    """An error of the project, by the name of its class."""
    if kind == "UnknownNameError":
        raise UnknownNameError("framework", "torch", ["pytorch"])
    raise getattr(errors, kind)("what, and why")


class ColumnError(DataError):
    """An error that a plug-in derives from the project's."""


def return_what_cannot_be_sent() -> Any:
    """A function of no module."""
    return lambda: 0


def leave_a_temporary_file() -> Path:
    """A file that nobody removes, where temporary ones go."""
    with tempfile.NamedTemporaryFile(delete=False) as file:
        return Path(file.name)


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's, with the text of a graph's failure, and as unable to cross as an error can be."""

    def __init__(self, node: object, message: str) -> None:
        super().__init__(message)
        self.node = node


class UnsendableError(Exception):
    """An error that holds what cannot be pickled."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.held = lambda: message


class SpeechlessError(Exception):
    """An error that fails to say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class UnreadableError(Exception):
    """An error that is sent and cannot be made again on the other side."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"{text} {number}")


def raise_made(name: str) -> NoReturn:
    """Errors that only this process can make; any other name asks NumPy for more bytes than there are."""
    made: dict[str, BaseException] = {
        "tensorflow": ResourceExhaustedError(
            lambda: 0, "Graph execution error:\n\nDetected at node zeros\nOOM when allocating tensor with shape[9]"
        ),
        "pytorch": RuntimeError("[enforce fail at alloc.cpp:1] DefaultCPUAllocator: can't allocate memory: 9"),
        "unsendable": UnsendableError("first line\nsecond line"),
        "unreadable": UnreadableError(7, "node"),
        "silent": UnsendableError(""),
        "speechless": SpeechlessError(),
        "long": ValueError("x" * 10_000),
        "in parts": ValueError("backend='inductor' raised:\nCppCompileError: C++ compile error\n\nCommand:\ng++"),
        "exit": SystemExit(0),
        "key": KeyError("weight"),
        "derived": ColumnError("no such column"),
    }
    raise made.get(name) or AssertionError(f"there are petabytes: {np.empty(10**15)}")


def count_to(n: int) -> str:
    """Messages 1 to n on the way, then a result."""
    for i in range(1, n + 1):
        tell(i)
    return "done"


def tell_and_exit() -> NoReturn:
    """A message, sent before the end."""
    tell("last words")
    time.sleep(0.5)
    os._exit(3)


def hang(how: str) -> NoReturn:
    """Never answer: asleep, stopped as by Ctrl-Z, at work in Python, or in native code that lets no Python run."""
    if how == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif how == "native":
        ctypes.PyDLL(None).sleep(600)
    while True:
        time.sleep(600.0 if how == "asleep" else 0.0)


def work_on(seconds: float, signs: str) -> str:
    """Work for so long, with messages or signs of life on the way."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.1)
        if signs == "messages":
            tell("going on")
        else:
            alive()
    return "done"
