"""What figures with axes share: colours, sizes of text, axes, and where the title stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from aebench.report.sheet import DPI, INK, LABEL, LINE, MARGIN, PALE, TITLE

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


def heading(drawn: Figure, title: str) -> None:
    """The title at the top left, where the sheets of images have theirs."""
    width, height = drawn.get_size_inches() * DPI
    place = {"x": MARGIN / width, "y": 1 - (MARGIN + LINE / 3) / height}
    drawn.text(**place, s=title, fontsize=TITLE, weight="bold", color=INK, va="center")
