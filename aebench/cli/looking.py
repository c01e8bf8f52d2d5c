"""`aebench list`, `show`, `schema` and `system`: what is here, without running any of it."""

from __future__ import annotations

import click

from aebench.cli import completing
from aebench.cli.options import DATA_DIR, console
from aebench.cli.values import words


@click.command("list")
@DATA_DIR
def list_(data_dir: str | None) -> None:
    """Show what is here, and how to get what is missing."""
    from aebench.report.listing import print_listing

    print_listing(data_dir, console())


@click.command()
@click.argument("name")
@click.option(
    "--frameworks", "-f", callback=words, shell_complete=completing.frameworks, metavar="NAME[,NAME]...",
    help="Installed or not, since no text is run; default: all.",
)  # fmt: skip
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

    show_texts(name, frameworks or tuple(registry.frameworks()), console=console(), bases=bases)


@click.command()
@click.argument("kind", required=False)
def schema(kind: str | None) -> None:
    """Print the JSON Schema of a kind of record.

    Without a kind: the kinds there are.

    \b
    Examples:
      aebench schema
      aebench schema trial > trial.schema.json
    """
    import json

    from aebench.records import documents
    from aebench.records.kinds import KINDS

    click.echo("\n".join(KINDS) if kind is None else json.dumps(documents.schema(kind), indent=1))


@click.command()
def system() -> None:
    """Say what of this machine makes timings unsteady.

    Settings of the processors, other programs and machines, limits, memory, and how long the same small piece of work
    takes on each core, a second long. Nothing is changed. What that does to a framework's timings: `aebench calibrate`.

    \b
    Example:
      aebench system
    """
    from aebench.report.system import print_system
    from aebench.speed.system import seen

    print_system(seen(), console())
