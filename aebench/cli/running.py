"""`aebench run`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from aebench.cli.ending import status_of_results
from aebench.cli.exporting import EXPORT, leave_tables
from aebench.cli.options import DRY_RUN, IMPORTANCE_SAMPLES, console, executed, patient, selection
from aebench.cli.values import typed
from aebench.errors import ExecutorError


@click.command()
@selection()
@IMPORTANCE_SAMPLES
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True, help="Of training."
)
@click.option("--resume", is_flag=True, help="Go on with an interrupted run: that of --output, else the newest.")
@click.option("--agreement/--no-agreement", default=True, show_default=True, help="Climb the agreement ladder first.")
@DRY_RUN
@patient
@executed("Train", " Seconds are then no measure of speed.")
@EXPORT
@click.option("--open", "opens", is_flag=True, help="Show the report in a browser at the end.")
@click.pass_context
def run(
    context: click.Context, /, output: Path | None, resume: bool, dry_run: bool, executor: Any, opens: bool,
    **asked: Any,
) -> None:  # fmt: skip
    """Train the autoencoders, measure them, and compare frameworks.

    The reference judges the agreement; it is trained, too, where --frameworks names it.

    \b
    Examples:
      aebench run
      aebench run stacked tied layerwise_joint --dataset mnist --schedule source
      aebench run variational -d mnist -p source --importance-samples 50,5000
      aebench run 'layerwise_*' -f pytorch,reference --seeds 0,1,2
      aebench run --resume                    after Ctrl-C, a crash or a power cut
      aebench run --resume --seeds 3,4        two more seeds of the newest run
      aebench run -s 0,1,2,3 --processes 2    two trainings at once
      aebench run --dry-run                   what would be trained, and whether it can be
    """
    from aebench.processes.events import Silent
    from aebench.report.progress import Bars
    from aebench.running.run import Run

    options, folder = _resumed(context, output, asked) if resume else _new(output, asked)
    if dry_run:
        sys.exit(_planned(Run(options, folder, Silent()), resume=resume, executor=executor))
    with Bars() as bars:
        document = _trained(Run(options, folder, bars), resume=resume, executor=executor)
    _print(document, console())
    sys.exit(_finish(document, folder, opens=opens))


def _trained(run: Any, *, resume: bool, executor: Any) -> dict[str, Any]:
    """What the run has found, or what is there of it where it was interrupted."""
    try:
        document: dict[str, Any] = run.execute(resume=resume, executor=executor)
    except KeyboardInterrupt as error:
        if run.conditions is None:
            raise  # nothing was begun, so there is nothing to go on with
        document, _interruption = run.document(), error  # held: one that is lost is repeated
    except ExecutorError:
        if run.conditions is not None:
            click.echo(f"What is finished is kept. Go on with: aebench run --resume --output {run.folder}")
        raise
    return document


def _planned(run: Any, *, resume: bool, executor: Any) -> int:
    """Say what would be trained; the exit status."""
    from aebench.report.plans import print_run_plan

    run.rehearse(resume=resume)
    if executor is not None:
        executor.rehearse()
    print_run_plan(run, console())
    return 0


def _finish(document: dict[str, Any], folder: Path, *, opens: bool) -> int:
    """Draw the figures, write the report and say where everything is; the exit status."""
    screen = console()
    try:
        drawn = f"pictures beside the trials: {_draw(folder)}"
    except KeyboardInterrupt:
        screen.print(f"Results: {folder / 'result.json'}; not every figure is drawn.", soft_wrap=True)
        screen.print(f"Interrupted; draw them again with: aebench run --resume --output {folder}", soft_wrap=True)
        raise
    screen.print(f"Results: {folder / 'result.json'}; {drawn}.", soft_wrap=True)
    leave_tables(folder / "result.json")
    if not document["complete"]:
        screen.print(f"Interrupted; nothing finished is lost. Go on with: aebench run --resume --output {folder}")
        raise KeyboardInterrupt
    try:
        _report(folder, opens=opens)
    except KeyboardInterrupt:
        screen.print(f"Interrupted; write the report with: aebench report {folder} -o report.html", soft_wrap=True)
        raise
    return status_of_results(document)


def _report(folder: Path, *, opens: bool) -> None:
    """Write the run's report beside its document, and say where it is."""
    from aebench.cli.reporting import REPORT, told
    from aebench.records.opened import opened
    from aebench.report.html.writing import write

    write(opened([folder / "result.json"]), folder / REPORT)
    told(folder / REPORT, opens=opens)


def _print(document: dict[str, Any], screen: Any) -> None:
    """Print what the run found, and its quality over the seeds where there are several."""
    from aebench.quality.table import rows
    from aebench.report.quality import WIDTH, print_quality
    from aebench.report.summary import print_run

    found = rows(document["trials"]) if len(document["options"]["seeds"]) > 1 else []
    print_run(document, screen, [pair.verdict for row in found for pair in row.pairs])
    if found:
        print_quality(found, console(WIDTH))


def _new(output: Path | None, asked: dict[str, Any]) -> tuple[Any, Path]:
    """Options and folder of a new run."""
    from aebench.running.options import Options, new_folder, with_defaults

    options = with_defaults(Options(**asked), arbiter=False)
    return options, output or new_folder(options.dataset, options.schedule)


def _resumed(context: click.Context, output: Path | None, asked: dict[str, Any]) -> tuple[Any, Path]:
    """Options and folder of a run that goes on, with what was named on the command line besides."""
    from aebench.running import resume
    from aebench.running.options import newest

    folder = output or newest()
    given = {name: value for name, value in asked.items() if typed(context, name)}
    return resume.planned(folder, given), folder


def _draw(folder: Path) -> int:
    """Draw every picture of the run as a PNG beside its trials; how many there are."""
    from aebench.report import gallery

    found = [it for it in gallery.pictures(folder) if isinstance(it, gallery.Picture)]
    for picture in found:
        picture.save(folder / f"{picture.name}.png")
    return len(found)
