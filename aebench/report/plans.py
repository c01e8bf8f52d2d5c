"""What would be done, for those who ask before it is begun."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from aebench import registry
from aebench.counted import counted
from aebench.registry import ARBITER
from aebench.running.options import Options, data_read, ordered
from aebench.running.run import Run


def print_run_plan(run: Run, console: Console) -> None:
    """The trainings of a run, how many of them are there already, and what is climbed before."""
    options, trials = run.options, run.asked()
    there = sum(run.trial(*trial).result.exists() for trial in trials)
    known = f", {there} of them done before" if there else ""
    lines = [
        f"{counted(len(trials), 'training')}{known}: {_what(options, ordered(options))}, in {options.dtype}, "
        f"from {counted(len(options.seeds), 'seed')}."
    ]
    if options.agreement:
        asked = dict.fromkeys((ARBITER, *options.frameworks))
        climbed = [it for it in asked if any(registry.offers(it, name) for name in ordered(options))]
        if len(climbed) > 1:  # the reference alone agrees with nothing
            lines.append(f"Before that, the agreement of {', '.join(climbed)}, from seed {options.seeds[0]}.")
    _print(lines, run.folder, console)


def print_climbs_plan(
    options: Options, dtypes: Sequence[str], steps: int, folder: Path | None, console: Console
) -> None:
    """The climbs of `agree`."""
    climbs = len(options.autoencoders) * len(options.seeds) * len(dtypes)
    line = (
        f"{counted(climbs, 'climb')}: {_what(options, options.autoencoders)}, in {' and '.join(dtypes)}, "
        f"{counted(steps, 'step')}, from {counted(len(options.seeds), 'seed')}."
    )
    _print([line], folder, console)


def _what(options: Options, names: Sequence[str]) -> str:
    on = f"{data_read(options, names)}, schedule {options.schedule}, {options.device}"
    able = {framework for name in names for framework in registry.offering(name, options.frameworks)}
    return f"{', '.join(names)} in {', '.join(it for it in options.frameworks if it in able)} on {on}"


def _print(lines: Sequence[str], folder: Path | None, console: Console) -> None:
    where = "Nothing would be kept" if folder is None else f"It would be kept in {folder}"
    for line in (*lines, f"{where}. Nothing was begun."):
        console.print(line, markup=False)
