"""How fast, and how much memory: base against head block by block, shares of the ceiling, cost by size, trainings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import structs

from aebench.comparison.findings import blocks_of, in_words, speed_weight, speeds, thresholds
from aebench.comparison.speed import Row
from aebench.comparison.verdicts import Verdict
from aebench.records.comparisons import Comparison, Sides
from aebench.records.fields import checked
from aebench.records.measurements import Bench, Case
from aebench.records.opened import Opened, Unreadable
from aebench.report.html import charts
from aebench.report.html.content import STATES, Block, Cell, Grid, Plot, Section, readable, shown, words
from aebench.report.speed import EXPLANATION, title
from aebench.speed import shares
from aebench.speed.ratios import ratios
from aebench.speed.shares import CEILING, Interval, Key

MOST_RATIO = 4.0  # of head over base that a plot shows


def section(sources: Sequence[Opened | Unreadable]) -> Section | None:
    """All that is known of speed and memory; None where nothing is."""
    found = [
        *(part for source in readable(sources, "comparison") for part in _compared(source)),
        *(_timed(source) for source in readable(sources, "bench")),
        *(part for source in readable(sources, "scale") for part in _sizes(source)),
        *(part for source in readable(sources, "run", "baseline") for part in _trained(source)),
    ]
    lead = (
        "A block is a fresh process of each subject, warmed, then timed in turn; it gives one number. What a block of "
        "rounds says of one process is no measure of how processes differ."
    )
    return Section("speed", "Speed and memory", lead, (), found) if found else None


def _compared(source: Opened) -> Iterator[Section]:
    """Head over base: the limits that decided, every block a dot; and each row's verdict."""
    found = checked(source.content, Comparison)
    decided = [(sides, row, verdict) for sides in found.pairs for row, verdict in speeds(found, sides).items()]
    if not found.blocks or not decided:
        return
    points = [
        charts.point(
            ", ".join(filter(None, (row.autoencoder, row.measure))), sides.framework, verdict.word, verdict.ratio,
            (verdict.low, verdict.high), map(math.exp, _blocks(found, sides, row)), MOST_RATIO,
        )
        for sides, row, verdict in decided if math.isfinite(verdict.ratio)
    ]  # fmt: skip
    asked = thresholds(found)
    marks = (1.0, 1.0 + asked.tolerated, 1.0 + asked.intolerable)
    alt = f"{len(points)} rows of speed and memory, head over base, with the limits that decided; each block is a dot."
    caption = f"Dashed: as fast; {asked.tolerated:.0%} slower, which is tolerated; {asked.intolerable:.0%} slower."
    columns = ("autoencoder", "framework", "measure", "verdict", "head over base", "from", "to", "blocks")
    grid = Grid(f"speed-rows-{source.number}", "Head over base", columns, [_decided(*each) for each in decided])
    plot = Plot("Head over base", alt, charts.intervals(points, "head over base", marks), caption)
    yield Section(f"speed-{source.number}", source.name, "", [plot, grid])


def _decided(sides: Sides, row: Row, verdict: Verdict) -> list[Cell | str]:
    weight = speed_weight(verdict)
    said = Cell(verdict.word, None, "good" if weight is None else STATES[weight], in_words(verdict))
    numbers = [Cell(f"{n:.3f}", n) if math.isfinite(n) else "–" for n in (verdict.ratio, verdict.low, verdict.high)]
    return [
        row.autoencoder or "",
        sides.framework,
        row.measure,
        said,
        *numbers,
        Cell(str(verdict.blocks), verdict.blocks),
    ]


def _blocks(found: Comparison, sides: Sides, row: Row) -> Iterator[float]:
    """The log ratio of every block that has the row."""
    for block in blocks_of(found, sides):
        known = {} if block.control or row.autoencoder not in (None, block.autoencoder) else ratios(block)
        if row.measure in known:
            yield known[row.measure]


def _timed(source: Opened) -> Section:
    """Shares of the ceiling with intervals, every block a dot; and what each took."""
    found = checked(source.content, Bench)
    points = [point for case in found.cases for point in _shares(case)]
    columns = ("case", "subject", "ms per 1,000 images", "from", "to", "of the ceiling", "memory, MiB")
    rows = [_row(case, key) for case in found.cases for key in shares.compared(case)]
    blocks: list[Block] = []
    if points:
        alt = f"Shares of the ceiling of {len(points)} subjects and cases, 95 % intervals; each block is a dot."
        blocks.append(Plot("Share of the ceiling", alt, charts.intervals(points, "share of the ceiling", (1.0,))))
    blocks.append(Grid(f"bench-{source.number}", "What was timed", columns, rows, EXPLANATION))
    return Section(f"timed-{source.number}", source.name, f"{found.blocks} blocks of each case.", blocks)


