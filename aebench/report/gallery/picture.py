"""One picture: its words, and how it becomes a PNG or an SVG. The same data give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure
from PIL import Image

from aebench.errors import UsageError
from aebench.records.store import whole
from aebench.report.sheet import DPI

Kind = Literal["png", "svg"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Encoded = bytes
MOST_COLOURS = 256  # that a PNG with a palette holds
# The reader's own settings are put aside, an SVG's ids come from what it holds, and no file names a version or a date.
LOOK: list[Any] = ["default", {"svg.hashsalt": "aebench"}]
METADATA: dict[Kind, dict[str, None]] = {"png": {"Software": None}, "svg": {"Creator": None, "Date": None}}


@dataclass(frozen=True, repr=False)
class Picture:
    """A picture that can be drawn.

    name: `sparse/reconstructions`, autoencoder and picture; `overview` and `growth`, which are of all, have no
        autoencoder. alt: for whom does not see it: what is shown, of which subjects, with which numbers. caption: what
        to look at. kind: in which it is smaller and sharper: PNG for sheets of images, SVG for plots.
    """

    name: str
    title: str
    alt: str
    caption: str
    draw: Callable[[], Figure] = field(compare=False)
    kind: Kind = "svg"

    def __repr__(self) -> str:
        return f"{self.name}: {self.title}. {self.alt}"

    def _repr_png_(self) -> tuple[Encoded, dict[str, str]]:
        """How a notebook shows it: the file, and the words for those who do not see it."""
        return self.bytes("png"), {"alt": self.alt}

    def save(self, path: Path | str) -> Path:
        """Write the picture, whole, as the ending of `path` says; the path.

        Raises:
            UsageError: the ending is neither .png nor .svg.
            ResultError: the file cannot be written.
        """
        path = Path(path)
        kind = next((kind for kind in KINDS if path.suffix.lower() == f".{kind}"), None)
        if kind is None:
            raise UsageError(f"{path}: a picture ends in .png or .svg, found '{path.suffix}'; name another file")
        with whole(path) as temporary:
            temporary.write_bytes(self.bytes(kind))
        return path

    def bytes(self, kind: Kind) -> Encoded:
        """The picture as a file of that kind.

        Raises:
            UsageError: there is no such kind.
        """
        if kind not in KINDS:
            raise UsageError(f"a picture is of the kind {' or '.join(KINDS)}, found {kind!r}")
        with style.context(LOOK), io.BytesIO() as file:
            self.draw().savefig(file, format=kind, dpi=DPI, metadata=METADATA[kind])
            encoded = file.getvalue()
        return _few_colours(encoded) if kind == "png" else encoded


@dataclass(frozen=True)
class Missing:
    """A picture that is not there, and why, in a sentence."""

    name: str
    why: str


def _few_colours(png: Encoded) -> Encoded:
    """The same pixels in fewer bytes: with a palette where there are no more colours than one holds."""
    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image.convert("RGB"))
    height, width, _ = pixels.shape
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours, places = np.unique(packed, return_inverse=True)
    if len(colours) > MOST_COLOURS:
        found = Image.fromarray(pixels)
    else:
        palette = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
        found = Image.frombytes("P", (width, height), places.astype(np.uint8).tobytes())
        found.putpalette(palette.astype(np.uint8).tobytes())
    with io.BytesIO() as file:
        found.save(file, "PNG", optimize=True)
        return file.getvalue()
