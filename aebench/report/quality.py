"""The table of quality: metric, unit, each framework, the difference, its uncertainty, the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from aebench.quality.equivalence import MOST_SEEDS
from aebench.quality.table import Pair, Row, Values

WIDTH = 220  # characters that the table takes at most
COLOURS = {"equivalent": "green", "different": "red", "undecided": "yellow"}
COMPARED = ("difference", "90 % interval", "margin", "seeds to see")
EXPLANATION = (
    "quality: mean over the seeds ± half its 95 % confidence interval. difference: the left framework's less the right "
    "one's, paired by seed, mean with its 90 % interval. seeds to see: so many are needed, at this spread, to see a "
    "difference as large as the margin four times in five. equivalent: the interval lies within the margin; different: "
    "wholly outside; else undecided. In brackets: how many seeds would show equivalence four times in five, at this "
    "spread, if there were no difference. Each verdict errs one time in twenty, so among many some will."
)


def print_quality(rows: Sequence[Row], console: Console) -> None:
    """Print every metric of every autoencoder, and below it a line for each pair where there are several."""
    table = Table(title="Quality", title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    frameworks = list(dict.fromkeys(name for row in rows for name in row.values))
    table.add_column("metric", no_wrap=True)
    table.add_column("unit", min_width=len("intensity"))
    for column in (*frameworks, *COMPARED):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True, min_width=len("undecided (100)"))
    several, before = _several(rows), ""
    for row in rows:
        if row.autoencoder != before:
            before = row.autoencoder
            table.add_section()
            table.add_row(f"[bold]{before}[/bold]")
        first = row.metric, row.unit, *(framework_cell(row.values.get(framework)) for framework in frameworks)
        if not (several and row.pairs):
            table.add_row(*first, *_pair_cells(row.pairs[0] if row.pairs else None, coloured=True))
            continue
        table.add_row(*first)
        for pair in row.pairs:
            table.add_row(f"  {_named(pair)}", *[""] * (1 + len(frameworks)), *_pair_cells(pair, coloured=True))
    console.print(table)
    console.print(EXPLANATION, style="dim")


def markdown(rows: Sequence[Row]) -> Iterable[str]:
    """The same table for a page, one line at a time; for one autoencoder's rows."""
    frameworks = list(dict.fromkeys(name for row in rows for name in row.values))
    several = _several(rows)
    columns = ["metric", "unit", *frameworks, *(["pair"] if several else []), *COMPARED, "verdict"]
    right = {*frameworks, *COMPARED}
    yield f"| {' | '.join(columns)} |"
    yield f"|{'|'.join('---:' if column in right else '---' for column in columns)}|"
    for row in rows:
        values = [framework_cell(row.values.get(framework)) for framework in frameworks]
        for pair in row.pairs or (None,):
            named = [_named(pair)] if several else []
            yield f"| {' | '.join([f'`{row.metric}`', row.unit, *values, *named, *_pair_cells(pair)])} |"


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


def _several(rows: Sequence[Row]) -> bool:
    """Whether lines are about different pairs of frameworks, so that each must name its own."""
    return len({(pair.left, pair.right) for row in rows for pair in row.pairs}) > 1


def _named(pair: Pair | None) -> str:
    return f"{pair.left} – {pair.right}" if pair else "–"


def _pair_cells(pair: Pair | None, *, coloured: bool = False) -> Iterable[str]:
    if pair is None:
        yield from (*("–" for _ in COMPARED), "not compared")
        return
    e = pair.equivalence
    yield f"{e.difference:+.2g}"
    yield "one seed" if e.n == 1 else f"{e.low:+.2g} … {e.high:+.2g}"
    yield f"{e.margin:.2g}"
    # None: more than are searched for, or unknown with one seed.
    yield "–" if e.n == 1 else _seeds(e.seeds_to_see)
    needed = f" ({_seeds(e.seeds_to_decide)})" if e.verdict == "undecided" and e.n > 1 else ""
    yield (f"[{COLOURS[e.verdict]}]{e.verdict}[/]" if coloured else e.verdict) + needed


def _seeds(number: int | None) -> str:
    return f"over {MOST_SEEDS:,}" if number is None else f"{number:,}"
