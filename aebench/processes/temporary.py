"""What is there for a while: folders, which go with their process even if it is killed, and variables."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
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


@contextlib.contextmanager
def told(variables: Mapping[str, str]) -> Iterator[None]:
    """Within it these variables are set, but for those that somebody has set; processes inherit them."""
    added = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
