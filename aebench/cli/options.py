"""What the commands share: their options, and where they print."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aebench.checks import MOST
from aebench.cli import completing
from aebench.cli.ending import UNDECIDED
from aebench.cli.values import (
    Folder,
    Minutes,
    Place,
    affinity,
    data_set,
    executor,
    names,
    no_executor,
    rehearsal,
    timeout,
    typed,
    whole,
    words,
    workers,
)
from aebench.errors import ExecutorError

if TYPE_CHECKING:
    from aebench.report.progress import Bars

BUNDLE_SAYS = "the bundle says what is climbed, and how"
Command = TypeVar("Command", bound=Callable[..., Any])


def _as_schedule(context: click.Context, _: click.Parameter, value: str | None) -> None:
    """Takes the value for --schedule's, as if it had been given there."""
    if value is not None:
        context.params["schedule"] = value
        context.set_parameter_source("schedule", click.core.ParameterSource.COMMANDLINE)


def stated(context: click.Context) -> Iterator[click.Parameter]:
    """The options and arguments that were said on the command line."""
    return (it for it in context.command.params if typed(context, it.name or ""))


def refuse_stated(context: click.Context, said: str, others: Collection[str]) -> None:
    """A click.UsageError for any of these but the others, where something else says what they say."""
    for parameter in stated(context):
        if parameter.name not in others:
            raise click.UsageError(f"{said}: leave {parameter.opts[0]} out")


AUTOENCODERS = click.argument(
    "autoencoders",
    nargs=-1,
    callback=names("autoencoder"),
    metavar="[AUTOENCODER]...",
    shell_complete=completing.autoencoders,
)
FRAMEWORKS = click.option(
    "--frameworks", "-f", callback=names("framework"), shell_complete=completing.frameworks,
    help="Names separated by commas, such as tensorflow,pytorch-compiled; default: all installed ones, the reference "
    "only where it is to judge.",
)  # fmt: skip
SUBJECTS = click.option(
    "--frameworks", "-f", callback=names("subject"), shell_complete=completing.frameworks,
    help="Names separated by commas, such as tensorflow,pytorch-compiled, or pytorch@golden.zip for what a bundle "
    "holds; default: all installed ones, the reference only where it is to judge.",
)  # fmt: skip
DATASET = click.option(
    "--dataset",
    "-d",
    callback=data_set,
    shell_complete=completing.datasets,
    default="digits",
    show_default=True,
    help="See `aebench list`.",
)
DATA_DIR = click.option(
    "--data-dir", type=Place(file_okay=False),
    help="Folder with the data set's files; default: the one in AEBENCH_DATA, else a cache, else a download.",
)  # fmt: skip
SCHEDULE = click.option(
    "--schedule", "-p", type=click.Choice(["quick", "source"]), default="quick", show_default=True,
    help="quick: minutes for everything on 2 cores; source: the source text's full schedule.",
)  # fmt: skip
# What --schedule was called once: profiling is something else wherever else the word stands.
FORMER_SCHEDULE = click.option(
    "--profile", type=click.Choice(["quick", "source"]), hidden=True, expose_value=False, callback=_as_schedule
)
DEVICE = click.option("--device", type=click.Choice(["cpu", "gpu"]), default="cpu", show_default=True)
SEEDS = click.option(
    "--seeds", "-s", default="0", show_default=True, callback=whole("0,1,2"), help="Whole numbers, separated by commas."
)
AFFINITY = click.option(
    "--affinity", callback=affinity, expose_value=False, metavar="CORE[,CORE]...",
    help="Measure on these cores only, numbered as by `aebench system`; default: all that this process may use.",
)  # fmt: skip
TIMEOUT = click.option(
    "--timeout", type=Minutes(), callback=timeout, expose_value=False, metavar="MINUTES", default=15,
    help="End a process that says nothing for so long, and name what it did.",
)  # fmt: skip
# They name the reason, not only that there is no such option.
NO_EXECUTOR = click.option("--executor", hidden=True, expose_value=False, callback=no_executor)
IMPORTANCE_SAMPLES = click.option(
    "--importance-samples", callback=whole("50,5000"), metavar="K[,K]...",
    help="Also measure the variational importance-weighted bound with so many codings an image, such as 50,5000.",
)  # fmt: skip
ONLY = click.option(
    "--only", callback=words, metavar="PART[,PART]...",
    help="Some of numbers, quality, speed, memory; default: all of them.",
)  # fmt: skip
OUTPUT = click.option(
    "--output", "-o", type=Folder(),
    help="Folder for what is measured; default: a new one under results/runs.",
)  # fmt: skip


