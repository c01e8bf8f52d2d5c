"""The sheets of images: originals, reconstructions, features, what noise is removed from, and what is generated.

Greys as in the source: white is the smallest value, black the largest, and red is what no picture should hold, a value
that is not finite.

Source: "plot_image", "show_reconstructed_digits", "plot_multiple_images" and the figures around them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from aebench.report.gallery.material import Array, Material, apart, errors, listed, numbers
from aebench.report.gallery.picture import Picture
from aebench.report.sheet import Sheet, Strip, folded, shaded

IMAGES, FEATURES, OVERVIEW_IMAGES = 10, 5, 4
SAMPLE_COLUMNS = 10
Layout = Callable[[str, Material], Sheet]
"""What lays a sheet out. It is given the sheet's title."""


def reconstructions(material: Material) -> Picture:
    """The test images, and below them every subject's reconstructions. Needs `images`, `reconstructions`."""
    found = material.recorded("reconstructions")
    alt = (
        f"{_count(material, 'images')} test images in the first row and, a row each, their reconstructions by "
        f"{listed(found)}. Mean squared error of these images: {numbers(errors(material, 'reconstructions'))}."
    )
    caption = "A column is one image: compare the rows of the subjects with each other, and with the original on top."
    layout = partial(_below, ("images",), "reconstructions")
    return _picture(material, "reconstructions", "reconstructions", alt, caption, layout)


def denoised(material: Material) -> Picture:
    """The test images, the same with noise, and what is made of them. Needs `noisy`, `reconstructions_from_noisy`."""
    found = material.recorded("reconstructions_from_noisy")
    alt = (
        f"{_count(material, 'noisy')} test images: clean in the first row, with noise in the second and, a row each, "
        f"what {listed(found)} made of the noisy ones. Mean squared error against the clean images: "
        f"{numbers(errors(material, 'reconstructions_from_noisy'))}."
    )
    caption = "From the second row, and without having seen the first, every subject is to arrive at the first."
    layout = partial(_below, ("images", "noisy"), "reconstructions_from_noisy")
    return _picture(material, "denoised", "noise removed", alt, caption, layout)


def decoded(material: Material) -> Picture:
    """The test images, and what becomes of them when encoded and then decoded. Needs `images`, `decoded`."""
    found = material.recorded("decoded")
    alt = (
        f"{_count(material, 'images')} test images in the first row and, a row each, what {listed(found)} decoded from "
        f"their codings. Mean squared error of these images: {numbers(errors(material, 'decoded'))}."
    )
    caption = (
        "Test images were encoded, a coding was drawn from the distribution that each was given, with the same noise "
        "for all subjects, and was decoded again."
    )
    layout = partial(_below, ("images",), "decoded")
    return _picture(material, "encode_decode", "encoded, then decoded", alt, caption, layout)


def features(material: Material) -> Picture:
    """Columns of the first weight as images. Needs `features`."""
    found = material.recorded("features")
    alt = (
        f"The weights of the first {min(FEATURES, *(a.shape[1] for a in found.values()))} units of the first layer as "
        f"images, a row each for {listed(found)}.{apart(found)}"
    )
    caption = (
        "What the first units look for: black pixels excite a unit, white ones inhibit it. A column is one unit, with "
        "one scale of greys for all subjects."
    )
    return _picture(material, "features", "first features", alt, caption, _features)


def generated(material: Material) -> Picture:
    """Images decoded from random codings, a block of ten columns for each subject. Needs `samples`."""
    found = material.recorded("samples")
    alt = f"{_count(material, 'samples')} images decoded from random codings by each of {listed(found)}.{apart(found)}"
    caption = (
        "New images, decoded from codings that were drawn from the standard normal distribution, the same for all "
        "subjects: the blocks should look alike, image by image, as far as the trainings do."
    )
    return _picture(material, "generated", "generated", alt, caption, _generated)


def interpolation(material: Material) -> Picture:
    """From each coding to the next, a block of columns for each subject. Needs `interpolations`."""
    found = material.recorded("interpolations")
    steps, images = next(iter(found.values())).shape[:2]
    alt = (
        f"{images} images in the first row, decoded from random codings, each turning into the next one's in {steps} "
        f"rows; a block of columns each for {listed(found)}.{apart(found)}"
    )
    caption = (
        "From each of the random codings to the next in even steps, downwards: the last row is the first row moved by "
        "one image, and what lies between should change gradually."
    )
    return _picture(material, "interpolation", "from one coding to the next", alt, caption, _interpolation)


