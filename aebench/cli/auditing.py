"""`aebench audit`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from aebench.cli.exporting import EXPORT, leave_tables
from aebench.cli.options import (
    AUTOENCODERS,
    FRAMEWORKS,
    ONLY,
    OUTPUT,
    console,
    kept_in,
    on_data,
    rehearsed,
    time_limit,
    timing,
)

SEEDS_OF_TRAININGS = 12  # at most: what they do not decide stays undecided


@click.command()
@AUTOENCODERS
@FRAMEWORKS
@ONLY
@click.option(
    "--repeats", type=click.IntRange(1, 1000), default=10, show_default=True,
    help="How often each fault of speed and memory is planted; nothing is planted six times as often.",
)  # fmt: skip
@on_data
@time_limit("After so many minutes nothing more is planted.")
@rehearsed("what would be planted")
@click.option("--all", "everything", is_flag=True, help="Also name everything that was not caught.")
@timing
@OUTPUT
@EXPORT
def audit(
    autoencoders: tuple[str, ...], only: tuple[str, ...], repeats: int, time_limit: float | None, dry_run: bool,
    everything: bool, output: Path | None, **asked: Any,
) -> None:  # fmt: skip
    """Plant faults, and count how many are caught.

    In numbers: every fault of the ladder's. In trainings of `stacked`: another learning rate, initialiser, order, a
    worse error. In speed and memory: slow-downs of 3 to 20 %, a tenth more memory. And nothing at all, to count false
    alarms. Each is judged as `aebench compare` judges. Without names `linear` is timed. A second call with the same
    --output goes on, and may ask for more.

    \b
    Examples:
      aebench audit --only numbers
      aebench audit -f pytorch,reference --only speed,memory --repeats 10 -o results/audit
      aebench audit sparse -f tensorflow --time-limit 30
    """
    from aebench.audit.auditing import audit as carried_out
    from aebench.audit.auditing import planned
    from aebench.audit.counting import status
    from aebench.report.audit import print_audit
    from aebench.running.options import data_read, new_folder, rehearse

    plan = _asked(autoencoders, only, repeats, time_limit, asked)
    if dry_run:
        rehearse(plan.options)
        counts = ", ".join(f"{count} of {part}" for part, count in planned(plan).items())
        data = data_read(plan.options, plan.options.autoencoders)
        click.echo(f"Cases: {counts}; in {', '.join(plan.options.frameworks)}, on {data}. Nothing was begun.")
        return
    folder = output or new_folder("audit")
    with kept_in(folder) as bars:
        found = carried_out(plan, folder, bars)
    print_audit(found, console(), everything=everything)
    click.echo(f"\nResults: {folder / 'audit.json'}")
    leave_tables(folder / "audit.json")
    sys.exit(status(found.cases, complete=found.complete))


def _asked(
    autoencoders: tuple[str, ...], only: tuple[str, ...], repeats: int, seconds: float | None, asked: dict[str, Any]
) -> Any:
    """What the options ask for."""
    from aebench.audit.auditing import TRAINED, Asked
    from aebench.comparison.parts import require_parts
    from aebench.running.options import Options, with_defaults

    named = Options(autoencoders=autoencoders or ("linear", TRAINED), seeds=tuple(range(SEEDS_OF_TRAININGS)), **asked)
    return Asked(with_defaults(named, arbiter=False), autoencoders, require_parts(only), repeats, seconds)
