"""Computed image-like data of any size, for throughput, memory and scaling: `synthetic` or `synthetic:NxD`.

A row is 16 normal latents through a fixed linear map, squashed into [0, 1], plus a little uniform noise; its label is
the largest of the first ten latents. The number a reader should see: the noise alone has variance 0.05**2 / 12 =
2.1e-4 a pixel, about the mean squared error of 16 codings that have found the map.

The bits are the same on every machine. The latents and the map are whole multiples of 2**-10, so that each product
and each sum of the map is exact in float64, in whatever order a BLAS adds; what follows is add, multiply, divide.
"""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from aebench.data import places
from aebench.data.dataset import N_CLASSES, Dataset, Inputs, Labels, Split
from aebench.errors import DataError
from aebench.streams import Float64, stream

DEFAULT_SIZE = (10_000, 784)
MEMORY_LIMIT = 2 * 2**30
"""Bytes of float32 inputs (train, validation and test together) above which they go to a file."""

_VERSION = 1  # part of the file name: a change of the numbers must not meet an old file
_SEED = 0
_BLOCK = 1_000
_RANK = 16
_GRID = 1_024.0
_NOISE = 0.05
_VALUES_AT_ONCE = 2**18
_SPARE = 2**26  # bytes left free on the disk
_FORM = re.compile(r"synthetic:([1-9][0-9]{0,11})x([1-9][0-9]{0,11})")


