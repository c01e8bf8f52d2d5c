"""`aebench bench`."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from typing import Any

import click

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
)
from aebench.cli.values import MOST, Share, numbers


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
@click.option("--rounds", type=click.IntRange(6, MOST), default=7, show_default=True, help="At least so many.")
@click.option("--most-rounds", type=click.IntRange(6, MOST), default=25, show_default=True, help="At most so many.")
@click.option(
    "--precision", type=Share(), default=0.02, show_default=True,
    help="Go on until half the interval of every share of the ceiling is within this part of it.",
)  # fmt: skip
@OUTPUT
def bench(
    output: Path | None, autoencoders: tuple[str, ...], frameworks: tuple[str, ...], peers: bool, use: str,
    batches: tuple[int, ...], widths: tuple[float, ...], rounds: int, most_rounds: int, precision: float, **asked: Any,
) -> None:  # fmt: skip
    """Time frameworks in every mode against the machine's limit.

    They run in turn, each in a process of its own. Without names: every autoencoder, in TensorFlow and PyTorch, eager and compiled. A framework's other modes have
    names of their own, such as pytorch-compiled; see `aebench list`. A second call with the same --output goes on.

    \b
    Examples:
      aebench bench stacked sparse variational
      aebench bench stacked -d mnist -p source --peers
      aebench bench stacked --use all -f pytorch,pytorch-compiled
      aebench bench stacked --batches 32,128,512,2048,8192 -o results/runs/batches
      aebench bench variational --widths 1,2,4,8 --device gpu
    """
    from aebench import registry
    from aebench.report import speed
    from aebench.running.options import new_folder
    from aebench.speed import kept
    from aebench.speed import rounds as timed
    from aebench.speed.peers import PEERS, missing

    lacking = {name: why for name in PEERS if peers and (why := missing(name))}
    beside = tuple(name for name in PEERS if peers and name not in lacking)
    options = timed.Options(frameworks or tuple(registry.timed()), beside, **asked)
    cases = _cases(autoencoders, use, batches, widths)
    limits = timed.Rounds(rounds, max(rounds, most_rounds), precision)
    folder = output or new_folder("bench", options.dataset)
    with kept_in(folder) as bars:
        rows = kept.run(cases, options, limits, folder, bars)
    screen = console()
    speed.print_bench(rows, screen)
    for why in lacking.values():
        screen.print(f"n/a: {why}", style="dim", markup=False, soft_wrap=True)
    plot = speed.draw(rows, folder / "bench.png")
    screen.print(f"Results: {folder / 'bench.json'}" + (f"; plot: {plot}" if plot else ""), soft_wrap=True)
    sys.exit(2 if any("failure" in subject for row in rows for subject in row["subjects"]) else 0)


def _cases(autoencoders: tuple[str, ...], use: str, batches: tuple[int, ...], widths: tuple[float, ...]) -> list[Any]:
    """Everything that is timed, in order."""
    from aebench import registry
    from aebench.speed.rounds import Case
    from aebench.speed.workloads import BATCHES, USES

    uses: tuple[Any, ...] = (None,) if use == "train" else USES if use == "all" else (use,)
    sizes: tuple[int | None, ...] = batches or ((None,) if use == "train" else BATCHES)
    names = autoencoders or tuple(registry.autoencoders())
    return [Case(*case) for case in product(names, uses, sizes, widths)]
