"""Every error that a user can cause or mend, under one base class.

A message says what was wrong, what was found, what was expected and what to do. The command line prints it
without a traceback and exits with `exit_status`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

TRACEBACK = "AEBENCH_TRACEBACK"
"""The environment variable that asks for the traceback of every error."""

# How a line begins that says what went wrong, in an installer or in a build that it runs; and how those of pip end that
# only say that there is such a line, or where to read of such lines.
ERROR = re.compile(r"(error|[\w.]*(Error|Exception)):", re.IGNORECASE)
WRAPPED = ("subprocess-exited-with-error", "metadata-generation-failed", "failed-wheel-build-for-install", "-conflicts")


class AebenchError(Exception):
    """Base of all errors raised on purpose; exit status 2 (the work could not be done)."""

    exit_status = 2


def rebuilt(kind: str, message: str) -> AebenchError:
    """The error of this module whose class has that name, with its message as it stands: how it crosses processes."""
    found: type[AebenchError] = globals()[kind]
    return found.__new__(found, message)


class SpecificationError(AebenchError):
    """A specification contradicts itself or asks for what does not exist."""


def nearest(name: str, known: Sequence[str]) -> str:
    """A question after the known name that is like this one; empty where none is."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean '{found[0]}'?" if found else ""


def why(said: str) -> str:
    """Of all that a program said, the line that tells why it failed: the last error that is not only about errors
    above it, else the last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if ERROR.match(line) and not line.endswith(WRAPPED)]
    return (errors or lines or ["it gives no reason"])[-1]


class UnknownNameError(AebenchError):
    """A name that nothing is registered under; lists the known ones and the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = list(known)
        super().__init__(f"unknown {kind} '{name}'{nearest(name, names) or '.'} Known: {', '.join(names) or 'none'}.")


class PluginError(AebenchError):
    """A package registers an autoencoder or a framework that cannot be used; the message says why."""


class ContractError(AebenchError):
    """A plug-in breaks what `aebench.protocol` promises of it; says where, and what was found and expected."""


class DataError(AebenchError):
    """A data set is missing, damaged, of the wrong shape, or holds values that are not finite."""


class FrameworkError(AebenchError):
    """A framework or one of its devices is not available here; the message says how to get it."""


class ExecutorError(AebenchError):
    """An executor is not installed, takes no work, or is gone, or lost a worker; the message says which."""


class OutOfMemoryError(FrameworkError):
    """The memory of the machine, or of the device, does not hold what a framework was asked for."""


class CheckpointError(AebenchError):
    """A checkpoint is damaged, of another autoencoder, or lacks an array."""


class DamagedError(CheckpointError):
    """A checkpoint's file is truncated or is something else: nothing in it can be used."""


class ResultError(AebenchError):
    """A result or trace file is missing, damaged or of another format version."""


class UnwritableError(ResultError):
    """A file cannot be written: the disk is full, or permissions are missing. No framework's fault."""


class ExportError(AebenchError):
    """A record cannot be written in the format that was asked for; says why."""


class TrainingError(AebenchError):
    """Training produced a value that is not finite; says which step and which loss term first."""


class ReproductionError(AebenchError):
    """A reproduction cannot be made, or does not show what it is there to show; says why."""


class UsageError(AebenchError):
    """A combination of options that makes no sense together."""


class OtherClimbError(UsageError):
    """A bundle does not hold what it would have to hold to be compared with another side."""
