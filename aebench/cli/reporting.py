"""`aebench report`: one HTML file of what commands left behind."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import click

from aebench.cli.ending import UNDONE
from aebench.cli.options import console
from aebench.cli.values import Place
from aebench.errors import UsageError
from aebench.report.html import require_page

REPORT = "report.html"


def _page(_: click.Context, parameter: click.Parameter, value: Path) -> Path:
    """A file that may be written over."""
    try:
        require_page(value)
    except UsageError as error:
        raise click.BadParameter(str(error), param=parameter) from error
    return value


def _address(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """A page's address: what else a link can do, such as run a script, is refused."""
    if value is not None and not re.fullmatch(r"https?://[^/\s]+(/\S*)?", value):
        raise click.BadParameter(f"found '{value}'; expected an address, http://… or https://…", param=parameter)
    return value


@click.command()
@click.argument("what", nargs=-1, required=True, type=Place(path_type=Path), metavar="WHAT...")
@click.option(
    "--output", "-o", type=Place(dir_okay=False, path_type=Path), callback=_page, default=Path(REPORT),
    show_default=True, help="The file that is written.",
)  # fmt: skip
@click.option(
    "--pictures", type=click.Choice(["first", "all", "none"]), default="first", show_default=True,
    help="The runs whose pictures are in it; those of twelve autoencoders take four megabytes.",
)  # fmt: skip
@click.option("--dashboard", callback=_address, metavar="ADDRESS", help="Where asv's dashboard is; a link leads there.")
@click.option("--open", "opens", is_flag=True, help="Show it in a browser.")
def report(what: tuple[Path, ...], output: Path, pictures: Any, dashboard: str | None, opens: bool) -> None:
    """Make one HTML file of what was measured, for others to read.

    WHAT is a folder that a command wrote, any record's file, a baseline, or a bundle; several make one report. It
    begins with the verdict, then says what is wrong or moved, and how to see it again, and then shows everything. The
    file needs no network, no aebench and no framework. A record that cannot be read stands in it with the reason, and
    makes the status 2.

    \b
    Examples:
      aebench report results/runs/today --open
      aebench report results/runs/old-to-new results/throughput/all -o upgrade.html
      aebench report results/runs/monday results/runs/tuesday --pictures all -o week.html
      aebench report results/baselines/mnist-source-float32-cpu.json -o baseline.html
    """
    from aebench.errors import ResultError
    from aebench.records.opened import Unreadable, opened
    from aebench.report.html.writing import write

    sources = opened(what)
    unreadable = [source for source in sources if isinstance(source, Unreadable)]
    if len(unreadable) == len(sources):
        raise ResultError("; ".join(source.why for source in unreadable))
    page = write(sources, output, pictures, dashboard)
    screen = console()
    screen.print(page.sentence, markup=False, soft_wrap=True)
    for source in unreadable:
        click.echo(f"aebench: {source.why}", err=True)
    told(output, opens=opens)
    sys.exit(UNDONE if unreadable else 0)


def told(path: Path, *, opens: bool) -> None:
    """Say where the report is, and show it where that was asked for."""
    console().print(f"Report: {path} ({path.stat().st_size / 1e6:.1f} MB).", markup=False, soft_wrap=True)
    if opens:
        click.launch(str(path.resolve()))
