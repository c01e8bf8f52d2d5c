"""What `aebench gate` says: the verdict first, then what was held against what, then a sentence for each finding."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from aebench.comparison.gate import Gated
from aebench.comparison.verdict import WRONG, outcome
from aebench.report.comparison import STYLES, metrics_table, print_finding


def print_gate(found: Gated, console: Console, *, everything: bool = False) -> None:
    """One line of verdict, one of what was compared, and the findings; everything: also every metric."""
    weights = {finding.weight for finding in found.findings}
    gravest = next((weight for weight in WRONG if weight in weights), None)
    than = "" if gravest else " than the baseline"
    console.print(
        Text(f"{found.run}: {outcome(found.findings)}{than}.", STYLES[gravest] if gravest else "bold green"),
        soft_wrap=True,
    )
    console.print(_compared(found), markup=False, soft_wrap=True)
    for finding in found.findings:
        print_finding(finding, console)
    if everything and found.quality:
        console.print()
        metrics_table(found.quality).print(console)


def _compared(found: Gated) -> str:
    """How many rows and metrics were held against what, from how many seeds."""
    seeds = sum(len(quality.seeds) for quality in found.quality)
    metrics = sum(row.margin is not None for quality in found.quality for row in quality.rows)
    rows = f"{len(found.quality)} autoencoder{'s' * (len(found.quality) != 1)} in a framework"
    return f"Held against {found.baseline}: {rows}, {seeds} pairs of trainings, {metrics} metrics with a margin."
