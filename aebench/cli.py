"""The command `aebench`.

Exit status: 0 all is well; 1 frameworks disagree; 2 something could not be done; 130 interrupted.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from aebench import __version__
from aebench.errors import AebenchError

Command = TypeVar("Command", bound=Callable[..., Any])
INTERRUPTED = 130


class Group(click.Group):
    """A group whose commands end with one line, not a traceback, when a user can mend what is wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an AebenchError is printed and gives its exit status."""
        try:
            return super().invoke(ctx)
        except AebenchError as error:
            click.secho(f"aebench: error: {error}", fg="red", err=True)
            sys.exit(error.exit_status)


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


def _seeds(_: click.Context, __: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        seeds = tuple(dict.fromkeys(int(text) for text in value.split(",")))
    except ValueError:
        raise click.BadParameter(f"'{value}' is no list of whole numbers such as 0,1,2") from None
    if min(seeds) < 0:
        raise click.BadParameter("seeds are whole numbers from 0")
    return seeds


AUTOENCODERS = click.argument("autoencoders", nargs=-1, callback=_names("autoencoder"), metavar="[AUTOENCODER]...")
FRAMEWORKS = click.option(
    "--frameworks", "-f", callback=_names("framework"), help="Names separated by commas; default: all installed ones."
)  # fmt: skip
DATASET = click.option("--dataset", "-d", default="digits", show_default=True, help="See `aebench list`.")
DATA_DIR = click.option(
    "--data-dir", type=click.Path(file_okay=False), envvar="AEBENCH_DATA", show_envvar=True,
    help="Folder with the data set's files; default: a cache, else a download.",
)  # fmt: skip
PROFILE = click.option(
    "--profile", "-p", type=click.Choice(["quick", "source"]), default="quick", show_default=True,
    help="quick: minutes for everything on 2 cores; source: the source text's full schedule.",
)  # fmt: skip
DEVICE = click.option("--device", type=click.Choice(["cpu", "gpu"]), default="cpu", show_default=True)
OUTPUT = click.option(
    "--output", "-o", type=click.Path(path_type=Path, file_okay=False),
    help="Folder for what is measured; default: a new one under results/runs.",
)  # fmt: skip


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="aebench")
def main() -> None:
    """Do two deep-learning frameworks still compute the same thing, as well and as fast as before?

    Twelve autoencoders in TensorFlow and in PyTorch, held against a NumPy float64 reference.

    \b
    Examples:
      aebench list                            what is here, and how to get what is not
      aebench run                             everything on the bundled digits, minutes on 2 cores
      aebench run stacked tied -d mnist       two autoencoders on MNIST
      aebench agree variational               only how closely the frameworks agree
      aebench show tied                       its three texts side by side

    Exit status: 0 all is well; 1 frameworks disagree; 2 something could not be done; 130 interrupted.
    """


@main.command("list")
@DATA_DIR
def list_(data_dir: str | None) -> None:
    """Show autoencoders, frameworks, devices and data sets, and how to get what is missing."""
    from aebench.report.listing import print_listing

    print_listing(data_dir, _console())


@main.command()
@AUTOENCODERS
@FRAMEWORKS
@DATASET
@DATA_DIR
@PROFILE
@DEVICE
@OUTPUT
@click.option(
    "--seeds", "-s", default="0", show_default=True, callback=_seeds, help="Whole numbers, separated by commas."
)
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True, help="Of training."
)
@click.option("--resume", is_flag=True, help="Go on with an interrupted run: that of --output, else the newest.")
@click.option("--agreement/--no-agreement", default=True, show_default=True, help="Climb the agreement ladder first.")
@click.pass_context
def run(context: click.Context, /, output: Path | None, resume: bool, **asked: Any) -> None:
    """Train the autoencoders in every framework, measure them, and say how closely the frameworks agree.

    \b
    Examples:
      aebench run
      aebench run stacked tied layerwise_joint --dataset mnist --profile source
      aebench run sparse -f pytorch,reference --seeds 0,1,2
      aebench run --resume                    after Ctrl-C, a crash or a power cut
    """
    from aebench import runner
    from aebench.report.progress import Bars
    from aebench.report.summary import print_run, problems

    if resume:
        folder = output or runner.newest()
        default = click.core.ParameterSource.DEFAULT
        given = {name: value for name, value in asked.items() if context.get_parameter_source(name) != default}
        options = runner.planned(folder, given)
    else:
        options = runner.with_defaults(runner.Options(**asked))
        folder = output or runner.new_folder(options)
    with Bars() as bars:
        started = runner.Run(options, folder, bars)
        try:
            document = started.execute(resume=resume)
        except KeyboardInterrupt:
            document = started.collect(complete=False)
    console = _console()
    print_run(document, console)
    figures = _draw(folder, document)
    console.print(f"Results: {folder / 'result.json'}; {figures} figures beside the trials.", soft_wrap=True)
    if not document["complete"]:
        console.print(f"Interrupted; nothing finished is lost. Go on with: aebench run --resume --output {folder}")
        sys.exit(INTERRUPTED)
    failed = any("failure" in row for row in (*document["failures"], *document["trials"]))
    sys.exit(2 if failed else 1 if problems(document) else 0)


@main.command()
@AUTOENCODERS
@FRAMEWORKS
@DATASET
@DATA_DIR
@PROFILE
@DEVICE
@OUTPUT
@click.option(
    "--seeds", "-s", default="0", show_default=True, callback=_seeds, help="Whole numbers, separated by commas."
)
@click.option("--dtype", type=click.Choice(["float64", "float32", "both"]), default="both", show_default=True)
@click.option("--steps", type=click.IntRange(1), default=10, show_default=True, help="Training steps of each phase.")
@click.option(
    "--teacher-forced", "forced", is_flag=True, help="Feed each rung the reference's arrays: local error only."
)
@click.option("--growth", is_flag=True, help="Plot how the difference grows with the steps; try --steps 1000.")
@click.option("--keep-traces", is_flag=True, help="Leave the compared arrays in the output folder.")
def agree(
    output: Path | None, dtype: str, steps: int, forced: bool, growth: bool, keep_traces: bool, **asked: Any
) -> None:
    """Climb the agreement ladder and name the first place where two frameworks part.

    \b
    Examples:
      aebench agree
      aebench agree stacked variational --dtype float64 --teacher-forced
      aebench agree --growth --steps 1000 --output results/growth
    """
    from aebench import agreeing, registry, runner
    from aebench.agreement.ladder import Climb

    if keep_traces and output is None:
        raise click.UsageError("--keep-traces needs a folder to leave them in: --output")
    options = runner.with_defaults(runner.Options(**asked))
    dtypes = [d for d in runner.DTYPES if dtype in ("both", d)]
    climb = Climb(registry.autoencoder(options.autoencoders[0]), device=options.device, steps=steps)
    with _climbing(output) as (folder, bars):
        if growth:
            document = agreeing.growths(options, climb, dtypes, folder, bars)
        else:
            document = agreeing.agreements(options, climb, dtypes, folder, bars, forced=forced, keep_traces=keep_traces)
    sys.exit(_report_growth(document, output) if growth else _report_agreements(document, output))


@main.command()
@click.argument("name")
@FRAMEWORKS
@click.option("--bases/--no-bases", default=True, show_default=True, help="Also show the texts it builds on.")
def show(name: str, frameworks: tuple[str, ...], bases: bool) -> None:
    """Show the texts of one autoencoder side by side.

    \b
    Examples:
      aebench show tied
      aebench show sparse --frameworks tensorflow,pytorch --no-bases
    """
    from aebench import registry
    from aebench.report.side_by_side import show as show_texts

    show_texts(name, frameworks or tuple(registry.frameworks()), console=_console(), bases=bases)


def _console() -> Any:
    """Standard output: as wide as the terminal, wide enough for the tables elsewhere; NO_COLOR is honoured."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=160)


