"""Who is compared: base and head as environments, and each framework that both hold as a pair of subjects."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from aebench import registry
from aebench.comparison import commits
from aebench.errors import UnknownNameError, UsageError
from aebench.processes import environments
from aebench.processes.environments import Environment
from aebench.processes.probing import frameworks, lacking
from aebench.records.archive import SUFFIX
from aebench.records.comparisons import Side, Sides
from aebench.registry import HERE


class Named(Protocol):
    """An environment that has a name, and that the user named."""

    @property
    def name(self) -> str:
        """Also of the folder with its comparison; of a commit the first characters."""

    @property
    def said(self) -> str:
        """As the user named it."""


def is_commit(side: Named) -> bool:
    """Whether it is a commit: an environment is said by its name or by its place, and a commit's name is another."""
    return side.name != side.said and os.sep not in side.said and not side.said.endswith(SUFFIX)


def fixed(side: Named) -> str:
    """What a command calls the environment, whenever it is typed: of a commit its own name, as a branch, or HEAD,
    becomes another one."""
    return side.name if is_commit(side) else side.said


def side(said: str) -> Environment:
    """The environment of that name or at that place, or of that commit, branch or tag of the repository here.

    Raises:
        UsageError: it is none of these; there is no interpreter; a commit cannot be installed.
    """
    # `origin/main` looks like a place.
    found = commits.environment(said) if "/" in said and not Path(said).exists() else None
    try:
        return environments.find(said) if found is None else environments.tell(found)
    except UnknownNameError as error:
        found = commits.environment(said)
        if found is None:
            raise UsageError(f"{error} Nor is there a commit, branch or tag '{said}' of a repository here.") from None
    return environments.tell(found)


def recorded(environment: Environment) -> Side:
    """What a record says of the environment; of an interpreter below the present folder, its place from there, which
    says nothing of the machine and is the same in every checkout."""
    python, here = environment.python, Path.cwd()
    shown = python.relative_to(here) if python and python.is_relative_to(here) else python
    return Side(
        name=environment.name, said=environment.said, python=None if shown is None else shown.as_posix(),
        variables=dict(environment.variables),
    )  # fmt: skip


def pairs(base: Environment, head: Environment, asked: Sequence[str] = ()) -> tuple[list[Sides], list[str]]:
    """Each framework in each mode on both sides, and, in words, those that only one side holds.

    asked: names without environments; default: every framework in its first mode but the reference.

    Raises:
        UsageError: both sides are one; a framework that was asked for is missing; nothing is there to compare.
    """
    if are_one(base, head):
        raise UsageError(f"{base.said} and {head.said} are one environment; `aebench calibrate` measures its noise")
    require_frameworks(asked)
    there = frameworks(base), frameworks(head)
    names = asked or [name for name in registry.frameworks() if name != registry.ARBITER]
    both = [name for name in names if all(versions[name] for versions in there)]
    found = [Sides(framework=name, base=_name(name, base), head=_name(name, head)) for name in both]
    left_out = list(_left_out(names, base, head))
    if asked and left_out:
        raise UsageError(f"{'; '.join(left_out)}; install it there, or leave it out")
    if not found:
        raise UsageError(f"no framework is in both {base.name} and {head.name}: {'; '.join(left_out)}")
    return found, left_out


def offered(
    names: tuple[str, ...], base: Environment, head: Environment, subjects: Sequence[str], *, named: bool
) -> tuple[tuple[str, ...], list[str]]:
    """The autoencoders that both sides have in one of the frameworks, and, in words, those that a side lacks.

    named: the user has named them.

    Raises:
        UsageError: one that was named is lacking, or none is left.
    """
    among = dict.fromkeys(map(registry.bare, subjects))
    lack = {side.said: lacking(side, names, among) for side in (base, head)}
    left_out = [f"{side} has no {name}, no package there offers it" for side, found in lack.items() for name in found]
    both = tuple(name for name in names if not any(name in found for found in lack.values()))
    if left_out and (named or not both):
        raise UsageError(f"{'; '.join(left_out)}; install its package there, or leave it out")
    return both, left_out


def are_one(base: Environment, head: Environment) -> bool:
    """Whether both are the same interpreter, started in the same way, or the same bundle."""
    return base.place == head.place


def require_frameworks(names: Sequence[str]) -> None:
    """Each is the name of a framework, installed here or not.

    Raises:
        UsageError: one names an environment.
        UnknownNameError: one is unknown.
    """
    for name in names:
        if "@" in name:
            raise UsageError(f"'{name}' names an environment; BASE and HEAD say which they are, --frameworks only what")
        if name not in registry.variants():
            registry.framework(name)


def _left_out(names: Sequence[str], base: Environment, head: Environment) -> Iterator[str]:
    for name in names:
        without = [environment for environment in (base, head) if frameworks(environment)[name] is None]
        empty = " and ".join(environment.name for environment in without if environment.bundle is None)
        bundles = " and ".join(environment.name for environment in without if environment.bundle is not None)
        if without:
            words = empty and f"not installed in {empty}", bundles and f"not in {bundles}"
            yield f"{name} is {' and '.join(filter(None, words))}"


def _name(framework: str, environment: Environment) -> str:
    return framework if environment.name == HERE else f"{framework}@{environment.name}"
