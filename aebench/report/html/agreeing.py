"""How closely subjects agree: heat maps by autoencoder and rung, of pairs of frameworks and of base and head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aebench import registry
from aebench.agreement.ladder import RUNGS
from aebench.comparison.findings import described, most
from aebench.records.comparisons import Comparison, Numbers
from aebench.records.fields import checked
from aebench.records.opened import Opened, Unreadable
from aebench.report.agreement import unjudged
from aebench.report.html import charts
from aebench.report.html.content import Block, Cell, Folded, Grid, Plot, Prose, Section, State, readable, shown, words

WORDS: dict[str, State] = {"identical": "good", "moved": "plain", "mended": "good", "parted": "bad", "failed": "bad"}


def section(sources: Sequence[Opened | Unreadable]) -> Section | None:
    """All that is known of numbers; None where nothing is."""
    found = [
        *(part for source in readable(sources, "run", "agreements") for part in _pairs(source)),
        *_versions(readable(sources, "comparison")),
    ]
    lead = (
        "Each framework climbs the same ladder, rung by rung, from the same parameters on the same images. Headroom is "
        "how many times as far apart two could be before they part."
    )
    return Section("agreement", "Agreement", lead, (), found) if found else None


def _pairs(source: Opened) -> Iterator[Section]:
    rows = source.content["agreements"]
    if not rows:
        return
    blocks: list[Block] = []
    for dtype in dict.fromkeys(row["dtype"] for row in rows):
        mine = [row for row in rows if row["dtype"] == dtype]
        cells = [cell for row in mine for cell in _cells(row)]
        spec = charts.headroom(cells, in_order([cell["rung"] for cell in cells]), names(mine))
        blocks.append(Plot(f"Headroom in {dtype}", _alt(mine, dtype), spec))
    judged = [found.sentence() for found in unjudged(rows)]
    blocks += [Folded("What rounding alone decides", [Prose(judged)])] if judged else []
    yield Section(f"agreement-{source.number}", source.name, "", blocks)


def _cells(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for rung in row["rungs"]:
        yield {
            "autoencoder": row["autoencoder"], "pair": pair(row), "rung": rung["rung"], "place": rung["place"],
            "headroom": shown(rung["headroom"]), "relative": shown(rung["relative"]), "bound": shown(rung["bound"]),
            "sensitivity": shown(rung.get("sensitivity")),
        }  # fmt: skip
    reached = [rung["rung"] for rung in row["rungs"]]
    if row["parting"] and reached and reached[-1] in RUNGS:
        for rung in RUNGS[RUNGS.index(reached[-1]) + 1 :]:
            yield {"autoencoder": row["autoencoder"], "pair": pair(row), "rung": rung, "headroom": None}


def pair(row: Mapping[str, Any]) -> str:
    """Whose agreement it is."""
    return f"{row['left']} – {row['right']}"


def names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The autoencoders of the rows, in the order of the registry."""
    return registry.in_order(row["autoencoder"] for row in rows)


def in_order(rungs: Sequence[str]) -> list[str]:
    """The rungs as they are climbed, each once."""
    known = [rung for rung in RUNGS if rung in rungs]
    return [*known, *dict.fromkeys(rung for rung in rungs if rung not in known)]


def _alt(rows: Sequence[Mapping[str, Any]], dtype: str) -> str:
    """The heat map in a sentence."""
    every = [(float(rung["headroom"]), row, rung) for row in rows for rung in row["rungs"]]
    parted = sum(row["parting"] is not None for row in rows)
    many, part = ("" if len(names(rows)) == 1 else "s"), (" parts" if parted < 2 else "s part")
    begun = f"Heat map of {len(names(rows))} autoencoder{many} by rung in {dtype}: {parted or 'no'} pair{part}"
    if not every:
        return f"{begun}."
    least, row, rung = min(every, key=lambda it: it[0])
    return f"{begun}; the least headroom is ×{words(least)} at {row['autoencoder']}, {rung['rung']}, {pair(row)}."


def _versions(sources: Sequence[Opened]) -> Iterator[Section]:
    """What moved between base and head: a heat map for each base and dtype, a panel for each head."""
    found = {source.number: checked(source.content, Comparison) for source in sources}
    compared = {number: it for number, it in found.items() if it.numbers}
    for base in dict.fromkeys(it.base.name for it in compared.values()):
        mine = {number: it for number, it in compared.items() if it.base.name == base}
        blocks: list[Block] = []
        for dtype in dict.fromkeys(row.dtype for it in mine.values() for row in it.numbers):
            rows = [(it.head.name, row) for it in mine.values() for row in it.numbers if row.dtype == dtype]
            cells = [cell for head, row in rows for cell in _moved(head, row)]
            if cells:
                order = in_order([cell["rung"] for cell in cells])
                spec = charts.moved(cells, order, registry.in_order(row.autoencoder for _, row in rows))
                blocks.append(Plot(f"What moved from {base} in {dtype}", _alt_moved(base, rows), spec))
        grids = [_climbs(number, it) for number, it in mine.items()]
        yield Section(f"moved-{min(mine)}", f"Against {base}", "", [*blocks, Folded("Every climb", grids)])


def _moved(head: str, row: Numbers) -> Iterator[dict[str, Any]]:
    for rung in row.rungs:
        yield {
            "autoencoder": row.autoencoder, "head": f"{head}, {row.framework}", "rung": rung.rung,
            "verdict": rung.verdict, "share": shown(rung.share), "relative": shown(rung.relative),
            "moved": f"{rung.moved} of {rung.arrays}", "place": rung.place,
        }  # fmt: skip


def _alt_moved(base: str, rows: Sequence[tuple[str, Numbers]]) -> str:
    said = ", ".join(f"{count} {verdict}" for verdict, count in Counter(row.verdict for _, row in rows).items())
    return f"Heat map by autoencoder and rung of what moved from {base}: of {len(rows)} climbs {said}."


def _climbs(number: int, found: Comparison) -> Grid:
    columns = ("autoencoder", "framework", "dtype", "verdict", "most", "of the bound")
    rows = []
    for row in found.numbers:
        share = max((float(rung.share) for rung in row.rungs), default=None)
        where = f"{most(row).rung}: {described(most(row))}" if row.rungs and row.verdict != "identical" else ""
        verdict = Cell(row.verdict, None, WORDS.get(row.verdict, "undone"), row.parting or "")
        rows.append((row.autoencoder, row.framework, row.dtype, verdict, where, Cell(words(share), share)))
    return Grid(f"climbs-{number}", f"{found.base.name} → {found.head.name}", columns, rows)
