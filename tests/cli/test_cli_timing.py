"""What every command that measures takes besides: cores for it, and how long a process may say nothing."""

from __future__ import annotations

import os

import click
import pytest
from click.testing import CliRunner

from aebench.cli import main
from aebench.cli.options import timing
from aebench.processes import worker
from aebench.records import machine

MEASURING = ("agree", "audit", "bench", "calibrate", "compare", "gate", "run", "scale")


@pytest.mark.parametrize("name", MEASURING)
def test_what_measures_takes_cores_and_patience(name: str) -> None:
    """The same two options in every command that measures in processes of its own, and in no other."""
    having = {it for it, command in main.commands.items() if any(p.name == "affinity" for p in command.params)}
    assert set(MEASURING) == having
    assert any(parameter.name == "timeout" for parameter in main.commands[name].params)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system lets no process choose its cores")
def test_it_measures_on_the_cores_that_were_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """On these alone, which the conditions count; a core that is not there is said to be none."""
    before = os.sched_getaffinity(0)

    @click.command()
    @timing
    def counting() -> None:
        click.echo(f"{sorted(os.sched_getaffinity(0))}, {machine.cores()}")

    try:
        measured = CliRunner().invoke(counting, ["--affinity", str(max(before))])
        refused = CliRunner().invoke(counting, ["--affinity", f"{max(before)},4095"])
    finally:
        os.sched_setaffinity(0, before)
    assert f"[{max(before)}], 1\n" == measured.output
    assert (2, True) == (refused.exit_code, "core 4095 is none of those that this process may use" in refused.output)


def test_a_silent_process_is_ended_after_as_many_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes on the command line, seconds to whoever waits; without the option it stays as it is."""
    monkeypatch.setattr(worker, "SILENCE_SECONDS", 900.0)

    @click.command()
    @timing
    def waiting() -> None:
        click.echo(worker.SILENCE_SECONDS)

    said = [CliRunner().invoke(waiting, words).output for words in ([], ["--timeout", "0.5"])]
    assert ["900.0\n", "30.0\n"] == said
