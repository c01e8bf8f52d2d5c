"""What `aebench bisect` says: the first bad release, as `git bisect` says it, and the table of all that were tried."""

from __future__ import annotations

from rich.console import Console

from aebench.comparison.bisecting import Found
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


def print_bisection(found: Found, package: str, console: Console) -> None:
    """The answer, then the table and a sentence for each release that was tried."""
    say(sentence(found, package), console, STYLES[status(found)])
    console.print()
    print_matrix(found.tried, console)
