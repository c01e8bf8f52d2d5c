"""The pages of the command line: what `aebench COMMAND --help` says, with an anchor for every option."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from aebench.cli import main
from docs.building.docstrings import escaped

# Between an example and what is said of it, which for a shell is a comment.
BETWEEN = re.compile(r"(?<=\S)(  +)(?=\S)")
WIDE = 200  # no help text is broken in the middle of a line


def command_pages() -> dict[str, str]:
    """A page for `aebench` itself, and one for each of its commands, by name."""
    context = click.Context(main, info_name="aebench", **main.context_settings)
    pages = {name: "\n".join(_page(command, context, "=")) for name, command in main.commands.items()}
    return {"aebench": "\n".join(_page(main, None, "=")), **pages}


def shown(command: click.Command, context: click.Context) -> list[click.Parameter]:
    """The options that its help shows."""
    return [it for it in command.get_params(context) if isinstance(it, click.Option) and not it.hidden]


def _page(command: click.Command, parent: click.Context | None, underline: str) -> Iterator[str]:
    settings = {**command.context_settings, "max_content_width": WIDE, "terminal_width": WIDE}
    context = click.Context(command, info_name=command.name if parent else "aebench", parent=parent, **settings)
    path = context.command_path
    yield from (path, underline * len(path), "", f".. program:: {path}", "")
    yield from ("::", "", f"   {path} {' '.join(command.collect_usage_pieces(context))}", "")
    yield from _said(command.help or "")
    options = [record for it in shown(command, context) if (record := it.get_help_record(context))]
    if options:
        yield from (".. rubric:: Options", "")
    for names, said in options:
        yield from (f".. option:: {names}", "", f"   {escaped(said)}", "")
    yield from ("What the exit status means: :doc:`/reference/statuses`.", "")
    if isinstance(command, click.Group) and parent:
        for inner in command.commands.values():
            yield from _page(inner, context, "-")


def _said(text: str) -> Iterator[str]:
    """The paragraphs of a help text; those that click leaves as they are written are examples."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        if paragraph.startswith("\b\n"):
            first, *lines = paragraph[2:].split("\n")
            yield from (f".. rubric:: {first.rstrip(':')}", "", ".. code-block:: console", "")
            yield from ("   $ " + BETWEEN.sub(r"\1# ", line.strip(), count=1) for line in lines)
        else:
            yield escaped(" ".join(paragraph.split()))
        yield ""
