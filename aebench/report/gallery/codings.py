"""The curve in three dimensions, and its codings in two beside those of PCA."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aebench.report.gallery.material import Array, Material, listed
from aebench.report.gallery.picture import Picture
from aebench.report.plots import LABELLED, PANEL, PANELS_ACROSS, SMALL, absent, heading, plain
from aebench.report.sheet import INK, LINE, MARGIN, blank, heading_width
from aebench.training.principal import principal

Rectangle = tuple[float, float, float, float]
"""Left, bottom, width and height as shares of the figure."""

PCA = "PCA"
AXIS = 24  # pixels under a panel for the name of its axis


def curve(material: Material) -> Picture:
    """Points in space, PCA's codings of them and every subject's. Needs `points`, `codings`.

    A point has one colour everywhere, by its place along the curve.
    """
    autoencoder, points = material.autoencoder, material.first("points")
    assert points is not None
    found = material.recorded("codings")
    _, share = principal(points, 2)
    alt = (
        f"{len(points)} points along a bent band in three dimensions, and their codings in two by PCA, which keep "
        f"{share.sum():.1%} of the variance, and by {listed(found)}."
    )
    caption = (
        "A point has one colour in all panels. A linear autoencoder finds PCA's plane, but not its axes: its codings "
        "may be those of PCA turned, stretched or skewed. The subjects, which start alike, should show one picture."
    )
    return Picture(
        f"{autoencoder.name}/curve", autoencoder.title, alt, caption, partial(_curve, autoencoder.title, material)
    )


def _curve(title: str, material: Material) -> Figure:
    points = material.first("points")
    assert points is not None
    codings: dict[str, Array | None] = {PCA: principal(points, 2)[0], **material.each("codings")}
    names = ["points", *codings]
    across = min(len(names), PANELS_ACROSS)
    width = max(across * PANEL + 2 * MARGIN, heading_width(title))
    down = PANEL + LINE + AXIS
    height = -(-len(names) // across) * down + MARGIN + LINE
    colours, limit = along(points), _limit(material.recorded("codings").values())
    drawn = blank(width, height)
    for number, name in enumerate(names):
        left = MARGIN + number % across * PANEL
        top = MARGIN + LINE + number // across * down
        place = ((left + 50) / width, 1 - (top + PANEL) / height, (PANEL - 62) / width, (PANEL - LINE - 10) / height)
        drawn.text((left + 15 + PANEL / 2) / width, 1 - (top + LINE / 2) / height, name, **LABELLED)
        if number == 0:
            _space(drawn, (place[0] - 0.1 * place[2], *place[1:]), points, colours)
        else:
            own = _limit([codings[PCA]]) if name == PCA else limit
            _plane(drawn.add_axes(place), codings[name], colours, own)
    heading(drawn, title)
    return drawn


def _limit(codings: Any) -> float:
    """The edge of a square panel around codings, on both sides of 0."""
    finite = [np.abs(c[np.isfinite(c)]) for c in codings]
    return 1.1 * max((float(c.max()) for c in finite if c.size), default=0.0) or 1.0


def _space(drawn: Figure, place: Rectangle, points: Array, colours: Array) -> None:
    """The points in three dimensions."""
    axes: Any = drawn.add_axes(place, projection="3d")
    axes.scatter(*points.T, c=colours, cmap="viridis", s=10, depthshade=False)
    axes.tick_params(labelbottom=False, labelleft=False, labelright=False, labeltop=False)
    for axis, name in zip((axes.xaxis, axes.yaxis, axes.zaxis), ("$x_1$", "$x_2$", "$x_3$"), strict=True):
        axis.set_label_text(name, fontsize=SMALL, color=INK)
        axis.labelpad = -12
    axes.set_box_aspect(None, zoom=0.95)


def _plane(axes: Axes, codings: Array | None, colours: Array, limit: float) -> None:
    """One subject's codings."""
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit))
    axes.set_xlabel("$z_1$", fontsize=SMALL, color=INK, labelpad=1)
    axes.set_ylabel("$z_2$", fontsize=SMALL, color=INK, labelpad=-2)
    plain(axes)
    if codings is None:
        absent(axes)
    else:
        axes.scatter(codings[:, 0], codings[:, 1], c=colours, cmap="viridis", s=10)


def along(points: Array) -> Array:
    """Place of each point (n, 3) along the open curve in [0, 1): its angle, counted from behind the widest gap."""
    angles = np.arctan2(points[:, 1], points[:, 0])
    ordered = np.sort(angles)
    start = ordered[np.argmax(np.diff(ordered, prepend=ordered[-1] - 2 * np.pi))]
    places: Array = np.mod(angles - start, 2 * np.pi) / (2 * np.pi)
    return places
