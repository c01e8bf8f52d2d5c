"""What `aebench bisect` says: the first bad release, as `git bisect` says it, and the table of all that were tried."""

from __future__ import annotations

from msgspec import UNSET
from rich.console import Console

from aebench.comparison.bisecting import Found, called
from aebench.comparison.matrix import NAMED
from aebench.counted import counted
from aebench.report.matrix import print_matrix
from aebench.report.prose import say

STYLES = {0: "bold green", 2: "bold red", 125: "bold yellow"}


def status(found: Found) -> int:
    """0: the release is found; 125: it is one of several, or nothing is decided; 2: there is none to be found."""
    if found.first is not None:
        return 0
    return 125 if found.among or "undecided" in found.reason else 2


def sentence(found: Found, package: str) -> str:
    """The answer in one line."""
    if found.first is not None:
        return f"{package} {found.first} is the first bad release; {found.good} is good."
    if found.among:
        return (
            f"There are only skipped releases left: the first bad release of {package} is one of "
            f"{', '.join(found.among)}; {found.good} is good."
        )
    return f"There is nothing to look for: {found.reason}."


def besides(found: Found, package: str) -> str | None:
    """That other packages changed with the first bad release, which may be what moved it; None where none did."""
    if found.first is None:
        return None
    of = {head.name: {} if head.packages is UNSET else head.packages for head in found.tried.heads}
    # Of the very first release, and of what is as in it, base's version is the one.
    base = {name: both[0] for packages in of.values() for name, both in packages.items()}
    old, new = (
        base | {name: both[1] for name, both in of.get(called(package, version), {}).items()}
        for version in (found.good, found.first)
    )
    changed = [f"{name} {old[name]} → {new[name]}" for name in sorted(base) if old[name] != new[name]]
    if not changed:
        return None
    more = f" and {counted(len(changed) - NAMED, 'more package')}" if len(changed) > NAMED else ""
    return f"With it changed {', '.join(changed[:NAMED])}{more}: what moved may be theirs."


def print_bisection(found: Found, package: str, console: Console) -> None:
    """The answer, then the table and a sentence for each release that was tried."""
    say(sentence(found, package), console, STYLES[status(found)])
    if words := besides(found, package):
        say(words, console)
    console.print()
    print_matrix(found.tried, console)
