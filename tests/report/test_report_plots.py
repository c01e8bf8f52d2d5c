"""The figures with axes: what is plotted, read off the figure's own lines and points."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from report_pixels import draw, pixels

from aebench import data, registry
from aebench.errors import SpecificationError, UsageError
from aebench.report.gallery.codings import along
from aebench.report.gallery.costs import sparsity_costs
from aebench.report.gallery.growth import growth

PAIRS = (("reference", "tensorflow"), ("reference", "pytorch"), ("tensorflow", "pytorch"))


def measured(name: str = "stacked", dtype: str = "float64", pair: tuple[str, str] = PAIRS[0], **values: object) -> dict:
    """One measurement as `growth` takes it."""
    series = {"steps": [1, 10, 100], "relative": [1e-16, 1e-15, 1e-14], **values}
    return {"autoencoder": name, "dtype": dtype, "left": pair[0], "right": pair[1], **series}


def test_sparsity_costs_by_hand() -> None:
    """KL(0.1 || 0.5) = 0.1 ln 0.2 + 0.9 ln 1.8 and (0.1 - 0.5)^2 = 0.16; both are 0 at the target."""
    q, divergence, squared = sparsity_costs(0.1, n=9)
    assert q == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    assert divergence[[0, 4]] == pytest.approx([0.0, 0.1 * math.log(0.2) + 0.9 * math.log(1.8)])
    assert squared[[0, 4]] == pytest.approx([0.0, 0.16])
    assert (divergence[1:] > squared[1:]).all()


def test_the_sparsity_plot_has_neither_zero_nor_one(figures: list[Figure], tmp_path: Path) -> None:
    """q stays inside (0, 1), where both costs are finite; the target is marked, and no warning is raised."""
    assert draw(registry.autoencoder("sparse"), {}, tmp_path) == [tmp_path / "sparsity_cost.png"]
    curves = {line.get_label(): line.get_xydata() for line in figures[0].axes[0].get_lines()}
    for label in ("KL divergence, nats", "squared error"):
        assert len(curves[label]) == 500
        assert 0 < curves[label][:, 0].min() < curves[label][:, 0].max() < 1
        assert np.isfinite(curves[label]).all()
    marks = [line for line in figures[0].axes[0].get_lines() if len(line.get_xdata()) == 2]
    assert [list(mark.get_xdata()) for mark in marks] == [[0.1, 0.1]]
    assert pixels(tmp_path / "sparsity_cost.png").shape == (600, 900, 3)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, math.nan])
def test_a_target_outside_is_refused(target: float) -> None:
    """A target of 0 or 1 has no divergence: SpecificationError."""
    with pytest.raises(SpecificationError, match="expected one inside"):
        sparsity_costs(target)


def linear(**codings: np.ndarray) -> dict[str, tuple[dict, dict[str, str]]]:
    """Pictures of the linear autoencoder with these codings."""
    points = data.load("curve").train.inputs
    return {
        name: ({"points": points, "codings": found, "reconstructions": points}, {}) for name, found in codings.items()
    }


def test_the_curve_shows_points_in_space_and_codings_in_the_plane(figures: list[Figure], tmp_path: Path) -> None:
    """curve.png alone: the points with all three coordinates, then each framework's codings on one scale."""
    points = data.load("curve").train.inputs
    given = linear(reference=points[:, :2], pytorch=3 * points[:, 1:])
    assert draw(registry.autoencoder("linear"), given, tmp_path) == [tmp_path / "curve.png"]
    space, pca, *planes = figures[0].axes
    assert [list(c) for c in points.T] == [pytest.approx(list(c)) for c in space.collections[0]._offsets3d]
    variances = np.linalg.eigvalsh(np.cov(points.T.astype(np.float64)))[:0:-1]
    assert np.cov(np.asarray(pca.collections[0].get_offsets()).T) == pytest.approx(np.diag(variances), abs=1e-9)
    for axes, (arrays, _) in zip(planes, given.values(), strict=True):
        assert arrays["codings"] == pytest.approx(np.asarray(axes.collections[0].get_offsets()))
    assert planes[0].get_xlim() == planes[1].get_xlim() == planes[1].get_ylim()
    assert planes[0].get_xlim()[1] > 3 * np.abs(points[:, 1:]).max()
    assert [text.get_text() for text in figures[0].texts] == [
        "points", "PCA", "reference", "pytorch", "PCA by a linear autoencoder",
    ]  # fmt: skip


def test_another_coding_changes_its_own_panel_only(tmp_path: Path) -> None:
    """Planted fault: pytorch's codings mirrored changes pixels, and only in the right-hand panel."""
    points = data.load("curve").train.inputs[:, :2]
    for name, sign in (("honest", 1), ("mirrored", -1)):
        draw(registry.autoencoder("linear"), linear(reference=points, pytorch=sign * points), tmp_path / name)
    honest, mirrored = (pixels(tmp_path / name / "curve.png") for name in ("honest", "mirrored"))
    changed = np.flatnonzero((honest != mirrored).any(axis=(0, 2)))
    assert changed.min() > honest.shape[1] * 3 / 4


@pytest.mark.parametrize("count", [1, 3, 6])
def test_curve_panels_wrap_and_failures_keep_theirs(figures: list[Figure], tmp_path: Path, count: int) -> None:
    """One panel each for the points, PCA and every framework, four to a line; without codings it says so."""
    given = linear(**{f"framework{i}": np.zeros((100, 2)) for i in range(count)}) | {"failed": ({}, {})}
    draw(registry.autoencoder("linear"), given, tmp_path)
    assert count + 3 == len(figures[0].axes)
    assert [text.get_text() for text in figures[0].axes[-1].texts] == ["not recorded"]


