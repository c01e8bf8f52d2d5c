"""Under which conditions everything was measured: first what differs, then all of it, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aebench import networks, registry
from aebench.records.comparisons import Comparison
from aebench.records.conditions import Conditions, differences, facts
from aebench.records.fields import checked
from aebench.records.opened import Opened, Unreadable
from aebench.report.html.content import Block, Folded, Grid, Prose, Section, readable


def section(sources: Sequence[Opened | Unreadable]) -> Section:
    """The conditions of all records."""
    known = [(source, of) for source in readable(sources, *KINDS) for of in _conditions(source)]
    blocks: list[Block] = [*_apart(known), *_environments(sources), *_left_out(sources)]
    for source, of in known:
        rows = [(label, value) for label, value in facts(of)]
        grid = Grid(f"conditions-{source.number}", f"Conditions of {source.name}", ("what", "value"), rows)
        blocks.append(Folded(f"All conditions of {source.name}", [grid]))
    lead = "All that the numbers depend on: versions, builds, settings, the machine, the data."
    return Section("conditions", "Conditions", lead, blocks)


KINDS = ("run", "agreements", "growth", "comparison", "bench", "scale", "calibration", "audit", "baseline", "bundle")


def _conditions(source: Opened) -> Iterator[Conditions]:
    """Those on record; of a baseline the last."""
    found = source.content.get("conditions")
    if isinstance(found, list):
        found = found[-1] if found else None
    if found is not None:
        yield checked(found, Conditions)


def _apart(known: Sequence[tuple[Opened, Conditions]]) -> Iterator[Block]:
    """How each record's conditions differ from the first's."""
    for source, of in known[1:]:
        first, before = known[0]
        found = differences(before, of)
        rows = [(it.sentence, ", ".join(it.matters)) for it in found]
        if rows:
            title = f"{source.name} (now) against {first.name} (then)"
            yield Grid(f"apart-{source.number}", title, ("what differs", "matters for"), rows)
        else:
            yield Prose([f"{source.name} was measured under the same conditions as {first.name}."])


def _environments(sources: Sequence[Opened | Unreadable]) -> Iterator[Block]:
    """How base and head of a comparison differ."""
    for source in readable(sources, "comparison"):
        found = checked(source.content, Comparison)
        rows = [(it.kind, it.name, it.base, it.head) for it in found.differences]
        title = f"How {found.base.name} and {found.head.name} differ"
        if rows:
            yield Grid(f"differ-{source.number}", title, ("what", "name", found.base.name, found.head.name), rows)
        else:
            yield Prose([f"Nothing on record differs between {found.base.name} and {found.head.name}."])


def _left_out(sources: Sequence[Opened | Unreadable]) -> Iterator[Block]:
    """What was skipped, and why."""
    lines = list(dict.fromkeys(line for source in sources for line in _skipped(source)))
    if lines:
        yield Folded("What was left out, and why", [Prose(lines)])


def _skipped(source: Opened | Unreadable) -> Iterator[str]:
    if isinstance(source, Unreadable):
        yield f"{source.name}: {source.why}"
    elif source.kind == "comparison":
        yield from (f"{source.name}: {words}." for words in source.content["left_out"])
    elif source.kind == "run":
        yield from _of_run(source.name, source.content)


def _of_run(name: str, content: Mapping[str, Any]) -> Iterator[str]:
    if not content["options"]["agreement"]:
        yield f"{name}: agreement was not asked for."
    if not content["complete"]:
        yield f"{name}: it was interrupted; the rest was not measured."
    for framework in content["options"]["frameworks"]:
        for autoencoder in dict.fromkeys(row["autoencoder"] for row in content["trials"]):
            if _lacks(framework, autoencoder):
                yield f"{name}: {networks.lacking(framework, autoencoder)}"


def _lacks(framework: str, autoencoder: str) -> bool:
    """Whether the framework here has no such network; what is not known here is not said to be missing."""
    known = autoencoder in registry.autoencoders() and registry.bare(framework) in registry.variants()
    return known and not registry.offers(framework, autoencoder)
