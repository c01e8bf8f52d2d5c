"""`aebench export`, and `--export` of every command that leaves a record: tables for other programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aebench.cli.values import Folder, Place, typed, words

if TYPE_CHECKING:
    from aebench.records.opened import Opened
    from aebench.report.frames import Frame

MADE_OF_TABLES = ("csv", "parquet", "json", "markdown")
ASKED = "aebench.export"  # in the context: the formats that --export names


def _formats(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    """The formats between the text's commas, which can be written here."""
    from aebench.errors import UnknownNameError
    from aebench.report import exports, formats

    found = words(context, parameter, value)
    known = exports.NAMES if context.info_name == "export" else formats.FORMATS
    for name in found:
        if name not in known:
            raise UnknownNameError("format", name, known)
    formats.require(found)
    return found


def _noted(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    context.meta[ASKED] = () if value is None else _formats(context, parameter, value)


def _records(places: tuple[Path, ...]) -> list[Opened]:
    """The records of these places, also those that are parts of a run.

    Raises:
        ResultError: one is none, or damaged.
    """
    from aebench.errors import ResultError
    from aebench.records import documents
    from aebench.records.opened import PARTS, Opened, Unreadable, opened

    found: list[Opened] = []
    for place in places:
        kind = documents.kind_of(place)
        if kind in PARTS:
            found.append(Opened(place, kind, documents.read(place, kind)))
            continue
        for record in opened([place]):
            if isinstance(record, Unreadable):
                raise ResultError(record.why)
            found.append(record)
    return list({record.path.resolve(): record for record in found}.values())


EXPORT = click.option(
    "--export", callback=_noted, expose_value=False, metavar="FORMAT[,FORMAT]...",
    help=f"Also leave the tables in the folder, below tables/, as {', '.join(MADE_OF_TABLES)}.",
)  # fmt: skip


def require_folder(folder: Path | None, option: str = "--output") -> None:
    """A click.UsageError where tables are asked for here, not by the project's file, and no folder to leave them in."""
    if folder is None and typed(click.get_current_context(), "export"):
        raise click.UsageError(f"--export needs a folder to leave the tables in: {option}")


def require_formats(folder: Path | None) -> None:
    """A click.UsageError where --output, which is for tables alone, is said here, and no format of these."""
    context = click.get_current_context()
    if folder is not None and not context.meta.get(ASKED) and typed(context, "output"):
        raise click.UsageError("--output is for the tables of --export, which is not given: --export csv")


def leave_tables(record: Path) -> None:
    """Leave the tables of the record beside it, in the formats that --export names, and say where."""
    leave(lambda: _tables(record), record.parent)


def _tables(record: Path) -> Sequence[Frame]:
    from aebench.report.exports import together

    return together(_records((record,)))


def leave(tables: Callable[[], Sequence[Frame]], folder: Path | None) -> None:
    """The same of tables that are made only where they are asked for, below the folder, where there is one."""
    asked = click.get_current_context().meta.get(ASKED)
    if asked and folder is not None:
        from aebench.report.formats import FOLDER, write

        files = write(tables(), asked, folder / FOLDER)
        click.echo(f"Tables: {folder / FOLDER} ({len(files)} files)")


@click.command()
@click.argument("what", nargs=-1, required=True, type=Place(path_type=Path), metavar="WHAT...")
@click.option(
    "--format", "formats", callback=_formats, default="csv", show_default=True, metavar="FORMAT[,FORMAT]...",
    help="csv, parquet, json or markdown: a file for each table; bmf, for Bencher, or junit, for a CI: one file.",
)  # fmt: skip
@click.option(
    "--output", "-o", type=Folder(), help="Folder for the files; default: tables/ in the folder of the record."
)
def export(what: tuple[Path, ...], formats: tuple[str, ...], output: Path | None) -> None:
    """Write the tables of a record for other programs, typed and at full precision.

    WHAT is a folder that a command wrote, any record's file, a baseline, or a bundle. Several records of one kind give
    one set of tables, with another column that names the record; records of several kinds have a folder each. Files
    that were exported before are replaced. No framework is loaded.

    \b
    Examples:
      aebench export results/runs/today
      aebench export results/runs/today --format parquet -o tables
      aebench export results/runs/monday results/runs/tuesday --format csv,markdown -o tables
      aebench export results/baselines/mnist-source-float32-cpu.json --format json -o tables
      aebench export results/runs/speed --format bmf -o bencher
      aebench export results/runs/old-to-new --format junit -o ci
    """
    from aebench.report.exports import export as written
    from aebench.report.formats import FOLDER

    if output is None and len(what) > 1:
        raise click.UsageError("several records need a folder for their tables: --output")
    records = _records(what)
    folder = output or (what[0] if what[0].is_dir() else what[0].parent) / FOLDER
    for path in written(records, formats, folder):
        click.echo(path)
