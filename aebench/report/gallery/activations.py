"""What the codings of test images are like: where they lie, by label, and how active they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aebench.report.gallery.material import Array, Material, listed
from aebench.report.gallery.picture import Picture
from aebench.report.plots import COLOURS, SMALL, absent, grid
from aebench.report.sheet import INK

# Paul Tol's muted colours, told apart by readers who do not see red and green apart, darkened where they were pale.
OF_LABELS = (
    "#332288",
    "#3a8fb7",
    "#117733",
    "#cc6677",
    "#882255",
    "#aa4499",
    "#8a8a1f",
    "#b8860b",
    "#2a9d8f",
    "#555555",
)
MEANS = 40  # bins of the codings' means
MAP = 360  # pixels from top to bottom


def coding_map(material: Material) -> Picture:
    """The codings of test images in two dimensions, each drawn as its label. Needs `coding_map`."""
    autoencoder, found = material.autoencoder, material.recorded("coding_map")
    images, width = len(next(iter(found.values()))), _width(material)
    kept = {name: f"{name} {share.sum():.0%}" for name, share in material.recorded("coding_map_variance").items()}
    how = (
        "drawn at their two values"
        if width == 2
        else f"of {width:,} values each, drawn at their first two principal components, by PCA in NumPy; these keep, "
        f"of the variance: {', '.join(kept.values())}"
    )
    alt = f"The codings of {images} test images by {listed(found)}, {how}.{_separation(material)}"
    caption = (
        "Each digit is an image's label, and like ones should lie together. Where trainings part, maps may be mirrored "
        f"or turned. Codings {how}."
    )
    title = f"{autoencoder.title}: codings of test images"
    return Picture(f"{autoencoder.name}/codings", title, alt, caption, partial(_map, title, material))


def activations(material: Material) -> Picture:
    """How active the codings of test images are: all activations, and each coding's mean.

    Needs `coding_means`, `activation_range`, `activations`. Source: of the sparse autoencoder, whose penalty draws the
    means to its target.
    """
    autoencoder = material.autoencoder
    target = _target(material)
    said = "; ".join(_activity(name, material) for name in material.recorded("activations"))
    images = len(material.recorded("coding_map").get(next(iter(material.recorded("activations"))), ()))
    alt = f"Histograms of the activations of {_width(material):,} codings over {images} test images. {said}."
    caption = "Above all activations of all codings, below the mean activation of each coding" + (
        ": the penalty draws these means to the target, the dotted line."
        if target is not None
        else "; a coding that is alike for all images says nothing about them."
    )
    title = f"{autoencoder.title}: activations of the codings"
    return Picture(f"{autoencoder.name}/activations", title, alt, caption, partial(_histograms, title, material))


def separated(places: Array, labels: Array) -> float:
    """Share of the places (n, 2) that lie nearer to the mean place of their own label than to any other's."""
    known = np.unique(labels)
    means = np.stack([places[labels == label].mean(axis=0) for label in known])
    nearest = np.linalg.norm(places[:, None] - means, axis=2).argmin(axis=1)
    return float(np.mean(known[nearest] == labels))


def _separation(material: Material) -> str:
    """A sentence on how far the labels lie apart; empty where there are none."""
    labels = material.first("labels")
    if labels is None:
        return ""
    shares = []
    for name, places in material.recorded("coding_map").items():
        finite = np.isfinite(places).all(axis=1)
        share = f"{separated(places[finite], labels[finite]):.0%}" if finite.any() else "none is finite"
        shares.append(f"{name} {share}")
    return f" Images that lie nearest to the mean of their own label: {', '.join(shares)}."


def _width(material: Material) -> int:
    means = material.first("coding_means")
    return 0 if means is None else len(means)


def _target(material: Material) -> float | None:
    """The mean activation that a phase's penalty asks for."""
    return next((phase.sparsity.target for phase in material.autoencoder.phases if phase.sparsity), None)


def _activity(name: str, material: Material) -> str:
    """One subject's activations in numbers."""
    means, counts = material.recorded("coding_means")[name], material.recorded("activations")[name]
    finite = means[np.isfinite(means)]
    if not finite.size or not counts.sum():
        return f"{name}: not finite"
    low, high = material.recorded("activation_range")[name]
    most, share, width = counts.argmax(), counts.max() / counts.sum(), (high - low) / len(counts)
    return (
        f"{name}: mean {finite.mean():.3g}, the means of the codings from {finite.min():.3g} to {finite.max():.3g}, "
        f"{share:.0%} of all activations between {low + width * most:.3g} and {low + width * (most + 1):.3g}"
    )


def _map(title: str, material: Material) -> Figure:
    found = material.each("coding_map")
    drawn, (panels,) = grid(title, list(found), 1, high=MAP)
    for axes, (name, places) in zip(panels, found.items(), strict=True):
        axes.set_xlabel("first component" if _width(material) > 2 else "$z_1$", fontsize=SMALL, color=INK)
        if places is None:
            absent(axes)
        else:
            _places(axes, places, material.recorded("labels").get(name))
    panels[0].set_ylabel("second component" if _width(material) > 2 else "$z_2$", fontsize=SMALL, color=INK)
    _share(panels)
    return drawn


def _share(panels: Sequence[Axes]) -> None:
    """One scale of widths for all panels in which something is drawn, and the others."""
    spans = [axes.get_xlim() for axes in panels if axes.has_data()]
    for axes in panels if spans else ():
        axes.set_xlim(min(low for low, _ in spans), max(high for _, high in spans))


def _places(axes: Axes, places: Array, labels: Array | None) -> None:
    """Each place as the digit that its label is, a point where there is none."""
    if labels is None:
        axes.plot(*places.T, ".", color=COLOURS[0], markersize=3)
        return
    for label in np.unique(labels).astype(int):
        colour = OF_LABELS[label % len(OF_LABELS)]
        axes.plot(*places[labels == label].T, linestyle="", marker=f"${label}$", color=colour, markersize=5.5, mew=0.2)


def _histograms(title: str, material: Material) -> Figure:
    counts, target = material.each("activations"), _target(material)
    drawn, (above, below) = grid(title, list(counts), 2)
    means = np.concatenate(list(material.recorded("coding_means").values()))
    bins = np.histogram_bin_edges(means[np.isfinite(means)], MEANS)
    for column, (name, found) in enumerate(counts.items()):
        upper, lower = above[column], below[column]
        upper.set_xlabel("activation of a coding", fontsize=SMALL, color=INK)
        lower.set_xlabel("mean activation of a coding", fontsize=SMALL, color=INK)
        if found is None or not found.sum():
            absent(upper)
            continue
        first, last = material.recorded("activation_range")[name]
        edges = np.linspace(first, last, len(found) + 1)
        mine = material.recorded("coding_means")[name]
        own = np.histogram(mine[np.isfinite(mine)], bins)[0]
        for axes, heights, ends in ((upper, found, edges), (lower, own, bins)):
            axes.stairs(100 * heights / max(heights.sum(), 1), ends, fill=True, color=COLOURS[0])
        if target is not None:
            lower.axvline(target, color=INK, linestyle=":", linewidth=1.5)
    for panels, what in ((above, "activations"), (below, "codings")):
        _share(panels)
        panels[0].set_ylabel(f"share of the {what}, %", fontsize=SMALL, color=INK)
    return drawn
