"""scikit-learn's bundled digits: 1,797 images of 8x8, enlarged to 28x28 so that every shape stays 784.

They need no network and load in no time, so they are the default. They are not MNIST: fewer, smoother and easier;
a figure measured on them stands beside another measured on them only.
"""

from __future__ import annotations

import gzip
import importlib.util
import itertools
from pathlib import Path

import numpy as np

from aebench.data.dataset import Dataset, Labels, Split
from aebench.errors import DataError
from aebench.streams import Float64

N_TRAIN, N_VALIDATION, N_TEST = 1350, 147, 300
N_IMAGES = N_TRAIN + N_VALIDATION + N_TEST
_SMALL, _LARGE = 8, 28
_WHITE = 16
INSTALL = "pip install scikit-learn"
FILE = Path("datasets") / "data" / "digits.csv.gz"


def load(name: str = "digits") -> Dataset:
    """The digits in scikit-learn's own order: train 1,350, validation 147, test 300; inputs float32 in [0, 1].

    Its order is kept because a writer's digits stand together in it, so at most the writer at a border stands on
    both sides: shuffled, the same hands would be in train and in test, and the test error would be too good.

    Raises:
        DataError: scikit-learn is missing, or its digits are not the 1,797 images known here.
    """
    images, labels = _bundled()
    inputs = enlarge(images).reshape(N_IMAGES, _LARGE * _LARGE).astype(np.float32)
    bounds = (0, N_TRAIN, N_TRAIN + N_VALIDATION, N_IMAGES)
    train, validation, test = (Split(inputs[a:b], labels[a:b]) for a, b in itertools.pairwise(bounds))
    return Dataset(name, train, validation, test, image_shape=(_LARGE, _LARGE))


def resampling_matrix() -> Float64:
    """M of the enlargement M @ image @ M.T, (28, 8) float64, each row a linear interpolation with sum 1.

    Pixel centres are aligned: target i reads the source at (i + 0.5) * 8/28 - 0.5, clamped to the edge pixels.
    """
    return _fourteenths() / 14


def enlarge(images: Float64) -> Float64:
    """(n, 8, 8) with whole values 0..16 to (n, 28, 28) float64 in [0, 1]: M @ image @ M.T / 16.

    Every entry of M is a whole number of fourteenths. Computed on those, all products and sums are exact, whatever
    order or fused instruction a BLAS chooses, and the one division at the end is rounded alike everywhere.
    """
    weights = _fourteenths()
    enlarged: Float64 = weights @ images @ weights.T / (14 * 14 * _WHITE)
    return enlarged


def _fourteenths() -> Float64:
    """14 M: target i reads the source at (4 i - 5) / 14."""
    place = np.clip(4 * np.arange(_LARGE) - 5, 0, 14 * (_SMALL - 1))
    distance = np.abs(place[:, None] - 14 * np.arange(_SMALL)[None, :])
    weights: Float64 = np.maximum(14 - distance, 0).astype(np.float64)
    return weights


def _bundled() -> tuple[Float64, Labels]:
    """Images (1797, 8, 8) float64 with whole values 0..16, labels (1797,) int64."""
    table = _table()
    if table.shape != (N_IMAGES, _SMALL * _SMALL + 1):
        raise _other(f"numbers of shape {table.shape}")
    images, labels = table[:, :-1], table[:, -1]
    if not np.isin(images, np.arange(_WHITE + 1)).all() or not np.isin(labels, np.arange(10)).all():
        raise _other(f"pixels from {images.min():g} to {images.max():g}, labels to {labels.max():g}")
    return images.reshape(N_IMAGES, _SMALL, _SMALL), labels.astype(np.int64)


def _table() -> Float64:
    """The file behind `load_digits`, a row for each image: 64 pixels and the label.

    It is read as it lies there: importing scikit-learn takes two seconds of every process that reads these images.
    """
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise DataError(f"digits: scikit-learn, which brings them, is not installed. Install it with: {INSTALL}")
    try:
        with gzip.open(Path(spec.origin).parent / FILE, "rt", encoding="ascii") as file:
            return np.array([line.split(",") for line in file], np.float64)
    except (OSError, EOFError, ValueError) as error:
        raise _other(f"what cannot be read: {error}") from error


def _other(found: str) -> DataError:
    return DataError(
        f"digits: scikit-learn's {FILE.name} holds {found}; expected {N_IMAGES} images of 8x8 with whole values 0 to "
        f"16, and their labels. Its installation is damaged or too new: {INSTALL} --force-reinstall"
    )
