"""The page of known differences: `python -m aebench.report.known > docs/known.md`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from aebench.records.known import FILE, Known, read
from aebench.report.exported import escaped

HEAD = f"""\
# Known differences between versions

Made from `results/{FILE}` by `python -m aebench.report.known > docs/known.md`. A matrix of versions
([comparison.md](comparison.md)) marks these as known, and fails where one of them no longer shows."""
COLUMNS = ("framework", "versions that have it", "row", "what it is", "reason", "upstream")


def page(known: Sequence[Known]) -> str:
    """The page in Markdown: a row for each difference."""
    return "\n".join([HEAD, "", *_table(known)]) + "\n"


def _table(known: Sequence[Known]) -> Iterator[str]:
    if not known:
        yield "There are none."
        return
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|{'---|' * len(COLUMNS)}"
    for it in known:
        cells = (it.framework, it.versions, it.row, it.verdict, it.reason, it.upstream or "not reported")
        yield f"| {' | '.join(map(escaped, cells))} |"


if __name__ == "__main__":
    print(page(read(Path("results") / FILE)), end="")