def rehearsed(says: str) -> Callable[[Command], Command]:
    """What is asked before it is begun. says: what the option says."""
    return click.option("--dry-run", is_flag=True, callback=rehearsal, help=f"Say {says}, and end.")


DRY_RUN = rehearsed("what would be done, and whether it can be")


def kept_where(says: str) -> Callable[[Command], Command]:
    """The output folder of what keeps nothing without one. says: what would be kept there."""
    return click.option("--output", "-o", type=Folder(), help=f"Folder for {says}; default: nothing is kept.")


@contextlib.contextmanager
def kept_in(folder: Path) -> Iterator[Bars]:
    """Progress bars; on Ctrl-C, or where an executor is gone, the command says how to go on in the folder, and ends."""
    from aebench.records.store import is_empty
    from aebench.report.progress import Bars

    with Bars() as bars:
        try:
            yield bars
        except KeyboardInterrupt:
            click.echo(f"Interrupted; what is measured is kept. Go on with the same command and --output {folder}")
            raise
        except ExecutorError:
            if not is_empty(folder):
                click.echo(f"What is finished is kept. Go on with the same command and --output {folder}")
            raise


def tell_to_go_on(status: int, folder: Path) -> int:
    """Where something is undecided, say how the same work goes on; the status."""
    if status == UNDECIDED:
        click.echo(f"What is undecided goes on with the same command, more time and --output {folder}.")
    return status


def on_data(command: Command) -> Command:
    """On what something is measured: data set, schedule and device."""
    for option in (DEVICE, SCHEDULE, DATA_DIR, DATASET):
        command = option(command)
    return command


def executed(does: str, besides: str = "") -> Callable[[Command], Command]:
    """By whom it is done. does: what, as the help begins. besides: what follows from it."""
    several = click.option(
        "--processes", type=click.IntRange(1, MOST), is_eager=True, callback=workers, expose_value=False, metavar="N",
        help="In so many processes of this machine at once: short for --executor processes.",
    )  # fmt: skip
    chosen = click.option(
        "--executor", callback=executor, shell_complete=completing.executors, metavar="NAME",
        help=f"{does} in other processes or on other machines, several at once: processes, loky, dask, ray, submitit, "
        f"or another package's; its settings stand in aebench.toml.{besides}",
    )  # fmt: skip
    return lambda command: chosen(several(command))


def timing(command: Command) -> Command:
    """What times takes besides these: the executor that it refuses with the reason."""
    return NO_EXECUTOR(patient(command))


def patient(command: Command) -> Command:
    """What measures takes besides: cores, and patience."""
    for option in (TIMEOUT, AFFINITY):
        command = option(command)
    return command


def time_limit(says: str) -> Callable[[Command], Command]:
    """Minutes on the command line, seconds to the command. says: what happens after them."""
    return click.option("--time-limit", type=Minutes(), metavar="MINUTES", help=says)


def selection(
    frameworks: Callable[[Any], Any] = FRAMEWORKS, output: Callable[[Any], Any] = OUTPUT
) -> Callable[[Command], Command]:
    """What is run and measured on what, and where it is left: the options that `run` and `agree` begin with."""

    def chosen(command: Command) -> Command:
        for option in (SEEDS, output, DEVICE, FORMER_SCHEDULE, SCHEDULE, DATA_DIR, DATASET, frameworks, AUTOENCODERS):
            command = option(command)
        return command

    return chosen


def console(width: int = 160) -> Any:
    """Standard output: as wide as the terminal, or as COLUMNS says, if it says a number; elsewhere `width` characters.

    NO_COLOR and FORCE_COLOR are honoured; colours that are forced in a pipe do not make it a terminal.
    """
    from rich.console import Console

    class Screen(Console):
        """One that leaves it to the command's end what a closed pipe means."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    said = os.environ.get("COLUMNS", "")
    wide = said.isascii() and said.isdigit() and int(said) > 0
    rest = {name: value for name, value in os.environ.items() if wide or name != "COLUMNS"}
    return Screen(highlight=False, width=None if wide or sys.stdout.isatty() else width, _environ=rest)
