"""`aebench bundle` and `aebench replay`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from aebench.cli import completing
from aebench.cli.agreement import replayed
from aebench.cli.exporting import EXPORT, require_folder
from aebench.cli.options import AUTOENCODERS, DATA_DIR, DATASET, DEVICE, SCHEDULE, SEEDS, console, kept_where
from aebench.cli.values import Place, names


@click.command()
@AUTOENCODERS
@click.option(
    "--frameworks", "-f", callback=names("framework"), shell_complete=completing.frameworks,
    help="Whose traces are kept beside the reference's, such as tensorflow,pytorch; default: nobody's.",
)  # fmt: skip
@DATASET
@DATA_DIR
@SCHEDULE
@SEEDS
@DEVICE
@click.option("--full", is_flag=True, help="In the shipped sizes on all data: some 100 MB for an autoencoder.")
@click.option(
    "--output", "-o", type=Place(path_type=Path), required=True, metavar="FILE", help="The bundle, such as golden.zip."
)
def bundle(output: Path, full: bool, **asked: Any) -> None:
    """Pack climbs of the agreement ladder into one file, for another machine to replay.

    The bundle holds what is climbed: specifications, images, parameters, orders and noise; the reference's trace and
    how far it strays, which make the bounds; and the conditions. Models are narrow unless --full is given.

    \b
    Examples:
      aebench bundle -o golden.zip                          all autoencoders
      aebench bundle stacked sparse -f pytorch -o here.zip  with what PyTorch computes here
      aebench replay golden.zip -f pytorch                  on another machine, with PyTorch alone
    """
    from aebench import registry
    from aebench.records import store
    from aebench.report.bundles import print_made
    from aebench.report.progress import Bars
    from aebench.running.bundling import make
    from aebench.running.options import Options, with_defaults

    store.require_folder(output.parent)
    climbing = Options(**{**asked, "frameworks": asked["frameworks"] or (registry.ARBITER,)})
    with Bars() as bars:
        document = make(with_defaults(climbing, arbiter=True), output, bars, full=full)
    print_made(output, document, console())


@click.command()
@click.argument("path", metavar="BUNDLE", type=Place(path_type=Path))
@AUTOENCODERS
@click.option(
    "--frameworks",
    "-f",
    callback=names("framework"),
    shell_complete=completing.frameworks,
    help="Who climbs; default: all installed but the reference.",
)
@DEVICE
@click.option("--dtype", type=click.Choice(["float64", "float32", "both"]), default="both", show_default=True)
@click.option("--all", "everything", is_flag=True, help="Show every pair and rung.")
@kept_where("what was found")
@EXPORT
def replay(
    path: Path, autoencoders: tuple[str, ...], frameworks: tuple[str, ...], device: str, dtype: str, everything: bool,
    output: Path | None,
) -> None:  # fmt: skip
    """Climb what a bundle holds, and name the first place that parts from its reference.

    Needed are the bundle and one framework: no data set, and no run of the reference. What is drawn here is held
    against what the bundle holds before anyone climbs. The exit status is that of `aebench agree`.

    \b
    Examples:
      aebench replay golden.zip
      aebench replay golden.zip -f pytorch --device gpu
      aebench replay golden.zip stacked --dtype float32 --all
    """
    from aebench.records.archive import opened
    from aebench.running.options import DTYPES, others_installed
    from aebench.running.replaying import Asked

    require_folder(output)
    dtypes = tuple(d for d in DTYPES if dtype in ("both", d))
    asked = Asked(opened(path), frameworks or others_installed(), autoencoders, dtypes, device)
    sys.exit(replayed(asked, output, everything))
