"""In which order things of a report stand."""

from __future__ import annotations

from collections.abc import Iterable

from aebench import registry


def autoencoders_in_order(names: Iterable[str | None]) -> list[str]:
    """Each once: those of the registry in its order, then others as they come."""
    found = dict.fromkeys(name for name in names if name is not None)
    known = registry.autoencoders()
    return [*(name for name in known if name in found), *(name for name in found if name not in known)]
