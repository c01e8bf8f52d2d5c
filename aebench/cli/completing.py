"""What a shell that completes a command line is offered. Nothing is imported before it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import click
from click.shell_completion import CompletionItem

from aebench.errors import AebenchError

# What a word behind the last comma may be completed to is offered with the words before it.
COMMA, AT = ",", "@"


def autoencoders(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Autoencoders; of a list that is begun the next one."""
    from aebench import registry

    return _listed(registry.autoencoders(), begun)


def frameworks(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Frameworks in their modes; behind an @ the environments."""
    from aebench import registry

    before, at, said = begun.rpartition(AT)
    if at and COMMA not in said:
        return [CompletionItem(f"{before}{AT}{name}") for name in _environments() if name.startswith(said)]
    return _listed({**registry.frameworks(), **registry.variants()}, begun)


def environments(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Environments by name; what holds a slash is completed as a path."""
    if os.sep in begun or begun.startswith("."):
        return [CompletionItem(begun, type="file")]
    return [CompletionItem(name) for name in _environments() if name.startswith(begun)]


def sides(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Environments, and the autoencoders that may follow them."""
    found = environments(context, parameter, begun)
    return found if os.sep in begun else [*found, *autoencoders(context, parameter, begun)]


def executors(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Executors that some package registers."""
    from aebench.processes.executors import names

    return _listed(names(), begun)


def datasets(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Data sets by name."""
    from aebench import data

    return _listed(data.names(), begun)


def _listed(names: Iterable[str], begun: str) -> list[CompletionItem]:
    """The names that begin as the last word between commas does."""
    before, comma, last = begun.rpartition(COMMA)
    taken = before.split(COMMA)
    return [CompletionItem(f"{before}{comma}{it}") for it in names if it.startswith(last) and it not in taken]


def _environments() -> Iterator[str]:
    """The environments by name; of a file that cannot be read none."""
    from aebench.processes.environments import known
    from aebench.registry import HERE

    try:
        yield from known()
    except AebenchError:
        yield HERE
