"""The table of quality: metric, unit, each framework, the difference, its uncertainty, the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from aebench.quality import Pair, Row, Values

WIDTH = 200  # characters that the table takes at most
COLOURS = {"equivalent": "green", "different": "red", "undecided": "yellow"}
EXPLANATION = (
    "quality: mean over the seeds ± half its 95 % confidence interval. difference: mean over the seeds, paired, with "
    "its 90 % interval. equivalent: the interval lies within the margin; different: wholly outside; else undecided. In "
    "brackets: how many seeds would show equivalence four times in five, at this spread, if there were no difference. "
    "Each verdict errs one time in twenty, so among many some will."
)


def print_quality(rows: Sequence[Row], console: Console) -> None:
    """Print every metric of every autoencoder, one line for each pair of frameworks."""
    table = Table(title="Quality", title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    frameworks = list(dict.fromkeys(name for row in rows for name in row.values))
    table.add_column("metric", no_wrap=True)
    table.add_column("unit")
    for column in (*frameworks, "difference", "90 % interval", "margin"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True, min_width=len("undecided (100)"))
    before = ""
    for row in rows:
        if row.autoencoder != before:
            before = row.autoencoder
            table.add_section()
            table.add_row(f"[bold]{before}[/bold]")
        values = [framework_cell(row.values.get(framework)) for framework in frameworks]
        for pair in row.pairs or (None,):
            table.add_row(row.metric, row.unit, *values, *_pair_cells(pair, coloured=True))
    console.print(table)
    console.print(EXPLANATION, style="dim")


def markdown(rows: Sequence[Row]) -> Iterable[str]:
    """The same table for a page, one line at a time; for one autoencoder's rows."""
    frameworks = list(dict.fromkeys(name for row in rows for name in row.values))
    yield f"| metric | unit | {' | '.join(frameworks)} | difference | 90 % interval | margin | verdict |"
    yield f"|---|---|{'---:|' * len(frameworks)}---:|---:|---:|---|"
    for row in rows:
        values = [framework_cell(row.values.get(framework)) for framework in frameworks]
        for pair in row.pairs or (None,):
            yield f"| {' | '.join([f'`{row.metric}`', row.unit, *values, *_pair_cells(pair)])} |"


def framework_cell(values: Values | None) -> str:
    """Mean and half its 95 % interval; which seeds gave no number."""
    if values is None:
        return "–"
    if values.invalid:
        return f"not a number: seed {', '.join(map(str, values.invalid))}"
    half = values.half_width
    return number(values.mean) if math.isinf(half) else f"{number(values.mean)} ± {half:.2g}"


def number(value: float) -> str:
    """Five significant digits."""
    return f"{value:.5g}"


def _pair_cells(pair: Pair | None, *, coloured: bool = False) -> tuple[str, str, str, str]:
    if pair is None:
        return "–", "–", "–", "not compared"
    e = pair.equivalence
    interval = "one seed" if e.n == 1 else f"{e.low:+.2g} … {e.high:+.2g}"
    # More seeds than are practical are no help; None: more than are searched for, or unknown with one seed.
    needed = "" if e.verdict != "undecided" or e.n == 1 else f" ({e.seeds_to_decide or 'over 10,000'})"
    said = f"[{COLOURS[e.verdict]}]{e.verdict}[/]" if coloured else e.verdict
    return f"{e.difference:+.2g}", interval, f"{e.margin:.2g}", said + needed
