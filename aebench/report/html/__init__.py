"""One HTML file of everything that records hold, for people who do not have the suite. Reads records; no framework."""

from __future__ import annotations

from pathlib import Path

from aebench.errors import UsageError

ENDINGS = (".html", ".htm")


def require_page(path: Path) -> None:
    """Refuse a file that is no page: it is written over, and a record that was named by mistake would be lost.

    Raises:
        UsageError: its name does not end as a page's does.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"a report ends in .html, found '{path}'; name another file")
