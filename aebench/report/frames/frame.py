"""What a table of a record is: named, typed fields, and a row for each observation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "flag"]
Content = Mapping[str, Any]
_READ: dict[Kind, Callable[[Any], Any]] = {"text": str, "integer": int, "number": float, "flag": bool}


@dataclass(frozen=True)
class Field:
    """A column: its name, its type, the unit of its numbers, and in one line what it is."""

    name: str
    kind: Kind
    unit: str = ""
    about: str = ""


@dataclass(frozen=True)
class Frame:
    """A table. name: the stem of its file. rows: a value for each field, None where it is missing or unknown."""

    name: str
    title: str
    fields: tuple[Field, ...]
    rows: list[tuple[Any, ...]]


def text(name: str, about: str) -> Field:
    """A field of texts."""
    return Field(name, "text", about=about)


def integer(name: str, about: str, unit: str = "") -> Field:
    """A field of whole numbers."""
    return Field(name, "integer", unit, about)


def number(name: str, about: str, unit: str = "") -> Field:
    """A field of floats, which need not be finite."""
    return Field(name, "number", unit, about)


def flag(name: str, about: str) -> Field:
    """A field of truth values."""
    return Field(name, "flag", about=about)


AUTOENCODER = text("autoencoder", "the specification's name")
FRAMEWORK = text("framework", "who computes, with its mode and environment")
SEED = integer("seed", "of the parameters and of everything drawn")
DTYPE = text("dtype", "of the computation")
FAILURE = text("failure", "why there are no numbers; missing where there are")
BUSY = (
    number("load", "mean number of programs that wanted a processor in the last minute"),
    number("steal", "share of the processors' time that the host gave to other machines"),
    number("others", "share of the processors' time that other programs had"),
)


def frame(name: str, title: str, fields: Iterable[Field], rows: Iterable[Content]) -> Frame:
    """A frame of rows that hold their values by field; what a row lacks is missing.

    Raises:
        ValueError: a row holds what is no field, which would be lost.
    """
    columns = tuple(fields)
    known = {field.name for field in columns}
    found = []
    for row in rows:
        if odd := row.keys() - known:
            raise ValueError(f"frame {name} has no field {', '.join(sorted(odd))}")
        found.append(tuple(_typed(field, row.get(field.name)) for field in columns))
    return Frame(name, title, columns, found)


def _typed(field: Field, value: Any) -> Any:
    return None if value is None else _READ[field.kind](value)


def of(fields: Iterable[Field], row: Content) -> dict[str, Any]:
    """The row's values of these fields alone; None where it lacks one."""
    return {field.name: row.get(field.name) for field in fields}


def busy(known: Content | None) -> dict[str, Any]:
    """The fields of `BUSY`."""
    return of(BUSY, known or {})


def without(row: Content, *names: str) -> dict[str, Any]:
    """The row but for these."""
    return {name: value for name, value in row.items() if name not in names}


def reasons(known: Mapping[str, str] | None) -> str | None:
    """Several reasons by name as one text; None without any."""
    return "; ".join(f"{name}: {why}" for name, why in (known or {}).items()) or None
