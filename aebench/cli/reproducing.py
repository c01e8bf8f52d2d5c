"""`aebench reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aebench.checks import MOST
from aebench.cli import completing
from aebench.cli.options import BUNDLE_SAYS, console, on_data, refuse_stated
from aebench.cli.values import Folder, names, text, typed

if TYPE_CHECKING:
    from aebench.reproducing.finding import Asked

PAIR = 2


@click.command()
@click.argument("what", metavar="WHAT", callback=text, shell_complete=completing.autoencoders)
@click.option(
    "--frameworks", "-f", callback=names("subject"), shell_complete=completing.frameworks,
    help="The two that differ, such as pytorch@old,pytorch, or one that parts from the reference; one of two may be a "
    "bundle's, such as pytorch@golden.zip.",
)  # fmt: skip
@click.option("--finding", type=click.IntRange(1, MOST), default=1, help="Which finding of a record, from 1.")
@on_data
@click.option("--seed", "-s", type=click.IntRange(0, MOST), default=0, show_default=True)
@click.option("--dtype", type=click.Choice(["float64", "float32", "both"]), default="both", show_default=True)
@click.option(
    "--steps", type=click.IntRange(1, MOST), default=10, show_default=True, help="Training steps of each phase."
)
@click.option(
    "--output", "-o", type=Folder(), required=True, help="Folder for the script and its arrays, empty or new."
)
@click.pass_context
def reproduce(context: click.Context, /, what: str, finding: int, output: Path, **asked: Any) -> None:
    """Make a script that shows a difference without aebench, for an upstream issue.

    WHAT is an autoencoder, in which two subjects part or, of one framework, differ at all; or what `aebench compare`
    or `aebench agree` has left. The first place that differs is computed on its own, made smaller for as long as it
    shows, and written as reproduce.py, the network's own text, beside arrays.safetensors. The script needs the
    framework, numpy and safetensors. It is tried in both environments; the exit status is 2 where there is nothing to
    reproduce, or where the script does not show it.

    \b
    Examples:
      aebench reproduce variational -f tensorflow@old,tensorflow -o issue
      aebench reproduce sparse -f pytorch,pytorch-compiled --dtype float32 -o issue
      aebench reproduce results/runs/torch --finding 2 -o issue
    """
    from aebench import registry
    from aebench.report.progress import Bars
    from aebench.report.reproductions import print_reproduction
    from aebench.reproducing.recorded import asked_in
    from aebench.reproducing.reproducing import reproduce as make

    if what in registry.autoencoders():
        if typed(context, "finding"):
            raise click.UsageError("--finding is for a record; an autoencoder has one first place that differs")
        found = _asked(context, what, asked)
    else:
        refuse_stated(context, "the record says what was found, and in what", ("what", "finding", "output"))
        found = asked_in(Path(what), finding)
    with Bars() as bars:
        made = make(found, output, bars)
    print_reproduction(made, console())


def _asked(context: click.Context, name: str, asked: dict[str, Any]) -> Asked:
    """What is asked for by options."""
    from aebench import registry
    from aebench.reproducing.finding import Asked
    from aebench.running.options import DTYPES
    from aebench.running.replaying import bundled

    dtype, named = asked.pop("dtype"), asked.pop("frameworks")
    pair = (registry.ARBITER, *named) if len(named) == 1 else named
    if len(set(pair)) != PAIR:
        raise click.UsageError(
            "name two subjects, such as --frameworks pytorch@old,pytorch, or one beside the reference"
        )
    if bundled(pair):
        refuse_stated(context, BUNDLE_SAYS, ("what", "frameworks", "dtype", "device", "output"))
    dtypes = DTYPES if dtype == "both" else (dtype,)
    return Asked(name, (pair[0], pair[1]), dtypes=dtypes, **asked)
