"""What `aebench gate` says: the verdict first, then what was held against what, then a sentence for each finding."""

from __future__ import annotations

from rich.console import Console

from aebench.comparison.accepting import Acceptance
from aebench.comparison.fresh import Plan
from aebench.comparison.gate import Gated
from aebench.comparison.verdict import WRONG, outcome
from aebench.counted import counted
from aebench.report.comparison import STYLES, metrics_table, print_finding
from aebench.report.prose import say
from aebench.report.tables import Column, Table


def print_gate(found: Gated, console: Console, *, everything: bool = False) -> None:
    """One line of verdict, one of what was compared, and the findings; everything: also every metric."""
    weights = {finding.weight for finding in found.findings}
    gravest = next((weight for weight in WRONG if weight in weights), None)
    say(sentence(found), console, STYLES[gravest] if gravest else "bold green")
    say(compared(found), console)
    for finding in found.findings:
        print_finding(finding, console)
    if everything and found.quality:
        console.print()
        metrics_table(found.quality).print(console)


def sentence(found: Gated) -> str:
    """The verdict in one line."""
    wrong = any(finding.weight in WRONG for finding in found.findings)
    return f"{found.run}: {outcome(found.findings)}{'' if wrong else ' than the baseline'}."


def compared(found: Gated) -> str:
    """How many rows and metrics were held against what, from how many seeds."""
    seeds = sum(len(quality.seeds) for quality in found.quality)
    metrics = sum(row.margin is not None for quality in found.quality for row in quality.rows)
    names, frameworks = ({getattr(quality, part) for quality in found.quality} for part in ("autoencoder", "head"))
    rows = counted(len(names), "autoencoder")
    rows += f" in {counted(len(frameworks), 'framework')}" if frameworks else ""
    costs = f", {len(found.costs)} of seconds and memory" if found.costs else ""
    pairs = f"{counted(seeds, 'pair')} of trainings"
    limits = f"{counted(metrics, 'metric')} with a limit"
    return f"Held against {found.baseline}: {rows}, {pairs}, {limits}{costs}."


def print_acceptance(found: Acceptance, reason: str, console: Console) -> None:
    """Every row that another value was accepted for, with the old and the new one, and limits that have expired."""
    if found.changes:
        columns = [Column("autoencoder"), Column("framework"), Column("metric")]
        table = Table(
            f"Accepted: {reason}", [*columns, *(Column(name, right=True) for name in ("old", "new", "change"))], keys=3
        )
        for row in found.changes:
            change = f"{row.new / row.old - 1:+.2%}" if row.new is not None and row.old else "–"
            values = ("–" if value is None else f"{value:.6g}" for value in (row.old, row.new))
            table.add(row.autoencoder, row.framework, row.metric, *values, change)
        table.print(console)
    for name in found.expired:
        say(f"The limit of {name} has expired: change or remove its `expires`.", console)


def print_plan(plan: Plan, console: Console) -> None:
    """What would be trained in the environment, and what it would be held against."""
    options = plan.options
    for name in options.autoencoders:
        seeds = {plan.subjects[key[1]]: len(plan.seeds(key)) for key in plan.todo if key[0] == name}
        rows = ", ".join(
            f"{subject} from {'at most ' if count > 1 else ''}{counted(count, 'seed')}"
            for subject, count in seeds.items()
        )
        say(f"{name}: {rows}", console)
    for (name, framework), (_, words) in plan.missing.items():
        say(f"Not {name}, {framework}: {words}.", console)
    kind = f"{options.dataset}, schedule {options.schedule}, {options.dtype}, {options.device}"
    say(f"On {kind}, held against {plan.found.path}.", console)
