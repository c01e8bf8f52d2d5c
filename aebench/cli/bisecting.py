"""`aebench bisect`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aebench.cli import completing
from aebench.cli.exporting import EXPORT, leave_tables
from aebench.cli.options import OUTPUT, console, kept_in, on_data, rehearsed, time_limit
from aebench.cli.values import named, text

if TYPE_CHECKING:
    from aebench.comparison.comparing import Asked
    from aebench.records.comparisons import What


def _framework(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """A framework in some mode, whether or not it is installed here."""
    from aebench import registry
    from aebench.errors import UnknownNameError

    name = text(context, parameter, value)
    if name not in registry.variants():
        raise UnknownNameError("framework", name, registry.variants())
    return name


def _release(context: click.Context, parameter: click.Parameter, value: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(text(context, parameter, value)))
    except InvalidVersion:
        raise click.BadParameter(f"'{value}' is no version such as 2.14.0") from None


def _package(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    from packaging.utils import InvalidName, canonicalize_name

    try:
        return None if value is None else canonicalize_name(text(context, parameter, value), validate=True)
    except InvalidName:
        raise click.BadParameter(f"'{value}' is no name of a package such as tensorflow-cpu") from None


def _autoencoder(context: click.Context, parameter: click.Parameter, value: str) -> str:
    found = named("autoencoder", [value])
    if len(found) != 1:
        raise click.BadParameter(f"it is looked for in one autoencoder, found {', '.join(found)}")
    return found[0]


@click.command()
@click.argument("framework", callback=_framework)
@click.argument("good", callback=_release)
@click.argument("bad", callback=_release)
@click.option(
    "--autoencoder", callback=_autoencoder, shell_complete=completing.autoencoders, required=True, metavar="NAME",
    help="In which it shows.",
)  # fmt: skip
@click.option(
    "--what", "part", type=click.Choice(["numbers", "speed"]), default="numbers", show_default=True,
    help="What has moved.",
)  # fmt: skip
@click.option(
    "--package", callback=_package, metavar="NAME",
    help="What is installed of each release, such as tensorflow-cpu; default: the framework's usual package.",
)  # fmt: skip
@on_data
@time_limit("For each release; one that is not decided by then is skipped.")
@rehearsed("which releases there are between GOOD and BAD")
@OUTPUT
@EXPORT
def bisect(
    framework: str, good: str, bad: str, autoencoder: str, part: What, package: str | None, time_limit: float | None,
    dry_run: bool, output: Path | None, **asked: Any,
) -> None:  # fmt: skip
    """Find the release of a framework that moved an autoencoder.

    GOOD and BAD are two of its releases. Those between them are asked of the index that pip is configured for. Each
    that is tried is installed into an environment of its own, named in aebench.toml as `aebench environments add` does,
    and compared with GOOD; one that does not install, or stays undecided, is skipped. A second call with the same
    --output goes on. The status is 0 where the release is found, 125 where only skipped ones are left.

    \b
    Examples:
      aebench bisect pytorch 2.11 2.14 --autoencoder sparse
      aebench bisect tensorflow 2.16.1 2.21 --autoencoder stacked --what speed --package tensorflow-cpu
    """
    from aebench import registry
    from aebench.comparison.bisecting import Bisection
    from aebench.comparison.matrix import FILE
    from aebench.processes.releases import between
    from aebench.report.bisecting import print_bisection, status
    from aebench.report.exported import export, of_matrix
    from aebench.running.options import new_folder

    package = package or registry.variants()[framework].packages[0]
    versions = between(package, good, bad)
    if dry_run:
        click.echo(f"{package}: {', '.join(versions)}")
        return
    folder = output or new_folder("bisect", framework)
    with kept_in(folder) as bars:
        request = _asked(framework, autoencoder, part, time_limit, asked)
        found = Bisection(package, versions, request, folder, bars).found()
    export(of_matrix(found.tried), folder, "matrix")
    print_bisection(found, package, console())
    click.echo(f"\nResults: {folder / FILE}, and a folder for each comparison")
    leave_tables(folder / FILE)
    sys.exit(status(found))


def _asked(framework: str, autoencoder: str, part: What, limit: float | None, given: dict[str, Any]) -> Asked:
    """What is compared, from here to here until the environments are there."""
    from aebench.comparison.comparing import Asked
    from aebench.comparison.findings import SEEDS
    from aebench.processes.environments import find
    from aebench.registry import HERE
    from aebench.running.options import Options

    options = Options((autoencoder,), (), **given, seeds=tuple(SEEDS))
    return Asked(find(HERE), find(HERE), options, (framework,), (part,), limit=limit)
