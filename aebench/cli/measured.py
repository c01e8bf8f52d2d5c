"""`aebench quality` and `aebench accept`: what finished runs say, and what becomes the baseline."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aebench.cli.exporting import EXPORT, leave, require_folder, require_formats
from aebench.cli.options import console
from aebench.cli.values import Folder, Place, text

if TYPE_CHECKING:
    from aebench.quality.table import Row
    from aebench.report.frames import Frame

RUNS = click.argument("runs", nargs=-1, required=True, type=Place(path_type=Path), metavar="RUN...")


@click.command()
@RUNS
@click.option("--output", "-o", type=Folder(), help="Folder for the tables of --export.")
@EXPORT
def quality(runs: tuple[Path, ...], output: Path | None) -> None:
    """Show every metric, and whether frameworks end equally well.

    Of finished runs or baselines.

    RUN is a run's folder, its result.json, or a baseline. Several are read as one, so that seeds can be spread over
    runs. Equivalence is judged over seeds; with one there is no verdict. Undecided is no failure: the status is 0.

    \b
    Examples:
      aebench quality results/runs/20260101-120000-mnist-source
      aebench quality results/baselines/mnist-source-float32-cpu.json
      aebench quality results/runs/monday results/runs/tuesday --export csv -o results/both
    """
    from aebench.quality.table import rows
    from aebench.records.baselines import together
    from aebench.report.quality import WIDTH, print_quality
    from aebench.report.summary import print_problems, problems

    require_folder(output)
    require_formats(output)
    trials = together(runs)
    found = rows(trials)
    screen = console(WIDTH)
    print_quality(found, screen)
    wrong = problems({"agreements": [], "failures": [], "trials": trials})
    print_problems(wrong, screen)
    leave(lambda: _tables(found), output)
    different = any(pair.verdict == "different" for row in found for pair in row.pairs)
    sys.exit(1 if different or wrong else 0)


def _tables(found: Sequence[Row]) -> list[Frame]:
    """What is printed, as tables; here, for not every call wants them."""
    from aebench.report.frames.qualities import of_rows

    return of_rows(found)


@click.command()
@RUNS
@click.option("--reason", "-m", callback=text, required=True, help="Why the baseline changes; kept in its history.")
@click.option(
    "--expires", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
    help="The last day on which what is accepted now holds; after it `aebench gate` asks for another look.",
)  # fmt: skip
@click.option(
    "--to", "folder", type=Folder(), default=Path("results"), show_default=True,
    help="Folder of results: baselines/, limits.toml and the page README.md in it are written.",
)  # fmt: skip
def accept(runs: tuple[Path, ...], reason: str, expires: datetime | None, folder: Path) -> None:
    """Make finished runs the baseline, and write its limits and the page of results.

    What the baseline held of the same autoencoders is replaced, the rest stays. Runs of one data set, schedule, dtype
    and device can be accepted together. limits.toml gets the new values; a limit, its reason and its expiry that stand
    there are kept.

    \b
    Examples:
      aebench accept results/runs/mnist-short results/runs/mnist-long --reason "first baseline"
      aebench accept results/runs/today -m "torch 2.14 rounds otherwise" --expires 2027-06-30
    """
    from aebench.comparison import accepting
    from aebench.report.gate import print_acceptance
    from aebench.report.page import write_page

    found = accepting.accept(runs, reason=reason, folder=folder, expires=expires.date() if expires else None)
    page = write_page(folder)
    print_acceptance(found, reason, console())
    for words in accepting.left_open(found.baseline):
        console().print(words, soft_wrap=True)
    console().print(f"Baseline: {found.baseline}; limits: {found.limits}; page: {page}. Commit them.", soft_wrap=True)
