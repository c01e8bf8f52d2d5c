"""What is asked for from Python, checked as the command line checks it, and who is told how it goes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

from aebench import registry
from aebench.errors import UsageError
from aebench.processes import probing
from aebench.processes.events import Listener, Silent

Names = str | Sequence[str]
"""One name or several; a text may hold several between commas."""
Seeds = int | Sequence[int]
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


def whole(numbers: Seeds, what: str) -> tuple[int, ...]:
    """Whole numbers, each once.

    Raises:
        UsageError: one is something else.
    """
    given = numbers if isinstance(numbers, Sequence) else (numbers,)
    try:
        return tuple(dict.fromkeys(map(operator.index, given)))
    except TypeError:
        raise UsageError(f"{what} are whole numbers, such as (0, 1, 2); found {numbers!r}") from None


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
