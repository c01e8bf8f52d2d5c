"""The rows of a baseline and the entries of `limits.toml`: each has the other, and each entry holds today."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path

from aebench.comparison.findings import Finding
from aebench.comparison.rows import accepted as accepted_values
from aebench.comparison.unmatched import EVERYTHING, Scope, Trials
from aebench.errors import nearest
from aebench.measures import Margin
from aebench.records.limits import Entries, Limit

WRITE = "`aebench accept` writes it"


def margins(entries: Entries, autoencoder: str, framework: str) -> dict[str, Margin | None]:
    """By metric, how far each may move in a framework; None where it may move however far, or where nothing can be
    read."""
    return {
        metric: entry.margin(framework) if isinstance(entry, Limit) and entry.covers(framework) else None
        for (name, metric), entry in entries.items()
        if name == autoencoder
    }


def limited(
    accepted: Trials, entries: Entries, path: Path, baseline: str, scope: Scope = EVERYTHING
) -> Iterator[Finding]:
    """Rows without a limit, limits without a row, limits that have expired, cannot be read, or were written for another
    baseline than the one that is there.

    accepted: those of the baseline that are in the scope.
    """
    rows = accepted_values([trial for trials in accepted.values() for trial in trials])
    if not entries and rows:
        words = f"no row of {baseline} has a limit there; {WRITE}"
        yield Finding("quality", (str(path),), "undone", words)
        return
    for key, values in rows.items():
        for words in _wrong(entries.get(key), values, scope):
            yield Finding("quality", (", ".join(key),), "undone", f"{words} ({path})")
    known, free = [name for name, _ in rows], [row for row in rows if row not in entries]
    for key, entry in ((key, entry) for key, entry in entries.items() if key not in rows and scope.holds(key[0])):
        if isinstance(entry, Limit) and not any(scope.holds(framework=framework) for framework in entry.accepted):
            continue  # of other frameworks than those that are asked for
        near = nearest(key[0], known) if key[0] not in known else nearest(key[1], [m for n, m in free if n == key[0]])
        words = f"it has a limit and no row in the baseline{near or '; remove the entry'} ({path})"
        yield Finding("quality", (", ".join(key),), "undone", words)


def _wrong(entry: Limit | str | None, values: Mapping[str, float], scope: Scope) -> Iterator[str]:
    """What is wrong with the entry of a row. values: accepted in the baseline, by framework."""
    if entry is None:
        yield "it has no limit; write one, or accept it again"
        return
    if isinstance(entry, str):
        yield f"its limit cannot be read: {entry}"
        return
    if entry.expires is not None and entry.expires < datetime.date.today():
        yield f"its limit expired on {entry.expires}: {entry.reason}; look at it again, and name another day or none"
    for framework in entry.accepted:
        if framework not in values and scope.holds(framework=framework):
            yield f"a value is accepted in {framework}, and the baseline has no such row; accept it again"
    for framework in entry.limit if isinstance(entry.limit, dict) else ():
        if framework not in values and scope.holds(framework=framework):
            yield f"it has a limit in {framework}, and the baseline has no such row; remove it"
    for framework, value in values.items():
        if not entry.covers(framework):
            yield f"it has no limit in {framework}; name one for it"
        if framework not in entry.accepted:
            yield f"no value is accepted in {framework}, and the baseline has {value:g}; accept it again"
        elif entry.accepted[framework] != value:
            yield (
                f"{entry.accepted[framework]:g} is accepted in {framework}, and the baseline has {value:g}: one of the "
                "two was changed; get both back from version control, or accept it again"
            )