def test_places_along_the_curve_start_behind_the_gap() -> None:
    """An open circle is coloured from one end to the other, wherever its gap lies."""
    angles = np.linspace(1.0, 6.0, 50)
    points = np.stack([np.cos(angles), np.sin(angles), np.zeros(50)], axis=1)
    places = along(points)
    assert np.allclose(places, (angles - 1.0) / (2 * np.pi), atol=1e-9)


def test_growth_has_a_panel_for_each_autoencoder(figures: list[Figure], tmp_path: Path) -> None:
    """Panels in the order of the measurements; a colour for each pair, solid float64, dashed float32; both guides."""
    names = list(registry.autoencoders())
    given = [measured(n, d, p) for n in names for d in ("float64", "float32") for p in PAIRS]
    assert tmp_path / "growth.png" == growth(given).save(tmp_path / "growth.png")
    panels = figures[0].axes
    assert names == [axes.get_title(loc="left") for axes in panels]
    for axes in panels:
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 3]
        assert [line.get_linestyle() for line in lines] == ["-"] * 3 + ["--"] * 3
        colours = [to_hex(line.get_color()) for line in lines]
        assert colours[:3] == colours[3:]
        assert len(set(colours)) == 3
        guides = sorted(line.get_ydata()[0] for line in axes.get_lines() if list(line.get_xdata()) == [0, 1])
        assert guides == [1e-12, 2.0**-24]
    labels = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert labels == [*(f"{left} – {right}" for left, right in PAIRS), "float64", "float32"]


def test_growth_marks_what_a_logarithm_cannot_show(figures: list[Figure], tmp_path: Path) -> None:
    """0 is marked on the lower edge, inf and nan on the upper, at their steps; the line breaks there."""
    relative = [0.0, 1e-16, math.inf, 1e-10, math.nan, 0.0]
    growth([measured(steps=[1, 2, 3, 4, 5, 6], relative=relative)]).save(tmp_path / "growth.png")
    axes = figures[0].axes[0]
    line, equal, broken = axes.get_lines()[:3]
    assert list(line.get_xdata()[np.isfinite(line.get_ydata())]) == [2, 4]
    assert list(equal.get_xdata()) == [1, 6]
    assert {axes.get_ylim()[0]} == set(equal.get_ydata())
    assert list(broken.get_xdata()) == [3, 5]
    assert {axes.get_ylim()[1]} == set(broken.get_ydata())
    assert equal.get_marker() != broken.get_marker()
    labels = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert labels[-2:] == ["equal to the last bit", "not finite"]


def test_growth_explains_only_marks_that_are_there(figures: list[Figure], tmp_path: Path) -> None:
    """Without a 0 or a value that is not finite the legend holds pairs and dtypes only."""
    growth([measured()]).save(tmp_path / "growth.png")
    assert [t.get_text() for t in figures[0].legends[0].get_texts()] == ["reference – tensorflow", "float64"]


def test_growth_shows_every_value_inside_the_panel(figures: list[Figure], tmp_path: Path) -> None:
    """The smallest and the largest difference, and the first and the last step, lie inside the axes."""
    given = [measured(relative=[3e-18, 1e-9, 4e3]), measured("tied", steps=[2, 30, 4000])]
    growth(given).save(tmp_path / "growth.png")
    for axes in figures[0].axes:
        assert axes.get_xlim()[0] < 1 < 4000 < axes.get_xlim()[1]
        assert axes.get_ylim()[0] < 3e-18 < 4e3 < axes.get_ylim()[1]


@pytest.mark.parametrize(
    ("steps", "relative"),
    [
        ([1], [1e-15]),
        ([0, 1], [0.0, 1e-15]),
        ([1, 2], [0.0, 0.0]),
        ([1, 2], [math.inf, math.nan]),
        ([1, 2], [5e-324, 1.7e308]),
        ([], []),
        ([0], [0.0]),
        (np.array([1, 2]), np.array([1e-8, 1e-7], np.float32)),
    ],
)
def test_growth_takes_whatever_was_measured(tmp_path: Path, steps: object, relative: object) -> None:
    """One step, none, only zeros, only infinities, the ends of float64: a picture, and no warning, which would fail."""
    path = growth([measured(steps=steps, relative=relative, dtype="bfloat16")]).save(tmp_path / "growth.png")
    assert pixels(path).shape[0] > 300


def test_growth_of_nothing_is_an_error() -> None:
    """UsageError rather than an empty picture, also where the named autoencoder was not measured."""
    for given, name in (([], None), ([measured("tied")], "stacked")):
        with pytest.raises(UsageError, match="no growth was measured"):
            growth(given, name)


def test_growth_of_one_autoencoder_is_its_panel_and_its_numbers(figures: list[Figure], tmp_path: Path) -> None:
    """The others' panels and numbers are left out, of the picture and of what is said to whom does not see it."""
    given = [measured(relative=[1e-16, 1e-15, 3e-14]), measured("tied", relative=[1e-16, 1e-15, 7e-14])]
    picture = growth(given, "tied")
    picture.save(tmp_path / "growth.svg")
    assert ["tied"] == [axes.get_title(loc="left") for axes in figures[0].axes]
    assert "tied/growth" == picture.name
    assert picture.alt.endswith("over reference – tensorflow: tied 7.0e-14 in float64.")