def load(name: str = "synthetic") -> Dataset:
    """The data set of that name: n training rows, then the test rows, then the validation rows, of one sequence.

    Test has min(10,000, max(n // 6, 1)) rows, validation min(10,000, max(n // 12, 1)). Inputs are float32 in [0, 1],
    labels int64 in 0..9, `image_shape` a square where the width is one. Above `MEMORY_LIMIT` the inputs are mapped
    from a file in the cache folder, written on first use.

    Raises:
        DataError: the name is not `synthetic:NxD`, or the disk has no room for the file.
    """
    n, width = size(name)
    n_test, n_validation = (min(10_000, max(n // share, 1)) for share in (6, 12))
    total = n + n_test + n_validation
    if total * width * 4 > MEMORY_LIMIT:
        inputs, labels = _mapped(places.cache_dir("synthetic") / f"v{_VERSION}-{total}x{width}.npy", total, width)
    else:
        inputs, labels = rows(0, total, width)
    parts = (slice(0, n), slice(n + n_test, total), slice(n, n + n_test))
    train, validation, test = (Split(inputs[part], labels[part]) for part in parts)
    side = math.isqrt(width)
    return Dataset(name, train, validation, test, image_shape=(side, side) if side * side == width else None)


def size(name: str) -> tuple[int, int]:
    """(n, width) that the name asks for.

    Raises:
        DataError: the name is malformed.
    """
    if name == "synthetic":
        return DEFAULT_SIZE
    match = _FORM.fullmatch(name)
    if match is None:
        raise DataError(
            f"'{name}' is no size of synthetic data; expected synthetic:NxD with N training rows of D values, "
            "both whole numbers from 1 without leading zeros and of twelve digits at most, for example "
            "synthetic:100000x784."
        )
    return int(match[1]), int(match[2])


def rows(first: int, count: int, width: int) -> tuple[Inputs, Labels]:
    """Rows first..first+count-1 of the endless sequence: (count, width) float32 in [0, 1] and (count,) int64.

    Row i depends on i and the width only, never on how many rows are asked for: each block of 1,000 rows has its
    own streams.
    """
    inputs = np.empty((count, width), dtype=np.float32)
    for at, piece in _pieces(first, count, width):
        inputs[at : at + len(piece)] = piece
    return inputs, _labels(first, count)


def synthetic_memmap(path: Path | str, n: int, width: int) -> Split:
    """The first n rows, mapped from a .npy file that is written block by block when it is not there yet.

    The file is written to a temporary name, then renamed. Memory use does not grow with n, but for the labels
    (8 bytes a row).

    Raises:
        DataError: the disk has no room, the file cannot be written, or what stands there are not these rows.
    """
    return Split(*_mapped(Path(path), n, width))


def _mapped(path: Path, n: int, width: int) -> tuple[Inputs, Labels]:
    if not path.exists():
        _write(path, n, width)
    advice = "Delete the file and run again; it is computed anew."
    try:
        inputs = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError, OSError) as error:
        raise DataError(f"synthetic: {path} cannot be read as a .npy file ({error}). {advice}") from error
    if inputs.shape != (n, width) or inputs.dtype != np.float32:
        found = f"{inputs.dtype} of shape {inputs.shape}"
        raise DataError(f"synthetic: {path} holds {found}; expected float32 of shape ({n}, {width}). {advice}")
    for row in (0, n - 1):
        if not np.array_equal(inputs[row], rows(row, 1, width)[0][0]):
            raise DataError(f"synthetic: row {row} of {path} is not what it is computed to be. {advice}")
    return inputs, _labels(0, n)


def _write(path: Path, n: int, width: int) -> None:
    """Written front to back, not through a map: on a full disk a map dies of SIGBUS, a write raises."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    header = {"descr": np.dtype(np.float32).str, "fortran_order": False, "shape": (n, width)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_room(path.parent, n * width * 4)
        with temporary.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for _, piece in _pieces(0, n, width):
                file.write(piece.data)
        temporary.replace(path)
    except OSError as error:
        raise DataError(
            f"synthetic: cannot write {path} ({error.strerror or error}). Make room or set XDG_CACHE_HOME to a folder "
            "with room, or ask for fewer rows."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        raise DataError(
            f"synthetic: the file needs {needed / 2**30:.1f} GiB in {folder}, {free / 2**30:.1f} GiB are free. "
            "Make room or set XDG_CACHE_HOME to a folder with room, or ask for fewer rows."
        )


def _pieces(first: int, count: int, width: int) -> Iterator[tuple[int, Inputs]]:
    """(offset from `first`, consecutive rows) in pieces small enough for any width."""
    to_pixels = _on_grid(stream(_SEED, "synthetic/map").normal((width, _RANK))).T
    at_once = max(1, _VALUES_AT_ONCE // width)
    for block, low, high in _blocks(first, count):
        latents = _latents(block)
        noise = stream(_SEED, "synthetic/noise", block)
        for start in range(0, high, at_once):
            stop = min(start + at_once, high)
            drawn = noise.uniform((stop - start, width))  # rows before `low` too: the stream has no other way past
            begin = max(start, low)
            if begin < stop:
                pixels = _pixels(latents[begin:stop] @ to_pixels, drawn[begin - start :])
                yield block * _BLOCK + begin - first, pixels


def _pixels(mapped: Float64, noise: Float64) -> Inputs:
    """0.95 s(mapped / 2 - 1) + 0.05 noise, float32; s(x) = (1 + x / (1 + |x|)) / 2 is a logistic curve without exp."""
    x = mapped * 0.5 - 1.0
    squashed = 0.5 * (1.0 + x / (1.0 + np.abs(x)))
    return ((1.0 - _NOISE) * squashed + _NOISE * noise).astype(np.float32)


def _labels(first: int, count: int) -> Labels:
    parts = [_latents(block)[low:high, :N_CLASSES].argmax(axis=1) for block, low, high in _blocks(first, count)]
    return np.concatenate(parts).astype(np.int64)


def _latents(block: int) -> Float64:
    """(1000, 16), multiples of 2**-10."""
    return _on_grid(stream(_SEED, "synthetic/latent", block).normal((_BLOCK, _RANK)))


def _on_grid(values: Float64) -> Float64:
    rounded: Float64 = np.rint(values * _GRID) / _GRID
    return rounded


def _blocks(first: int, count: int) -> Iterator[tuple[int, int, int]]:
    """(block, first row in it, end row in it) of the blocks that rows first..first+count-1 lie in."""
    for block in range(first // _BLOCK, (first + count - 1) // _BLOCK + 1):
        start = block * _BLOCK
        yield block, max(first - start, 0), min(first + count - start, _BLOCK)
