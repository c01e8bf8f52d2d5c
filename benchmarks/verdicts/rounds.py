"""`python -m benchmarks.verdicts.rounds`: how many rounds `asv continuous` needs to err as rarely as `aebench compare`.

asv times the same code as base and as head, round by round in turn, once and for many rounds. Calls with fewer rounds
are then drawn from these: a share is planted by multiplication, and asv's own functions judge each. So its rates of
error are known to a tenth of a per cent after minutes, where as many real calls would take weeks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from asv.commands.compare import _is_result_better
from asv.results import Results
from asv_runner.statistics import compute_stats

from aebench.arrays import Array
from aebench.records.store import write_text
from aebench.streams import stream

from .planted import ROOT, clone, planted
from .tools import ASV_ROWS, FAILED, TOOLS, Settings, about, known

FILE = "rounds.json"
DRAWN = 1_000  # calls
COUNTS = (2, 3, 4, 6, 8, 10, 12, 16, 20)  # rounds of these calls
# How rarely `aebench compare` errs: an equal head is called slower, one that is slower is not.
FALSE_ALARMS, MISSES = 0.01, 0.05


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--rounds", type=click.IntRange(2 * max(COUNTS)), default=2 * max(COUNTS), show_default=True,
              help="Rounds that asv times, from which calls with fewer are drawn.")  # fmt: skip
@click.option("--slower", type=click.FloatRange(0, 1, min_open=True), default=0.1, show_default=True,
              help="What is planted, as a share of a row's time.")  # fmt: skip
@click.option("--autoencoder", default="stacked", show_default=True)
@click.option("--framework", default="pytorch", show_default=True)
@click.option("--factor", type=click.FloatRange(0, 1, min_open=True), default=0.05, show_default=True,
              help="What asv takes for slower.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path),
              default=Path("results/runs/verdicts"), show_default=True)  # fmt: skip
def main(rounds: int, slower: float, autoencoder: str, framework: str, factor: float, output: Path) -> None:
    """Say how often asv errs with how many rounds, and what a call of so many takes.

    Needs the extra `dev`. A second call with the same output draws from the rounds that are there.

    \b
    Examples:
      python -m benchmarks.verdicts.rounds
      python -m benchmarks.verdicts.rounds --rounds 60 --slower 0.05 --factor 0.025
    """
    output = output.resolve()
    settings = Settings(autoencoder, framework, factor, rounds)
    found = known(output / FILE, settings)
    if found is None:
        found = _timed(settings, output)
        write_text(output / FILE, json.dumps(found, indent=2) + "\n")
    for line in summary(found, slower, factor):
        click.echo(line)


def _timed(settings: Settings, output: Path) -> dict[str, Any]:
    """Let asv time base and a head that is equal to it; the samples of each row by round, and what a round takes."""
    place, base = clone(ROOT, output / "clone")
    head = planted(place, base, 0.0)
    short, took = Settings(settings.autoencoder, settings.framework, settings.factor, min(COUNTS)), []
    for asked in (short, short, settings):  # in the first one asv makes its environment
        began = time.perf_counter()
        rows = TOOLS["asv"](asked, place, base, head, output / f"rounds-{asked.rounds}")
        took.append(time.perf_counter() - began)
        if FAILED in rows.values():
            raise click.ClickException(f"asv failed; what it said lies in {output / f'rounds-{asked.rounds}'}")
    _, fewest, most = took
    a_round = (most - fewest) / (settings.rounds - short.rounds)
    samples = {
        row: [_samples(place, commit, name, settings.rounds) for commit in (base, head)]
        for row, name in ASV_ROWS.items()
    }
    seconds = {"before": fewest - short.rounds * a_round, "a round": a_round}
    return {**about(settings, base), "seconds": seconds, "samples": samples}


def _samples(place: Path, commit: str, name: str, rounds: int) -> list[list[float]]:
    """A row's samples in seconds, by round; each is a process of its own."""
    (path,) = (place / ".asv" / "results").glob(f"*/{commit[:8]}-*.json")
    found = Results.load(str(path))
    (key,) = (key for key in found.get_all_result_keys() if key.startswith(name))
    (of_all,) = (it for it in found.get_result_samples(key, found.get_result_params(key)) if it is not None)
    return np.reshape(of_all, (rounds, -1)).tolist()  # type: ignore[no-any-return]


def summary(found: Mapping[str, Any], slower: float, factor: float) -> Iterator[str]:
    """A line for each number of rounds: how often each row errs, and what a call takes; and which is the first that
    errs as rarely as `aebench compare`."""
    enough = None
    for count in COUNTS:
        took = found["seconds"]["before"] + count * found["seconds"]["a round"]
        errors = {row: _errors(sides, count, slower, factor) for row, sides in found["samples"].items()}
        said = "; ".join(f"{row} {false:.1%} and {missed:.1%}" for row, (false, missed) in errors.items())
        yield f"{count} rounds, {took:.0f} s: called slower without cause, and missed: {said}"
        if enough is None and all(false <= FALSE_ALARMS and missed <= MISSES for false, missed in errors.values()):
            enough = f"{count} rounds, {took:.0f} s"
    rates = f"at most {FALSE_ALARMS:.0%} false alarms and {MISSES:.0%} misses"
    yield f"{enough or 'No number of rounds that was tried'}: the first with {rates} in each row"


def _errors(sides: Sequence[Array], count: int, slower: float, factor: float) -> tuple[float, float]:
    """Of calls with so many rounds the share of false alarms and of misses. sides: base's and head's (rounds, n)
    samples, which are of equal code."""
    draws, both = stream(0, "benchmarks/verdicts/rounds"), np.asarray(sides)
    wrong = np.zeros(2)
    for _ in range(DRAWN):
        chosen = draws.permutation(both.shape[1])[:count]
        base, head = both[:: 1 if draws.uniform((1,))[0] < 0.5 else -1, chosen]
        wrong += called_slower(base, head, factor), not called_slower(base, (1.0 + slower) * head, factor)
    return tuple(wrong / DRAWN)


def called_slower(base: Array, head: Array, factor: float) -> bool:
    """What asv says of two sides' samples, by its own functions."""
    values, known = [], []
    for samples in (base.ravel().tolist(), head.ravel().tolist()):
        value, stats = compute_stats(samples, 1)
        values.append(value)
        known.append((stats, samples))
    return bool(_is_result_better(*values, *known, 1.0 + factor))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.verdicts.rounds")
