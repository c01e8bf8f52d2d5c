"""`aebench gate`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from aebench.cli.options import AUTOENCODERS, console
from aebench.cli.values import Place


@click.command()
@click.argument("run", type=Place(path_type=Path))
@AUTOENCODERS
@click.option("--all", "everything", is_flag=True, help="Also show every metric.")
@click.option(
    "--to", "folder", type=Place(path_type=Path), default=Path("results"), show_default=True,
    help="Folder of results, whose baselines/ hold what was accepted.",
)  # fmt: skip
def gate(run: Path, autoencoders: tuple[str, ...], everything: bool, folder: Path) -> None:
    """Hold a finished run against the accepted baseline.

    RUN is a run's folder. Every autoencoder that the baseline or the run holds has to be in both, unless some are
    named; trainings are paired by seed and judged as in `aebench compare`. The status is 0 only where everything was
    compared and nothing is worse.

    \b
    Examples:
      aebench gate results/runs/20260101-120000-mnist-source
      aebench gate results/runs/today stacked tied --all
    """
    from aebench.comparison.gate import held
    from aebench.comparison.unmatched import Scope
    from aebench.comparison.verdict import status
    from aebench.report.gate import print_gate

    found = held(run, Scope(autoencoders), folder)
    print_gate(found, console(), everything=everything)
    sys.exit(status(found.findings))
