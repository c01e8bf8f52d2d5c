"""How fast, and how much memory: shares of the ceiling, base against head block by block, cost by size, and trainings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product

from aebench.comparison.findings import blocks_of, in_words, speed_weight, speeds, thresholds
from aebench.comparison.speed import PEAKS, Row
from aebench.records.blocks import Pair
from aebench.records.comparisons import Comparison, Sides
from aebench.records.fields import checked
from aebench.records.measurements import Bench, Case
from aebench.records.opened import Opened, Unreadable
from aebench.report.html import charts
from aebench.report.html.agreeing import shown
from aebench.report.html.content import STATES, Block, Cell, Grid, Plot, Section, readable, words
from aebench.report.speed import EXPLANATION, title
from aebench.speed import shares
from aebench.speed.blocks import log_ratio
from aebench.speed.shares import CEILING, Interval, Key


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
    found = checked(source.content, Comparison)
    if not found.blocks:
        return
    points, rows = [], []
    for sides in found.pairs:
        for row, verdict in speeds(found, sides).items():
            name = ", ".join(filter(None, (row.autoencoder, row.measure)))
            each = [math.exp(value) for value in _blocks(found, sides, row)]
            numbers = {"value": verdict.ratio, "low": verdict.low, "high": verdict.high}
            bounds = {key: shown(value, 4.0) for key, value in numbers.items()}
            points.append({"name": name, "subject": sides.framework, "verdict": verdict.word, **bounds,
                           "each": [shown(one) for one in each]})  # fmt: skip
            weight = speed_weight(verdict)
            said = Cell(verdict.word, None, "good" if weight is None else STATES[weight], in_words(verdict))
            rows.append((row.autoencoder or "", sides.framework, row.measure, said, *_cells(verdict.ratio, verdict.low, verdict.high),
                         Cell(str(verdict.blocks), verdict.blocks)))  # fmt: skip
    asked = thresholds(found)
    spec = charts.intervals([p for p in points if p["value"] is not None], "head over base", (1.0, 1.0 + asked.tolerated, 1.0 + asked.intolerable))
    alt = f"{len(points)} rows of speed and memory, head over base, with the limits that decided and each block as a dot."
    caption = f"The dashed lines: as fast, {asked.tolerated:.0%} slower (tolerated), {asked.intolerable:.0%} slower (not)."
    columns = ("autoencoder", "framework", "measure", "verdict", "head over base", "from", "to", "blocks")
    grid = Grid(f"speed-rows-{source.name}", "Head over base", columns, rows)
    yield Section(f"speed-{source.name}", source.name, "", [Plot("Head over base", alt, spec, caption), grid])


def _blocks(found: Comparison, sides: Sides, row: Row) -> Iterator[float]:
    """The log ratio of every block that has the row; of memory, that of the peaks."""
    for block in blocks_of(found, sides):
        if block.control or block.failed or row.autoencoder not in (None, block.autoencoder):
            continue
        if row.measure not in PEAKS:
            yield log_ratio(block, 0, 1, row.measure)
        elif all(peaks := _peaks(block, row.measure)):
            yield math.log(peaks[1] / peaks[0])


def _peaks(block: Pair, measure: str) -> list[float]:
    found = [getattr(subject, PEAKS[measure]) for subject in block.subjects]
    return [float(peak) if isinstance(peak, int) else 0.0 for peak in found]


def _cells(*values: float) -> Iterator[Cell]:
    for value in values:
        known = value if math.isfinite(value) else None
        yield Cell("–" if known is None else f"{known:.3f}", known)


def _timed(source: Opened) -> Section:
    """Shares of the ceiling with intervals, every block a dot; and what each took."""
    found = checked(source.content, Bench)
    points = [point for case in found.cases for point in _shares(case)]
    columns = ("case", "subject", "ms per 1,000 images", "from", "to", "of the ceiling", "memory, MiB")
    rows = [_row(case, key) for case in found.cases for key in shares.compared(case)]
    blocks: list[Block] = []
    if points:
        alt = f"Shares of the ceiling of {len(points)} subjects and cases, with 95 % intervals and each block as a dot."
        blocks.append(Plot("Share of the ceiling", alt, charts.intervals(points, "share of the ceiling", (1.0,))))
    blocks.append(Grid(f"bench-{source.name}", "What was timed", columns, rows, EXPLANATION))
    return Section(f"bench-section-{source.name}", source.name, f"{found.blocks} blocks of each case.", blocks)


def _shares(case: Case) -> Iterator[dict[str, object]]:
    for key in shares.compared(case):
        found = shares.ratio(case, CEILING, key)
        if found is not None:
            each = [shares.ratio(_alone(case, n), CEILING, key) for n in range(len(case.blocks))]
            yield {
                "name": title(case), "subject": key[0], "verdict": "", "value": shown(found.middle),
                "low": shown(found.low), "high": shown(found.high) if math.isfinite(found.high) else None,
                "each": [shown(one.middle) for one in each if one is not None],
            }  # fmt: skip


def _alone(case: Case, number: int) -> Case:
    """The case with that block alone."""
    fields = {name: getattr(case, name) for name in case.__struct_fields__}
    return Case(**{**fields, "blocks": [case.blocks[number]]})


def _row(case: Case, key: Key) -> list[Cell | str]:
    took, share = shares.seconds(case, key), shares.ratio(case, CEILING, key)
    peaks = [it.peak_bytes for it in shares.of(case, key) if isinstance(it.peak_bytes, int)]
    peak = max(peaks) / 2**20 if peaks else None
    return [title(case), key[0], *_milliseconds(took), Cell(words(share.middle if share else None, 2), share and share.middle),
            Cell("–" if peak is None else f"{peak:,.0f}", peak)]  # fmt: skip


def _milliseconds(found: Interval | None) -> Iterator[Cell]:
    for value in (None, None, None) if found is None else (found.middle, found.low, found.high):
        known = 1000.0 * value if value is not None and math.isfinite(value) else None
        yield Cell(words(known), known)


def _sizes(source: Opened) -> Iterator[Section]:
    """Cost by images and by width."""
    done = [row for row in source.content["rows"] if "failure" not in row]
    plots: list[Block] = []
    for axis, other in (("images", "width"), ("width", "images")):
        rows = _along(done, axis, other)
        if rows:
            spec = charts.lines(rows, axis, "milliseconds", {"images": "images", "width": "width, as a factor"}[axis], "ms per 1,000 images")
            plots.append(Plot(f"Cost by {axis}", f"Milliseconds per 1,000 images by {axis}: {len(rows)} points.", spec))
    if plots:
        yield Section(f"scale-{source.name}", source.name, "", plots)


def _along(done: Sequence[dict[str, object]], axis: str, other: str) -> list[dict[str, object]]:
    """The points of the line along which the axis varies: the one on which most of them lie."""
    names = dict.fromkeys((row["autoencoder"], row["framework"]) for row in done)
    found: list[dict[str, object]] = []
    for (name, framework), fixed in product(names, dict.fromkeys(row[other] for row in done)):
        mine = [row for row in done if (row["autoencoder"], row["framework"], row[other]) == (name, framework, fixed)]
        if len({str(row[axis]) for row in mine}) > 1:
            found += [{"autoencoder": name, "subject": framework, axis: row[axis],
                       "milliseconds": shown(1000.0 * float(str(row["seconds_per_1000_images"])))} for row in mine]  # fmt: skip
    return found


def _trained(source: Opened) -> Iterator[Section]:
    """What trainings took: information, for they were not measured in turn."""
    rows = []
    for trial in source.content["trials"]:
        if speed := trial.get("speed"):
            cost, peak = 1000.0 * float(speed["seconds_per_1000_images"]), speed.get("peak_bytes")
            mebibytes = peak / 2**20 if isinstance(peak, int) else None
            alone = "yes" if speed.get("alone", True) else "no"
            rows.append((trial["autoencoder"], trial["framework"], str(trial["seed"]), Cell(words(cost), cost),
                         Cell("–" if mebibytes is None else f"{mebibytes:,.0f}", mebibytes), alone))  # fmt: skip
    if rows:
        columns = ("autoencoder", "framework", "seed", "ms per 1,000 images", "peak memory, MiB", "machine alone")
        note = "Training steps per 1,000 images, median of all epochs but the first two. To compare speed: aebench compare."
        yield Section(f"cost-{source.name}", f"Trainings of {source.name}", "", [Grid(f"costs-{source.name}", "What each training took", columns, rows, note)])
