"""How cost and quality go with images and width: a table, and a plot of two lines by cost and every metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import mean, median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator
from rich.console import Console
from rich.text import Text

from aebench.errors import UsageError
from aebench.report.plots import COLOURS, WRITTEN_OUT, heading, logarithmic, plain
from aebench.report.sheet import INK, LABEL, PALE, figure
from aebench.report.summary import print_problems
from aebench.report.tables import Cell, Column, Table

Row = Mapping[str, Any]
Metric = tuple[str, str]
"""Name and unit of a metric."""
WIDTH, PANEL, EDGES, LEGEND_LINE = 1100, 345, 130, 26  # pixels
MARKERS, DASHES = "osD^vP", ("-", "--", ":", "-.")
BAND = 0.1  # around the median cost: what still counts as flat
FAILED = "failed"
CROSS: dict[str, Any] = {"linestyle": "none", "marker": "x", "markersize": 7, "markeredgewidth": 1.6}
TITLE = "Cost and quality by the number of images and by width"


def print_sweep(rows: Sequence[Row], console: Console) -> None:
    """A line for every point: mean over the seeds, or why there is none."""
    names = [Column(name) for name in ("autoencoder", "framework")]
    sizes = [Column(name, right=True) for name in ("images", "width")]
    measured = [Column(name, right=True) for name in ("parameters", "ms/1,000", "GFLOP/s", "quality")]
    table = Table(TITLE, [*names, *sizes, *measured, Column("", wraps=True)], keys=4)
    for (name, framework, images, width), found in _grouped(rows, "autoencoder", "framework", "images", "width"):
        finished = [row for row in found if "failure" not in row]
        cells: tuple[Cell, ...] = ("–", "–", "–", "–", Text("failed", "red"))
        if finished:
            seconds, first = mean(row["seconds_per_1000_images"] for row in finished), finished[0]
            per_image = first["multiply_adds_per_image"]
            rate = "–" if per_image is None else f"{2e-6 * per_image / seconds:.3g}"
            quality = mean(row["quality"] for row in finished)
            unit = first["metric"] + ("" if first["warm"] else ", too few epochs: compiled meanwhile")
            cells = f"{first['parameters']:,}", f"{1000 * seconds:.3g}", rate, f"{quality:.4g}", unit
        table.add(name, framework, f"{images:,}", f"{width:g}", *cells)
    table.print(console)
    console.print(
        "ms/1,000: training steps per 1,000 images, median of all epochs but the first two. GFLOP/s: two operations "
        "for each multiply-add of the step's matrix products (three products a layer). quality: after these few "
        "epochs.",
        style="dim",
    )
    print_problems(problems(rows), console)


def problems(rows: Sequence[Row]) -> list[str]:
    """Every point that failed or measured something that is not a number, a line each."""
    return [
        f"{row['autoencoder']}, {row['framework']}, {row['images']:,} images, width {row['width']:g}, "
        f"seed {row['seed']}: {why}"
        for row in rows
        for why in ([row["failure"]] if "failure" in row else row["invalid"].values())
    ]


def draw(rows: Sequence[Row], path: Path) -> Path:
    """Draw cost and quality against images (at width 1) and against width (at the most images).

    Quality has a line of panels for each metric, whose units differ. A colour and a dash are a framework, a mark an
    autoencoder, a small dot a seed, the line the mean over the seeds; a cross at the lower edge is a training that
    failed. The grey band is 10 % around the median cost of each line.

    Raises:
        UsageError: no point was measured. ResultError: the file cannot be written.
    """
    found = [row for row in rows if "failure" not in row]
    if not found:
        raise UsageError(f"no point for {path.name}: every training failed; see the reasons above")
    most = max(row["images"] for row in rows)
    lines = {"images": [r for r in rows if r["width"] == 1], "width": [r for r in rows if r["images"] == most]}
    metrics = list(dict.fromkeys((row["metric"], row["unit"]) for row in found))
    looks = _looks(rows)
    failed = [FAILED] if len(found) < len(rows) else []
    legend = 40 + LEGEND_LINE * -(-(len(looks) + len(failed)) // 3)
    height = EDGES + PANEL * (1 + len(metrics)) + legend
    with figure(path, WIDTH, height) as drawn:
        for number, (metric, axis) in enumerate(product((None, *metrics), lines)):
            axes = drawn.add_subplot(1 + len(metrics), len(lines), number + 1)
            measured = {row["autoencoder"] for row in found if metric == (row["metric"], row["unit"])}
            shown = [row for row in lines[axis] if metric is None or row["autoencoder"] in measured]
            _panel(axes, axis, metric, shown, looks)
        edges = {"left": 0.09, "right": 0.98, "top": 1 - 70 / height, "bottom": (legend + 60) / height}
        drawn.subplots_adjust(**edges, wspace=0.22, hspace=0.3)
        heading(drawn, TITLE)
        handles = [Line2D([], [], label=f"{name}, {framework}", **look) for (name, framework), look in looks.items()]
        handles += [Line2D([], [], color=INK, label=label, **CROSS) for label in failed]
        drawn.legend(handles=handles, loc="lower center", ncols=min(3, len(handles)), frameon=False, fontsize=LABEL)
    return path


def _looks(rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, Any]]:
    """How the line of each autoencoder in each framework looks."""
    kinds = list(dict.fromkeys((row["autoencoder"], row["framework"]) for row in rows))
    names, frameworks = (list(dict.fromkeys(kind[i] for kind in kinds)) for i in (0, 1))
    return {
        kind: {
            "color": COLOURS[frameworks.index(kind[1]) % len(COLOURS)],
            "linestyle": DASHES[frameworks.index(kind[1]) % len(DASHES)],
            "zorder": 2 + frameworks.index(kind[1]),  # dashes over lines: where frameworks are alike, both are seen
            "marker": MARKERS[names.index(kind[0]) % len(MARKERS)],
        }
        for kind in kinds
    }


def _panel(
    axes: Axes, axis: str, metric: Metric | None, rows: Sequence[Row], looks: Mapping[tuple[str, str], dict[str, Any]]
) -> None:
    """One quantity, the cost or a metric, against one axis."""
    _scales(axes, axis, metric, sorted({float(row[axis]) for row in rows}))
    for kind, mine in _grouped(rows, "autoencoder", "framework"):
        found = [row for row in mine if "failure" not in row]
        points = [(float(at), [_value(row, metric) for row in seeds]) for (at,), seeds in _grouped(found, axis)]
        means = [mean(values) for _, values in points]
        if metric is None and axis == "images" and means:
            middle = median(means)
            axes.axhspan(middle * (1 - BAND), middle * (1 + BAND), color=PALE, alpha=0.15, linewidth=0)
        axes.plot([at for at, _ in points], means, markersize=5, linewidth=1.4, **looks[kind])
        for at, values in points:
            axes.plot([at] * len(values), values, ".", color=looks[kind]["color"], markersize=3)
        failed = sorted({float(row[axis]) for row in mine if "failure" in row})
        if failed:
            # Crosses of several frameworks fall on one place: each is drawn inside the one before.
            order = looks[kind]["zorder"]
            cross = {**CROSS, "markersize": CROSS["markersize"] + 3 * (order - 2), "zorder": 20 - order}
            place = axes.get_xaxis_transform()
            axes.plot(failed, [0] * len(failed), color=looks[kind]["color"], transform=place, clip_on=False, **cross)
    if metric is None and axis == "images":
        axes.set_ylim(bottom=0)


def _scales(axes: Axes, axis: str, metric: Metric | None, ticks: Sequence[float]) -> None:
    """Scales and labels of a panel. Cost goes with a power of the width: both are logarithmic there."""
    plain(axes)
    logarithmic(axes, ticks)
    axes.set_xlabel({"images": "training images, width 1", "width": "width, as a factor of every hidden layer"}[axis])
    axes.set_ylabel("ms per 1,000 images" if metric is None else "{} ({})".format(*metric), fontsize=LABEL)
    if metric is None and axis == "width":
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(WRITTEN_OUT)
        axes.yaxis.set_minor_locator(NullLocator())


def _value(row: Row, metric: Metric | None) -> float:
    return float(1000 * row["seconds_per_1000_images"] if metric is None else row["quality"])


def _grouped(rows: Sequence[Row], *keys: str) -> list[tuple[tuple[Any, ...], list[Row]]]:
    """Rows of equal values of these keys, numbers ascending within equal names."""
    values = sorted({tuple(row[key] for key in keys) for row in rows})
    return [(value, [row for row in rows if tuple(row[key] for key in keys) == value]) for value in values]
