"""The codings' maps and histograms, and what pretraining gains: what is plotted, read off the figures."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from examples import trial
from matplotlib.figure import Figure
from pictured import SUBJECTS, arrays

from aebench import registry
from aebench.report.gallery.activations import activations, coding_map, separated
from aebench.report.gallery.listing import of
from aebench.report.gallery.material import Material
from aebench.report.gallery.picture import Missing, Picture

ARMS = {"scratch": 0.70, "finetuned": 0.75, "frozen": 0.72}
BUDGETS = (100, 300, 1_000)


def material(name: str = "tied", **others: dict[str, np.ndarray]) -> Material:
    """What two subjects left, and others."""
    return Material(
        registry.autoencoder(name), {s: (a, {}) for s, a in ({s: arrays(s) for s in SUBJECTS} | others).items()}
    )


def texts(figure: Figure) -> list[str]:
    """Everything written in the panels of a figure."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_map_shows_each_image_as_its_label() -> None:
    """A panel for each subject, on one scale; a label's images at their places, as its digit."""
    figure = coding_map(material()).draw()
    for axes, subject in zip(figure.axes, SUBJECTS, strict=True):
        lines = {line.get_marker(): line.get_xydata() for line in axes.get_lines()}
        given = arrays(subject)
        assert {"$3$", "$7$"} == set(lines)
        assert given["coding_map"][:6] == pytest.approx(lines["$3$"])
        assert given["coding_map"][6:] == pytest.approx(lines["$7$"])
    first, second = figure.axes
    assert (first.get_xlim(), first.get_ylim()) == (second.get_xlim(), second.get_ylim())
    assert ("first component", "second component") == (first.get_xlabel(), first.get_ylabel())


def test_a_map_without_labels_or_with_two_values() -> None:
    """Points where there are no labels; a coding of two values is drawn as it is, and says so."""
    given = {"tensorflow": {"coding_map": np.eye(2), "coding_means": np.ones(2), "coding_map_variance": np.ones(2) / 2}}
    picture = coding_map(Material(registry.autoencoder("tied"), {"tensorflow": (given["tensorflow"], {})}))
    axes = picture.draw().axes[0]
    assert [(".", 2)] == [(line.get_marker(), len(line.get_xdata())) for line in axes.get_lines()]
    assert "$z_1$" == axes.get_xlabel()
    assert "drawn at their two values" in picture.caption
    assert "label" not in picture.alt


def test_the_share_of_images_near_their_own_label() -> None:
    """By hand: labels 0 at 0, 1 and 5, mean 2; labels 4 at 6 and 8, mean 7; the 5 lies nearer to 7."""
    places = np.array([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0], [6.0, 0.0], [8.0, 0.0]])
    assert 0.8 == separated(places, np.array([0, 0, 0, 4, 4]))


def test_histograms_show_shares_of_all_activations_and_of_the_means() -> None:
    """Above the recorded counts over their range, below the means; both in percent; the target is marked."""
    figure = activations(material("sparse")).draw()
    above, below = figure.axes[:2], figure.axes[2:]
    for upper, lower, subject in zip(above, below, SUBJECTS, strict=True):
        given = arrays(subject)
        shares, edges, _ = upper.patches[0].get_data()
        assert 100 * given["activations"] / given["activations"].sum() == pytest.approx(shares)
        assert (0.0, 1.0) == (edges[0], edges[-1])
        shares, edges, _ = lower.patches[0].get_data()
        assert 100.0 == pytest.approx(shares.sum())
        assert np.histogram(given["coding_means"], edges)[0] * 5 == pytest.approx(shares)
        assert [0.1] == [line.get_xdata()[0] for line in lower.get_lines()]
    assert "the target, the dotted line" in activations(material("sparse")).caption
    assert [] == activations(material("tied")).draw().axes[2].get_lines()[:]


def test_subjects_of_different_ranges_have_one_scale() -> None:
    """The widest range is that of all panels of a row, so that equal bars stand for equal activations."""
    wide = {**arrays("pytorch"), "activation_range": np.array([-1.0, 3.0])}
    figure = activations(material(wide=wide, failed={})).draw()
    for row in (figure.axes[:4], figure.axes[4:]):
        assert 1 == len({axes.get_xlim() for axes in row})
    assert figure.axes[0].get_xlim()[0] < -1 < 3 < figure.axes[0].get_xlim()[1]


