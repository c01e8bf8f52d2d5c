"""The pictures of the source, for every framework side by side: what a person looks at before the numbers.

Read from the arrays that a run left behind; no framework is needed. Greys as in the source: white is the smallest
value, black the largest, and red is what no picture should hold, a value that is not finite.

Source: "plot_image", "show_reconstructed_digits", "plot_multiple_images" and the figures around them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aebench.arrays import Arrays
from aebench.errors import ResultError
from aebench.report.growing import growth
from aebench.report.plots import curve, sparsity_cost
from aebench.report.sheet import Sheet, Strip, folded, shaded
from aebench.spec import Autoencoder

__all__ = ["Pictures", "draw", "growth", "overview", "sparsity_cost"]

Pictures = Mapping[str, tuple[Arrays, dict[str, str]]]
"""Framework -> arrays and text metadata of its pictures file, in the order in which they are shown."""

Array = npt.NDArray[Any]
IMAGES, FEATURES, OVERVIEW_IMAGES = 10, 5, 4
SAMPLE_COLUMNS = 10


def draw(autoencoder: Autoencoder, pictures: Pictures, folder: Path) -> list[Path]:
    """Draw every picture that the arrays allow, one PNG each, and return their paths.

    reconstructions.png, features.png, denoised.png, generated.png, interpolation.png; for points in three dimensions
    curve.png in the place of the first two. A framework that lacks an array keeps its place, marked "not recorded".

    Raises:
        ResultError: the folder cannot be written.
    """
    points = _first(pictures, "points")
    if points is not None:
        return [curve(autoencoder.title, points, _each(pictures, "codings"), folder / "curve.png")]
    sheets = {name: layout(autoencoder.title, pictures) for name, layout in _SHEETS.items()}
    return [sheet.save(folder / name) for name, sheet in sheets.items() if sheet is not None]


def overview(rows: Sequence[tuple[Autoencoder, Pictures]], path: Path) -> Path:
    """Draw one sheet for all: a row per autoencoder, originals and then every framework's reconstructions across.

    Autoencoders without reconstructed images (`linear`, a classifier) have no row.

    Raises:
        ResultError: none of them has any, or the file cannot be written.
    """
    shown = [(a, p) for a, p in rows if _first(p, "images") is not None and _first(p, "reconstructions") is not None]
    if not shown:
        raise ResultError(f"no pictures for {path.name}: none of {[a.name for a, _ in rows]} recorded reconstructions")
    frameworks = tuple(dict.fromkeys(framework for _, pictures in shown for framework in pictures))
    cells = []
    for _, pictures in shown:
        greys = _greys(pictures, "images", OVERVIEW_IMAGES)
        found = _each(pictures, "reconstructions")
        cells.append((greys(_first(pictures, "images")), *(greys(found.get(f)) for f in frameworks)))
    titles = tuple(autoencoder.title for autoencoder, _ in shown)
    return Sheet("Originals and reconstructions", titles, ("original", *frameworks), tuple(cells)).save(path)


def _reconstructions(title: str, pictures: Pictures) -> Sheet | None:
    """The test images, and below them every framework's reconstructions."""
    if _first(pictures, "images") is None or _first(pictures, "reconstructions") is None:
        return None
    rows = {"original": _first(pictures, "images"), **_each(pictures, "reconstructions")}
    return _rows(f"{title}: reconstructions", rows, _greys(pictures, "images"))


def _denoised(title: str, pictures: Pictures) -> Sheet | None:
    """The test images, the same with noise, and below them what every framework makes of the noisy ones."""
    if _first(pictures, "noisy") is None:
        return None
    rows = {
        "original": _first(pictures, "images"),
        "noisy": _first(pictures, "noisy"),
        **_each(pictures, "reconstructions_from_noisy"),
    }
    return _rows(f"{title}: noise removed", rows, _greys(pictures, "images"))


