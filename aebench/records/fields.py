"""What every record is made of: strict classes, and numbers that need not be finite."""

from __future__ import annotations

import math
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

NOT_FINITE = ("nan", "inf", "-inf")
Kind = TypeVar("Kind", bound="Part")


class Part(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A record or a part of one: its fields by name, and no others."""


class Float(float):
    """A float that JSON holds as a number or, where it is not finite, as one of the texts "nan", "inf", "-inf"."""


Number = Annotated[
    Float, Meta(extra_json_schema={"anyOf": [{"type": "number"}, {"enum": list(NOT_FINITE)}], "title": "number"})
]
# What folders and files are named after: never a path of its own.
Name = Annotated[str, Meta(pattern=r"^\w[\w.:@+-]*$")]
# Nothing here counts to more, and a larger one would be too large for a float.
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


def checked(content: object, kind: type[Kind]) -> Kind:
    """The plain data as that class.

    Raises:
        msgspec.ValidationError: a field is missing, unknown or of another type; the message names it.
    """
    return msgspec.convert(content, kind, dec_hook=_decoded)


def plain(part: Part) -> dict[str, Any]:
    """The record as plain data: dictionaries, lists, texts and numbers."""
    found: dict[str, Any] = msgspec.to_builtins(part, enc_hook=float)
    return found


def encoded(value: Any) -> Any:
    """The plain data as JSON can hold it."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    if isinstance(value, dict):
        return {key: encoded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encoded(item) for item in value]
    return value


def _decoded(kind: type, value: object) -> object:
    """A number from what JSON holds in its place."""
    finite = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is Float and (finite or value in NOT_FINITE):
        try:
            return Float(value)  # type: ignore[arg-type]
        except OverflowError:
            raise ValueError("expected a number, found a whole one that no float holds") from None
    raise ValueError(f"expected a number, found {value!r}")
