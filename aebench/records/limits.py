"""Limits: how far each row of a baseline may move, in a file for people, `limits.toml`.

A table for each baseline, autoencoder and metric. `aebench accept` writes it; limit, reason and expiry are kept as they
stand there, with every comment, so that they may be changed by hand.
"""

from __future__ import annotations

import datetime
import hashlib
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from aebench.errors import ResultError, nearest
from aebench.measures import Margin
from aebench.records.fields import Part

FILE = "limits.toml"
DIGITS = 6  # significant digits of a value that was accepted
UNLIMITED = "none"
MOST = 10.0  # as a share: what may be eleven times as much has no limit
DIGESTS = "sha256"  # the table of them
SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?%")
MENDING = "mend it, or get it back from version control"

Key = tuple[str, str]
"""An autoencoder and a metric."""
Size = float | str


class Limit(Part):
    """One entry: how far a row may move (one size, or one for each framework), why so far, the value accepted in each
    framework, when it was accepted, and the last day on which it holds."""

    limit: Size | dict[str, Size]
    reason: str
    accepted: dict[str, float]
    date: datetime.date
    expires: datetime.date | None = None

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("the reason is empty")
        if not self.accepted:
            raise ValueError("no value is accepted in any framework")
        for framework, value in self.accepted.items():
            if not math.isfinite(value):
                raise ValueError(f"the value accepted in {framework} is {value}, expected a number")
        for size in self.limit.values() if isinstance(self.limit, dict) else (self.limit,):
            _read_size(size)

    def covers(self, framework: str) -> bool:
        """Whether the limit is one for that framework, too."""
        return not isinstance(self.limit, dict) or framework in self.limit

    def margin(self, framework: str) -> Margin | None:
        """How far the row may move in that framework; None where it may move however far."""
        size = self.limit[framework] if isinstance(self.limit, dict) else self.limit
        value = _read_size(size)
        return Margin(value, self.reason, relative=isinstance(size, str)) if math.isfinite(value) else None


Entries = Mapping[Key, Limit | str]
"""A baseline's entries by autoencoder and metric; one that cannot be read is a sentence."""


@dataclass(frozen=True)
class Limits:
    """The file. of: each baseline's entries, by its name. digests: of the baselines that they were written for."""

    of: Mapping[str, Entries]
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """What an entry is written for. accepted: by framework. margin: how far it may move where the file does not say;
    None: however far."""

    autoencoder: str
    metric: str
    unit: str
    accepted: Mapping[str, float]
    margin: Margin | None


def rounded(value: float) -> float:
    """The value as the file holds it."""
    return float(f"{value:.{DIGITS}g}")


def digest(baseline: Path) -> str:
    """SHA-256 of a baseline's file."""
    return hashlib.sha256(baseline.read_bytes()).hexdigest()


def read(path: Path) -> Limits:
    """What the file holds.

    Raises:
        ResultError: the file is not there, or is no TOML of that form.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ResultError(
            f"there is no {path}, which says how far each row may move; `aebench accept` writes it"
        ) from error
    except OSError as error:
        raise ResultError(f"cannot read {path}: {error.strerror or error}; look at its permissions") from error
    except UnicodeDecodeError as error:
        raise ResultError(f"{path} is no TOML: {error}; {MENDING}") from error
    return parsed(path, text)


def parsed(path: Path, text: str) -> Limits:
    """What a text of the file holds.

    Raises:
        ResultError: it is no TOML of that form; path: what messages call it.
    """
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ResultError(f"{path} is no TOML: {error}; {MENDING}") from error
    digests = _table(path, content.pop(DIGESTS, {}), DIGESTS)
    of = {baseline: dict(_entries(path, baseline, table)) for baseline, table in content.items()}
    return Limits(of, {baseline: str(found) for baseline, found in digests.items()})


def _entries(path: Path, baseline: str, content: object) -> Iterator[tuple[Key, Limit | str]]:
    for autoencoder, metrics in _table(path, content, baseline).items():
        for metric, entry in _table(path, metrics, f"{baseline}.{autoencoder}").items():
            yield (autoencoder, metric), _entry(entry)


def _table(path: Path, content: object, name: str) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise ResultError(
            f"{path}: {name} is {content!r}, expected an entry under [BASELINE.AUTOENCODER.METRIC]; {MENDING}"
        )
    return content


def _entry(content: object) -> Limit | str:
    """The entry, or what is wrong with it."""
    try:
        return msgspec.convert(content, Limit)
    except msgspec.ValidationError as error:
        words = str(error)
    unknown = [name for name in content if name not in Limit.__struct_fields__] if isinstance(content, dict) else []
    near = nearest(unknown[0], Limit.__struct_fields__) if unknown else ""
    return f"{words}{near}"


def _read_size(size: Size) -> float:
    """The limit as a number; of a share, 0.05 for "5 %"; infinite where there is none.

    Raises:
        ValueError: it is not a number above 0, nor a share of that form.
    """
    if size == UNLIMITED:
        return math.inf
    share = SHARE.fullmatch(size.strip()) if isinstance(size, str) else None
    value = float(share[1]) / 100.0 if share else math.nan if isinstance(size, str) else float(size)
    if share and value > MOST:
        raise ValueError(f'the limit is {size!r}, more than {MOST:.0%}; where a row may move however far, write "none"')
    if not 0.0 < value < math.inf:
        raise ValueError(f'the limit is {size!r}, expected a number above 0, a share such as "5 %", or "none"')
    return value
