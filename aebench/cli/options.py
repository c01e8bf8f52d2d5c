"""What the commands share: their options, how names are checked, where they print, how they end."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from aebench.report.progress import Bars

Command = TypeVar("Command", bound=Callable[..., Any])
Number = TypeVar("Number", int, float)


def _names(kind: str) -> Callable[[click.Context, click.Parameter, Any], tuple[str, ...]]:
    """A callback that splits names at commas and checks each against the registry."""

    def check(_: click.Context, __: click.Parameter, value: Any) -> tuple[str, ...]:
        from aebench import registry

        texts = value if isinstance(value, tuple) else (value,) if value else ()
        names = tuple(dict.fromkeys(name for text in texts for name in text.split(",") if name))
        look_up: Callable[[str], Any] = registry.framework if kind == "framework" else registry.autoencoder
        for name in names:
            look_up(name)
        return names

    return check


def listed(texts: Iterable[str], kind: Callable[[str], Number], otherwise: str) -> tuple[Number, ...]:
    """The numbers that the texts stand for, each once; click.BadParameter with the message `otherwise` for others."""
    try:
        return tuple(dict.fromkeys(kind(text) for text in texts))
    except ValueError:
        raise click.BadParameter(otherwise) from None


def _seeds(_: click.Context, __: click.Parameter, value: str) -> tuple[int, ...]:
    return listed(value.split(","), int, f"'{value}' is no list of whole numbers such as 0,1,2")


def _samples(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, ...]:
    texts = filter(None, (value or "").split(","))
    return listed(texts, int, f"'{value}' is no list of whole numbers such as 50,5000")


def numbers(kind: Callable[[str], Number]) -> Callable[[click.Context, click.Parameter, str], tuple[Number, ...]]:
    """A callback that splits positive numbers at commas."""

    def check(_: click.Context, __: click.Parameter, value: str | None) -> tuple[Number, ...]:
        if value is None:
            return ()
        numbers = listed(value.split(","), kind, f"'{value}' is no list of numbers separated by commas")
        if not all(0 < number < float("inf") for number in numbers):
            raise click.BadParameter(f"numbers above 0 are expected, found {value}")
        return numbers

    return check


def _as_schedule(context: click.Context, _: click.Parameter, value: str | None) -> None:
    """Takes the value for --schedule's, as if it had been given there."""
    if value is not None:
        context.params["schedule"] = value
        context.set_parameter_source("schedule", click.core.ParameterSource.COMMANDLINE)


AUTOENCODERS = click.argument("autoencoders", nargs=-1, callback=_names("autoencoder"), metavar="[AUTOENCODER]...")
FRAMEWORKS = click.option(
    "--frameworks", "-f", callback=_names("framework"),
    help="Names separated by commas, such as tensorflow,pytorch-compiled; default: all installed ones.",
)  # fmt: skip
DATASET = click.option("--dataset", "-d", default="digits", show_default=True, help="See `aebench list`.")
DATA_DIR = click.option(
    "--data-dir", type=click.Path(file_okay=False), envvar="AEBENCH_DATA", show_envvar=True,
    help="Folder with the data set's files; default: a cache, else a download.",
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
    "--seeds", "-s", default="0", show_default=True, callback=_seeds, help="Whole numbers, separated by commas."
)
IMPORTANCE_SAMPLES = click.option(
    "--importance-samples", callback=_samples, metavar="K[,K]...",
    help="Also measure the variational importance-weighted bound with so many codings an image, such as 50,5000.",
)  # fmt: skip
OUTPUT = click.option(
    "--output", "-o", type=click.Path(path_type=Path, file_okay=False),
    help="Folder for what is measured; default: a new one under results/runs.",
)  # fmt: skip


@contextlib.contextmanager
def kept_in(folder: Path) -> Iterator[Bars]:
    """Progress bars; on Ctrl-C the command says how to go on in the folder, and ends."""
    from aebench.report.progress import Bars

    with Bars() as bars:
        try:
            yield bars
        except KeyboardInterrupt:
            click.echo(f"Interrupted; what is measured is kept. Go on with the same command and --output {folder}")
            raise


def selection(command: Command) -> Command:
    """What is run and measured on what, and where it is left: the options that `run` and `agree` begin with."""
    for option in (SEEDS, OUTPUT, DEVICE, FORMER_SCHEDULE, SCHEDULE, DATA_DIR, DATASET, FRAMEWORKS, AUTOENCODERS):
        command = option(command)
    return command


def console(width: int = 160) -> Any:
    """Standard output: as wide as the terminal, or as COLUMNS says; elsewhere `width` characters.

    NO_COLOR and FORCE_COLOR are honoured; colours that are forced in a pipe do not make it a terminal.
    """
    from rich.console import Console

    class Screen(Console):
        """One that leaves it to the command's end what a closed pipe means."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    found = Screen(highlight=False)
    return found if sys.stdout.isatty() or "COLUMNS" in os.environ else Screen(highlight=False, width=width)
