"""What every part of a specification is held against when it is made."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, get_args

from aebench.errors import SpecificationError

MOST = 10**9  # of whatever is counted; more is a slip of the hand, and no machine holds it


def require(condition: bool, message: str) -> None:
    """SpecificationError with the message unless the condition holds."""
    if not condition:
        raise SpecificationError(message)


def positive(what: str, value: float) -> None:
    """A finite number above 0."""
    require(_is_number(value) and 0 < value < math.inf, f"{what} must be positive, found {value}")


def fraction(what: str, value: float, *, with_zero: bool = False) -> None:
    """A number between 0 and 1, 1 excluded, 0 where asked for included."""
    above = _is_number(value) and (0 <= value if with_zero else 0 < value)
    require(above and value < 1, f"{what} must lie in {'[' if with_zero else '('}0, 1), found {value}")


def count(what: str, value: int) -> None:
    """A whole number from 1 on."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    require(whole and value > 0, f"{what} must be a positive whole number, found {value!r}")


def one_of(what: str, value: str, names: Any) -> None:
    """One of the names that a `Literal` lists."""
    known = get_args(names)
    require(value in known, f"{what} '{value}' is unknown; known: {', '.join(known)}")


def distinct(what: str, names: Iterable[str]) -> None:
    """No name stands twice."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    require(not twice, f"{what} stands twice: {', '.join(twice)}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
