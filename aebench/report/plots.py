"""What figures with axes share: colours, sizes of text, axes, and where the title stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from aebench.report.sheet import DPI, INK, LABEL, LINE, MARGIN, PALE, TITLE, blank, heading_width

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


def plain(axes: Axes) -> None:
    """Two spines instead of four, small ticks."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(PALE)
    axes.tick_params(which="both", color=PALE, labelcolor=INK, labelsize=SMALL)


def absent(axes: Axes) -> None:
    """Says in a panel that a subject lacks what belongs there."""
    axes.text(0.5, 0.5, "not recorded", transform=axes.transAxes, **{**LABELLED, "color": PALE})


def heading(drawn: Figure, title: str) -> None:
    """The title at the top left, where the sheets of images have theirs."""
    width, height = drawn.get_size_inches() * DPI
    place = {"x": MARGIN / width, "y": 1 - (MARGIN + LINE / 3) / height}
    drawn.text(**place, s=title, fontsize=TITLE, weight="bold", color=INK, va="center")


def grid(
    title: str, columns: Sequence[str], rows: int, *, high: int = PANEL - 40, below: int = 0
) -> tuple[Figure, list[list[Axes]]]:
    """A figure with rows of panels, each `high` pixels with its axis, under the names of the columns.

    below: pixels under them. The panels of a row have one scale of heights, which is written at the first of them.
    """
    edge, across = 84, PANEL - 10
    width = max(edge + across * len(columns) + MARGIN, heading_width(title))
    height = MARGIN + 2 * LINE + high * rows + below
    drawn = blank(width, height)
    panels: list[list[Axes]] = []
    for row in range(rows):
        panels.append([])
        for column, name in enumerate(columns):
            left, bottom = edge + across * column, height - MARGIN - 2 * LINE - high * (row + 1) + 54
            place = (left / width, bottom / height, (across - 26) / width, (high - 68) / height)
            axes = drawn.add_axes(place, sharey=panels[row][0] if panels[row] else None)
            axes.tick_params(labelleft=column == 0)
            plain(axes)
            if row == 0:
                top = 1 - (MARGIN + 1.6 * LINE) / height
                drawn.text((left + (across - 26) / 2) / width, top, name, **LABELLED)
            panels[row].append(axes)
    heading(drawn, title)
    return drawn, panels
