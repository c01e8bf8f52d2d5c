"""How two environments differ: interpreters, packages, and what each framework that both hold says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from aebench import registry
from aebench.errors import AebenchError
from aebench.processes.environments import Environment
from aebench.processes.probing import contents, frameworks
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture
from aebench.records.archive import opened
from aebench.records.comparisons import ONE_SIDE, PACKAGE, Apart

NONE = "–"
MANY_WORDS = 12


def differences(base: Environment, head: Environment, among: Iterable[str] | None = None) -> list[Apart]:
    """All of them: the interpreter, packages by name, then build, libraries and settings of each framework.

    among: of these frameworks only, in whatever mode; default: of all that both hold.
    Of one environment under two names there are none, which nothing has to be loaded for.

    Raises:
        UsageError: one of them cannot be asked.
    """
    if base.place == head.place:
        return []
    names = dict.fromkeys(map(registry.plain, among)) if among is not None else registry.frameworks()
    return [*_plain(base, head), *_of_frameworks(base, head, names)]


def _plain(base: Environment, head: Environment) -> Iterator[Apart]:
    """What the interpreters say without loading anything."""
    one, other = contents(base), contents(head)
    if one.python != other.python:
        yield Apart(kind="interpreter", name="Python", base=one.python, head=other.python)
    common = one.packages.keys() & other.packages.keys()
    yield from _between(PACKAGE, *({name: side.packages[name] for name in sorted(common)} for side in (one, other)))
    # Tools of one side's user, or a framework that the other side lacks: they take no part where both sides compute.
    alone = [", ".join(f"{n} {v}" for n, v in side.packages.items() if n not in common) for side in (one, other)]
    if any(alone) and base.bundle is None and head.bundle is None:  # of a bundle's only a few are on record
        base_alone, head_alone = (names or NONE for names in alone)
        yield Apart(kind=PACKAGE, name=ONE_SIDE, base=base_alone, head=head_alone)
    yield from _between("variable", dict(base.variables), dict(head.variables))


def _of_frameworks(base: Environment, head: Environment, names: Iterable[str]) -> Iterator[Apart]:
    """What the frameworks that both hold say of themselves, each loaded in a process of its own."""
    for name in names:
        if all(frameworks(environment)[name] is not None for environment in (base, head)):
            yield from _between(name, *(_said(name, environment) for environment in (base, head)))


def _said(framework: str, environment: Environment) -> dict[str, str]:
    """What the subject says of itself; where it cannot, why. Its variables are the environment's, and told already."""
    name = f"{framework}@{environment.name}"
    try:
        if environment.bundle is not None:
            found = opened(environment.bundle).manifest.conditions.subjects[framework]
        else:
            with FrameworkProcess(name) as process:
                found = process.call(capture.subject, name)
    except AebenchError as error:
        return {"loading it": str(error)}
    known = {"version": found.version or NONE, **(found.settings or {})}
    return {key: value for key, value in known.items() if not key.startswith("variable ")}


def _between(kind: str, base: Mapping[str, str], head: Mapping[str, str]) -> Iterator[Apart]:
    for name in sorted({*base, *head}):
        values = base.get(name, NONE), head.get(name, NONE)
        if values[0] != values[1]:
            one, other = _apart(*values)
            yield Apart(kind=kind, name=name, base=one, head=other)


def _apart(base: str, head: str) -> tuple[str, str]:
    """Two values; of long texts, such as a build's configuration, the words that only one of them has."""
    one, other = ([word for word in value.replace(",", " ").split() if word] for value in (base, head))
    if max(len(one), len(other)) < MANY_WORDS:
        return base, head
    return tuple(  # type: ignore[return-value] # two of them
        " ".join(word for word in mine if word not in theirs) or NONE for mine, theirs in ((one, other), (other, one))
    )