def overview(materials: Sequence[Material]) -> Picture:
    """One sheet for all: a row per autoencoder, originals and then every subject's reconstructions across.

    materials: at least one; each has `images` and `reconstructions`.
    """
    subjects = tuple(dict.fromkeys(subject for material in materials for subject in material.subjects))
    alt = (
        f"A row for each of {len(materials)} autoencoders: {OVERVIEW_IMAGES} test images and, in a block each, their "
        f"reconstructions by {listed(subjects)}."
    )
    caption = "All autoencoders at a glance: a block that differs from its neighbours is worth a closer look."
    draw = partial(_overview, materials, subjects)
    return Picture("overview", "Originals and reconstructions", alt, caption, draw, "png")


def _picture(material: Material, name: str, what: str, alt: str, caption: str, layout: Layout) -> Picture:
    """The picture that is laid out so. Its title names the autoencoder and `what`."""
    autoencoder = material.autoencoder
    title = f"{autoencoder.title}: {what}"
    return Picture(f"{autoencoder.name}/{name}", title, alt, caption, lambda: layout(title, material).drawn(), "png")


def _count(material: Material, name: str) -> str:
    """How many images of that name a sheet shows."""
    found = material.first(name)
    return str(0 if found is None else len(found))


def _below(given: Sequence[str], name: str, title: str, material: Material) -> Sheet:
    """What was given to all alike, and below it a row for each subject."""
    labels = {"images": "original"}
    rows = {labels.get(it, it): material.first(it) for it in given} | material.each(name)
    return _rows(title, rows, _greys(material, "images"))


def _features(title: str, material: Material) -> Sheet:
    """A row for each subject. A feature has one scale of greys in all of them."""
    rows = {name: None if a is None else a.T[:FEATURES] for name, a in material.each("features").items()}
    present = [feature for feature in rows.values() if feature is not None]
    extremes = [_extremes([f[i] for f in present if i < len(f)]) for i in range(max(map(len, present)))]

    def strip(feature: Array | None) -> Strip | None:
        if feature is None:
            return None
        low, high = np.array(extremes[: len(feature)]).T[..., None]
        return folded(shaded(feature, low, high)[None], material.image_shape)

    return _rows(title, rows, strip)


def _generated(title: str, material: Material) -> Sheet:
    samples, greys = material.each("samples"), _greys(material, "samples", None)

    def block(images: Array | None) -> Strip | None:
        strip = greys(images)
        return None if strip is None else strip.reshape(-1, min(SAMPLE_COLUMNS, strip.shape[1]), *strip.shape[2:])

    cells = tuple(block(_whole_rows(images)) for images in samples.values())
    return Sheet(title, ("",), tuple(samples), (cells,))


def _interpolation(title: str, material: Material) -> Sheet:
    found, greys = material.each("interpolations"), _greys(material, "interpolations", None)
    steps = max(len(array) for array in found.values() if array is not None)
    cells = tuple(tuple(greys(None if a is None else a[i]) for a in found.values()) for i in range(steps))
    labels = tuple(f"{i} / {max(steps - 1, 1)}" for i in range(steps))
    return Sheet(title, labels, tuple(found), cells)


def _overview(materials: Sequence[Material], subjects: Sequence[str]) -> Figure:
    cells = []
    for material in materials:
        greys = _greys(material, "images", OVERVIEW_IMAGES)
        found = material.each("reconstructions")
        cells.append((greys(material.first("images")), *(greys(found.get(subject)) for subject in subjects)))
    titles = tuple(material.autoencoder.title for material in materials)
    return Sheet("Originals and reconstructions", titles, ("original", *subjects), tuple(cells)).drawn()


def _rows(title: str, rows: Mapping[str, Array | None], strip: Callable[[Array | None], Strip | None]) -> Sheet:
    return Sheet(title, tuple(rows), ("",), tuple((strip(row),) for row in rows.values()))


def _greys(material: Material, measure: str, limit: int | None = IMAGES) -> Callable[[Array | None], Strip | None]:
    """How images (k, n) become a strip: the first `limit`, on the scale that the arrays named `measure` span."""
    low, high = _extremes(list(material.recorded(measure).values()))

    def strip(images: Array | None) -> Strip | None:
        return None if images is None else folded(shaded(images[:limit], low, high)[None], material.image_shape)

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
