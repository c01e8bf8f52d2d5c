"""`aebench plot`: the pictures of a run, one by one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aebench.cli.options import console
from aebench.cli.values import NOTHING, Folder, Place, words

if TYPE_CHECKING:
    from aebench.report.gallery import Missing, Picture

FORMATS = ("png", "svg")
DOCUMENTS = ("result.json", "plan.json", "growth.json")


def _formats(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """The formats between the text's commas."""
    found = words(context, parameter, value)
    if unknown := [word for word in found if word not in FORMATS]:
        raise click.BadParameter(f"'{unknown[0]}' is no format of pictures; expected {' or '.join(FORMATS)}, or both")
    return found


def _said(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A name that says something."""
    if value is not None and not value.strip():
        raise click.BadParameter(NOTHING)
    return value


@click.command()
@click.argument("name", required=False, callback=_said)
@click.argument("run", required=False, type=Place(path_type=Path))
@click.option(
    "--output", "-o", type=Folder(), help="Folder for the pictures; default: the run's, where `aebench run` draws them."
)
@click.option(
    "--format", "formats", default="png,svg", show_default=True, callback=_formats, metavar="FORMAT[,FORMAT]",
    help="png, svg, or both.",
)  # fmt: skip
@click.option(
    "--open", "opened", is_flag=True, help="Show what was drawn, by the program that this machine has for it."
)
def plot(name: str | None, run: Path | None, output: Path | None, formats: tuple[str, ...], opened: bool) -> None:
    """Draw a picture of a run, an autoencoder's pictures, or those of a pattern.

    Without a name: what pictures there are, which are missing, and why.

    NAME is a picture such as sparse/features, an autoencoder, or a pattern such as '*/denoised'. RUN is a run's folder,
    or one of `aebench agree --growth`; default: the newest run under results/runs. Nothing is trained.

    \b
    Examples:
      aebench plot                            what the newest run has
      aebench plot results/runs/growth        what that one has
      aebench plot sparse/features --open
      aebench plot variational results/runs/20260101-120000-mnist-source -o pictures
      aebench plot '*/reconstructions' --format svg
    """
    from aebench.report import gallery
    from aebench.running.options import newest

    if name is not None and run is None and _is_run(Path(name)):
        run, name = Path(name), None
    folder = run or newest("to draw; name its folder after the picture, or begin one with `aebench run`")
    found = gallery.pictures(folder)
    if name is None:
        gallery.print_pictures(found, folder, console())
        return
    chosen = gallery.chosen(found, name)
    drawn = gallery.drawable(chosen)
    missing = [it for it in chosen if isinstance(it, gallery.Missing)]
    if output is None:
        output = folder.parent if folder.is_file() else folder
    _draw(drawn, missing, output, formats, opened=opened)


def _is_run(path: Path) -> bool:
    """Whether the path is a folder that a run is kept in, or a document of it."""
    try:
        return path.is_file() or any((path / document).exists() for document in DOCUMENTS)
    except OSError:
        return False


def _draw(
    drawn: list[Picture], missing: list[Missing], output: Path, formats: tuple[str, ...], *, opened: bool
) -> None:
    """Draw the pictures, say where they are and which are missing, and show them.

    Raises:
        ResultError: one cannot be written.
        UsageError: nothing here shows pictures.
    """
    from aebench.errors import UsageError

    screen: Any = console()
    paths = [picture.save(output / f"{picture.name}.{kind}") for picture in drawn for kind in formats]
    for path in paths:
        screen.print(str(path), markup=False, soft_wrap=True)
    for it in missing:
        screen.print(f"missing: {it.name}: {it.why}", style="yellow", markup=False, soft_wrap=True)
    shown = paths[0] if len(drawn) == 1 else output
    if opened and click.launch(str(shown)):
        raise UsageError(f"nothing here opens {shown}; it is drawn: look at it with a program of your choice")
