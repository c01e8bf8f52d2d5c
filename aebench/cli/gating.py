"""`aebench gate`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aebench.cli import completing
from aebench.cli.exporting import EXPORT, leave, require_folder
from aebench.cli.options import (
    AUTOENCODERS,
    OUTPUT,
    console,
    kept_in,
    on_data,
    rehearsed,
    stated,
    tell_to_go_on,
    time_limit,
    timing,
)
from aebench.cli.values import Folder, Place, text, typed, words

if TYPE_CHECKING:
    from aebench.comparison.fresh import Plan
    from aebench.comparison.gate import Gated
    from aebench.comparison.unmatched import Scope
    from aebench.processes.environments import Environment

# What says how an environment is trained: a run was trained already.
OF_ENVIRONMENTS = ("dataset", "data_dir", "schedule", "device", "dtype", "output", "time_limit", "dry_run")


@click.command()
@click.argument(
    "what", default="here", callback=text, shell_complete=completing.environments, metavar="[RUN|ENVIRONMENT]"
)
@AUTOENCODERS
@click.option(
    "--frameworks", "-f", callback=words, shell_complete=completing.frameworks, metavar="NAME[,NAME]...",
    help="Without environments; default: all that the baseline holds.",
)  # fmt: skip
@on_data
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@time_limit("After so many minutes nothing more is trained; what is not decided then is undecided.")
@rehearsed("what would be trained in the environment")
@click.option("--all", "everything", is_flag=True, help="Also show every metric.")
@OUTPUT
@click.option(
    "--report", type=Folder(),
    help="Folder for the verdict as gate.md, for a pull request, and gate.xml, in JUnit's form; default: --output.",
)  # fmt: skip
@click.option(
    "--to", "folder", type=Place(path_type=Path), default=Path("results"), show_default=True,
    help="Folder of results, whose baselines/ and limits.toml hold what was accepted.",
)  # fmt: skip
@timing
@EXPORT
@click.pass_context
def gate(
    context: click.Context, /, what: str, autoencoders: tuple[str, ...], frameworks: tuple[str, ...], everything: bool,
    folder: Path, report: Path | None, **asked: Any,
) -> None:  # fmt: skip
    """Hold a run, or an environment, against the accepted baseline.

    RUN is a finished run's folder, its result.json, or a baseline, which is then held against itself.

    ENVIRONMENT (`aebench environments`; default: here) is a name, a place, or a commit: what the baseline of the data
    set and schedule holds is trained in it, from as few seeds as decide. A second call with the same --output goes on.

    Every autoencoder and framework that either side holds has to be in both, unless some are named. The status is 0
    only where everything was compared and nothing is worse.

    \b
    Examples:
      aebench gate results/runs/20260101-120000-mnist-source
      aebench gate results/runs/today stacked tied --all
      aebench gate old linear stacked -f pytorch -d mnist -p source --time-limit 60
      aebench gate results/baselines/mnist-source-float32-cpu.json
    """
    from aebench.comparison.gate import held
    from aebench.comparison.unmatched import Scope
    from aebench.records.baselines import is_baseline

    scope = Scope(autoencoders, _known(frameworks))
    if _is_run(Path(what)):
        _refuse_settings(context, what)
        require_folder(report, "--report")
        if is_baseline(Path(what)) and not typed(context, "folder"):
            folder = Path(what).absolute().parent.parent
        sys.exit(_told(held(Path(what), scope, folder), report, everything=everything))
    sys.exit(_of_environment(_planned(what, scope, folder, asked), report, everything=everything, **asked))


def _told(found: Gated, report: Path | None, *, everything: bool) -> int:
    """Write and print what was found; the exit status."""
    from aebench.comparison.verdict import status
    from aebench.report.exported import export, of_gate
    from aebench.report.frames.gates import gated
    from aebench.report.gate import print_gate

    if report is not None:
        export(of_gate(found), report, "gate")
    print_gate(found, console(), everything=everything)
    leave(lambda: gated(found), report)
    return status(found.findings)


def _known(frameworks: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each of a framework in some mode."""
    from aebench import registry

    for name in frameworks:
        if registry.bare(name) not in registry.variants():
            registry.framework(registry.bare(name))
    return frameworks


def _is_run(path: Path) -> bool:
    """Whether this is a place where a run's result belongs, or a document; anything else is an environment."""
    document = path.is_file() and path.suffix == ".json"
    return document or any((path / name).exists() for name in ("result.json", "plan.json"))


def _refuse_settings(context: click.Context, run: str) -> None:
    """UsageError where an option was given that only an environment takes."""
    from aebench.errors import UsageError

    for parameter in stated(context):
        if parameter.name in OF_ENVIRONMENTS:
            raise UsageError(f"{parameter.opts[0]} is for training in an environment, and {run} is a run; leave it out")


def _planned(what: str, scope: Scope, folder: Path, asked: Mapping[str, Any]) -> Plan:
    """What of the baseline is to be trained in the environment."""
    from aebench.comparison import fresh

    settings = {name: asked[name] for name in ("dataset", "data_dir", "schedule", "device", "dtype")}
    return fresh.plan(_environment(what), settings, scope, folder)


def _of_environment(
    plan: Plan, report: Path | None, *, everything: bool, dry_run: bool, output: Path | None, time_limit: float | None,
    **_: object,
) -> int:  # fmt: skip
    """Train, and say what the trainings say and where they are kept; the exit status."""
    from aebench.comparison import fresh
    from aebench.report.gate import print_plan
    from aebench.running.options import new_folder, rehearse

    if dry_run:
        rehearse(plan.options)
        print_plan(plan, console())
        return 0
    place = output or new_folder("gate", plan.environment.name)
    with kept_in(place) as bars:
        found = fresh.gate(plan, place, bars, time_limit)
    status = _told(found, report or place, everything=everything)
    click.echo(f"\nTrainings: {place}")
    return tell_to_go_on(status, place)


def _environment(what: str) -> Environment:
    """The environment of that name, place or commit."""
    from aebench import registry
    from aebench.comparison.sides import side
    from aebench.errors import UnknownNameError, UsageError

    try:
        return side(what)
    except (UnknownNameError, UsageError) as error:
        if what in registry.autoencoders():
            raise UsageError(f"{what} is an autoencoder; name what is held first: aebench gate here {what}") from error
        raise UsageError(
            f"{what} is no run (there is no {Path(what) / 'result.json'}) and no environment: {error}"
        ) from error
