"""`aebench quality` and `aebench accept`: what finished runs say, and what becomes the baseline."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from aebench.cli.options import console
from aebench.cli.values import Folder, Place, text

RUNS = click.argument("runs", nargs=-1, required=True, type=Place(path_type=Path), metavar="RUN...")


@click.command()
@RUNS
def quality(runs: tuple[Path, ...]) -> None:
    """Show every metric of finished runs or baselines, and whether the frameworks end equally well.

    RUN is a run's folder, its result.json, or a baseline. Several are read as one, so that seeds can be spread over
    runs. Equivalence is judged over seeds; with one there is no verdict. Undecided is no failure: the status is 0.

    \b
    Examples:
      aebench quality results/runs/20260101-120000-mnist-source
      aebench quality results/baselines/mnist-source-float32-cpu.json
    """
    from aebench.quality.table import rows
    from aebench.records.baselines import together
    from aebench.report.quality import WIDTH, print_quality
    from aebench.report.summary import print_problems, problems

    trials = together(runs)
    found = rows(trials)
    screen = console(WIDTH)
    print_quality(found, screen)
    wrong = problems({"agreements": [], "failures": [], "trials": trials})
    print_problems(wrong, screen)
    different = any(pair.verdict == "different" for row in found for pair in row.pairs)
    sys.exit(1 if different or wrong else 0)


@click.command()
@RUNS
@click.option("--reason", "-m", callback=text, required=True, help="Why the baseline changes; kept in its history.")
@click.option(
    "--to", "folder", type=Folder(), default=Path("results"), show_default=True,
    help="Folder of results: baselines/ and the page README.md in it are written.",
)  # fmt: skip
def accept(runs: tuple[Path, ...], reason: str, folder: Path) -> None:
    """Make finished runs the baseline, and write the page of results.

    What the baseline held of the same autoencoders is replaced, the rest stays. Runs of one data set, schedule, dtype
    and device can be accepted together.

    \b
    Examples:
      aebench accept results/runs/mnist-short results/runs/mnist-long --reason "first baseline"
    """
    from aebench.records import baselines
    from aebench.report.page import write_page

    path = baselines.accept(runs, reason=reason, folder=folder / "baselines")
    page = write_page(folder)
    console().print(f"Baseline: {path}; page: {page}. Commit both.", soft_wrap=True)
