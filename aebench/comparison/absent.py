"""What a comparison was asked for and has no record of: a document that lost rows is not green."""

from __future__ import annotations

from collections.abc import Iterator

from aebench import registry
from aebench.comparison.findings import Finding, again
from aebench.records.comparisons import Comparison, Sides, What
from aebench.running.options import DTYPES

LOST = "is not on record, though it was asked for"


def absent(found: Comparison) -> Iterator[Finding]:
    """A finding for each framework and part of a record that says that all was done."""
    for sides in found.pairs if found.complete else ():
        lost: dict[What, list[str]] = {"numbers": _unclimbed(found, sides), "quality": untrained(found, sides)}
        for what, names in lost.items():
            if names:
                about = tuple(f"{name}, {sides.framework}, {what}" for name in names)
                yield Finding(what, about, "undone", LOST, again(found, sides.framework, names, what))
    lost_parts: list[What] = [part for part in ("speed", "memory") if part in found.only and not found.timed]
    for part in lost_parts if found.complete and found.pairs else ():
        yield Finding(part, (part,), "undone", LOST)


def untrained(found: Comparison, sides: Sides) -> list[str]:
    """The autoencoders of whose trainings there is no record, though they were asked for."""
    known = {row.autoencoder for row in found.quality if row.base == sides.base}
    return [name for name in _offered(found, sides) if "quality" in found.only and name not in known]


def _unclimbed(found: Comparison, sides: Sides) -> list[str]:
    rows = {(row.autoencoder, row.dtype) for row in found.numbers if row.framework == sides.framework}
    offered = _offered(found, sides) if "numbers" in found.only else []
    return [name for name in offered if not {(name, dtype) for dtype in DTYPES} <= rows]


def _offered(found: Comparison, sides: Sides) -> list[str]:
    return [name for name in found.options.autoencoders if registry.offers(sides.framework, name)]
