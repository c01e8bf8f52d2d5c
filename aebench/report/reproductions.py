"""What `aebench reproduce` says of what it made."""

from __future__ import annotations

from rich.console import Console

from aebench.errors import ReproductionError
from aebench.reproducing.reproducing import Reproduction
from aebench.reproducing.scripts import SCRIPT
from aebench.reproducing.wording import sizes


def print_reproduction(made: Reproduction, console: Console) -> None:
    """What differs, how small it became, which operation is the first, and what the script said where it was tried.

    Raises:
        ReproductionError: the script does not show the difference; the files stay.
    """
    found = made.found
    how = "parts from" if found.criterion == "parts" else "moved from"
    lines = [
        f"{found.bad} {how} {found.good}, first at {found.words}",
        f"{sizes(made.before, made.after)} There: {made.differing}",
        f"The first operation that differs: {made.operation}.",
    ]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    for it in made.tries:
        console.print(f"\nTried in the environment of {it.subject}:\n{it.said}", markup=False, soft_wrap=True)
    if not made.shows:
        raise ReproductionError(f"{_why(made)} {made.folder} keeps what was written")
    console.print(f"\n{made.folder / SCRIPT} shows it; attach the folder's two files.", markup=False, soft_wrap=True)


def _why(made: Reproduction) -> str:
    """Why it is no reproduction."""
    for it in made.tries:
        if it.shows is None:
            return f"the script does not run in the environment of {it.subject}: {it.said};"
    if not made.tries[-1].shows:
        return (
            "the script does not show it: the difference is not in the network's text, which the script holds; it lies "
            "in what computes around it: aebench, a plug-in, or what an environment loads when it starts;"
        )
    return f"the script shows it in the environment of {made.found.good}, too, where it should not;"
