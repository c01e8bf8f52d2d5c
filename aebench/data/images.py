"""MNIST and Fashion-MNIST: 70,000 images of 28x28 in four IDX files, found, downloaded and verified.

The numbers a reader should see: 55,000 train, 5,000 validation (the first 5,000 of the training file), 10,000 test.
Every file is checked against the checksum it is known by each time it is loaded; for MNIST that costs 0.03 s.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aebench.data import download, idx, places
from aebench.data.dataset import Dataset, DatasetStatus, Split
from aebench.errors import DataError

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ImageFile:
    """One IDX file: its name without .gz, what it holds and what it is known by.

    sha256: of the uncompressed bytes, or "" where none is known.
    md5: of the .gz file, or "" where `sha256` serves.
    """

    stem: str
    kind: idx.Kind
    count: int
    sha256: str = ""
    md5: str = ""


@dataclass(frozen=True)
class ImageSet:
    """Four files, where to get them and how they are split.

    files: train images, train labels, test images, test labels, in this order.
    n_validation: how many of the first training images are validation.
    """

    name: str
    files: tuple[ImageFile, ImageFile, ImageFile, ImageFile]
    mirrors: tuple[str, ...]
    megabytes: int
    n_validation: int = 5_000
    image_shape: tuple[int, int] = (28, 28)

    def shape(self, file: ImageFile) -> tuple[int, ...]:
        """Shape of the array in the file."""
        return (file.count, *self.image_shape) if file.kind == "images" else (file.count,)


MNIST = ImageSet(
    "mnist",
    (
        ImageFile("train-images-idx3-ubyte", "images", 60_000,
                  sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        ImageFile("train-labels-idx1-ubyte", "labels", 60_000,
                  sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        ImageFile("t10k-images-idx3-ubyte", "images", 10_000,
                  sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        ImageFile("t10k-labels-idx1-ubyte", "labels", 10_000,
                  sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    megabytes=11,
)  # fmt: skip
FASHION = ImageSet(
    "fashion-mnist",
    (
        ImageFile("train-images-idx3-ubyte", "images", 60_000, md5="8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ImageFile("train-labels-idx1-ubyte", "labels", 60_000, md5="25c81989df183df01b3e8a0aad5dffbe"),
        ImageFile("t10k-images-idx3-ubyte", "images", 10_000, md5="bef4ecab320f06d8554ea6380940ec79"),
        ImageFile("t10k-labels-idx1-ubyte", "labels", 10_000, md5="bb300cfdad3c16e7a12a480ee83cd310"),
    ),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    megabytes=31,
)
IMAGE_SETS = {image_set.name: image_set for image_set in (MNIST, FASHION)}


def load(name: str, data_dir: Path | str | None = None) -> Dataset:
    """The image set: inputs pixels / 255 in float32, in [0, 1], labels int64.

    Deviates: an uncompressed Fashion-MNIST file is refused, because only checksums of the packed ones are published.

    Raises:
        DataError: a file is missing in the folder given, cannot be downloaded, or is not the one it should be.
    """
    image_set = IMAGE_SETS[name]
    folder = locate(name, data_dir)
    if folder is None:
        folder = _completed_cache(image_set)
    train_images, train_labels, test_images, test_labels = (_read(image_set, file, folder) for file in image_set.files)
    inputs, labels = _pixels(train_images), train_labels.astype(np.int64)
    n = image_set.n_validation
    return Dataset(
        name,
        train=Split(inputs[n:], labels[n:]),
        validation=Split(inputs[:n], labels[:n]),
        test=Split(_pixels(test_images), test_labels.astype(np.int64)),
        image_shape=image_set.image_shape,
    )


def locate(name: str, data_dir: Path | str | None = None) -> Path | None:
    """The folder that holds the four files, or None when they still have to be downloaded.

    Raises:
        DataError: a folder was given (argument or AEBENCH_DATA) and lacks some of them.
    """
    return places.locate(name, [file.stem for file in IMAGE_SETS[name].files], data_dir)


def status(name: str, data_dir: Path | str | None = None) -> DatasetStatus:
    """Where the files lie, or how to get them; looks at names only, not into the files."""
    try:
        folder, cache = locate(name, data_dir), places.cache_dir(name)
    except DataError as error:
        return DatasetStatus(name, available=False, detail=str(error).removeprefix(f"{name}: "))
    if folder is not None:
        return DatasetStatus(name, available=True, detail=f"in {folder}")
    megabytes = IMAGE_SETS[name].megabytes
    detail = (
        f"not here yet: {megabytes} MB are downloaded on first use into {cache}; "
        f"or give a folder with --data-dir or in {places.DATA_VARIABLE}"
    )
    return DatasetStatus(name, available=False, detail=detail)


def _completed_cache(image_set: ImageSet) -> Path:
    """The cache folder once the files it lacked are downloaded; a mirror that worked is tried first for the next."""
    folder = places.cache_dir(image_set.name)
    if download.refused:
        raise DataError(f"{image_set.name}: {status(image_set.name).detail}. A dry run downloads nothing.")
    mirrors = list(download.mirrors_for(image_set.name, image_set.mirrors))
    for file in image_set.files:
        if places.find(folder, file.stem) is None:
            verify = partial(_decode, image_set, file, compressed=True)
            used = download.fetch(image_set.name, folder / f"{file.stem}.gz", mirrors, verify)
            mirrors.remove(used)
            mirrors.insert(0, used)
    return folder


def _read(image_set: ImageSet, file: ImageFile, folder: Path) -> Bytes:
    """The verified array of one file in the folder.

    Raises:
        DataError: with the path, what is wrong with it and what to do.
    """
    path = places.find(folder, file.stem)
    if path is None:
        raise DataError(f"{image_set.name}: {folder / file.stem} is gone since it was looked up. Run again.")
    try:
        return _decode(image_set, file, path, compressed=path.suffix == ".gz")
    except OSError as error:
        raise DataError(
            f"{image_set.name}: cannot read {path}: {error.strerror or error}. Mend its permissions or its disk."
        ) from error
    except idx.IdxError as error:
        if folder == places.cache_dir(image_set.name):
            advice = "Delete the file and run again; it is downloaded anew."
        else:
            advice = f"Replace it by the original, for example from {image_set.mirrors[-1]}{file.stem}.gz"
        raise DataError(f"{image_set.name}: {path} {error}. {advice}") from error


def _decode(image_set: ImageSet, file: ImageFile, path: Path, *, compressed: bool) -> Bytes:
    """The array in the file at `path`, shape by `image_set.shape`, uint8, once form and checksum are right.

    Raises:
        IdxError: a predicate of the path.
        OSError: the file cannot be read.
    """
    raw = path.read_bytes()
    payload = idx.decompress(raw) if compressed else raw
    values = idx.parse(payload, kind=file.kind)
    _check_shape(image_set, file, values.shape)
    _check_sums(image_set, file, raw, payload)
    return values


def _check_shape(image_set: ImageSet, file: ImageFile, found: tuple[int, ...]) -> None:
    expected = image_set.shape(file)
    if found == expected:
        return
    message = f"holds {file.kind} of shape {found}, expected {expected}"
    for other in image_set.files:
        if other.kind == file.kind and image_set.shape(other) == found:
            message += f": it looks like {other.stem} in the place of {file.stem}"
    raise idx.IdxError(message)


def _check_sums(image_set: ImageSet, file: ImageFile, raw: bytes, payload: bytes) -> None:
    """Compared with every file known, so that one in another's place is called by its name."""
    sha256 = hashlib.sha256(payload).hexdigest()
    md5 = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    for known_set in IMAGE_SETS.values():
        for known in known_set.files:
            if known.sha256 == sha256 or known.md5 == md5:
                if known is file:
                    return
                raise idx.IdxError(f"is {known.stem} of {known_set.name}, expected that of {image_set.name}")
    if file.sha256:
        found, expected = f"the SHA-256 of its uncompressed bytes is {sha256}", file.sha256
    elif raw is not payload:
        found, expected = f"its MD5 is {md5}", file.md5
    else:
        raise idx.IdxError(
            "is uncompressed, and nobody can say whether its bytes are the right ones: only the checksum of the .gz is "
            "published"
        )
    raise idx.IdxError(f"has corrupt bytes: {found}, expected {expected}")


def _pixels(images: Bytes) -> npt.NDArray[np.float32]:
    """(n, height * width) float32 in [0, 1]: the bytes / 255, rounded once."""
    flat = images.reshape(len(images), -1)
    return np.divide(flat, np.float32(255.0), dtype=np.float32)
