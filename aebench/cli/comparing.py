"""`aebench compare`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aebench.cli.options import AUTOENCODERS, DATA_DIR, DATASET, DEVICE, ONLY, OUTPUT, SCHEDULE, console, kept_in
from aebench.cli.values import Minutes, Share, names, text, whole, words

if TYPE_CHECKING:
    from aebench.comparison.comparing import Plan


@click.command()
@click.argument("base", callback=text)
@click.argument("head", callback=text)
@AUTOENCODERS
@click.option(
    "--frameworks", "-f", callback=words, metavar="NAME[,NAME]...",
    help="Without environments, such as pytorch-compiled; default: all that both hold, in their first mode.",
)  # fmt: skip
@ONLY
@click.option(
    "--timed", callback=names("autoencoder"), metavar="NAME[,NAME]...",
    help="The autoencoders whose speed and memory are compared; default: all that are.",
)  # fmt: skip
@DATASET
@DATA_DIR
@SCHEDULE
@DEVICE
@click.option(
    "--seeds", "-s", callback=whole("0,1,2"), metavar="N[,N]...",
    help="Seeds of the trainings, of which as many are taken as decide; the first is the ladder's.  [default: 0 to 26]",
)  # fmt: skip
@click.option(
    "--tolerated", type=click.FloatRange(0, max_open=True), default=0.02, show_default=True,
    help="So much slower, as a part of base's time, must pass.",
)  # fmt: skip
@click.option("--intolerable", type=Share(), default=0.10, show_default=True, help="So much slower must fail.")
@click.option(
    "--time-limit", type=Minutes(), metavar="MINUTES",
    help="After so many minutes nothing more is timed or trained; what is not decided then is undecided.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be compared, and what differs, and end.")
@click.option("--all", "everything", is_flag=True, help="Also show what did not move.")
@OUTPUT
def compare(
    base: str, head: str, frameworks: tuple[str, ...], only: tuple[str, ...], timed: tuple[str, ...],
    tolerated: float, intolerable: float, time_limit: float | None, dry_run: bool, everything: bool,
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
      aebench compare old here --timed stacked,sparse,variational
      aebench compare .tox/torch213 .tox/torch214 --output results/runs/torch
      aebench compare main HEAD --only numbers
    """
    from aebench.report.comparison import print_plan

    plan = _planned(base, head, frameworks, only, timed, (tolerated, intolerable), time_limit, asked)
    if dry_run:
        print_plan(plan, console())
        return
    sys.exit(_carried_out(plan, output, everything))


def _planned(
    base: str, head: str, frameworks: tuple[str, ...], only: tuple[str, ...], timed: tuple[str, ...],
    limits: tuple[float, float], seconds: float | None, asked: Mapping[str, Any],
) -> Plan:  # fmt: skip
    """What the options ask for."""
    from aebench.comparison.comparing import Asked, planned, require_parts
    from aebench.comparison.findings import SEEDS
    from aebench.comparison.sequential import Thresholds
    from aebench.comparison.sides import side
    from aebench.running.options import Options

    options = Options(frameworks=(), **{**asked, "seeds": asked["seeds"] or tuple(SEEDS)})
    parts, thresholds = require_parts(only), Thresholds(*limits)
    return planned(Asked(side(base), side(head), options, frameworks, parts, timed, thresholds, seconds))


def _carried_out(plan: Plan, output: Path | None, everything: bool) -> int:
    """Compare, print and export; the exit status."""
    from aebench.comparison.comparing import compare as carried_out
    from aebench.comparison.verdict import findings, status
    from aebench.report.comparison import print_comparison
    from aebench.report.exported import export, of_comparison
    from aebench.running.options import new_folder

    folder = output or new_folder("compare", plan.asked.base.name, plan.asked.head.name)
    with kept_in(folder) as bars:
        found = carried_out(plan, folder, bars)
    export(of_comparison(found), folder, "comparison")
    print_comparison(found, console(), everything=everything)
    click.echo(f"\nResults: {folder / 'comparison.json'}, beside it Markdown and JUnit XML")
    return status(findings(found))
