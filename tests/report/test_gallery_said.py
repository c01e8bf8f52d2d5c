"""What the pictures say in words and in colours: each number worked out by hand, and each subject's its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import OPTIONS, conditions, trial
from matplotlib.colors import to_hex

from aebench import registry
from aebench.records import documents
from aebench.records.checkpoint import write_arrays
from aebench.report.gallery import Picture, images, pictures
from aebench.report.gallery.activations import activations, coding_map
from aebench.report.gallery.codings import curve
from aebench.report.gallery.costs import sparsity_cost
from aebench.report.gallery.growth import growth
from aebench.report.gallery.material import Material
from aebench.report.gallery.pretraining import pretraining

ZEROS, ONES = np.zeros((3, 4), np.float32), np.ones((3, 4), np.float32)


def material(name: str, **subjects: Mapping[str, Any]) -> Material:
    """What these subjects left of an autoencoder."""
    given = {subject: {k: np.asarray(a) for k, a in arrays.items()} for subject, arrays in subjects.items()}
    return Material(registry.autoencoder(name), {s: (a, {"image_shape": "2x2"}) for s, a in given.items()})


def uneven(*values: float) -> np.ndarray:
    """Three images whose first pixels are these, all others 0."""
    found = ZEROS.copy()
    found[0, : len(values)] = values
    return found


@pytest.fixture
def sheets() -> Material:
    """Arrays of two subjects, of which no two are equally far from the images, or from each other."""
    return material(
        "variational",
        pytorch={
            "images": ONES, "noisy": ONES[:2] / 2, "reconstructions": ONES * 0.5, "features": uneven(1.0),
            "reconstructions_from_noisy": ONES[:2] * 0.75, "decoded": ONES * 0.9, "samples": ZEROS[:2],
            "interpolations": np.zeros((5, 3, 4)),
        },
        tensorflow={
            "images": ONES, "noisy": ONES[:2] / 2, "reconstructions": ONES * 0.25, "features": uneven(4.0),
            "reconstructions_from_noisy": ONES[:2] * 0.875, "decoded": ONES * 0.8, "samples": uneven(0.0, 2.0)[:2],
            "interpolations": np.concatenate([np.zeros((4, 3, 4)), uneven(9.0)[None]]),
        },
    )  # fmt: skip


def test_a_sheet_says_how_far_its_own_images_are_from_the_originals(sheets: Material) -> None:
    """The mean over images and pixels of the squared error: of what was made of the images (0.5², 0.75²), of the noisy
    ones (0.25², 0.125²), or of codings (0.1², 0.2²), against the clean images."""
    assert images.reconstructions(sheets).alt == (
        "3 test images in the first row and, a row each, their reconstructions by pytorch and tensorflow. Mean squared "
        "error of these images: pytorch 0.25, tensorflow 0.562."
    )
    assert images.denoised(sheets).alt == (
        "2 test images: clean in the first row, with noise in the second and, a row each, what pytorch and tensorflow "
        "made of the noisy ones. Mean squared error against the clean images: pytorch 0.0625, tensorflow 0.0156."
    )
    assert images.decoded(sheets).alt == (
        "3 test images in the first row and, a row each, what pytorch and tensorflow decoded from their codings. Mean "
        "squared error of these images: pytorch 0.01, tensorflow 0.04."
    )


def test_a_sheet_says_how_far_the_subjects_are_apart(sheets: Material) -> None:
    """The mean over all values of the absolute difference, from the first subject: 3 / 12, 2 / 8, 9 / 60."""
    assert images.features(sheets).alt == (
        "The weights of the first 4 units of the first layer as images, a row each for pytorch and tensorflow. Mean "
        "absolute difference from pytorch: tensorflow 0.25."
    )
    assert images.generated(sheets).alt == (
        "2 images decoded from random codings by each of pytorch and tensorflow. Mean absolute difference from "
        "pytorch: tensorflow 0.25."
    )
    assert images.interpolation(sheets).alt == (
        "3 images in the first row, decoded from random codings, each turning into the next one's in 5 rows; a block "
        "of columns each for pytorch and tensorflow. Mean absolute difference from pytorch: tensorflow 0.15."
    )


def test_what_sparsity_costs_is_said_and_told_apart() -> None:
    """At q = 0.8: KL(0.1 || 0.8) = 0.1 ln(1 / 8) + 0.9 ln(4.5) = 1.146, (0.1 - 0.8)² = 0.49. Each curve has its own
    colour and dash, and its own name in the legend."""
    picture = sparsity_cost(material("sparse"))
    assert picture.alt == (
        "Two curves over the mean activation q of a coding, from 0 to 1. Both are 0 at the target, 0.1. At q = 0.8 the "
        "KL divergence is 1.15 nats, the squared error 0.49."
    )
    axes = picture.draw().axes[0]
    lines = {line.get_label(): line for line in axes.get_lines()}
    divergence, squared = lines["KL divergence, nats"], lines["squared error"]
    assert (True, False) == (divergence.get_ydata()[400] > 1.1, squared.get_ydata()[400] > 1.1)
    for look in ("get_color", "get_linestyle"):
        own = [getattr(line, look)() for line in (divergence, squared)]
        assert 2 == len(set(own))
        assert own == [getattr(line, look)() for line in axes.get_legend().get_lines()]


def test_the_curve_says_what_pca_keeps() -> None:
    """Points at ±3, ±2 and ±1 on three axes: two components keep (9 + 4) / 14 of the variance."""
    points = np.array([[3, 0, 0], [-3, 0, 0], [0, 2, 0], [0, -2, 0], [0, 0, 1], [0, 0, -1]], np.float32)
    given = {"points": points, "codings": points[:, :2]}
    assert curve(material("linear", pytorch=given, tensorflow=given)).alt == (
        "6 points along a bent band in three dimensions, and their codings in two by PCA, which keep 92.9% of the "
        "variance, and by pytorch and tensorflow."
    )


@pytest.fixture
def coded() -> Material:
    """Four images in codings of three values, with other places, means and ranges in each subject."""
    labels, near = [7, 7, 2, 2], np.array([[0.0, 0.0], [1.0, 0.0], [8.0, 0.0], [9.0, 0.0]])
    return material(
        "sparse",
        pytorch={
            "labels": labels, "coding_map": near, "coding_map_variance": [0.5, 0.25],
            "coding_means": [0.125, 0.25, 0.75], "activations": [1, 0, 2, 5, 0, 2, 0, 0],
            "activation_range": [-1.0, 3.0],
        },
        tensorflow={
            "labels": labels, "coding_map": near * [[1], [9], [1], [1]], "coding_map_variance": [0.25, 0.125],
            "coding_means": [0.5, 1.0, 3.0], "activations": [6, 0, 1, 3], "activation_range": [10.0, 20.0],
        },
    )  # fmt: skip


def test_a_map_says_what_it_keeps_and_how_far_labels_are_apart(coded: Material) -> None:
    """The sum of both components' shares of the variance; images that lie nearest to the mean of their own label: all,
    or, where one 7 lies at 9 and the mean of the 7s at 4.5, three of four."""
    kept = (
        "of 3 values each, drawn at their first two principal components, by PCA in NumPy; these keep, of the "
        "variance: pytorch 75%, tensorflow 38%"
    )
    picture = coding_map(coded)
    assert picture.alt == (
        f"The codings of 4 test images by pytorch and tensorflow, {kept}. Images that lie nearest to the mean of their "
        "own label: pytorch 100%, tensorflow 75%."
    )
    assert picture.caption.endswith(f"Codings {kept}.")


def test_activations_are_said_by_subject(coded: Material) -> None:
    """Mean, smallest and largest of the codings' means; the fullest bin: the fourth of 8 from -1 to 3 holds 5 of 10,
    the first of 4 from 10 to 20 holds 6 of 10."""
    assert activations(coded).alt == (
        "Histograms of the activations of 3 codings over 4 test images. "
        "pytorch: mean 0.375, the means of the codings from 0.125 to 0.75, 50% of all activations between 0.5 and 1; "
        "tensorflow: mean 1.5, the means of the codings from 0.5 to 3, 60% of all activations between 10 and 12.5."
    )


GAINS = {
    ("pytorch", "finetuned"): 0.08, ("pytorch", "frozen"): -0.02,
    ("tensorflow", "finetuned"): 0.04, ("tensorflow", "frozen"): 0.01,
}  # fmt: skip


def classified(subject: str, seed: int) -> dict[str, Any]:
    """A pretrained classifier with 100 labels and with all 600; each seed gains 0.02 more, and all labels half."""
    found = {}
    for budget, part in (("_100", 1.0), ("", 0.5)):
        found[f"scratch{budget}.test_accuracy"] = 0.5
        for arm in ("finetuned", "frozen"):
            gain = part * (GAINS[subject, arm] + 0.02 * seed)
            found |= {f"{arm}{budget}.accuracy_gain": gain, f"{arm}{budget}.test_accuracy": 0.5 + gain}
    metrics = {name: {"value": value, "unit": "fraction", "better": "higher"} for name, value in found.items()}
    history = {arm: [{"epoch": 2, "images": 1_200}] for arm in ("scratch", "finetuned", "frozen")}
    return trial(subject, seed, 0.1, autoencoder="pretrained", metrics=metrics, history=history)


def test_gains_are_those_of_their_own_subject_and_arm() -> None:
    """In words and as lines the mean over both seeds in percentage points, such as 8 and 10 in 9; an arm has one look
    in all panels and in the legend, and no other arm has it."""
    trials = [classified(subject, seed) for seed in (0, 1) for subject in ("pytorch", "tensorflow")]
    picture = pretraining(Material(registry.autoencoder("pretrained"), {}, trials))
    assert picture.alt == (
        "Accuracy of scratch, finetuned and frozen over the number of labels, and the gain over the arm from scratch, "
        "by pytorch and tensorflow, over 2 seeds. Gains in percentage points: "
        "pytorch, finetuned: +9.0 at 100, +4.5 at 600; pytorch, frozen: -1.0 at 100, -0.5 at 600; "
        "tensorflow, finetuned: +5.0 at 100, +2.5 at 600; tensorflow, frozen: +2.0 at 100, +1.0 at 600."
    )
    figure = picture.draw()
    looks = {line.get_label(): _look(line) for line in figure.legends[0].get_lines()}
    assert (["scratch", "finetuned", "frozen"], 3) == (list(looks), len(set(looks.values())))
    panels = list(zip(("pytorch", "tensorflow"), figure.axes[:2], figure.axes[2:], strict=True))
    for subject, above, below in panels:
        for axes, base in ((above, 50.0), (below, 0.0)):
            lines = {line.get_label(): line for line in axes.get_lines() if line.get_label() in looks}
            assert looks == {name: _look(line) for name, line in lines.items()} | ({} if base else _first(looks))
            for arm in ("finetuned", "frozen"):
                gain = 100 * GAINS[subject, arm] + 1
                assert [base + gain, base + gain / 2] == pytest.approx(lines[arm].get_ydata())


def _look(line: Any) -> tuple[str, str, str]:
    return to_hex(line.get_color()), line.get_linestyle(), line.get_marker()


def _first(looks: Mapping[str, Any]) -> dict[str, Any]:
    """The arm that gains over no other, and so has no line among the gains."""
    return {"scratch": looks["scratch"]}


def test_growth_says_where_each_autoencoder_ends() -> None:
    """Of each autoencoder and dtype the largest value after the last step, over all pairs: neither the first value,
    nor the largest on the way, nor that of the last pair."""

    def measured(name: str, dtype: str, right: str, *relative: float) -> dict[str, Any]:
        steps = [0, 1, 10, 100]
        return {"autoencoder": name, "dtype": dtype, "left": "pytorch", "right": right, "steps": steps,
                "relative": [0.0, *relative]}  # fmt: skip

    picture = growth([
        measured("tied", "float64", "reference", 2e-15, 9e-3, 5e-13),
        measured("tied", "float64", "tensorflow", 8e-14, 1e-13, 3e-13),
        measured("tied", "float32", "tensorflow", 1e-7, 2e-6, 4e-5),
        measured("sparse", "float64", "reference", 7e-16, 6e-15, 6.5e-14),
    ])  # fmt: skip
    assert picture.alt == (
        "Lines of the relative difference of the parameters over training steps, both logarithmic. Largest after the "
        "last step, over pytorch – reference and pytorch – tensorflow: tied 5.0e-13 in float64 and 4.0e-05 in float32; "
        "sparse 6.5e-14 in float64."
    )


def test_pictures_are_those_of_the_first_seed(tmp_path: Path) -> None:
    """The first that was asked for, which is not the smallest; each subject's from its own file."""
    found = {(4, "pytorch"): 0.5, (4, "tensorflow"): 0.25, (1, "pytorch"): 0.0, (1, "tensorflow"): 0.75}
    for (seed, subject), value in found.items():
        path = tmp_path / "tied" / f"seed{seed}" / subject / "pictures.safetensors"
        named = {"autoencoder": "tied", "framework": subject, "image_shape": "2x2"}
        write_arrays(path, {"images": ONES, "reconstructions": value * ONES}, named)
    document = {
        "options": {**OPTIONS, "seeds": [4, 1]}, "conditions": conditions(), "complete": True, "agreements": [],
        "trials": [trial(subject, seed, 0.1) for seed, subject in found], "failures": [],
    }  # fmt: skip
    documents.write(tmp_path / "result.json", "run", document)
    (picture,) = (it for it in pictures(tmp_path, ["tied"]) if it.name == "tied/reconstructions")
    assert isinstance(picture, Picture)
    assert picture.alt.endswith("Mean squared error of these images: pytorch 0.25, tensorflow 0.562.")
