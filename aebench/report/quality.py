"""What is said of quality: the verdict, what differs, and the table of metric, frameworks, difference and margin."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from aebench.counted import counted
from aebench.quality.equivalence import MOST_SEEDS, SEEN, Comparison
from aebench.quality.leaps import FACTOR, Leaps, Shares
from aebench.quality.table import Pair, Row, Values, Verdict
from aebench.report.tables import Column, Table

WIDTH = 200  # characters that the table takes where there is no terminal
COLOURS: dict[Verdict, str] = {"equivalent": "green", "different": "red", "undecided": "yellow", "no margin": "default"}
COMPARED = ("difference", "90 % interval", "margin", "seeds to see")
EXPLANATION = (
    "quality: mean over the seeds ± half its 95 % confidence interval, without trainings that leapt. leaps: trainings "
    f"whose error after an epoch exceeds {FACTOR:g} times the smallest before, with the exact 95 % interval of their "
    "share. difference: the left framework less the right one, paired by seed, mean with its 90 % interval; in % of "
    "each pair's mean where the margin is. equivalent: the interval lies within the margin; a claim that errs at most "
    "one time in twenty. different: beyond the margin, or leaps more often; without cause there is any such verdict in "
    "at most one call in twenty (Holm). undecided: neither is shown; in brackets how many seeds would show equivalence "
    f"four times in five if there were no difference. seeds to see: so many would show a difference of {SEEN:g} "
    "margins as often, at this spread and among as many comparisons. All of it for differences that are about normal."
)


def print_quality(rows: Sequence[Row], console: Console) -> None:
    """The verdict, what differs, and a table for each autoencoder; a line for each pair where there are several."""
    console.print(Text(sentence(rows), "bold"))
    for line in differences(rows):
        console.print(Text(line, COLOURS["different"]))
    for line in mixed(rows):
        console.print(Text(line, COLOURS["undecided"]))
    for table in tables(rows):
        console.print()
        table.print(console)
    console.print(Text(EXPLANATION, "dim"))


def tables(rows: Sequence[Row]) -> Iterator[Table]:
    """A table for each autoencoder, a row for each of its metrics."""
    several = _several(rows)
    for name, found in groupby(rows, key=lambda row: row.autoencoder):
        yield _table(name, list(found), several=several)


def sentence(rows: Sequence[Row]) -> str:
    """What is different, equivalent and undecided, over how many seeds, in one sentence."""
    frameworks = list(dict.fromkeys(name for row in rows for name in row.values))
    of = f"Quality of {_joined(frameworks)}" if frameworks else "Quality"
    pairs = [pair for row in rows for pair in row.pairs]
    if not pairs:
        return f"{of}: nothing to compare."
    counts = Counter(pair.verdict for pair in pairs)
    seeds = sorted({pair.comparison.n for pair in pairs})
    over = counted(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    found = [f"{counts[verdict] or 'none'} {verdict}" for verdict in ("different", "equivalent", "undecided")]
    found += [f"{counts['no margin']} without a margin"] if counts["no margin"] else []
    compared = counted(len(pairs), "comparison")
    return f"{of} over {over}, {compared}: {', '.join(found)}. {leapt(rows)}".rstrip()


def leapt(rows: Sequence[Row]) -> str:
    """How many trainings leapt, as a sentence; empty where none did."""
    found = [(row.autoencoder, values) for row in rows for values in row.values.values() if isinstance(values, Leaps)]
    names = ", ".join(dict.fromkeys(name for name, values in found if values.count))
    some, of = sum(values.count for _, values in found), sum(len(values.by_seed) for _, values in found)
    return f"{some} of {of} trainings of {names} leapt." if some else ""


def differences(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each comparison whose verdict is "different": both values and the difference."""
    for row in rows:
        for pair in (pair for pair in row.pairs if pair.verdict == "different"):
            values = ", ".join(f"{name} {framework_cell(row.values[name])}" for name in (pair.left, pair.right))
            difference, interval, margin, _, verdict = pair_cells(pair)
            apart = f": {difference} ({interval}), margin {margin}" if isinstance(pair.comparison, Comparison) else ""
            yield f"{row.autoencoder}, {named(row)}: {values}{apart}: {verdict}"


