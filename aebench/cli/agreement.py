"""`aebench agree`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aebench.checks import MOST
from aebench.cli.ending import UNDONE, status_of_results
from aebench.cli.exporting import EXPORT, leave_tables, require_folder
from aebench.cli.options import (
    BUNDLE_SAYS,
    DRY_RUN,
    SUBJECTS,
    console,
    executed,
    kept_where,
    patient,
    refuse_stated,
    selection,
)

if TYPE_CHECKING:
    from aebench.arrays import Dtype
    from aebench.processes.executors import Chosen
    from aebench.running.replaying import Asked


@click.command()
@selection(SUBJECTS, kept_where("the agreements, which a second call goes on with"))
@click.option("--dtype", type=click.Choice(["float64", "float32", "both"]), default="both", show_default=True)
@click.option(
    "--steps", type=click.IntRange(1, MOST), default=10, show_default=True, help="Training steps of each phase."
)
@click.option(
    "--teacher-forced", "forced", is_flag=True,
    help="Begin each step with the reference's parameters and optimiser state: local error only.",
)  # fmt: skip
@click.option("--growth", is_flag=True, help="Plot how the difference grows with the steps; try --steps 1000.")
@click.option("--all", "everything", is_flag=True, help="Show every pair and rung.")
@click.option("--keep-traces", is_flag=True, help="Leave the compared arrays in the output folder.")
@DRY_RUN
@patient
@EXPORT
@executed("Climb")
@click.pass_context
def agree(
    context: click.Context, /, output: Path | None, dtype: str, steps: int, everything: bool, **asked: Any
) -> None:  # fmt: skip
    """Name the first place where two frameworks part, on the agreement ladder.

    The exit status is 1 where frameworks part, 2 where something could not be compared, 125 where a rung is vacuous in
    every dtype.

    \b
    Examples:
      aebench agree
      aebench agree stacked variational --dtype float64 --teacher-forced
      aebench agree --growth --steps 1000 --output results/growth
      aebench agree -f pytorch@golden.zip,pytorch      what a bundle holds beside what is computed here
    """
    from aebench.running.options import DTYPES
    from aebench.running.replaying import bundled, of_subjects

    require_folder(output)
    how = {name: asked.pop(name) for name in ("forced", "growth", "keep_traces", "executor")}
    dry_run = asked.pop("dry_run")
    dtypes = tuple(d for d in DTYPES if dtype in ("both", d))
    if bundled(asked["frameworks"]):
        refuse_stated(
            context,
            BUNDLE_SAYS,
            ("autoencoders", "frameworks", "device", "dtype", "everything", "output", "export", "timeout", "affinity"),
        )
        found = of_subjects(asked["frameworks"], asked["autoencoders"], dtypes, asked["device"])
        sys.exit(replayed(found, output, everything))
    _refuse(output, **how)
    if dry_run:
        sys.exit(_planned(asked, output, dtypes, steps, how["executor"]))
    sys.exit(_climbed(asked, output, dtypes, steps, everything, **how))


def _climbed(
    asked: dict[str, Any], output: Path | None, dtypes: Sequence[Dtype], steps: int, everything: bool, *,
    growth: bool, **how: Any,
) -> int:  # fmt: skip
    """Climb on a data set, and print; the exit status."""
    from aebench.running import growing, ladders
    from aebench.running.options import Options

    options, climb = ladders.asked_for(Options(**asked), steps)
    with _climbing(output) as (folder, bars):
        if growth:
            document = growing.growths(options, climb, dtypes, folder, bars)
        else:
            document = ladders.agreements(options, climb, dtypes, folder, bars, **how)
    if growth:
        return _report_growth(document, output)
    return _report_agreements(document, everything, output)


def _planned(
    asked: dict[str, Any], output: Path | None, dtypes: Sequence[Dtype], steps: int, executor: Chosen | None
) -> int:  # fmt: skip
    """Say what would be climbed; the exit status."""
    from aebench.report.plans import print_climbs_plan
    from aebench.running import ladders
    from aebench.running.options import Options, rehearse

    options, _ = ladders.asked_for(Options(**asked), steps)
    rehearse(options)
    if executor is not None:
        executor.rehearse()
    print_climbs_plan(options, dtypes, steps, output, console())
    return 0


def replayed(asked: Asked, output: Path | None, everything: bool) -> int:
    """Climb what a bundle holds, and print; the exit status."""
    from aebench.report.bundles import print_made_by
    from aebench.running.replaying import keep, replay, require_free

    if output is not None:
        require_free(output)
    with _climbing(None) as (folder, bars):
        document = replay(asked, folder, bars)
    if output is not None:
        keep(document, output)
    print_made_by(asked.bundle, console())
    return _report_agreements(document, everything, output)


def _refuse(output: Path | None, *, forced: bool, growth: bool, keep_traces: bool, executor: object) -> None:
    """Options that do not go together."""
    if keep_traces and output is None:
        raise click.UsageError("--keep-traces needs a folder to leave them in: --output")
    if growth and (forced or keep_traces):
        raise click.UsageError("--growth compares parameters only: leave --teacher-forced and --keep-traces out")
    if executor is not None and (growth or keep_traces):
        raise click.UsageError("an executor's workers send what they found, no traces: leave --executor out")


@contextlib.contextmanager
def _climbing(output: Path | None) -> Iterator[tuple[Path, Any]]:
    """A folder for traces (a scratch one unless one is named) and the progress bars."""
    from aebench.processes.temporary import scratch
    from aebench.report.progress import Bars

    with scratch() as folder, Bars() as bars:
        yield output or folder, bars


def _report_agreements(document: dict[str, Any], everything: bool, output: Path | None) -> int:
    """Print the agreements, and leave their tables; the exit status."""
    from aebench.report.agreement import print_agreements

    print_agreements(document, console(), everything=everything)
    if output is not None:
        leave_tables(output / "agreements.json")
    return status_of_results(document) if document["agreements"] else UNDONE


def _report_growth(document: dict[str, Any], output: Path | None) -> int:
    """Print the growth, and leave its plot; the exit status."""
    from aebench.report.gallery.growth import growth
    from aebench.report.summary import print_growth

    if output:
        growth(document["growth"]).save(output / "growth.png")
    print_growth(document["growth"], console())
    if output:
        leave_tables(output / "growth.json")
    return 0
