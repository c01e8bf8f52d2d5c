"""The IDX format of MNIST: a magic number, the length of each axis, then one byte a value; usually gzipped.

Errors here say what is wrong with the bytes ("is cut short: ..."); the caller puts the path before and the advice
after, because the same bytes may come from a user's folder, the cache or a mirror.

Source: "THE IDX FILE FORMAT", yann.lecun.com/exdb/mnist. All integers are big-endian.
"""

from __future__ import annotations

import gzip
import math
import zlib
from typing import Literal

import numpy as np
import numpy.typing as npt

from aebench.errors import DataError

Kind = Literal["images", "labels"]

MAGIC: dict[Kind, int] = {"images": 2051, "labels": 2049}
_AXES: dict[Kind, int] = {"images": 3, "labels": 1}
_GZIP_MARK = b"\x1f\x8b"


class IdxError(DataError):
    """Bytes that are no IDX file of the expected kind; the message is a predicate that a path goes in front of."""


def is_gzip(raw: bytes) -> bool:
    """Whether the bytes begin as gzip does."""
    return raw[:2] == _GZIP_MARK


def decompress(raw: bytes) -> bytes:
    """The uncompressed bytes of a gzip file.

    Raises:
        IdxError: not gzip, cut short, or damaged (each with its own message).
    """
    if not raw:
        raise IdxError("is empty; expected a gzip file")
    if not is_gzip(raw):
        raise IdxError(
            f"is not gzip although its name says so: it begins with {raw[:12]!r}, expected the bytes 1f 8b "
            "(a saved error page looks like this; a file that is already uncompressed must lose the .gz)"
        )
    try:
        return gzip.decompress(raw)
    except EOFError as error:
        raise IdxError(f"is cut short: the gzip stream stops after {len(raw):,} bytes without its end mark") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise IdxError(f"is damaged: gzip cannot read it ({error})") from error


def parse(payload: bytes, *, kind: Kind) -> npt.NDArray[np.uint8]:
    """The values, (count, height, width) or (count,) as the header says, uint8, read-only.

    Raises:
        IdxError: wrong magic number, images where labels are expected or the reverse, cut short, or followed by
            bytes that do not belong there.
    """
    header = 4 * (1 + _AXES[kind])
    _check_magic(payload, kind)
    if len(payload) < header:
        raise IdxError(f"is cut short: {len(payload)} bytes, less than its header of {header}")
    shape = tuple(int(n) for n in np.frombuffer(payload, ">u4", count=_AXES[kind], offset=4))
    values, expected = len(payload) - header, math.prod(shape)
    if values < expected:
        raise IdxError(f"is cut short: {values:,} bytes of {kind} after the header, which promises {expected:,}")
    if values > expected:
        raise IdxError(f"has {values - expected:,} bytes more than its header promises ({expected:,} of {kind})")
    return np.frombuffer(payload, np.uint8, offset=header).reshape(shape)


def _check_magic(payload: bytes, kind: Kind) -> None:
    if len(payload) < 4:
        raise IdxError(f"is cut short: {len(payload)} bytes, less than its magic number")
    found = int.from_bytes(payload[:4], "big")
    if found == MAGIC[kind]:
        return
    for other, magic in MAGIC.items():
        if found == magic:
            raise IdxError(
                f"holds {other} (magic number {magic}) where {kind} ({MAGIC[kind]}) are expected: "
                "the image and label files are swapped"
            )
    raise IdxError(f"is no IDX file of {kind}: its magic number is {found}, expected {MAGIC[kind]}")
