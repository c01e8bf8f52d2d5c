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
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from aebench.errors import ResultError, nearest
from aebench.measures import Margin
from aebench.records.fields import Part
from aebench.records.store import write_text

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table

FILE = "limits.toml"
DIGITS = 6  # significant digits of a value that was accepted
UNLIMITED = "none"
DIGESTS = "sha256"  # the table of them
SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?%")
MENDING = "mend it, or get it back from version control"
HEAD = """\
How far each row of a baseline may move before `aebench gate` fails.
limit: "5 %" of the value, a number in the metric's unit, "none", or a table of these by framework.
accepted, date: the mean over the baseline's seeds (of costs the median) by framework, written by `aebench accept`.
limit, reason, expires (optional): may be changed by hand; a later `aebench accept` keeps them, and comments.
sha256: of the baselines that all this was written for, written by `aebench accept`."""

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
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ResultError(
            f"there is no {path}, which says how far each row may move; `aebench accept` writes it"
        ) from error
    except OSError as error:
        raise ResultError(f"cannot read {path}: {error.strerror or error}; look at its permissions") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
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
    if not 0.0 < value < math.inf:
        raise ValueError(f'the limit is {size!r}, expected a number above 0, a share such as "5 %", or "none"')
    return value


def write(
    path: Path, baseline: Path, rows: Sequence[Row], *, today: datetime.date, renewed: Collection[str],
    expires: datetime.date | None = None,
) -> None:  # fmt: skip
    """Bring the baseline's entries in line with its rows: accepted values are set, new rows get their margin as limit,
    entries without a row go. Everything else stays as it is.

    baseline: its file. renewed: the autoencoders that were accepted now, whose entries get the date and, where one is
    given, the expiry.

    Raises:
        ResultError: the file cannot be read or written, or an entry of a row is damaged.
    """
    import tomlkit  # here: whoever only reads limits can do without

    require_readable(path, baseline.stem, rows)
    document = _opened(path)
    document.setdefault(DIGESTS, tomlkit.table())[baseline.stem] = digest(baseline)
    _remove(document, baseline.stem, {(row.autoencoder, row.metric) for row in rows})
    for row in rows:
        metrics = _metrics(document, baseline.stem, row.autoencoder)
        new = row.metric not in metrics
        if new:
            metrics[row.metric] = _new(row)
        entry = metrics[row.metric]
        entry["accepted"] = _values(row.accepted)
        if new or row.autoencoder in renewed:
            entry["date"] = today
            if expires is not None:
                entry["expires"] = expires
        if new:
            entry.add(tomlkit.nl())
    write_text(path, tomlkit.dumps(document).rstrip() + "\n")


def _opened(path: Path) -> TOMLDocument:
    """The document with its comments; a new one where there is no file."""
    import tomlkit

    if path.exists():
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    document = tomlkit.document()
    for line in HEAD.splitlines():
        document.add(tomlkit.comment(line))
    return document


def require_readable(path: Path, baseline: str, rows: Sequence[Row]) -> None:
    """ResultError where the file is there and cannot be read, or an entry of one of the rows cannot."""
    known = {(row.autoencoder, row.metric) for row in rows}
    for key, entry in (read(path).of.get(baseline, {}) if path.exists() else {}).items():
        if isinstance(entry, str) and key in known:
            raise ResultError(f"{path}, [{'.'.join((baseline, *key))}]: {entry}; {MENDING}, or remove the entry")


def _remove(document: TOMLDocument, baseline: str, kept: set[Key]) -> None:
    """Take away the entries without a row, and tables that are empty then."""
    autoencoders: Any = document.get(baseline, {})
    for autoencoder, metrics in list(autoencoders.items()):
        for metric in [metric for metric in metrics if (autoencoder, metric) not in kept]:
            del metrics[metric]
        if not metrics:
            del autoencoders[autoencoder]


def _metrics(document: TOMLDocument, baseline: str, autoencoder: str) -> Any:
    """The table of an autoencoder's metrics in the document; made where there is none."""
    import tomlkit

    table: Any = document
    for name in (baseline, autoencoder):
        if name not in table:
            table[name] = tomlkit.table(is_super_table=True)
        table = table[name]
    return table


def _new(row: Row) -> Table:
    """The beginning of a row's entry: its limit, and the reason."""
    import tomlkit

    entry = tomlkit.table()
    if row.margin is None:
        entry["limit"], entry["reason"] = UNLIMITED, "nobody has said how far it may move"
        return entry
    value = row.margin.value
    entry["limit"] = f"{100.0 * value:g} %" if row.margin.relative else tomlkit.item(value).comment(row.unit)
    entry["reason"] = row.margin.reason
    return entry


def _values(accepted: Mapping[str, float]) -> Any:
    import tomlkit

    table = tomlkit.inline_table()
    for framework, value in accepted.items():
        table[framework] = rounded(value)
    return table
