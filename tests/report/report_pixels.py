"""Draws what a run left, finds an image in a PNG by its pixels, and says what those must be, worked out apart."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from aebench.report.gallery import Picture
from aebench.report.gallery.listing import of
from aebench.report.gallery.material import Material, Subjects
from aebench.spec import Autoencoder

SIDE, ENLARGED = 6, 16  # the images of these tests are 6x6, and a value of theirs becomes 16x16 pixels
Place = tuple[int, int]


def draw(autoencoder: Autoencoder, subjects: Subjects, folder: Path) -> list[Path]:
    """Every picture of the autoencoder that the arrays allow, as a PNG of its name in the folder."""
    found = [it for it in of(Material(autoencoder, subjects)) if isinstance(it, Picture)]
    return [picture.save(folder / f"{picture.name.rpartition('/')[2]}.png") for picture in found]


def pixels(path: Path) -> np.ndarray:
    """A PNG as (height, width, 3) uint8."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def inked(row: np.ndarray, low: float = 0.0, high: float = 1.0, shape: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray:
    """What a row of values looks like on a sheet whose scale runs from low to high, worked out apart from it."""
    scale = SIDE * ENLARGED // max(shape)
    shares = (np.clip(row, low, high) - low) / (high - low)
    colours = matplotlib.colormaps["Greys"](shares.reshape(shape), bytes=True)[..., :3]
    return np.kron(colours, np.ones((scale, scale, 1), np.uint8))


def found(canvas: np.ndarray, tile: np.ndarray) -> list[Place]:
    """Top left corners (y, x) of every exact occurrence of a tile."""
    height, width = tile.shape[:2]
    down, across = canvas.shape[0] - height + 1, canvas.shape[1] - width + 1
    # A few pixels sort out nearly every place; only where they fit is the whole tile compared.
    fits = np.full((max(down, 0), max(across, 0)), True)
    for y, x in ((0, 0), (height - 1, width - 1), (height // 2, width // 2), (height - 1, 0), (0, width - 1)):
        fits &= canvas[y : y + down, x : x + across, 0] == tile[y, x, 0]
    places = [(int(y), int(x)) for y, x in np.argwhere(fits)]
    return [(y, x) for y, x in places if np.array_equal(canvas[y : y + height, x : x + width], tile)]


def place(canvas: np.ndarray, tile: np.ndarray) -> Place:
    """Where the tile stands, once and only once."""
    places = found(canvas, tile)
    assert len(places) == 1, f"found {len(places)} times, expected once"
    return places[0]
