"""`python -m benchmarks.verdicts`: how aebench, asv and pytest-benchmark judge one planted slow-down, and how soon.

Every tool gets the same commits of a clone: base, and heads whose workloads take longer by a known share, or do not.
They take turns, so that an hour in which the machine is slow falls to all alike. Each call is kept at once.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import click

from aebench.audit.counting import Count
from aebench.records.store import write_text

from .planted import ROOT, clone, planted
from .tools import FAILED, SLOWER, TOOLS, Settings, about, known, seconds_after

FILE = "verdicts.json"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--slower", multiple=True, type=click.FloatRange(0, 1), default=(0.0, 0.1), show_default=True,
              help="What is planted, as a share of a workload's time; 0: nothing.")  # fmt: skip
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Calls of each tool and share.")
@click.option("--tool", "tools", multiple=True, type=click.Choice(list(TOOLS)), default=tuple(TOOLS), show_default=True)
@click.option("--autoencoder", default="stacked", show_default=True)
@click.option("--framework", default="pytorch", show_default=True)
@click.option("--factor", type=click.FloatRange(0, 1, min_open=True), default=0.05, show_default=True,
              help="What asv and pytest-benchmark take for slower.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=6, show_default=True, help="Processes of a row, by asv.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path),
              default=Path("results/runs/verdicts"), show_default=True)  # fmt: skip
def main(
    slower: tuple[float, ...], repeats: int, tools: tuple[str, ...], autoencoder: str, framework: str, factor: float,
    rounds: int, output: Path,
) -> None:  # fmt: skip
    """Have three tools judge the same commits, and count what each says.

    Needs the extra `dev`, and what is committed: the working tree's changes take no part. A first call has asv make its
    environment (minutes). A second call with the same output does what is missing.

    \b
    Examples:
      python -m benchmarks.verdicts
      python -m benchmarks.verdicts --slower 0 --slower 0.1 --slower 0.2 --repeats 5
    """
    output = output.resolve()
    try:
        place, base = clone(ROOT, output / "clone")
        heads = {share: planted(place, base, share) for share in slower}
    except (OSError, ValueError) as error:
        raise click.ClickException(f"no commits can be made in {output / 'clone'}: {error}") from error
    settings = Settings(autoencoder, framework, factor, rounds)
    calls = (known(output / FILE, settings) or {"calls": []})["calls"]
    done = {(call["tool"], call["slower"], call["number"]) for call in calls}
    for number, share, tool in product(range(repeats), slower, tools):
        if (tool, share, number) not in done:
            folder = output / f"{tool}-{share:g}-{number}"
            shutil.rmtree(folder, ignore_errors=True)  # of a call that was broken off
            began = time.perf_counter()
            rows = TOOLS[tool](settings, place, base, heads[share], folder)
            seconds = time.perf_counter() - began
            if set(rows.values()) == {FAILED}:
                raise click.ClickException(f"{tool} judged nothing; what it said lies in {folder}")
            calls.append({"tool": tool, "slower": share, "number": number, "seconds": seconds,
                          "seconds_after": seconds_after(folder), "rows": rows})  # fmt: skip
            write_text(output / FILE, json.dumps({**about(settings, base), "calls": calls}, indent=2) + "\n")
            click.echo(f"{share:.0%} slower, {tool}: {seconds:.0f} s, {rows}", err=True)
    for line in summary(calls):
        click.echo(line)


def summary(calls: list[dict[str, Any]]) -> Iterator[str]:
    """A line of each tool and share: how many rows were called slower, and what a call took."""
    for tool, share in dict.fromkeys((call["tool"], call["slower"]) for call in calls):
        mine = [call for call in calls if (call["tool"], call["slower"]) == (tool, share)]
        words = [word for call in mine for word in call["rows"].values()]
        said = Count(words.count(SLOWER), len(words))
        low, high = said.interval()
        others = {word: words.count(word) for word in dict.fromkeys(words) if word != SLOWER}
        seconds = sorted(call["seconds"] for call in mine)
        decided = sorted(call["seconds"] - call["seconds_after"] for call in mine)
        yield (
            f"{tool}, {share:.0%} slower: {said.said} of {said.of} rows called slower ({low:.0%} to {high:.0%}), "
            f"others {others}; a call took {seconds[0]:.0f} to {seconds[-1]:.0f} s, the middle one "
            f"{seconds[len(seconds) // 2]:.0f}, and these rows were decided after {decided[0]:.0f} to "
            f"{decided[-1]:.0f} s"
        )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.verdicts")
