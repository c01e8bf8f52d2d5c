"""`aebench compare`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from aebench.cli import completing
from aebench.cli.ending import UNDONE
from aebench.cli.exporting import EXPORT, leave_tables
from aebench.cli.options import (
    BUNDLE_SAYS,
    ONLY,
    OUTPUT,
    console,
    executed,
    kept_in,
    on_data,
    patient,
    refuse_stated,
    rehearsed,
    tell_to_go_on,
    time_limit,
)
from aebench.cli.values import OF_FILE, Place, Share, named, names, text, whole, words

if TYPE_CHECKING:
    from aebench.comparison.comparing import Asked, Plan
    from aebench.records.comparisons import Comparison
    from aebench.records.known import Known

KNOWN = Path("results/known.toml")
# What a bundle says itself.
OF_BUNDLES = {"dataset", "data_dir", "schedule", "seeds"}


class Sides(NamedTuple):
    """What is compared with what: environments or commits as the user names them. several: a table of heads."""

    base: str
    heads: tuple[str, ...]
    autoencoders: tuple[str, ...]
    several: bool


def _base(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    return None if value is None else text(context, parameter, value)


def _sides(context: click.Context, parameter: click.Parameter, value: Sequence[str]) -> Sides:
    """BASE, HEAD and autoencoders; behind --base heads and autoencoders, told apart by their names."""
    from aebench import registry

    base, said = context.params["base"], [text(context, parameter, word) for word in value]
    if base is None and len(said) < 2:
        raise click.UsageError(f"Missing argument '{('BASE', 'HEAD')[len(said)]}'.")
    if base is None:
        return Sides(said[0], (said[1],), named("autoencoder", said[2:]), several=False)
    heads = tuple(word for word in said if not all(map(registry.matching, word.split(","))))
    if not heads:
        raise click.UsageError("Missing argument 'HEAD': --base is compared with one environment at least.")
    return Sides(base, heads, named("autoencoder", [word for word in said if word not in heads]), several=True)


@click.command()
@click.option(
    "--base", is_eager=True, callback=_base, metavar="BASE",
    help="Compare several environments with this one: --base BASE HEAD [HEAD]... [AUTOENCODER]...",
)  # fmt: skip
@click.argument(
    "sides", nargs=-1, callback=_sides, shell_complete=completing.sides, metavar="BASE HEAD [AUTOENCODER]..."
)
@click.option(
    "--frameworks", "-f", callback=words, shell_complete=completing.frameworks, metavar="NAME[,NAME]...",
    help="Without environments, such as pytorch-compiled; default: all that both hold, in their first mode.",
)  # fmt: skip
@ONLY
@click.option(
    "--timed", callback=names("autoencoder"), shell_complete=completing.autoencoders, metavar="NAME[,NAME]...",
    help="The autoencoders whose speed and memory are compared; default: all that are.",
)  # fmt: skip
@on_data
@click.option(
    "--seeds", "-s", callback=whole("0,1,2"), metavar="N[,N]...",
    help="Seeds of the trainings, of which as many are taken as decide; the first is the ladder's.  [default: 0 to 26]",
)  # fmt: skip
@click.option(
    "--tolerated", type=click.FloatRange(0, max_open=True), default=0.02, show_default=True,
    help="So much slower, as a part of base's time, must pass.",
)  # fmt: skip
@click.option("--intolerable", type=Share(), default=0.10, show_default=True, help="So much slower must fail.")
@time_limit("After so many minutes nothing more is timed or trained; what is not decided then is undecided.")
@click.option(
    "--known", type=Place(exists=True, dir_okay=False, path_type=Path),
    help=f"With --base: a file of known differences.  [default: {KNOWN}, where it is]",
)  # fmt: skip
@rehearsed("what would be compared, and what differs")
@click.option("--all", "everything", is_flag=True, help="Also show what did not move.")
@patient
@executed("Climb and train", " With --only numbers,quality or one of them.")
@OUTPUT
@EXPORT
def compare(
    base: str | None, sides: Sides, known: Path | None, dry_run: bool, everything: bool, output: Path | None,
    **asked: Any,
) -> None:  # fmt: skip
    """Tell what changed between two environments, or two commits.

    BASE and HEAD are environments (`aebench environments`), the path of one, or commits, branches or tags of the
    repository here, which are then installed; either may be a bundle, for numbers alone. The same frameworks, on both
    sides, compute, train and are timed side by side; the verdict comes first. A second call with the same --output goes
    on.

    With --base there may be several heads. Each is compared with BASE in a folder of its own, and one table says what
    moved where; what results/known.toml explains is marked as known, and an entry of it that no longer shows fails.

    \b
    Examples:
      aebench compare old here
      aebench compare old here stacked sparse -f pytorch --only numbers
      aebench compare old here --timed stacked,sparse,variational
      aebench compare .tox/torch213 .tox/torch214 --output results/runs/torch
      aebench compare main HEAD --only numbers
      aebench compare golden.zip here --only numbers
      aebench compare --base tf218 tf219 tf220 tf221 variational --only numbers
      aebench compare --base tf218 tf219 tf220 tf221 --only numbers --executor dask
    """
    if known is not None and not sides.several:
        raise click.UsageError("--known is for several heads: --base BASE HEAD [HEAD]...")
    if sides.several:
        sys.exit(_matrix(sides, known, output, asked, dry_run=dry_run, everything=everything))
    plan = _planned(sides, asked)
    sys.exit(_shown([plan]) if dry_run else _carried_out(plan, output, everything))


def _asked(sides: Sides, given: Mapping[str, Any]) -> Asked:
    """What the options ask for, with base on both sides."""
    from aebench.comparison.comparing import Asked
    from aebench.comparison.findings import SEEDS
    from aebench.comparison.parts import TIMED, require_parts, require_untimed
    from aebench.comparison.sequential import Thresholds
    from aebench.comparison.sides import side
    from aebench.records.archive import SUFFIX
    from aebench.running.options import Options

    parts, executor = require_parts(given["only"]), given["executor"]
    if executor is not None and set(parts) & set(TIMED) and click.get_current_context().meta.get(OF_FILE):
        executor = None  # a project's file asks for one wherever it may be had
    require_untimed(parts, executor)  # before a commit is installed
    if any(name.endswith(SUFFIX) for name in (sides.base, *sides.heads)):
        context = click.get_current_context()
        refuse_stated(context, BUNDLE_SAYS, {it.name for it in context.command.params} - OF_BUNDLES)
    shared = {name: given[name] for name in ("dataset", "data_dir", "schedule", "device")}
    options = Options(sides.autoencoders, (), **shared, seeds=given["seeds"] or tuple(SEEDS))
    thresholds, base = Thresholds(given["tolerated"], given["intolerable"]), side(sides.base)
    return Asked(
        base, base, options, given["frameworks"], parts, given["timed"], thresholds, given["time_limit"], executor,
    )  # fmt: skip


def _planned(sides: Sides, given: Mapping[str, Any]) -> Plan:
    """The comparison of base with one head."""
    from dataclasses import replace

    from aebench.comparison.comparing import planned
    from aebench.comparison.sides import side

    return planned(replace(_asked(sides, given), head=side(sides.heads[0])))


def _shown(plans: Sequence[Plan]) -> int:
    """Say what would be compared, where it can be; the exit status."""
    from aebench.report.comparison import print_plan
    from aebench.running.options import require_device

    for plan in plans:
        if plan.held is None:
            require_device(plan.options)
        if plan.asked.executor is not None:
            plan.asked.executor.rehearse()
        print_plan(plan, console())
    click.echo("Nothing was begun.")
    return 0


def _carried_out(plan: Plan, output: Path | None, everything: bool) -> int:
    """Compare, print and export; the exit status."""
    from aebench.comparison.comparing import compare as carried_out
    from aebench.comparison.verdict import findings, status
    from aebench.report.comparison import print_comparison
    from aebench.report.exported import export, of_comparison
    from aebench.running.options import new_folder

    folder = output or new_folder("compare", plan.asked.base.name, plan.asked.head.name)
    with kept_in(folder) as bars:
        found = carried_out(plan, folder, bars)
    export(of_comparison(found), folder, "comparison")
    print_comparison(found, console(), everything=everything)
    click.echo(f"\nResults: {folder / 'comparison.json'}, beside it Markdown and JUnit XML")
    leave_tables(folder / "comparison.json")
    _tell_of_scripts([(plan.asked, found, folder)])
    return tell_to_go_on(status(findings(found)), folder)


def _tell_of_scripts(compared: Iterable[tuple[Asked, Comparison, Path]]) -> None:
    """How to get a script without aebench of what parted or moved, in the first of these that has such."""
    from aebench.comparison.sides import is_commit
    from aebench.records.comparisons import DIFFERING

    for asked, found, folder in compared:
        # What a commit computes differs in its text, which no script of one text shows; a bundle computes nothing.
        able = not any(map(is_commit, (found.base, found.head))) and not (asked.base.bundle and asked.head.bundle)
        if able and any(row.verdict in DIFFERING for row in found.numbers):
            click.echo(f"What parted or moved, as a script without aebench: aebench reproduce {folder} -o issue")
            return


def _matrix(
    sides: Sides, known: Path | None, output: Path | None, given: Mapping[str, Any], *, dry_run: bool,
    everything: bool,
) -> int:  # fmt: skip
    """Compare base with each head, print one table and export it; the exit status."""
    from aebench.comparison import matrix
    from aebench.comparison.verdict import status
    from aebench.report.exported import export, of_comparison, of_matrix
    from aebench.report.matrix import print_matrix
    from aebench.running.options import new_folder

    asked, differences = _asked(sides, given), _known(known)
    columns = matrix.planned(asked, sides.heads)
    if dry_run:
        lost = [column for column in columns if column.failure]
        for column in lost:
            click.echo(f"{column.said}: not compared: {column.failure}")
        return max(_shown([column.plan for column in columns if column.plan]), UNDONE if lost else 0)
    folder = output or new_folder("matrix", asked.base.name)
    with kept_in(folder) as bars:
        found = matrix.compare(asked, columns, folder, differences, bars)
    export(of_matrix(found), folder, "matrix")
    compared = list(matrix.comparisons(found, folder))
    for name, one in compared:
        export(of_comparison(one), folder / name, "comparison")
    print_matrix(found, console(), everything=everything)
    click.echo(f"\nResults: {folder / matrix.FILE}, beside it Markdown, JUnit XML, and a folder for each comparison")
    leave_tables(folder / matrix.FILE)
    plans = {column.name: column.plan.asked for column in columns if column.plan}
    _tell_of_scripts((plans[name], one, folder / name) for name, one in compared)
    return tell_to_go_on(status(matrix.findings(found)), folder)


def _known(path: Path | None) -> list[Known]:
    """The known differences of the file, or of the one that is looked for where none is named."""
    from aebench.comparison.marked import require_rows
    from aebench.records.known import read

    if path is None and not KNOWN.exists():
        return []
    known = read(path or KNOWN)
    require_rows(known, path or KNOWN)
    return known
