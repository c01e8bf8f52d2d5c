"""`aebench report`: one HTML file of what commands left behind."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from aebench.cli.options import console
from aebench.cli.values import Place


@click.command()
@click.argument("what", nargs=-1, required=True, type=Place(path_type=Path), metavar="WHAT...")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), default=Path("report.html"), show_default=True,
    help="The file that is written.",
)  # fmt: skip
@click.option(
    "--pictures", type=click.Choice(["first", "all", "none"]), default="first", show_default=True,
    help="The runs whose pictures are in it; those of twelve autoencoders take some megabytes.",
)  # fmt: skip
@click.option("--open", "opens", is_flag=True, help="Show it in a browser.")
def report(what: tuple[Path, ...], output: Path, pictures: Any, opens: bool) -> None:
    """Make one HTML file of what was measured, to be sent to others.

    WHAT is a folder that `run`, `agree`, `compare`, `bench`, `scale`, `calibrate` or `audit` wrote, a record's file, a
    baseline or a bundle; several make one report. It begins with the verdict, then shows what is wrong or moved, and
    then everything. The file needs no network and no aebench. No framework is loaded.

    \b
    Examples:
      aebench report results/runs/20260101-120000-digits-quick --open
      aebench report results/runs/old-to-new results/throughput/all -o upgrade.html
      aebench report results/baselines/*.json -o baseline.html
    """
    from aebench.records.opened import opened
    from aebench.report.html.writing import write

    page = write(opened(what), output, pictures)
    screen = console()
    screen.print(page.sentence, markup=False, soft_wrap=True)
    screen.print(f"Report: {output} ({output.stat().st_size / 1e6:.2f} MB).", markup=False, soft_wrap=True)
    if opens:
        click.launch(str(output.resolve()))
    sys.exit(2 if all(it.about == "not read" for it in page.openings) else 0)
