"""`aebench bench`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import click

from aebench.checks import MOST
from aebench.cli.ending import UNDONE
from aebench.cli.exporting import EXPORT, leave_tables
from aebench.cli.options import (  # fmt: skip
    AUTOENCODERS,
    DATA_DIR,
    DATASET,
    DEVICE,
    FORMER_SCHEDULE,
    FRAMEWORKS,
    OUTPUT,
    SCHEDULE,
    console,
    kept_in,
    timing,
)
from aebench.cli.values import numbers


@click.command()
@AUTOENCODERS
@FRAMEWORKS
@DATASET
@DATA_DIR
@SCHEDULE
@FORMER_SCHEDULE
@DEVICE
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--peers", is_flag=True, help="Also time programs in JAX, Keras and PyTorch's DataLoader, where one is.")
@click.option(
    "--use", type=click.Choice(["train", "encode", "decode", "reconstruct", "sample", "all"]), default="train",
    show_default=True, help="What is timed; all: everything but training.",
)  # fmt: skip
@click.option(
    "--batches", callback=numbers(int), metavar="N[,N]...",
    help="Images in a batch; default: the source's for training, 1,150,1000,10000 for the rest.",
)  # fmt: skip
@click.option(
    "--widths", default="1", show_default=True, callback=numbers(float), help="Factors on every hidden layer."
)
@click.option(
    "--blocks", type=click.IntRange(2, MOST), default=5, show_default=True,
    help="Fresh processes of each, timed in turn: their number makes the intervals.",
)  # fmt: skip
@timing
@OUTPUT
@EXPORT
def bench(
    output: Path | None, autoencoders: tuple[str, ...], frameworks: tuple[str, ...], peers: bool, use: str,
    batches: tuple[int, ...], widths: tuple[float, ...], blocks: int, **asked: Any,
) -> None:  # fmt: skip
    """Time frameworks in every mode against the machine's limit.

    They run in turn, block by block, each time in fresh processes of their own. Without names: every autoencoder, in
    TensorFlow and PyTorch, eager and compiled. A framework's other modes have names of their own, such as
    pytorch-compiled; see `aebench list`. A second call with the same --output goes on.

    \b
    Examples:
      aebench bench stacked sparse variational
      aebench bench stacked -d mnist -p source --peers
      aebench bench stacked --use all -f pytorch,pytorch-compiled
      aebench bench stacked --batches 32,128,512,2048,8192 -o results/runs/batches
      aebench bench variational --widths 1,2,4,8 --device gpu
    """
    from aebench import registry
    from aebench.running.options import new_folder
    from aebench.speed import kept
    from aebench.speed.cases import Options
    from aebench.speed.shares import failures

    beside, lacking = _peers() if peers else ((), ())
    options = Options(frameworks or tuple(registry.timed()), beside, **asked)
    cases = _cases(autoencoders, use, batches, widths)
    folder = output or new_folder("bench", options.dataset)
    with kept_in(folder) as bars:
        rows = kept.run(cases, options, blocks, folder, bars)
    _print(rows, lacking, folder)
    leave_tables(folder / "bench.json")
    sys.exit(UNDONE if any(failures(row) for row in rows) else 0)


def _print(rows: Sequence[Any], lacking: Sequence[str], folder: Path) -> None:
    """The tables, what was not timed, and where everything is."""
    from aebench.report import speed

    screen = console()
    speed.print_bench(rows, screen)
    for why in lacking:
        screen.print(f"n/a: {why}", style="dim", markup=False, soft_wrap=True)
    plot = speed.draw(rows, folder / "bench.png")
    screen.print(f"Results: {folder / 'bench.json'}" + (f"; plot: {plot}" if plot else ""), soft_wrap=True)


def _cases(autoencoders: tuple[str, ...], use: str, batches: tuple[int, ...], widths: tuple[float, ...]) -> list[Any]:
    """Everything that is timed, in order."""
    from aebench import registry
    from aebench.speed.cases import Case
    from aebench.speed.workloads import BATCHES, USES

    uses: tuple[Any, ...] = (None,) if use == "train" else USES if use == "all" else (use,)
    sizes: tuple[int | None, ...] = batches or ((None,) if use == "train" else BATCHES)
    names = autoencoders or tuple(registry.autoencoders())
    return [Case(*case) for case in product(names, uses, sizes, widths)]


def _peers() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The peers that are here, and of each other one what it lacks."""
    from aebench.speed.peers import PEERS, missing

    lacks = {name: missing(name) for name in PEERS}
    return tuple(name for name, why in lacks.items() if not why), tuple(why for why in lacks.values() if why)
