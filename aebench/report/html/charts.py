"""The plots of a report, as Vega-Lite: whatever has a value can be pointed at.

Chosen by size. Vega, Vega-Lite and Vega-Embed with all that they need are 0.30 MB when compressed (`library` in
`writing`); Plotly's smallest bundle with heat maps, plotly.js-cartesian-dist-min 4.1.1, is 0.50 MB (`gzip -9`), and the
one without them 0.39 MB.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import altair as alt

from aebench.report.html.content import shown

Rows = Sequence[dict[str, Any]]
ROWS = alt.NamedData("rows")
# Okabe and Ito's hues, told apart by readers who do not see red and green apart, in shades that white and dark grounds
# both show well.
PALETTE = alt.Scale(range=["#0084d1", "#d9662b", "#009a6e", "#c4669f", "#b58900", "#4a9fb5", "#7f7f7f"])
CELL, PANEL = 24, 300
# The first subject's line is a broad one below the others: two that are equal are both seen.
WIDTHS: Any = alt.condition("datum.broad", alt.value(5), alt.value(1.6))
TEXT = {"labelFontSize": 12, "titleFontSize": 12}  # pixels
# Bands of a heat map: the limit below which a value lies in it, its words, and its colour. Told apart in grey, too.
Bands = Sequence[tuple[float, str, str]]
HEADROOM: Bands = (
    (1.0, "parts", "#a50f15"), (1.5, "×1 to 1.5", "#e6550d"), (2.0, "×1.5 to 2", "#fdae6b"),
    (5.0, "×2 to 5", "#deebf7"), (10.0, "×5 to 10", "#c6dbef"), (100.0, "×10 to 100", "#6baed6"),
    (math.inf, "×100 and more", "#2171b5"),
)  # fmt: skip
NOT_REACHED = (math.nan, "not reached", "#ffffff")  # after a rung that parts
SHARES: Bands = (
    (0.0, "identical", "#e5e5e5"), (0.01, "moved, up to 1 %", "#deebf7"), (0.1, "1 to 10 %", "#9ecae1"),
    (0.5, "10 to 50 %", "#4292c6"), (1.0, "50 to 100 %", "#fdae6b"), (math.inf, "parted", "#a50f15"),
)  # fmt: skip


def headroom(rows: Rows, rungs: Sequence[str], autoencoders: Sequence[str]) -> dict[str, Any]:
    """Autoencoder by rung, a panel for each pair: how much further apart the two could be."""
    tooltip = [
        alt.Tooltip("autoencoder:N"), alt.Tooltip("rung:N"), alt.Tooltip("pair:N"),
        alt.Tooltip("headroom:Q", format=".3g"), alt.Tooltip("relative:Q", format=".2e", title="difference, relative"),
        alt.Tooltip("bound:Q", format=".2e"), alt.Tooltip("sensitivity:Q", format=".1e", title="sees faults from"),
        alt.Tooltip("place:N"),
    ]  # fmt: skip
    drawn = _cells(rungs, autoencoders, _bands("headroom", [*HEADROOM, NOT_REACHED]), tooltip, "pair")
    return _filled(drawn, rows=[{**row, "band": _band(row["headroom"], HEADROOM) or NOT_REACHED[1]} for row in rows])


def moved(rows: Rows, rungs: Sequence[str], autoencoders: Sequence[str]) -> dict[str, Any]:
    """Autoencoder by rung, a panel for each head: by what share of the bound it moved."""
    tooltip = [
        alt.Tooltip("autoencoder:N"), alt.Tooltip("rung:N"), alt.Tooltip("head:N"), alt.Tooltip("verdict:N"),
        alt.Tooltip("share:Q", format=".1%", title="of the bound"),
        alt.Tooltip("relative:Q", format=".2e", title="difference, relative"), alt.Tooltip("moved:N", title="arrays"),
        alt.Tooltip("place:N"),
    ]  # fmt: skip
    drawn = _cells(rungs, autoencoders, _bands("of the bound", SHARES), tooltip, "head")
    last = {"identical": SHARES[0][1], "parted": SHARES[-1][1]}
    return _filled(
        drawn, rows=[{**row, "band": last.get(row["verdict"]) or _band(row["share"], SHARES[1:-1])} for row in rows]
    )


def _bands(title: str, bands: Bands) -> alt.Color:
    names, colours = [words for _, words, _ in bands], [colour for *_, colour in bands]
    legend = alt.Legend(
        orient="bottom", symbolType="square", columns=4, symbolStrokeWidth=1, symbolStrokeColor="#888888"
    )
    return alt.Color("band:N", scale=alt.Scale(domain=names, range=colours), title=title, legend=legend)


def _band(value: float | None, bands: Bands) -> str | None:
    """The words of the band that the value lies in; None where there is no value."""
    if value is None:
        return None
    return next((words for limit, words, _ in bands if value < limit), bands[-1][1])


def _cells(
    rungs: Sequence[str], autoencoders: Sequence[str], colour: alt.Color, tooltip: list[alt.Tooltip], panel: str
) -> Any:
    return (
        alt.Chart(ROWS)
        .mark_rect(stroke="white", strokeWidth=1)
        .encode(
            x=alt.X("rung:N", sort=list(rungs), title=None, axis=alt.Axis(labelAngle=-40)),
            y=alt.Y("autoencoder:N", sort=list(autoencoders), title=None),
            color=colour,
            tooltip=tooltip,
        )
        .properties(width=alt.Step(CELL), height=alt.Step(CELL))
        .facet(facet=alt.Facet(f"{panel}:N", title=None), columns=3)
    )


def curves(rows: Rows, term: str) -> dict[str, Any]:
    """Loss by epoch, the subjects over each other, a panel for each phase; what was published is dashed."""
    return {**_curves(term), "datasets": {"rows": _broadened(rows)}}


@cache
def _curves(term: str) -> dict[str, Any]:
    base = alt.Chart().encode(
        x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("value:Q", title=term, scale=alt.Scale(zero=False)),
        color=alt.Color("subject:N", scale=PALETTE, sort=None, title=None),
        detail="series:N",
        tooltip=["series:N", "phase:N", "epoch:Q", alt.Tooltip("value:Q", format=".5g", title=term)],
    )
    dashed = alt.condition("datum.published", alt.value([5, 4]), alt.value([1, 0]))
    line = base.mark_line(strokeOpacity=0.8).encode(strokeDash=dashed, strokeWidth=WIDTHS)
    drawn = line + base.mark_point(size=14, filled=True)
    facet = alt.Facet("phase:N", title=None)
    apart = drawn.properties(width=PANEL, height=PANEL * 0.7).facet(facet=facet, columns=3, data=ROWS)
    return _spec(apart.resolve_scale(x="independent", y="independent"))


def point(
    name: str, subject: str, verdict: str, middle: float, limits: tuple[float, float], each: Iterable[float] = (),
    most: float = 1e6,
) -> dict[str, Any]:  # fmt: skip
    """One thing with its interval, for `intervals`. each: the single numbers behind it. most: what is drawn at most."""
    low, high = (shown(limit, most) for limit in limits)
    numbers = {"value": shown(middle, most), "low": low, "high": high}
    return {"name": name, "subject": subject, "verdict": verdict, **numbers, "each": [shown(one, most) for one in each]}


def intervals(points: Rows, axis: str, marks: Sequence[float]) -> dict[str, Any]:
    """A row for each thing: its value and interval, the blocks or seeds behind it as dots, and lines at the marks."""
    single = [{"name": it["name"], "subject": it["subject"], "one": one} for it in points for one in it["each"]]
    whole = [{key: value for key, value in it.items() if key != "each"} for it in points]
    order = list(dict.fromkeys(it["name"] for it in points))
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=320))
    shared: dict[str, Any] = {
        "y": y,
        "color": alt.Color("subject:N", scale=PALETTE, title=None),
        "yOffset": alt.YOffset("subject:N"),
    }
    numbers = [alt.Tooltip(f"{name}:Q", format=".4g") for name in ("value", "low", "high")]
    one = ["name:N", "subject:N", alt.Tooltip("one:Q", format=".4g", title="one block or seed")]
    drawn = alt.Chart(ROWS).encode(**shared, tooltip=["name:N", "subject:N", *numbers, "verdict:N"])
    scale = alt.Scale(zero=False)
    layers = [
        drawn.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=scale, title=axis), x2="high:Q"),
        drawn.mark_point(size=45, filled=True).encode(x=alt.X("value:Q", scale=scale, title=axis)),
        alt.Chart(alt.NamedData("marks")).mark_rule(strokeDash=[4, 3], color="#888888").encode(x="mark:Q"),
    ]  # fmt: skip
    if single:
        dots = alt.Chart(alt.NamedData("single")).mark_point(size=14, filled=True, opacity=0.45)
        layers.insert(0, dots.encode(**shared, x=alt.X("one:Q", scale=scale), tooltip=one))
    sized = alt.layer(*layers).properties(width=2 * PANEL, height=alt.Step(18))
    return _filled(sized, rows=whole, single=single, marks=[{"mark": mark} for mark in marks])


def lines(rows: Rows, x: str, y: str, title_x: str, title_y: str) -> dict[str, Any]:
    """A measure by a size, both on logarithmic scales, a panel for each autoencoder, a line for each subject."""
    drawn = (
        alt.Chart(ROWS)
        .mark_line(point=True, strokeOpacity=0.8)
        .encode(
            strokeWidth=WIDTHS,
            x=alt.X(f"{x}:Q", scale=alt.Scale(type="log"), title=title_x),
            y=alt.Y(f"{y}:Q", scale=alt.Scale(type="log"), title=title_y),
            color=alt.Color("subject:N", scale=PALETTE, sort=None, title=None),
            tooltip=["autoencoder:N", "subject:N", f"{x}:Q", alt.Tooltip(f"{y}:Q", format=".4g", title=title_y)],
        )
        .properties(width=PANEL, height=PANEL * 0.7)
        .facet(facet=alt.Facet("autoencoder:N", title=None), columns=3)
    )
    return _filled(drawn, rows=_broadened(rows))


def _broadened(rows: Rows) -> list[dict[str, Any]]:
    """The rows, each with whether its line is the broad one."""
    first = next((row["subject"] for row in rows), None)
    return [{**row, "broad": row["subject"] == first} for row in rows]


def _filled(drawn: Any, **values: Rows) -> dict[str, Any]:
    """The plot's text, and its numbers, each of which Altair would copy and check."""
    return {**_spec(drawn), "datasets": {name: list(rows) for name, rows in values.items()}}


def _spec(drawn: Any) -> dict[str, Any]:
    """The plot's text, on whatever ground the page has."""
    sized = drawn.configure(background="transparent").configure_view(stroke=None)
    found: dict[str, Any] = sized.configure_axis(**TEXT).configure_legend(**TEXT).configure_header(**TEXT).to_dict()
    return found
