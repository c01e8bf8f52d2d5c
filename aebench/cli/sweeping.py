"""`aebench scale`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from aebench.checks import MOST
from aebench.cli.exporting import EXPORT, leave_tables
from aebench.cli.options import AUTOENCODERS, DATA_DIR, DEVICE, FRAMEWORKS, OUTPUT, SEEDS, console, kept_in, timing
from aebench.cli.values import data_set, numbers


@click.command()
@AUTOENCODERS
@FRAMEWORKS
@click.option(
    "--dataset", "-d", callback=data_set, default="synthetic:20000x784", show_default=True, help="See `aebench list`."
)
@DATA_DIR
@click.option(
    "--images",
    default="2500,5000,10000,20000",
    show_default=True,
    callback=numbers(int),
    help="Numbers of training images, the first of the data set.",
)
@click.option(
    "--widths",
    default="0.5,1,2,4",
    show_default=True,
    callback=numbers(float),
    help="Factors on the size of every hidden layer, at the largest number of images.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1, MOST),
    default=3,
    show_default=True,
    help="Of each phase; the first two are not timed.",
)
@SEEDS
@DEVICE
@timing
@OUTPUT
@EXPORT
def scale(
    output: Path | None, images: tuple[int, ...], widths: tuple[float, ...], epochs: int, **asked: Any
) -> None:  # fmt: skip
    """Plot how cost and quality go with images and width.

    Without names: stacked. A second call with the same --output goes on, and may ask for more.

    \b
    Examples:
      aebench scale
      aebench scale stacked sparse -d mnist --images 5000,10000,55000 --widths 1,2 -o results/scale
      aebench scale -d synthetic:1000000x784 --images 5000,50000,1000000 --widths 1
    """
    from aebench.report import sweep as report
    from aebench.running import sweeps
    from aebench.running.options import Options, new_folder, with_defaults

    named = Options(**{**asked, "autoencoders": asked["autoencoders"] or ("stacked",)})
    options = with_defaults(named, arbiter=False)
    lines = sweeps.Lines(images, widths, epochs)
    folder = output or new_folder("scale")
    with kept_in(folder) as bars:
        rows = sweeps.measure(options, lines, folder, bars)
    screen = console()
    report.print_sweep(rows, screen)
    plot = report.draw(rows, folder / "scale.png")
    screen.print(f"Results: {folder / 'scale.json'}; plot: {plot}", soft_wrap=True)
    leave_tables(folder / "scale.json")
    sys.exit(2 if any("failure" in row for row in rows) else 1 if report.problems(rows) else 0)
