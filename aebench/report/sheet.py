"""A sheet of small images: labelled rows and columns of strips, put down pixel for pixel.

No image is resampled: a value becomes a square of whole pixels, so that what a reader sees, and what a test reads off
the PNG, is what the array holds. The same arrays give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from aebench.records.store import whole

DPI = 128  # a power of two: a width in pixels survives the division into inches and back
CONTENT, CELL = 1800, 96  # pixels that all images side by side, and one image, may take where they can be enlarged
READING = 1000  # pixels up to which texts keep their size; on a wider sheet, shown smaller, they grow with it
MARGIN, GAP, BETWEEN_ROWS, BETWEEN_COLUMNS, LINE = 16, 6, 12, 28, 34
TITLE, LABEL, INK, PALE = 12.5, 10.5, "#222222", "#6e6e6e"  # points, and colours of text
LARGEST = 128  # values along a side; of anything larger every second, third, ... is drawn
NOT_FINITE = "#d62728"

Strip = npt.NDArray[np.uint8]
"""Images (rows, columns, height, width, 3), uint8, red, green and blue in 0..255."""


@dataclass(frozen=True)
class Sheet:
    """Strips in labelled rows and columns; None where there is nothing to draw, which the sheet says."""

    title: str
    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...]
    cells: tuple[tuple[Strip | None, ...], ...]

    def drawn(self) -> Figure:
        """The sheet as a figure."""
        tiles = [[None if cell is None else mosaic(cell, self.scale) for cell in row] for row in self.cells]
        line, zoom = round(LINE * self.zoom), self.zoom
        heights = [max((t.shape[0] for t in row if t is not None), default=line) for row in tiles]
        widths = [
            max(text_width(label, LABEL * zoom), *(4 * line if t is None else t.shape[1] for t in column))
            for label, column in zip(self.column_labels, zip(*tiles, strict=True), strict=True)
        ]
        labels = max(text_width(label, LABEL * zoom) for label in self.row_labels)
        across = _Spans(MARGIN + labels + (MARGIN if labels else 0), widths, BETWEEN_COLUMNS)
        down = _Spans(MARGIN + line * (2 if any(self.column_labels) else 1), heights, BETWEEN_ROWS)
        width = max(across.end + MARGIN, heading_width(self.title, zoom))
        canvas = np.full((down.end + MARGIN, width, 3), 255, np.uint8)
        drawn = blank(canvas.shape[1], canvas.shape[0])
        write = _Writer(drawn, canvas.shape, LABEL * zoom)
        write(MARGIN, MARGIN + line // 3, self.title, fontsize=TITLE * zoom, weight="bold")
        for text, middle in zip(self.column_labels, across.middles, strict=True):
            write(middle, down.starts[0] - line / 2, text, ha="center")
        for text, middle in zip(self.row_labels, down.middles, strict=True):
            write(MARGIN + labels, middle, text, ha="right")
        for row, column in np.ndindex(len(heights), len(widths)):
            tile, top, left = tiles[row][column], down.starts[row], across.starts[column]
            if tile is None:
                write(across.middles[column], down.middles[row], "not recorded", ha="center", color=PALE)
            else:
                canvas[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
        drawn.figimage(canvas, origin="upper")
        return drawn

    @property
    def scale(self) -> int:
        """Pixels along the side of the square that one value becomes."""
        sides = [max(cell.shape[2:4]) for row in self.cells for cell in row if cell is not None]
        return max(1, min(CONTENT // max(self._across, 1), CELL // max(sides, default=1)))

    @property
    def zoom(self) -> float:
        """How many times larger than usual the texts are."""
        return max(1.0, self.scale * self._across / READING)

    @property
    def _across(self) -> int:
        """Values side by side, with one more for the gap after each image."""
        columns = ([c for c in column if c is not None] for column in zip(*self.cells, strict=True))
        return sum(max((c.shape[1] * (c.shape[3] + 1) for c in column), default=0) for column in columns)


class _Spans:
    """Where things of these sizes begin, lie with their middles, and end, side by side with a gap between them."""

    def __init__(self, first: int, sizes: list[int], gap: int) -> None:
        self.starts = list(accumulate((size + gap for size in sizes[:-1]), initial=first))
        self.middles = [start + size / 2 for start, size in zip(self.starts, sizes, strict=True)]
        self.end = self.starts[-1] + sizes[-1]


class _Writer:
    """Puts text on a figure by pixel, counted from the top left."""

    def __init__(self, drawn: Figure, shape: tuple[int, ...], size: float) -> None:
        self._figure, self._height, self._width, self._size = drawn, shape[0], shape[1], size

    def __call__(self, left: float, top: float, text: str, **look: Any) -> None:
        look = {"va": "center", "color": INK, "fontsize": self._size, "parse_math": False, **look}
        self._figure.text(left / self._width, 1 - top / self._height, text, **look)


def blank(width: int, height: int) -> Figure:
    """An empty figure of so many pixels."""
    return Figure(figsize=(width / DPI, height / DPI), dpi=DPI)


@contextmanager
def figure(path: Path, width: int, height: int) -> Iterator[Figure]:
    """A figure of so many pixels, written to `path` as a PNG, whole, when the block ends.

    The reader's own matplotlib settings are put aside meanwhile; the file names no version and no date.
    """
    with style.context("default"), whole(path) as temporary:
        drawn = blank(width, height)
        yield drawn
        drawn.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def mosaic(strip: Strip, scale: int) -> npt.NDArray[np.uint8]:
    """A strip as one picture (height, width, 3), every value enlarged to scale x scale pixels, white between images."""
    rows, columns, height, width, _ = strip.shape
    large = strip.repeat(scale, axis=2).repeat(scale, axis=3)
    padded = np.pad(large, ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=255)
    joined = padded.transpose(0, 2, 1, 3, 4).reshape(rows * (height * scale + GAP), columns * (width * scale + GAP), 3)
    return joined[:-GAP, :-GAP]


def shaded(values: npt.NDArray[Any], low: npt.ArrayLike, high: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Values (...) as greys (..., 3): `low` and below white, `high` and above black, red where not finite.

    low, high: numbers, or arrays that broadcast against `values`.
    """
    numbers = np.ma.masked_invalid(values.astype(np.float64))
    start, extent = np.asarray(low, np.float64), np.asarray(high, np.float64) - np.asarray(low, np.float64)
    greys = matplotlib.colormaps["Greys"].with_extremes(bad=NOT_FINITE)
    shares = np.ma.clip((numbers - start) / np.where(extent > 0, extent, 1.0), 0.0, 1.0)
    return np.asarray(greys(shares, bytes=True), np.uint8)[..., :3]


