"""How well trainings end: metrics with intervals, differences in units of what is allowed, leaps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from aebench import registry
from aebench.quality.equivalence import Comparison as Equivalence
from aebench.quality.table import Row, Values, rows
from aebench.records.comparisons import Comparison
from aebench.records.fields import checked
from aebench.records.opened import Opened, Unreadable
from aebench.records.qualities import Quality, QualityRow
from aebench.report.comparison import metrics_table
from aebench.report.html import charts
from aebench.report.html.content import Block, Cell, Grid, Plot, Section, State, readable, words
from aebench.report.quality import EXPLANATION, framework_cell, named, pair_cells, sentence

COLOURS: dict[str, State] = {"equivalent": "good", "different": "bad", "undecided": "undecided", "worse": "bad"}
MARGINS = (-1.0, 0.0, 1.0)  # where the plot of differences has its lines
MOST_MARGINS = 10.0  # that it shows


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
        alt = f"{len(points)} differences between frameworks, 90 % intervals, in units of the margin; {sentence(found)}"
        caption = "An interval between the outer lines is equivalent; one beyond them is different."
        blocks.append(Plot("Differences between frameworks", alt, spec, caption))
    blocks.append(_metrics(source, found))
    yield Section(f"quality-{source.number}", source.name, sentence(found), blocks)


def _differences(row: Row) -> Iterator[dict[str, Any]]:
    """The differences of a metric that has a margin, over more than one seed."""
    for pair in row.pairs:
        found = pair.comparison
        if isinstance(found, Equivalence) and found.margin and found.deviation is not None:
            middle, low, high = (number / found.margin for number in (found.difference, found.low, found.high))
            name, who = f"{row.autoencoder}, {named(row)}", f"{pair.left} – {pair.right}"
            yield charts.point(name, who, pair.verdict, middle, (low, high), most=MOST_MARGINS)


def _metrics(source: Opened, found: Sequence[Row]) -> Grid:
    """A row for each metric and pair of frameworks."""
    frameworks = list(dict.fromkeys(name for row in found for name in row.values))
    columns = ("autoencoder", "metric", "verdict", *frameworks, "pair", "difference", "90 % interval", "margin", "unit")
    cells: list[list[Cell | str]] = []
    for row in found:
        values = [_value(row, framework) for framework in frameworks]
        for pair in row.pairs or (None,):
            difference, interval, margin, _, word = pair_cells(pair)
            whose = f"{pair.left} – {pair.right}" if pair else "–"
            verdict = Cell(word, None, COLOURS.get(pair.verdict, "plain") if pair else "plain")
            known = pair.comparison.difference if pair and isinstance(pair.comparison, Equivalence) else None
            apart = Cell(difference, known)
            cells.append([row.autoencoder, named(row), verdict, *values, whose, apart, interval, margin, row.unit])
    return Grid(f"metrics-{source.number}", "Every metric", columns, cells, EXPLANATION)


def _value(row: Row, framework: str) -> Cell:
    found = row.values.get(framework)
    if not isinstance(found, Values):
        return Cell(framework_cell(found))
    seeds = "; ".join(f"seed {seed}: {words(one, 5)}" for seed, one in found.by_seed.items())
    return Cell(framework_cell(found), None if math.isnan(found.mean) else found.mean, "plain", seeds)


def _compared(source: Opened) -> Iterator[Section]:
    """Base against head: differences in margins, and every metric."""
    found = checked(source.content, Comparison)
    if not found.quality:
        return
    points = [point for it in found.quality for row in it.rows for point in _moved(it, row)]
    said = ", ".join(f"{count} {verdict}" for verdict, count in Counter(it.verdict for it in found.quality).items())
    of = f"of {len(found.quality)} autoencoders {said}."
    table = metrics_table(found.quality)
    columns = [column.title for column in table.columns]
    rows_ = [[str(cell) for cell in row] for row in table.rows]
    blocks: list[Block] = [Grid(f"metrics-{source.number}", "Every metric", columns, rows_)]
    if points:
        spec = charts.intervals(points, "head less base, in margins", MARGINS)
        alt = f"{len(points)} differences between base and head, in units of the margin; {of}"
        blocks.insert(0, Plot("Head less base", alt, spec))
    yield Section(f"quality-{source.number}", source.name, of.capitalize(), blocks)


def _moved(it: Quality, row: QualityRow) -> Iterator[dict[str, Any]]:
    """A metric's difference in margins, with the limits that are known."""
    if row.margin and row.difference is not None:
        low, high = (math.nan if n is None else n / row.margin for n in (row.low, row.high))
        name, middle = f"{it.autoencoder}, {row.metric}", row.difference / row.margin
        yield charts.point(name, it.head, row.verdict, middle, (low, high), most=MOST_MARGINS)


def autoencoders(sources: Sequence[Opened | Unreadable]) -> list[str]:
    """Those that something was trained or climbed of."""
    names: list[str] = []
    for source in readable(sources, "run", "baseline", "agreements"):
        names += [row["autoencoder"] for part in ("trials", "agreements") for row in source.content.get(part, ())]
    for source in readable(sources, "comparison"):
        names += source.content["options"]["autoencoders"]
    for source in readable(sources, "bench"):
        names += [case["autoencoder"] for case in source.content["cases"]]
    return registry.in_order(names)
