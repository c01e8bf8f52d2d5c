"""A script tried as its reader will run it: by the interpreter of an environment, and without aebench."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aebench import registry
from aebench.arrays import Arrays
from aebench.errors import AebenchError, why
from aebench.processes import environments
from aebench.processes.worker import variables_of
from aebench.records.checkpoint import read_arrays
from aebench.reproduced import SHOWS, SHOWS_NOT, differences, furthest
from aebench.reproducing.scripts import SCRIPT

SECONDS = 300.0  # for a script to end; a first compilation takes up to a minute on a busy machine


@dataclass(frozen=True)
class Tried:
    """How a script ended. shows: whether it shows the difference; None where it does not say. said: what it printed."""

    subject: str
    shows: bool | None
    said: str


def tried(folder: Path, subject: str) -> Tried:
    """Run the folder's script in the subject's environment."""
    try:
        done = _run(folder, subject)
    except subprocess.TimeoutExpired:
        return Tried(subject, None, f"it did not end in {SECONDS:g} s")
    last = done.stdout.strip().splitlines()[-1:]
    shows = {SHOWS: True, SHOWS_NOT: False}.get(last[0] if last else "")
    return Tried(subject, shows, done.stdout.strip() if shows is not None else why(done.stderr))


def _run(folder: Path, subject: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = environments.find(registry.environment(subject))
    command = [str(environment.python or sys.executable), SCRIPT, *arguments]
    return subprocess.run(
        command, cwd=folder, env=variables_of(environment), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=SECONDS, check=False,
    )  # fmt: skip


def first_operation(folder: Path, one: str, other: str, scratch: Path) -> str:
    """The first single operation that gives something else in the two subjects' environments, in words."""
    found: list[Arrays] = []
    for number, subject in enumerate((one, other)):
        path = scratch / f"operations{number}.safetensors"
        try:
            _run(folder, subject, "--operations", str(path))
            found.append(dict(sorted(read_arrays(path)[0].items())))
        except (AebenchError, subprocess.TimeoutExpired):
            return f"cannot be said, the operations of {subject} could not be noted"
    return compared(*found)


def compared(one: Arrays, other: Arrays) -> str:
    """The first operation in which two lists of operations differ, in words."""
    count = len({name.partition(" ")[0] for name in one})
    for mine, theirs in zip(one, other, strict=False):
        number, name, output = mine.split(" ")
        where = f"{name}, operation {int(number) + 1} of {count}"
        if mine.split(" ")[1:] != theirs.split(" ")[1:] or one[mine].shape != other[theirs].shape:
            return f"{where}: the other side goes another way, through {theirs.split(' ')[1]}"
        apart = differences(one[mine], other[theirs])
        if apart.any():
            index, place = furthest(apart)
            at = f" at {place}" if place else ""
            values = f"{one[mine][index]:.17g} and {other[theirs][index]:.17g}"
            return f"{where}: of the same inputs output {output} differs by {np.max(apart):.3g}{at}: {values}"
    return "none, run one by one all operations give the same on both sides"
