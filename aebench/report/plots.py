"""The source's figures with axes: the curve with its codings, and what sparsity costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from aebench.errors import SpecificationError
from aebench.report.sheet import DPI, INK, LABEL, LINE, MARGIN, PALE, TITLE, figure, heading_width

Array = npt.NDArray[Any]
Rectangle = tuple[float, float, float, float]
"""Left, bottom, width and height as shares of the figure."""

# Okabe and Ito's colours, told apart by readers who do not see red and green apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
SMALL = 8.5  # points
WRITTEN_OUT = FuncFormatter(lambda value, _: f"{value:,g}")
PANELS_ACROSS, PANEL = 4, 300
LABELLED: dict[str, Any] = {"fontsize": LABEL, "color": INK, "ha": "center", "va": "center", "parse_math": False}


def logarithmic(axes: Axes, ticks: Sequence[float]) -> None:
    """A logarithmic x axis with a mark at each of the ticks, written out, and no others."""
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(WRITTEN_OUT)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks)


def sparsity_cost(path: Path, target: float = 0.1) -> Path:
    """Draw what a mean activation q costs: the Kullback-Leibler divergence from the target beside the squared error.

    Source: "plt.plot(q, kl_div, ...)". Deviates: q runs over the open interval (0, 1); at its ends the KL is infinite.

    Raises:
        SpecificationError: the target does not lie in (0, 1).
        ResultError: the file cannot be written.
    """
    q, divergence, squared = sparsity_costs(target)
    with figure(path, 900, 600) as drawn:
        axes = drawn.add_axes((0.085, 0.115, 0.89, 0.80))
        axes.plot(q, divergence, "-", color=COLOURS[0], linewidth=2, label="KL divergence")
        axes.plot(q, squared, "--", color=COLOURS[1], linewidth=2, label="squared error")
        axes.plot([target, target], [0, 0.3], ":", color=INK, linewidth=1.5)
        axes.text(target, 0.31, "target\nsparsity", ha="center", va="bottom", fontsize=LABEL, color=INK)
        axes.set(xlim=(0, 1), ylim=(0, 0.95))
        axes.set_xlabel("mean activation q of a coding", fontsize=LABEL)
        axes.set_ylabel("cost", fontsize=LABEL)
        plain(axes)
        axes.legend(loc="upper left", bbox_to_anchor=(0.14, 1.0), frameon=False, fontsize=LABEL)
        heading(drawn, f"What sparsity costs, target {target:g}")
    return path


def sparsity_costs(target: float, n: int = 500) -> tuple[Array, Array, Array]:
    """q, KL(target || q) and (target - q)^2, each (n,) float64, q evenly inside (0, 1).

    Raises:
        SpecificationError: the target does not lie in (0, 1).
    """
    if not 0 < target < 1:
        raise SpecificationError(f"sparsity cost: found target {target}, expected one inside (0, 1)")
    q = np.linspace(0.0, 1.0, n + 2)[1:-1]
    divergence = target * np.log(target / q) + (1 - target) * np.log((1 - target) / (1 - q))
    return q, divergence, (target - q) ** 2


def curve(title: str, points: Array, codings: Mapping[str, Array | None], path: Path) -> Path:
    """Draw points (n, 3) in space and every framework's codings (n, 2) of them, four panels to a line.

    A point has one colour everywhere, by its place along the curve.

    Raises:
        ResultError: the file cannot be written.
    """
    names = ["points", *codings]
    across = min(len(names), PANELS_ACROSS)
    width = max(across * PANEL + 2 * MARGIN, heading_width(title))
    height = -(-len(names) // across) * (PANEL + LINE) + MARGIN + LINE
    colours = along(points)
    finite = [np.abs(c[np.isfinite(c)]) for c in codings.values() if c is not None]
    limit = 1.1 * max((float(c.max()) for c in finite if c.size), default=0.0) or 1.0
    with figure(path, width, height) as drawn:
        for number, name in enumerate(names):
            left = MARGIN + number % across * PANEL
            top = MARGIN + LINE + number // across * (PANEL + LINE)
            place = ((left + 36) / width, 1 - (top + PANEL) / height, (PANEL - 48) / width, (PANEL - LINE) / height)
            drawn.text((left + 12 + PANEL / 2) / width, 1 - (top + LINE / 2) / height, name, **LABELLED)
            if number == 0:
                _space(drawn, place, points, colours)
            else:
                _plane(drawn, place, codings[name], colours, limit)
        heading(drawn, title)
    return path


def _space(drawn: Figure, place: Rectangle, points: Array, colours: Array) -> None:
    """The points in three dimensions."""
    axes: Any = drawn.add_axes(place, projection="3d")
    axes.scatter(*points.T, c=colours, cmap="viridis", s=10, depthshade=False)
    axes.tick_params(labelbottom=False, labelleft=False, labelright=False, labeltop=False)
    axes.set_box_aspect(None, zoom=1.15)


def _plane(drawn: Figure, place: Rectangle, codings: Array | None, colours: Array, limit: float) -> None:
    """One framework's codings, on the scale that all share."""
    axes = drawn.add_axes(place)
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit))
    plain(axes)
    if codings is None:
        axes.text(0, 0, "not recorded", **{**LABELLED, "color": PALE})
    else:
        axes.scatter(codings[:, 0], codings[:, 1], c=colours, cmap="viridis", s=10)


def along(points: Array) -> Array:
    """Place of each point (n, 3) along the open curve in [0, 1): its angle, counted from behind the widest gap."""
    angles = np.arctan2(points[:, 1], points[:, 0])
    ordered = np.sort(angles)
    start = ordered[np.argmax(np.diff(ordered, prepend=ordered[-1] - 2 * np.pi))]
    places: Array = np.mod(angles - start, 2 * np.pi) / (2 * np.pi)
    return places


def plain(axes: Axes) -> None:
    """Two spines instead of four, small ticks."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(PALE)
    axes.tick_params(which="both", color=PALE, labelcolor=INK, labelsize=SMALL)


def heading(drawn: Figure, title: str) -> None:
    """The title at the top left, where the sheets of images have theirs."""
    width, height = drawn.get_size_inches() * DPI
    place = {"x": MARGIN / width, "y": 1 - (MARGIN + LINE / 3) / height}
    drawn.text(**place, s=title, fontsize=TITLE, weight="bold", color=INK, va="center")
