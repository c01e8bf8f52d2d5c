"""What `aebench compare` says: the verdict first, then a sentence for each thing that moved, then tables on request."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from aebench.comparison.comparing import Plan
from aebench.comparison.findings import Finding, Weight, described, first_moved, most, speeds
from aebench.comparison.sides import fixed, is_commit
from aebench.comparison.verdict import compared, findings, sentence
from aebench.processes.differing import differences
from aebench.records.comparisons import DIFFERING, Comparison, Numbers
from aebench.records.qualities import Quality
from aebench.registry import HERE
from aebench.report.environments import print_differences
from aebench.report.prose import say
from aebench.report.tables import Column, Table
from aebench.running.options import data_read

STYLES: dict[Weight, str] = {
    "regression": "bold red", "gone": "bold red", "undone": "bold red", "undecided": "bold yellow",
    "improvement": "green", "known": "", "moved": "",
}  # fmt: skip
WORDS: dict[Weight, str] = {
    "regression": "worse", "gone": "gone", "undone": "not compared", "undecided": "undecided",
    "improvement": "better", "known": "known", "moved": "moved",
}  # fmt: skip


def print_comparison(found: Comparison, console: Console, *, everything: bool = False) -> None:
    """The verdict, what was compared, a line for each finding with the command that shows it again, what differs.

    everything: also a row for each climb.
    """
    every = findings(found)
    gravest: Weight = every[0].weight if every else "moved"
    style = STYLES[gravest] if gravest in ("regression", "undone", "undecided") else "bold green"
    say(sentence(found, every), console, style)
    for line in compared(found):
        say(line, console)
    for line in _notes(found, every):
        console.print(Text(line, "dim"), soft_wrap=True)  # it ends with a command, which stays in one line
    for finding in every:
        print_finding(finding, console)
    if everything and found.numbers:
        console.print()
        _climbs(found.numbers).print(console)
    if everything and found.quality:
        console.print()
        metrics_table(found.quality).print(console)
    if everything and found.blocks:
        console.print()
        _rows(found).print(console)


def print_finding(finding: Finding, console: Console) -> None:
    """A sentence, and below it the command that shows it again."""
    console.print()
    line = Text.assemble((WORDS[finding.weight], STYLES[finding.weight]), f": {finding.about}: {finding.sentence}")
    say(line, console)
    if finding.command:
        console.print(Text(f"  again with: {finding.command}", "dim"), soft_wrap=True)


def _notes(found: Comparison, every: Sequence[Finding]) -> Iterator[str]:
    """What was left out, what differs between the two environments, and what tells why nothing was decided."""
    for words in found.left_out:
        yield f"Not compared: {words}."
    kinds = list(dict.fromkeys(it.kind for it in found.differences))
    if kinds:
        names = f"{fixed(found.base)} {fixed(found.head)}"
        yield f"They differ in {', '.join(kinds)}: aebench environments diff {names}"
    if any(finding.what == "speed" and finding.weight == "undecided" for finding in every):
        # A commit is no environment that another command knows.
        where = "" if found.base.name == HERE or is_commit(found.base) else f"@{found.base.said}"
        subjects = ",".join(f"{sides.framework}{where}" for sides in found.pairs if found.timed.get(sides.framework))
        timed = list(dict.fromkeys(name for names in found.timed.values() for name in names))
        words = shlex.join(["aebench", "calibrate", *timed, "-f", subjects])
        yield f"How much can be seen on this machine: {words}"


def _climbs(rows: Sequence[Numbers]) -> Table:
    columns = [Column("autoencoder"), Column("framework"), Column("dtype"), Column("verdict"), Column("from rung")]
    table = Table("Numbers", [*columns, Column("most", wraps=True)], keys=3)
    for row in rows:
        moved = row.verdict in DIFFERING and row.rungs
        where = (first_moved(row).rung, f"{most(row).rung}: {described(most(row))}") if moved else ("", "")
        table.add(row.autoencoder, row.framework, row.dtype, row.verdict, *where)
    return table


def metrics_table(found: Sequence[Quality]) -> Table:
    """A row for each metric."""
    columns = [Column("autoencoder"), Column("subject"), Column("metric"), Column("verdict")]
    numbers = [Column(name, right=True) for name in ("base", "head", "margin", "seeds")]
    table = Table("Quality", [*columns, *numbers], keys=3)
    for it in found:
        for row in it.rows:
            values = ("–" if value is None else f"{value:.5g}" for value in (row.base, row.head))
            margin = "–" if row.margin is None else f"{row.margin:.3g}" + (" of it" if row.relative else "")
            table.add(it.autoencoder, it.head, row.metric, row.verdict, *values, margin, str(row.pairs))
    return table


def _rows(found: Comparison) -> Table:
    columns = [Column("autoencoder"), Column("framework"), Column("measure"), Column("verdict")]
    numbers = [Column(name, right=True) for name in ("ratio", "from", "to", "blocks")]
    table = Table("Speed and memory: head over base", [*columns, *numbers], keys=3)
    for sides in found.pairs:
        for row, verdict in speeds(found, sides).items():
            values = (
                f"{value:.3f}" if math.isfinite(value) else "–" for value in (verdict.ratio, verdict.low, verdict.high)
            )
            table.add(row.autoencoder or "", sides.framework, row.measure, verdict.word, *values, str(verdict.blocks))
    return table


def print_plan(plan: Plan, console: Console) -> None:
    """What would be compared, and how the two differ."""
    pairs = ", ".join(f"{sides.base} – {sides.head}" for sides in plan.pairs)
    names = ", ".join(plan.options.autoencoders)
    data = plan.options.dataset if plan.held else data_read(plan.options, plan.options.autoencoders)
    say(f"{', '.join(plan.asked.only)} of {pairs}, in {names}, on {data}.", console)
    if plan.asked.timed:
        say(f"Timed: {', '.join(plan.asked.timed)}.", console)
    for words in plan.left_out:
        say(f"Left out: {words}.", console)
    base, head = plan.asked.base, plan.asked.head
    print_differences(base, head, differences(base, head, [sides.framework for sides in plan.pairs]), console)
