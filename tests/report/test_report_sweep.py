"""The plot of a sweep: what is plotted where, read off the figure's own lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aebench.report.sweep import draw

MSE = {"metric": "test_mse", "unit": "squared intensity"}
NATS = {"metric": "test_total", "unit": "nats an image"}


def point(autoencoder: str, images: int, width: float, quality: float | None, **changes: Any) -> dict[str, Any]:
    """A row of a sweep; without a quality one that failed."""
    at = {"autoencoder": autoencoder, "framework": "pytorch", "images": images, "width": width, "seed": 0, **changes}
    if quality is None:
        return {**at, "failure": "lost"}
    return {**MSE, "quality": quality, "seconds_per_1000_images": 0.01 * width, **at}


STACKED = [point("stacked", 100, 1, 0.5), point("stacked", 200, 1, 0.25), point("stacked", 200, 4, 0.125)]
VARIATIONAL = [point("variational", n, w, q, **NATS) for n, w, q in ((100, 1, 300.0), (200, 1, 200.0), (200, 4, 90.0))]


def drawn(rows: list[dict[str, Any]], figures: list[Figure], folder: Path) -> dict[tuple[str, str], Axes]:
    """The figure's panels by what stands beside and below them."""
    draw(rows, folder / "scale.png")
    return {(axes.get_ylabel(), axes.get_xlabel().split(",")[0]): axes for axes in figures[-1].axes}


def marked(axes: Axes, marker: str) -> list[list[tuple[float, float]]]:
    """The points of every line with that mark."""
    return [[tuple(p) for p in np.asarray(x.get_xydata())] for x in axes.get_lines() if x.get_marker() == marker]


def legend(figure: Figure) -> list[str]:
    """What the legend names."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_every_metric_has_panels_of_its_own(figures: list[Figure], tmp_path: Path) -> None:
    """Autoencoders of other units share the cost, not the quality; those of one unit share both."""
    panels = drawn([*STACKED, *VARIATIONAL], figures, tmp_path)
    names = ("ms per 1,000 images", "test_mse (squared intensity)", "test_total (nats an image)")
    assert [(name, axis) for name in names for axis in ("training images", "width")] == list(panels)
    assert [[(1, 0.25), (4, 0.125)]] == marked(panels[names[1], "width"], "o")
    assert [[(1, 200.0), (4, 90.0)]] == marked(panels[names[2], "width"], "s")
    assert [] == marked(panels[names[1], "width"], "s") + marked(panels[names[2], "width"], "o")
    shared = [*STACKED, *({**row, "autoencoder": "tied"} for row in STACKED)]
    assert 4 == len(drawn(shared, figures, tmp_path))


def test_cost_by_width_is_a_line_on_logarithms(figures: list[Figure], tmp_path: Path) -> None:
    """Cost is about a power of the width; against images it starts at 0, so that flat looks flat."""
    panels = drawn(STACKED, figures, tmp_path)
    wide, many = (panels["ms per 1,000 images", axis] for axis in ("width", "training images"))
    assert ("log", "log", "log", "linear") == (
        wide.get_xscale(), wide.get_yscale(), many.get_xscale(), many.get_yscale(),
    )  # fmt: skip
    assert 0 == many.get_ylim()[0]
    figures[-1].canvas.draw()
    low, high = wide.get_ylim()
    shown = [t.get_text() for t in wide.get_yticklabels() if low <= t.get_position()[1] <= high]
    assert ["10", "20"] == shown
    assert [(1.0, 10.0), (4.0, 40.0)] == [pytest.approx(at) for at in marked(wide, "o")[0]]


def test_what_failed_is_marked_where_it_is_missing(figures: list[Figure], tmp_path: Path) -> None:
    """A cross at the lower edge of its panels with a legend entry; an autoencoder that failed throughout, too."""
    rows = [*STACKED, *VARIATIONAL, point("stacked", 200, 16, None), point("tied", 200, 8, None)]
    panels = drawn(rows, figures, tmp_path)
    crosses = {name: marked(axes, "x") for name, axes in panels.items()}
    assert {
        ("ms per 1,000 images", "width"): [[(16, 0)], [(8, 0)]], ("test_mse (squared intensity)", "width"): [[(16, 0)]],
    } == {name: found for name, found in crosses.items() if found}  # fmt: skip
    left, right = panels["ms per 1,000 images", "width"].get_xlim()
    assert left < 1 < 16 < right
    assert ["stacked, pytorch", "variational, pytorch", "tied, pytorch", "failed"] == legend(figures[-1])
    drawn(STACKED, figures, tmp_path)
    assert ["stacked, pytorch"] == legend(figures[-1])


def test_the_most_images_are_those_asked_for(figures: list[Figure], tmp_path: Path) -> None:
    """Where the point in both lines failed, the widths measured beside it are still drawn against width."""
    panels = drawn([*STACKED[::2], point("stacked", 200, 1, None)], figures, tmp_path)
    assert [[(4, 0.125)]] == marked(panels["test_mse (squared intensity)", "width"], "o")
    assert [[(200, 0)]] == marked(panels["test_mse (squared intensity)", "training images"], "x")


def test_crosses_of_two_frameworks_are_both_seen(figures: list[Figure], tmp_path: Path) -> None:
    """On one place, the larger one lies below the smaller one."""
    failed = [point("stacked", 200, 16, None, framework=name) for name in ("pytorch", "another")]
    wide = drawn([*STACKED, *failed], figures, tmp_path)["ms per 1,000 images", "width"]
    small, large = sorted((x for x in wide.get_lines() if x.get_marker() == "x"), key=lambda x: x.get_markersize())
    assert small.get_markersize() < large.get_markersize()
    assert small.get_zorder() > large.get_zorder()
