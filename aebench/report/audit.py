"""What `aebench audit` says: what was caught and what was not, with exact intervals; then every kind of fault."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import Console

from aebench.audit.counting import (
    CONFIDENCE,
    MOST_FALSE_ALARMS,
    Count,
    Kind,
    alarms,
    false_alarms,
    kinds,
    noisy,
    status,
)
from aebench.records.audits import Audit
from aebench.report.prose import say
from aebench.report.tables import Column, Table

STYLES = {0: "bold green", 1: "bold red", 2: "bold red", 125: "bold yellow"}


def print_audit(found: Audit, console: Console, *, everything: bool = False) -> None:
    """The verdict, what is wrong, and a row for each kind of fault. everything: also what was not caught of those that
    may pass."""
    style = STYLES[status(found.cases, complete=found.complete)]
    say(" ".join(sentences(found)), console, style)
    for line in problems(found, everything):
        say(line, console)
    console.print()
    table(found).print(console)


def sentences(found: Audit) -> Iterator[str]:
    """What was caught of what must be, and how many false alarms there were."""
    must = [kind for kind in kinds(found.cases) if kind.required]
    caught, of = sum(kind.caught.said for kind in must), sum(kind.caught.of for kind in must)
    yield f"{caught} of {of} faults that must be seen were caught."
    wrong = false_alarms(found.cases)
    if wrong.of:
        shown = "" if wrong.at_most() <= MOST_FALSE_ALARMS else ", more verdicts are needed to show less than 1 %"
        yield (
            f"{wrong.said} false alarms in {wrong.of} verdicts of restarted processes: at most "
            f"{wrong.at_most():.2%} at {CONFIDENCE:.0%} confidence{shown}."
        )
    if not found.complete:
        yield "Not finished: the time was over."


def problems(found: Audit, everything: bool) -> Iterator[str]:
    """What was missed, every false alarm, what failed, and which rows are too noisy; everything: also misses that are
    allowed."""
    for kind in kinds(found.cases):
        if kind.missed and (everything or not kind.enough):
            yield f"not caught, {kind.part}, {kind.name}: {', '.join(kind.missed)}"
    for case, outcome in alarms(found.cases):
        yield f"false alarm: {outcome.row} with {case.fault} planted: {outcome.verdict}"
    for row, count in noisy(found.cases).items():
        yield f"too noisy to gate here: {row}: undecided in {count.said} of {count.of} calls with nothing planted"
    for case in found.cases:
        if case.failure:
            yield f"failed: {case.fault} in {case.autoencoder}, {case.framework}: {case.failure}"


def table(found: Audit) -> Table:
    """A row for each kind of fault, and one for nothing."""
    columns = [Column("part"), Column("planted")]
    numbers = ("caught", "of", "share", "interval", "undecided", "blocks", "seconds")
    shown = Table("Verdicts on what a fault touches", [*columns, *(Column(n, right=True) for n in numbers)], keys=2)
    for kind in kinds(found.cases):
        shown.add(kind.part, kind.name, *_cells(kind.caught), str(kind.undecided), *_effort(kind))
    for parts in (("numbers",), ("quality",), ("speed", "memory")):
        wrong = false_alarms(found.cases, parts)
        if wrong.of:
            shown.add(" and ".join(parts), "nothing: false alarms", *_cells(wrong))
    return shown


def _cells(count: Count) -> tuple[str, ...]:
    low, high = count.interval()
    share = "–" if math.isnan(count.share) else f"{count.share:.1%}"
    return str(count.said), str(count.of), share, f"{low:.1%} to {high:.1%}"


def _effort(kind: Kind) -> tuple[str, str]:
    return (
        f"{kind.blocks:g}" if kind.blocks else "",
        f"{kind.seconds:.2g}" if kind.seconds < 10 else f"{kind.seconds:.0f}",
    )
