"""What is asked for from Python, checked as the command line checks it, and who is told how it goes."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from aebench import registry
from aebench.checks import MOST
from aebench.errors import UsageError
from aebench.processes import probing
from aebench.processes.events import Listener, Silent
from aebench.records.store import require_folder

Names = str | Sequence[str]
"""One name or several; a text may hold several between commas."""
Seeds = int | Iterable[int]
Say = Callable[[str], object]
"""Takes a line of progress, as `print` does."""


def autoencoders(names: Names) -> tuple[str, ...]:
    """The autoencoders of these names, or of patterns such as `layerwise_*`, each once.

    Raises:
        UnknownNameError: there is none; says the nearest match.
    """
    return tuple(dict.fromkeys(it for name in each(names) for it in registry.called(name)))


def frameworks(names: Names) -> tuple[str, ...]:
    """The subjects of these names, as everything calls them: NAME here, NAME@ENVIRONMENT elsewhere.

    Raises:
        UnknownNameError: there is no such framework, or no such environment.
        FrameworkError: it is not installed there.
        UsageError: the environment cannot be measured in.
    """
    return tuple(dict.fromkeys(probing.computing(name) for name in each(names)))


def whole(numbers: object, what: str) -> tuple[int, ...]:
    """Whole numbers, each once.

    Raises:
        UsageError: one is something else, or beyond what is ever counted.
    """
    given = numbers if isinstance(numbers, Iterable) and not isinstance(numbers, str) else (numbers,)
    return tuple(dict.fromkeys(number(it, what, f"such as (0, 1, 2); found {numbers!r}") for it in given))


def number(given: object, what: str, more: str = "", *, least: int | None = None) -> int:
    """One whole number.

    Raises:
        UsageError: it is something else, below the least, or beyond what is ever counted.
    """
    try:
        found = operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        raise UsageError(f"{what}: whole numbers are expected, {more or f'found {given!r}'}") from None
    if least is not None and not least <= found <= MOST:
        raise UsageError(f"{what}: {found} is not in the range {least}<=x<={MOST}")
    if abs(found) > MOST:
        raise UsageError(f"{what}: numbers up to {MOST:,} are expected, found {found}")
    return found


def folder(place: Path | str) -> Path:
    """A folder to write to, which need not be there yet.

    Raises:
        UsageError: nothing is named, or it can be no folder.
    """
    if not os.fspath(place).strip():
        raise UsageError("a folder has no name; name one, or leave `output` out")
    require_folder(Path(place))
    return Path(place)


def each(names: Names) -> list[str]:
    """The names, one by one."""
    texts = (names,) if isinstance(names, str) else names
    return [name.strip() for text in texts for name in text.split(",")]


class _Told(Silent):
    """A listener that hands on a line for each piece of work that is done, and what else there is to know."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def note(self, text: str) -> None:
        """The line itself."""
        self._say(text)

    def finished(self, what: str, result: str) -> None:
        """A line for the piece."""
        self._say(f"{what}: {result}")


def listener(told: Say | None) -> Listener:
    """Who hears how the work goes; None hears nothing."""
    return Silent() if told is None else _Told(told)
