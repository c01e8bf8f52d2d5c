"""`aebench environments`: the interpreters that subjects live in."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from aebench.cli import completing
from aebench.cli.ending import Group
from aebench.cli.options import console
from aebench.cli.values import text, words


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def environments(context: click.Context) -> None:
    """Show, compare and make the environments that subjects live in.

    Without a command: those of `aebench.toml`, with interpreter, frameworks and what is missing. Wherever a framework
    is named, NAME@ENVIRONMENT is the one of an environment: by its name there, or by the path of its folder or its
    interpreter.

    \b
    Examples:
      aebench environments
      aebench environments add old "torch==2.13.0" "tensorflow-cpu==2.20.0"
      aebench environments diff old here
      aebench agree stacked -f pytorch@old,pytorch
    """
    from aebench.processes.environments import known
    from aebench.report.environments import print_environments

    if context.invoked_subcommand is None:
        print_environments(known(), console())


@environments.command()
@click.argument("name")
@click.argument("requirements", nargs=-1, metavar="[REQUIREMENT]...")
@click.option(
    "--requirement", "-r", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of requirements, such as the lock file of another environment.",
)  # fmt: skip
@click.option("--python", help="A version such as 3.12, or an interpreter; default: this one.")
def add(name: str, requirements: tuple[str, ...], files: tuple[Path, ...], python: str | None) -> None:
    """Make an environment and name it in aebench.toml.

    REQUIREMENT is what pip installs; what aebench needs there is added. By uv where it is installed, else by venv and
    pip. What was installed stands in a lock file beside it.

    \b
    Examples:
      aebench environments add old "torch==2.13.0"
      aebench environments add again -r environments/old.lock
      aebench environments add next --python 3.13 tensorflow-cpu torch
    """
    from aebench.processes.making import make

    wanted = ", ".join((*requirements, *map(str, files))) or "what aebench needs"
    begin = partial(click.echo, f"Installing {wanted}, which takes minutes.", err=True)
    made = make(name, requirements, files=files, python=python, begin=begin)
    click.echo(f"{name}: {made.python}, named in {made.file}; its packages: {made.lock}")


@environments.command()
@click.argument("base", callback=text, shell_complete=completing.environments)
@click.argument("head", callback=text, shell_complete=completing.environments)
@click.option(
    "--frameworks", "-f", callback=words, shell_complete=completing.frameworks, metavar="NAME[,NAME]...",
    help="Only of these, which both have to hold; default: all that both hold.",
)  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Long values, such as lists of packages, whole.")
def diff(base: str, head: str, frameworks: tuple[str, ...], everything: bool) -> None:
    """Show how two environments differ.

    Interpreters, packages, and build, libraries and settings of every framework that both hold. The exit status is 0
    whatever is found.

    \b
    Examples:
      aebench environments diff old here
      aebench environments diff .tox/torch213 .tox/torch214
    """
    from aebench.comparison.sides import are_one, pairs, require_frameworks
    from aebench.processes.differing import differences
    from aebench.processes.environments import find
    from aebench.report.environments import print_differences

    one, other = find(base), find(head)
    require_frameworks(frameworks)
    if frameworks and not are_one(one, other):
        pairs(one, other, frameworks)
    print_differences(one, other, differences(one, other, frameworks or None), console(), everything=everything)
