"""limits.toml as `aebench accept` writes it: values and dates are new; limits, reasons, comments and expiries stay."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aebench.errors import ResultError
from aebench.records.limits import DIGESTS, MENDING, UNLIMITED, Key, Limit, Limits, Row, parsed, read, rounded

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table

HEAD = """\
How far each row of a baseline may move before `aebench gate` fails.
limit: "5 %" of the value, a number in the metric's unit, "none", or a table of these by framework.
accepted, date: the mean over the baseline's seeds (of costs the median) by framework, written by `aebench accept`.
limit, reason, expires (optional): may be changed by hand; a later `aebench accept` keeps them, and comments.
sha256: of the baselines that all this was written for, written by `aebench accept`."""


def brought_in_line(
    path: Path, baseline: str, sha256: str, rows: Sequence[Row], *, today: datetime.date, renewed: Collection[str],
    expires: datetime.date | None = None,
) -> str:  # fmt: skip
    """The file's text with the baseline's entries in line with its rows: accepted values are set, new rows get their
    margin as limit, entries without a row go. Everything else stays as it is.

    sha256: of the baseline's file. renewed: the autoencoders that were accepted now, whose entries get the date and,
    where one is given, the expiry.

    Raises:
        ResultError: the file cannot be read, an entry of a row is damaged, or its form is one that cannot be kept.
    """
    require_readable(path, baseline, rows)
    text = _in_line(path, baseline, sha256, rows, today, renewed, expires)
    _require_kept(path, text, baseline, rows)
    return text


def _require_kept(path: Path, text: str, baseline: str, rows: Sequence[Row]) -> None:
    """ResultError where the text does not hold what the file held of other baselines, and the rows' values."""
    try:
        now = parsed(path, text)
    except ResultError:
        now = Limits({}, {})
    before = read(path).of if path.exists() else {}
    others = all(now.of.get(name) == entries for name, entries in before.items() if name != baseline)
    entries = now.of.get(baseline, {})
    set_ = all(
        isinstance(entry := entries.get((row.autoencoder, row.metric)), Limit)
        and entry.accepted == {name: rounded(value) for name, value in row.accepted.items()}
        for row in rows
    )
    if not (others and set_ and len(entries) == len(rows)):
        raise ResultError(
            f"{path} is written in a form in which it cannot be brought in line; write each entry as a table of its "
            f"own, such as [{baseline}.linear.test_mse], as `aebench accept` does"
        )


def _in_line(
    path: Path, baseline: str, sha256: str, rows: Sequence[Row], today: datetime.date, renewed: Collection[str],
    expires: datetime.date | None,
) -> str:  # fmt: skip
    """The text; what an unusual form of the file makes of it is looked at afterwards."""
    import tomlkit  # here: whoever only reads limits can do without
    from tomlkit.exceptions import TOMLKitError

    document = _opened(path)
    try:
        document.setdefault(DIGESTS, tomlkit.table())[baseline] = sha256
        _remove(document, baseline, {(row.autoencoder, row.metric) for row in rows})
        _set(document, baseline, rows, today, renewed, expires)
        return tomlkit.dumps(document).rstrip() + "\n"
    except (TOMLKitError, ValueError, TypeError, KeyError):  # as of an inline table that cannot hold one
        return ""


def _set(
    document: TOMLDocument, baseline: str, rows: Sequence[Row], today: datetime.date, renewed: Collection[str],
    expires: datetime.date | None,
) -> None:  # fmt: skip
    """Set what was accepted, row by row."""
    import tomlkit

    for row in rows:
        metrics = _metrics(document, baseline, row.autoencoder)
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
