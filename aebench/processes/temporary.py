"""Folders for what is needed for a while: each belongs to a process, and goes with it, even if it is killed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psutil

NAME = re.compile(r"aebench-([0-9]+)-")


def folder() -> Path:
    """A new folder, whose name holds this process's number; whoever asks for it removes it.

    What processes that were killed could not remove is removed first.
    """
    _clear(Path(tempfile.gettempdir()))
    return Path(tempfile.mkdtemp(prefix=f"aebench-{os.getpid()}-"))


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is there for as long as the block lasts."""
    made = folder()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@cache
def _clear(place: Path) -> None:
    """Once in a process: remove folders whose processes are gone, as far as they are ours to remove."""
    for path in place.glob("aebench-*"):
        owner = NAME.match(path.name)
        if owner and path.is_dir() and not psutil.pid_exists(int(owner[1])):
            shutil.rmtree(path, ignore_errors=True)
