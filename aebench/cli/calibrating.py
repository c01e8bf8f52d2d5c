"""`aebench calibrate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from aebench.checks import MOST
from aebench.cli.exporting import EXPORT, leave_tables
from aebench.cli.options import (  # fmt: skip
    AUTOENCODERS,
    FRAMEWORKS,
    OUTPUT,
    console,
    kept_in,
    on_data,
    time_limit,
    timing,
)


@click.command()
@AUTOENCODERS
@FRAMEWORKS
@click.option(
    "--blocks", type=click.IntRange(4, MOST), default=8, show_default=True,
    help="Of each autoencoder in each framework. A second call may ask for more.",
)  # fmt: skip
@on_data
@time_limit("After so many minutes no block begins; default: no limit.")
@click.option("--all", "everything", is_flag=True, help="Also show in what way rows vary, and what was simulated.")
@timing
@OUTPUT
@EXPORT
def calibrate(
    autoencoders: tuple[str, ...], frameworks: tuple[str, ...], blocks: int, time_limit: float | None,
    everything: bool, output: Path | None, **asked: Any,
) -> None:  # fmt: skip
    """Tell what `aebench compare` can show on this machine.

    Every framework is timed against itself, in the blocks of fresh processes that `compare` takes. What they vary by
    says how many blocks and minutes a slow-down of 10 % and of 5 % takes to be seen, which rows are too noisy to gate,
    and, where it can be seen, why. A second call with the same --output goes on.

    \b
    Examples:
      aebench calibrate stacked -f pytorch
      aebench calibrate stacked sparse -f pytorch,tensorflow@old --blocks 12
      aebench calibrate --time-limit 30 --output results/runs/noise
    """
    from aebench.comparison.calibrating import FILE, planned
    from aebench.comparison.calibrating import calibrate as carried_out
    from aebench.comparison.steadiness import judged, status
    from aebench.report.noise import print_noise
    from aebench.running.options import Options, new_folder

    options = Options(autoencoders, frameworks, **asked)
    plan = planned(options, blocks, time_limit)
    folder = output or new_folder("calibrate", options.dataset)
    with kept_in(folder) as bars:
        found = carried_out(plan, folder, bars)
    rows = judged(found)
    print_noise(found, rows, console(), everything=everything)
    click.echo(f"\nResults: {folder / FILE}")
    leave_tables(folder / FILE)
    sys.exit(status(rows))
