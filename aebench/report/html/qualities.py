"""How well trainings end: metrics with intervals, differences in units of what is allowed, leaps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from aebench.quality.equivalence import Comparison as Equivalence
from aebench.quality.table import Row, Values, rows
from aebench.records.comparisons import Comparison
from aebench.records.fields import checked
from aebench.records.opened import Opened, Unreadable
from aebench.report.comparison import metrics_table
from aebench.report.html import charts
from aebench.report.html.agreeing import shown
from aebench.report.html.content import Block, Cell, Grid, Plot, Section, State, readable, words
from aebench.report.html.order import autoencoders_in_order
from aebench.report.quality import EXPLANATION, framework_cell, named, pair_cells, sentence

COLOURS: dict[str, State] = {"equivalent": "good", "different": "bad", "undecided": "undecided", "worse": "bad"}
MARGINS = (-1.0, 0.0, 1.0)  # where the plot of differences has its lines


def section(sources: Sequence[Opened | Unreadable]) -> Section | None:
    """All that is known of quality; None where nothing is."""
    found = [
        *(part for source in readable(sources, "run", "baseline") for part in _trained(source)),
        *(part for source in readable(sources, "comparison") for part in _compared(source)),
    ]
    lead = (
        "Metrics are computed by the harness, in float64, alike for all. The end of a training is chaotic in float32, "
        "so two frameworks are compared over seeds, within a margin that is stated."
    )
    return Section("quality", "Quality", lead, (), found) if found else None


def _trained(source: Opened) -> Iterator[Section]:
    found = rows(source.content["trials"])
    if not found:
        return
    blocks: list[Block] = []
    if points := [point for row in found for point in _differences(row)]:
        spec = charts.intervals(points, "difference, in margins", MARGINS)
        alt = f"{len(points)} differences between frameworks with 90 % intervals, in units of the margin; {sentence(found)}"
        caption = "An interval between the outer lines is equivalent; one beyond them is different."
        blocks.append(Plot("Differences between frameworks", alt, spec, caption))
    blocks.append(_metrics(source, found))
    yield Section(f"quality-{source.name}", source.name, sentence(found), blocks)


def _differences(row: Row) -> Iterator[dict[str, object]]:
    """The differences of a metric that has a margin, over more than one seed."""
    for pair in row.pairs:
        found = pair.comparison
        if isinstance(found, Equivalence) and found.margin and found.deviation is not None:
            low, value, high = (number / found.margin for number in (found.low, found.difference, found.high))
            yield {
                "name": f"{row.autoencoder}, {named(row)}", "subject": f"{pair.left} – {pair.right}",
                "value": shown(value), "low": shown(max(low, -10.0)), "high": shown(min(high, 10.0)), "each": [],
                "verdict": pair.verdict,
            }  # fmt: skip


def _metrics(source: Opened, found: Sequence[Row]) -> Grid:
    """A row for each metric and pair of frameworks."""
    frameworks = list(dict.fromkeys(name for row in found for name in row.values))
    columns = ("autoencoder", "metric", "unit", *frameworks, "pair", "difference", "90 % interval", "margin", "verdict")
    cells = []
    for row in found:
        values = [_value(row, framework) for framework in frameworks]
        for pair in row.pairs or (None,):
            difference, interval, margin, _, verdict = pair_cells(pair)
            whose = f"{pair.left} – {pair.right}" if pair else "–"
            state = COLOURS.get(pair.verdict, "plain") if pair else "plain"
            cells.append((row.autoencoder, named(row), row.unit, *values, whose, difference, interval, margin,
                          Cell(verdict, None, state)))  # fmt: skip
    return Grid(f"metrics-{source.name}", "Every metric", columns, cells, EXPLANATION)


def _value(row: Row, framework: str) -> Cell:
    found = row.values.get(framework)
    value = found.mean if isinstance(found, Values) and not math.isnan(found.mean) else None
    seeds = "; ".join(f"seed {seed}: {words(one, 5)}" for seed, one in found.by_seed.items()) if isinstance(found, Values) else ""
    return Cell(framework_cell(found), value, "plain", seeds)


def _compared(source: Opened) -> Iterator[Section]:
    """Base against head: differences in margins, and every metric."""
    found = checked(source.content, Comparison)
    if not found.quality:
        return
    points = []
    for it in found.quality:
        for row in it.rows:
            if row.margin and row.difference is not None:
                value, low, high = (None if n is None else shown(max(-10.0, min(n / row.margin, 10.0)))
                                    for n in (row.difference, row.low, row.high))  # fmt: skip
                points.append({"name": f"{it.autoencoder}, {row.metric}", "subject": it.head, "value": value, "low": low,
                               "high": high, "each": [], "verdict": row.verdict})  # fmt: skip
    counts = {verdict: sum(it.verdict == verdict for it in found.quality) for verdict in dict.fromkeys(it.verdict for it in found.quality)}
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    spec = charts.intervals(points, "head less base, in margins", MARGINS)
    alt = f"{len(points)} differences between base and head, in units of the margin; of {len(found.quality)} autoencoders {said}."
    table = metrics_table(found.quality)
    columns = [column.title for column in table.columns]
    grid = Grid(f"metrics-{source.name}", "Every metric", columns, [[str(cell) for cell in row] for row in table.rows])
    blocks: list[Block] = [*([Plot("Head less base", alt, spec)] if points else []), grid]
    yield Section(f"quality-{source.name}", source.name, f"Of {len(found.quality)} autoencoders {said}.", blocks)


def autoencoders(sources: Sequence[Opened | Unreadable]) -> list[str]:
    """Those that something was trained or climbed of."""
    names: list[str | None] = []
    for source in readable(sources, "run", "baseline", "agreements"):
        names += [row["autoencoder"] for part in ("trials", "agreements") for row in source.content.get(part, ())]
    for source in readable(sources, "comparison"):
        names += source.content["options"]["autoencoders"]
    for source in readable(sources, "bench"):
        names += [case["autoencoder"] for case in source.content["cases"]]
    return autoencoders_in_order(names)