def folded(rows: npt.NDArray[np.uint8], shape: tuple[int, int] | None) -> npt.NDArray[np.uint8]:
    """Rows of coloured values (..., n, 3) as images (..., height, width, 3).

    Rows that do not fill `shape`, or have none, fold into the nearest square, the rest of it white; where a side
    would exceed `LARGEST` values, every second, third, ... is kept.
    """
    n = rows.shape[-2]
    if shape is None or shape[0] * shape[1] != n:
        width = math.ceil(math.sqrt(n))
        shape = (-(-n // width), width)
    rest = np.full((*rows.shape[:-2], shape[0] * shape[1] - n, 3), 255, np.uint8)
    step = -(-max(shape) // LARGEST)
    images = np.concatenate([rows, rest], axis=-2).reshape(*rows.shape[:-2], *shape, 3)
    return images[..., ::step, ::step, :]


def text_width(text: str, size: float = LABEL, weight: str = "normal") -> int:
    """Width of a text in pixels, rounded up with a little to spare."""
    if not text.strip():
        return 0
    font = FontProperties(family="DejaVu Sans", weight=weight)
    return math.ceil(1.03 * TextPath((0, 0), text, size=size, prop=font).get_extents().width * DPI / 72)


def heading_width(title: str, zoom: float = 1.0) -> int:
    """Width that a title asks of its figure, margins included, in pixels."""
    return 2 * MARGIN + text_width(title, TITLE * zoom, "bold")
