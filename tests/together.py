"""Which tests run in one process, where plain `pytest` works in two."""

from __future__ import annotations


def shared(nodeid: str) -> str:
    """What the test shares with those that run in the same process: the climbs of the ladder, or its file."""
    file = nodeid.partition("::")[0]
    return "climbs" if file.startswith("tests/agreement/") else file