def _features(title: str, pictures: Pictures) -> Sheet | None:
    """Columns of the first weight as images. A feature has one scale of greys in all frameworks."""
    features = {name: None if a is None else a.T[:FEATURES] for name, a in _each(pictures, "features").items()}
    present = [feature for feature in features.values() if feature is not None]
    if not present:
        return None
    extremes = [_extremes([f[i] for f in present if i < len(f)]) for i in range(max(map(len, present)))]

    def strip(feature: Array | None) -> Strip | None:
        if feature is None:
            return None
        low, high = np.array(extremes[: len(feature)]).T[..., None]
        return folded(shaded(feature, low, high)[None], _shape(pictures))

    return _rows(f"{title}: first features", features, strip)


def _generated(title: str, pictures: Pictures) -> Sheet | None:
    """Images decoded from random codings, a block of ten columns for each framework."""
    samples = _each(pictures, "samples")
    if _first(pictures, "samples") is None:
        return None
    greys = _greys(pictures, "samples", None)

    def block(images: Array | None) -> Strip | None:
        strip = greys(images)
        return None if strip is None else strip.reshape(-1, min(SAMPLE_COLUMNS, strip.shape[1]), *strip.shape[2:])

    cells = tuple(block(_whole_rows(images)) for images in samples.values())
    return Sheet(f"{title}: generated", ("",), tuple(samples), (cells,))


def _interpolation(title: str, pictures: Pictures) -> Sheet | None:
    """From each coding to the next in even steps, downwards, a block of columns for each framework."""
    steps = _first(pictures, "interpolations")
    if steps is None:
        return None
    greys = _greys(pictures, "interpolations", None)
    found = _each(pictures, "interpolations")
    cells = tuple(tuple(greys(None if a is None else a[i]) for a in found.values()) for i in range(len(steps)))
    labels = tuple(f"{i} / {max(len(steps) - 1, 1)}" for i in range(len(steps)))
    return Sheet(f"{title}: from one coding to the next", labels, tuple(found), cells)


_SHEETS: dict[str, Callable[[str, Pictures], Sheet | None]] = {
    "reconstructions.png": _reconstructions,
    "features.png": _features,
    "denoised.png": _denoised,
    "generated.png": _generated,
    "interpolation.png": _interpolation,
}


def _rows(title: str, rows: Mapping[str, Array | None], strip: Callable[[Array | None], Strip | None]) -> Sheet:
    return Sheet(title, tuple(rows), ("",), tuple((strip(row),) for row in rows.values()))


def _greys(pictures: Pictures, measure: str, limit: int | None = IMAGES) -> Callable[[Array | None], Strip | None]:
    """How images (k, n) become a strip: the first `limit`, on the scale that the arrays named `measure` span."""
    low, high = _extremes([array for array in _each(pictures, measure).values() if array is not None])

    def strip(images: Array | None) -> Strip | None:
        return None if images is None else folded(shaded(images[:limit], low, high)[None], _shape(pictures))

    return strip


def _extremes(arrays: Sequence[Array]) -> tuple[float, float]:
    """Smallest and largest finite value of all arrays; 0 and 1 where there is none."""
    finite = [array[np.isfinite(array)] for array in arrays]
    low = min((float(values.min()) for values in finite if values.size), default=0.0)
    return low, max((float(values.max()) for values in finite if values.size), default=1.0)


def _whole_rows(images: Array | None) -> Array | None:
    """As many images as fill whole rows of a block."""
    if images is None or len(images) < SAMPLE_COLUMNS:
        return images
    return images[: len(images) // SAMPLE_COLUMNS * SAMPLE_COLUMNS]


def _each(pictures: Pictures, name: str) -> dict[str, Array | None]:
    """The array of that name by framework; None where there is none or an empty one."""
    found = {framework: arrays.get(name) for framework, (arrays, _) in pictures.items()}
    return {framework: array if array is not None and array.size else None for framework, array in found.items()}


def _first(pictures: Pictures, name: str) -> Array | None:
    """The array of the first framework that has it: what is given to all alike need not come from a certain one."""
    return next((array for array in _each(pictures, name).values() if array is not None), None)


def _shape(pictures: Pictures) -> tuple[int, int] | None:
    """Height and width of an image as the files state it, such as "28x28"; None when a row is no picture."""
    text = next((metadata["image_shape"] for _, metadata in pictures.values() if metadata.get("image_shape")), "")
    height, _, width = text.partition("x")
    return (int(height), int(width)) if height.isdigit() and width.isdigit() else None