def _shares(case: Case) -> Iterator[dict[str, Any]]:
    for key in shares.compared(case):
        found = shares.ratio(case, CEILING, key)
        if found is not None:
            each = [shares.ratio(_alone(case, number), CEILING, key) for number in range(len(case.blocks))]
            limits = (found.low, found.high) if math.isfinite(found.high) else (math.nan, math.nan)
            yield charts.point(title(case), key[0], "", found.middle, limits, [one.middle for one in each if one])


def _alone(case: Case, number: int) -> Case:
    """The case with that block alone."""
    return structs.replace(case, blocks=[case.blocks[number]])


def _row(case: Case, key: Key) -> list[Cell | str]:
    took, share = shares.seconds(case, key), shares.ratio(case, CEILING, key)
    peaks = [it.peak_bytes / 2**20 for it in shares.of(case, key) if isinstance(it.peak_bytes, int)]
    part = Cell(words(share.middle, 2), share.middle) if share else Cell("–")
    return [title(case), key[0], *_milliseconds(took), part, _mebibytes(max(peaks, default=None))]


def _milliseconds(found: Interval | None) -> Iterator[Cell]:
    for value in (None, None, None) if found is None else (found.middle, found.low, found.high):
        known = 1000.0 * value if value is not None and math.isfinite(value) else None
        yield Cell(words(known), known)


def _mebibytes(value: float | None) -> Cell:
    return Cell("–" if value is None else f"{value:,.0f}", value)


def _sizes(source: Opened) -> Iterator[Section]:
    """Cost by images and by width."""
    done = [row for row in source.content["rows"] if "failure" not in row]
    plots: list[Block] = []
    for axis, other, named in (("images", "width", "images"), ("width", "images", "width, as a factor")):
        points = _along(done, axis, other)
        if points:
            spec = charts.lines(points, axis, "milliseconds", named, "ms per 1,000 images")
            alt = f"Milliseconds per 1,000 images by {axis}: {len(points)} trainings."
            plots.append(Plot(f"Cost by {axis}", alt, spec))
    if plots:
        yield Section(f"scale-{source.number}", source.name, "", plots)


def _along(done: Sequence[dict[str, Any]], axis: str, other: str) -> list[dict[str, Any]]:
    """The trainings of which only the axis varies."""
    lines: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in done:
        point = {"autoencoder": row["autoencoder"], "subject": row["framework"], axis: row[axis],
                 "milliseconds": shown(1000.0 * row["seconds_per_1000_images"])}  # fmt: skip
        lines.setdefault((row["autoencoder"], row["framework"], row[other]), []).append(point)
    return [point for line in lines.values() if len({point[axis] for point in line}) > 1 for point in line]


def _trained(source: Opened) -> Iterator[Section]:
    """What trainings took: information, for they were not measured in turn."""
    known = source.content["trials"]
    if known:
        columns = ("autoencoder", "framework", "seed", "ms per 1,000 images", "peak memory, MiB", "machine alone")
        note = (
            "Training steps, median of all epochs but the first two; the most memory that the process had held by "
            "then, with the trainings before. To compare speed and memory there is aebench compare."
        )
        grid = Grid(f"costs-{source.number}", "What each training took", columns, [*map(_cost, known)], note)
        yield Section(f"cost-{source.number}", f"Trainings of {source.name}", "", [grid])


def _cost(trial: Mapping[str, Any]) -> list[Cell | str]:
    if "speed" not in trial:
        failed = Cell("failed", None, "undone", trial["failure"])
        return [trial["autoencoder"], trial["framework"], str(trial["seed"]), failed, "–", "–"]
    speed = trial["speed"]
    cost, peak = 1000.0 * speed["seconds_per_1000_images"], speed.get("peak_bytes")
    memory = _mebibytes(None if peak is None else peak / 2**20)
    alone = "yes" if speed.get("alone", True) else "no"
    return [trial["autoencoder"], trial["framework"], str(trial["seed"]), Cell(words(cost), cost), memory, alone]
