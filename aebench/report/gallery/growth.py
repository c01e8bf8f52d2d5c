"""How the parameters of two frameworks part while they train, in small multiples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from aebench.agreement.bounds import FLOAT64_TRAJECTORY, UNIT_ROUNDOFF
from aebench.errors import UsageError
from aebench.report.gallery.material import listed
from aebench.report.gallery.picture import Picture
from aebench.report.plots import COLOURS, PANELS_ACROSS, SMALL, heading, plain
from aebench.report.sheet import DPI, INK, LABEL, PALE, blank, heading_width

Measurement = Mapping[str, Any]
Pair = tuple[str, str]
Array = npt.NDArray[Any]

DASHES: dict[str, Any] = {"float64": "-", "float32": (0, (3.5, 1.6))}
GUIDES = {"$10^{-12}$": FLOAT64_TRAJECTORY, "$2^{-24}$": UNIT_ROUNDOFF["float32"]}
EQUAL, NOT_FINITE = "v", "x"  # marks at the lower and the upper edge
WIDE = 900  # pixels from which a line of the legend holds a fourth entry
DECADES = 3  # between two labelled ticks, at least
TITLE_TEXT = "Relative difference of the parameters by training step"


class Look(NamedTuple):
    """Colour of a pair of frameworks, and the size of its marks in points."""

    colour: str
    mark: float


class Limits(NamedTuple):
    """What every panel spans: training steps, and relative differences in powers of ten."""

    first: float
    last: float
    low: float
    high: float


def growth(measurements: Sequence[Measurement], autoencoder: str | None = None) -> Picture:
    """How the parameters of two subjects part while they train, a panel for each autoencoder, or the one that is named.

    measurements: each with `autoencoder`, `dtype`, `left`, `right`, `steps` (n,) and `relative` (n,), the largest
        difference over the largest magnitude. A colour is a pair of subjects, a dash a dtype. What a logarithm cannot
        show is marked: equal to the last bit at the bottom, not finite at the top.

    Raises:
        UsageError: there is no measurement.
    """
    found = [m for m in measurements if autoencoder in (None, m["autoencoder"])]
    if not found:
        raise UsageError("no growth was measured; expected at least one pair of frameworks")
    alt = (
        "Lines of the relative difference of the parameters over training steps, both logarithmic. Largest after the "
        f"last step, over {listed(dict.fromkeys(' – '.join(_pair(m)) for m in found))}: {_ends(found)}."
    )
    caption = (
        "In float64, subjects that compute the same start below 10⁻¹², and part further where training is chaotic; in "
        "float32 rounding alone sets them further apart. The dotted lines are that bound and float32's unit roundoff."
    )
    name = f"{autoencoder}/growth" if autoencoder else "growth"
    return Picture(name, TITLE_TEXT, alt, caption, partial(_drawn, found))


def _pair(measurement: Measurement) -> Pair:
    return measurement["left"], measurement["right"]


def _ends(measurements: Sequence[Measurement]) -> str:
    """How far the pair that is furthest apart in the end is, for each autoencoder and dtype."""
    found: dict[str, dict[str, float]] = {}
    for measurement in measurements:
        _, relative = _values(measurement)
        if len(relative):
            of = found.setdefault(measurement["autoencoder"], {})
            of[measurement["dtype"]] = max(of.get(measurement["dtype"], 0.0), float(relative[-1]))
    ends = {name: listed(f"{end:.1e} in {dtype}" for dtype, end in of.items()) for name, of in found.items()}
    return "; ".join(f"{name} {end}" for name, end in ends.items()) or "not measured"


def _drawn(measurements: Sequence[Measurement]) -> Figure:
    names = list(dict.fromkeys(m["autoencoder"] for m in measurements))
    pairs = list(dict.fromkeys(map(_pair, measurements)))
    # Marks of several pairs fall on one place at the edges: each is drawn inside the one before.
    looks = {pair: Look(COLOURS[i % len(COLOURS)], 4.0 + 2.0 * (len(pairs) - 1 - i)) for i, pair in enumerate(pairs)}
    across = min(len(names), PANELS_ACROSS)
    lines = -(-len(names) // across)
    width, height = max(290 * across + 150, heading_width(TITLE_TEXT)), (220 if lines > 1 else 300) * lines + 180
    limits = _limits(measurements)
    drawn = blank(width, height)
    for number, name in enumerate(names):
        axes = drawn.add_subplot(lines, across, number + 1)
        for measurement in (m for m in measurements if m["autoencoder"] == name):
            _line(axes, measurement, limits, looks[_pair(measurement)])
        _panel(axes, name, limits, last=(number + 1) % across == 0 or number + 1 == len(names))
        axes.tick_params(labelleft=number % across == 0, labelbottom=number + across >= len(names))
    edges = {"left": 92 / width, "right": 1 - 60 / width, "top": 1 - 78 / height, "bottom": 122 / height}
    drawn.subplots_adjust(**edges, wspace=0.06, hspace=0.26)
    middle: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": LABEL, "color": INK}
    drawn.text((edges["left"] + edges["right"]) / 2, 82 / height, "training steps", **middle)
    drawn.text(20 / width, (edges["top"] + edges["bottom"]) / 2, "relative difference", rotation=90, **middle)
    heading(drawn, TITLE_TEXT)
    _legend(drawn, measurements, looks)
    return drawn


def _line(axes: Axes, measurement: Measurement, limits: Limits, look: Look) -> None:
    """One pair in one dtype: a line where a logarithm exists, marks at the edges where it does not."""
    steps, relative = _values(measurement)
    finite = np.isfinite(relative)
    shown = np.where(finite & (relative > 0), relative, np.nan)
    dashes = DASHES.get(measurement["dtype"], ":")
    axes.plot(steps, shown, linestyle=dashes, color=look.colour, linewidth=1.3, marker=".", markersize=2.5)
    for chosen, height, marker in ((relative == 0, limits.low, EQUAL), (~finite, limits.high, NOT_FINITE)):
        edge = np.full(int(chosen.sum()), height)
        marks: dict[str, Any] = {
            "color": look.colour,
            "markersize": look.mark,
            "markerfacecolor": "none",
            "clip_on": False,
        }
        axes.plot(steps[chosen], edge, marker, **marks)


def _values(measurement: Measurement) -> tuple[Array, Array]:
    """Steps and relative differences, each (n,) float64; step 0, which a logarithm cannot show, is left out."""
    steps, relative = np.asarray(measurement["steps"], np.float64), np.asarray(measurement["relative"], np.float64)
    return steps[steps >= 1], relative[steps >= 1]


def _limits(measurements: Sequence[Measurement]) -> Limits:
    """Around everything that a logarithm shows, and the guides; a power of ten to spare at an edge for marks."""
    steps, relative = (np.concatenate(part) for part in zip(*map(_values, measurements), strict=True))
    shown = [*GUIDES.values(), *relative[np.isfinite(relative) & (relative > 0)]]
    below = max(math.floor(math.log10(min(shown))) - 1, -300)
    above = min(math.ceil(math.log10(max(shown))) + (0 if np.isfinite(relative).all() else 1), 300)
    first, last = min(steps, default=1.0), max(steps, default=10.0)
    return Limits(first / 1.3, last * 1.3, 10.0**below, 10.0**above)


def _panel(axes: Axes, name: str, limits: Limits, *, last: bool) -> None:
    """Scales, guides and labels of one panel; the guides are named beside the last of a line."""
    axes.set_title(name, fontsize=LABEL, color=INK, loc="left", pad=5, parse_math=False)
    # Limits first: scaling an axis to values near the end of float64 would overflow.
    axes.set(xlim=limits[:2], ylim=limits[2:], xscale="log", yscale="log")
    plain(axes)
    low, high = round(math.log10(limits.low)), round(math.log10(limits.high))
    apart = max(DECADES, (high - low) // 8)
    ticks = [10.0**power for power in range(low + 2, high + 1) if power % apart == 0]
    axes.yaxis.set_major_locator(FixedLocator([limits.low, *ticks]))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda y, _: "equal" if y == limits.low else f"$10^{{{round(math.log10(y))}}}$")
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    for text, height in GUIDES.items():
        axes.axhline(height, color=PALE, linewidth=0.8, linestyle=":", zorder=0)
        if last:
            place = axes.get_yaxis_transform()
            axes.text(1.02, height, text, transform=place, va="center", fontsize=SMALL, color=PALE)


def _legend(drawn: Figure, measurements: Sequence[Measurement], looks: Mapping[Pair, Look]) -> None:
    """One legend for all panels: pairs, dtypes, and the marks at the edges where there are any."""
    handles = [Line2D([], [], color=look.colour, label=" – ".join(pair)) for pair, look in looks.items()]
    dtypes = dict.fromkeys(m["dtype"] for m in measurements)
    handles += [Line2D([], [], color=INK, linestyle=DASHES.get(dtype, ":"), label=dtype) for dtype in dtypes]
    values = np.concatenate([_values(m)[1] for m in measurements])
    edges = ((values == 0, EQUAL, "equal to the last bit"), (~np.isfinite(values), NOT_FINITE, "not finite"))
    for present, marker, label in edges:
        if present.any():
            marks: dict[str, Any] = {"marker": marker, "markersize": 5, "markerfacecolor": "none"}
            handles.append(Line2D([], [], color=INK, linestyle="none", label=label, **marks))
    drawn.legend(
        handles=handles,
        loc="lower center",
        ncols=4 if drawn.get_figwidth() * DPI > 900 else 3,
        frameon=False,
        fontsize=SMALL + 0.5,
    )