def test_a_subject_that_broke_keeps_its_panels() -> None:
    """Codings that are not finite are said to be so, and a subject without any is not recorded; no warning."""
    broken = {
        **arrays("pytorch"), "coding_map": np.full((12, 2), np.nan), "coding_means": np.full(20, np.nan),
        "activations": np.zeros(50),
    }  # fmt: skip
    given = material("sparse", broken=broken, failed={})
    assert "; broken: not finite." in activations(given).alt
    assert ["not recorded"] * 2 == texts(activations(given).draw())
    assert "broken none is finite" in coding_map(given).alt
    assert ["not recorded"] == texts(coding_map(given).draw())


def trained(subject: str, seed: int, better: float = 0.0) -> dict[str, Any]:
    """A training of the pretrained classifier; `better` is added to every accuracy but that from scratch."""
    found = {}
    for budget in (*(f"_{n}" for n in BUDGETS), ""):
        for arm, share in ARMS.items():
            value = share + seed / 100 + (0 if arm == "scratch" else better)
            found[f"{arm}{budget}.test_accuracy"] = value
            if arm != "scratch":
                found[f"{arm}{budget}.accuracy_gain"] = value - ARMS["scratch"] - seed / 100
    metrics = {name: {"value": value, "unit": "fraction", "better": "higher"} for name, value in found.items()}
    epochs = [{"epoch": 2, "images": 2_700, "seconds": 1.0, "mean": {}, "last_batch": {"total": 1.0}}]
    return trial(subject, seed, 0.1, autoencoder="pretrained", metrics=metrics, history=dict.fromkeys(ARMS, epochs))


def gain(*trials: dict[str, Any]) -> Picture | Missing:
    """The picture of what pretraining gains."""
    found = of(Material(registry.autoencoder("pretrained"), {}, trials))
    return next(it for it in found if it.name == "pretrained/pretraining")


def test_the_gain_by_labels_over_seeds() -> None:
    """Accuracies above and gains below, in percent, at every number of labels; a band where the seeds differ."""
    picture = gain(*(trained(subject, seed) for seed in (0, 1, 2) for subject in SUBJECTS))
    assert isinstance(picture, Picture)
    figure = picture.draw()
    above, below = figure.axes[:2], figure.axes[2:]
    for upper, lower in zip(above, below, strict=True):
        lines = {line.get_label(): line.get_xydata() for line in upper.get_lines()}
        assert [[n, 71] for n in (*BUDGETS, 1_350)] == pytest.approx(lines["scratch"])
        gains = {line.get_label(): line.get_ydata() for line in lower.get_lines()}
        assert [5.0] * 4 == pytest.approx(gains["finetuned"])
        assert [2.0] * 4 == pytest.approx(gains["frozen"])
        # Student's t for three seeds of deviation 1 point: 4.303 / sqrt(3).
        heights = upper.collections[0].get_paths()[0].vertices[:, 1]
        assert (71 - 2.484, 71 + 2.484) == pytest.approx((heights.min(), heights.max()), abs=1e-3)
    assert "tensorflow, frozen: +2.0 at 100, +2.0 at 300, +2.0 at 1,000, +2.0 at 1,350" in picture.alt
    assert "Mean over 3 seeds; a band is its 95 % confidence interval." in picture.caption


def test_one_seed_has_no_band_and_says_so() -> None:
    """There is no interval of one value; another subject's gain is its own."""
    picture = gain(trained("tensorflow", 0), trained("pytorch", 0, better=-0.1))
    assert isinstance(picture, Picture)
    assert [] == [c for axes in picture.draw().axes for c in axes.collections if c.get_paths()]
    assert "one seed, so without bands" in picture.caption
    assert "pytorch, finetuned: -5.0 at 100" in picture.alt


def test_a_run_without_gains_says_why() -> None:
    """All trainings failed, or there are none."""
    failed = {"autoencoder": "pretrained", "framework": "pytorch", "seed": 0, "failure": "no"}
    for trials in ((), (failed,)):
        assert Missing("pretrained/pretraining", "no training measured what pretraining gains") == gain(*trials)


def test_numbers_of_labels_do_not_overlap() -> None:
    """A number that the next one would run into is a mark without a text: 1,000 before 1,350."""
    picture = gain(trained("tensorflow", 0))
    assert isinstance(picture, Picture)
    figure = picture.draw()
    figure.draw_without_rendering()
    labels = [label for label in figure.axes[0].get_xticklabels() if label.get_text()]
    assert ["100", "300", "1,350"] == [label.get_text() for label in labels]
    boxes = [label.get_window_extent() for label in labels]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
