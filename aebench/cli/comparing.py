"""`aebench compare`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from aebench.cli.options import AUTOENCODERS, DATA_DIR, DATASET, DEVICE, OUTPUT, SCHEDULE, SEEDS, console, kept_in


@click.command()
@click.argument("base")
@click.argument("head")
@AUTOENCODERS
@click.option(
    "--frameworks", "-f", metavar="NAME[,NAME]...",
    help="Without environments, such as pytorch-compiled; default: all that both hold, in their first mode.",
)  # fmt: skip
@click.option("--only", metavar="PART[,PART]...", help="Some of numbers, quality, speed, memory; default: all of them.")
@DATASET
@DATA_DIR
@SCHEDULE
@DEVICE
@SEEDS
@click.option("--dry-run", is_flag=True, help="Say what would be compared, and what differs, and end.")
@click.option("--all", "everything", is_flag=True, help="Also show what did not move.")
@OUTPUT
def compare(
    base: str, head: str, frameworks: str | None, only: str | None, dry_run: bool, everything: bool,
    output: Path | None, **asked: Any,
) -> None:  # fmt: skip
    """Tell what changed between two environments, or two commits.

    BASE and HEAD are environments (`aebench environments`), the path of one, or commits, branches or tags of the
    repository here, which are then installed. The same frameworks, on both sides, compute, train and are timed side by
    side; the verdict comes first. A second call with the same --output goes on.

    \b
    Examples:
      aebench compare old here
      aebench compare old here stacked sparse -f pytorch --only numbers
      aebench compare .tox/torch213 .tox/torch214 --output results/runs/torch
      aebench compare main HEAD --only numbers
    """
    from aebench.comparison.comparing import Asked, planned, require_parts
    from aebench.comparison.comparing import compare as carried_out
    from aebench.comparison.sides import side
    from aebench.comparison.verdict import findings, status
    from aebench.report.comparison import print_comparison, print_plan
    from aebench.running.options import Options, new_folder

    parts = require_parts(_split(only))
    plan = planned(Asked(side(base), side(head), Options(frameworks=(), **asked), _split(frameworks), parts))
    if dry_run:
        print_plan(plan, console())
        return
    folder = output or new_folder("compare", plan.asked.base.name, plan.asked.head.name)
    with kept_in(folder) as bars:
        found = carried_out(plan, folder, bars)
    print_comparison(found, console(), everything=everything)
    click.echo(f"\nResults: {folder / 'comparison.json'}")
    sys.exit(status(findings(found)))


def _split(value: str | None) -> tuple[str, ...]:
    """Names separated by commas, each once."""
    return tuple(dict.fromkeys(name.strip() for name in (value or "").split(",") if name.strip()))