def mixed(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each metric whose values come from different versions of its formula."""
    for (autoencoder, metric), found in groupby(rows, key=lambda row: (row.autoencoder, row.metric)):
        versions = {row.version: [name for name, values in row.values.items() if _has(values)] for row in found}
        if len(versions) > 1:
            by = "; ".join(f"version {version} in {', '.join(names)}" for version, names in versions.items())
            yield f"{autoencoder}, {metric}: not compared between formulas ({by}); train again with one aebench"


def named(row: Row) -> str:
    """The metric, with the version of its formula after the first."""
    return row.metric if row.version == 1 else f"{row.metric} (formula {row.version})"


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
            of = [_named(pair)] if several else []
            yield f"| {' | '.join([f'`{named(row)}`', row.unit, *values, *of, *pair_cells(pair)])} |"


def framework_cell(values: Values | Leaps | None) -> str:
    """Mean and half its 95 % interval, and of how many trainings; which seeds gave no number; how many leapt."""
    if isinstance(values, Leaps):
        low, high = values.interval
        return f"{values.count} of {len(values.by_seed)} ({100 * low:.0f} to {100 * high:.0f} %)"
    if values is None or not _has(values):
        return "–"
    if values.invalid:
        return f"not a number: seed {', '.join(map(str, values.invalid))}"
    if not values.by_seed:
        return "all leapt"
    half = values.half_width
    left = f" ({counted(len(values.by_seed), 'seed')})" if values.leapt else ""
    return (number(values.mean) if math.isinf(half) else f"{number(values.mean)} ± {half:.2g}") + left


def number(value: float) -> str:
    """Five significant digits."""
    return f"{value:.5g}"


def _table(name: str, rows: Sequence[Row], *, several: bool) -> Table:
    frameworks = list(dict.fromkeys(name for row in rows for name in row.values))
    columns = [Column("metric"), Column("unit", wraps=True)]
    columns += [Column(column, right=True) for column in (*frameworks, *COMPARED)]
    table = Table(name, [*columns, Column("verdict")])
    for row in rows:
        first = named(row), row.unit, *(framework_cell(row.values.get(framework)) for framework in frameworks)
        if not (several and row.pairs):
            table.add(*first, *_coloured(row.pairs[0] if row.pairs else None))
            continue
        table.add(*first)
        for pair in row.pairs:
            table.add(f"  {_named(pair)}", *[""] * (1 + len(frameworks)), *_coloured(pair))
    return table


def _coloured(pair: Pair | None) -> list[str | Text]:
    *cells, verdict = pair_cells(pair)
    return [*cells, Text(verdict, COLOURS[pair.verdict] if pair else "")]


def _several(rows: Sequence[Row]) -> bool:
    """Whether lines are about different pairs of frameworks, so that each must name its own."""
    return len({(pair.left, pair.right) for row in rows for pair in row.pairs}) > 1


def _named(pair: Pair | None) -> str:
    return f"{pair.left} – {pair.right}" if pair else "–"


def pair_cells(pair: Pair | None) -> list[str]:
    """Difference, interval, margin, seeds to see and verdict of a pair, as a table shows them."""
    if pair is None:
        return [*("–" for _ in COMPARED), "not compared"]
    found = pair.comparison
    verdict = f"different (p {pair.p:.1g})" if pair.verdict == "different" else pair.verdict
    if isinstance(found, Shares):
        return [f"{100 * (found.left - found.right) / found.n:+.0f} %", "–", "–", "–", verdict]
    scale, unit = (100, " %") if found.relative else (1, "")
    interval = f"{scale * found.low:+.2g} … {scale * found.high:+.2g}{unit}"
    unknown = "one seed" if found.n == 1 else "spread unknown"
    if pair.verdict == "undecided" and found.deviation is not None:
        verdict += f" ({_seeds(found.seeds_to_decide)})"
    return [
        f"{scale * found.difference:+.2g}{unit}",
        unknown if found.deviation is None else interval,
        "–" if found.margin is None else f"{scale * found.margin:.2g}{unit}",
        # None: more than are searched for, or unknown without a spread.
        "–" if found.deviation is None or found.margin is None else _seeds(pair.seeds_to_see),
        verdict,
    ]


def _seeds(number: int | None) -> str:
    return f"over {MOST_SEEDS:,}" if number is None else f"{number:,}"


def _has(values: Values | Leaps) -> bool:
    return isinstance(values, Leaps) or bool(values.by_seed or values.invalid or values.leapt)


def _joined(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