def _draw(folder: Path, document: dict[str, Any]) -> int:
    """Draw the figures of every autoencoder that has pictures, from the first seed; how many there are."""
    from aebench import registry
    from aebench.checkpoint import read_arrays
    from aebench.errors import ResultError
    from aebench.report import figures

    seed, rows, drawn = document["options"]["seeds"][0], [], 0
    for name in dict.fromkeys(trial["autoencoder"] for trial in document["trials"]):
        trials = [t for t in document["trials"] if (t["autoencoder"], t["seed"]) == (name, seed)]
        paths = {
            t["framework"]: folder / name / f"seed{seed}" / t["framework"] / "pictures.safetensors" for t in trials
        }
        pictures = {framework: read_arrays(path) if path.exists() else ({}, {}) for framework, path in paths.items()}
        if any(arrays for arrays, _ in pictures.values()):
            rows.append((registry.autoencoder(name), pictures))
            drawn += len(figures.draw(*rows[-1], folder / name))
        for phase in registry.autoencoder(name).phases:
            if phase.sparsity:
                figures.sparsity_cost(folder / name / "sparsity_cost.png", phase.sparsity.target)
                drawn += 1
    with contextlib.suppress(ResultError):
        figures.overview(rows, folder / "overview.png")
        drawn += 1
    return drawn


@contextlib.contextmanager
def _climbing(output: Path | None) -> Iterator[tuple[Path, Any]]:
    """A folder for traces (a scratch one unless one is named) and the progress bars."""
    import tempfile

    from aebench.report.progress import Bars

    with tempfile.TemporaryDirectory() as scratch, Bars() as bars:
        yield output or Path(scratch), bars


def _report_agreements(document: dict[str, Any], output: Path | None) -> int:
    """Print and keep the agreements; the exit status."""
    from aebench import results
    from aebench.agreement.ladder import RUNGS
    from aebench.report.summary import print_agreements, problems

    if output:
        results.write(output / "agreements.json", "agreements", document)
    print_agreements(document, _console(), RUNGS)
    return 2 if document["failures"] else 1 if problems(document) else 0


def _report_growth(document: dict[str, Any], output: Path | None) -> int:
    """Print and keep the growth, with its plot; the exit status."""
    from aebench.report.figures import growth
    from aebench.report.summary import print_growth

    if output:
        growth(document["growth"], output / "growth.png")
    print_growth(document["growth"], _console())
    return 0
