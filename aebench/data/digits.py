"""scikit-learn's bundled digits: 1,797 images of 8x8, enlarged to 28x28 so that every shape stays 784.

They need no network and load in a second, so they are the default. They are not MNIST: fewer, smoother and easier;
a figure measured on them stands beside another measured on them only.
"""

from __future__ import annotations

import importlib
import itertools

import numpy as np
import numpy.typing as npt

from aebench.data.dataset import Dataset, Labels, Split
from aebench.errors import DataError
from aebench.streams import Float64

N_TRAIN, N_VALIDATION, N_TEST = 1350, 147, 300
N_IMAGES = N_TRAIN + N_VALIDATION + N_TEST
_SMALL, _LARGE = 8, 28
_WHITE = 16
INSTALL = "pip install scikit-learn"


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
    try:
        datasets = importlib.import_module("sklearn.datasets")
    except ImportError as error:
        raise DataError(
            f"digits: scikit-learn, which brings these images, cannot be imported ({error}). Install it with: {INSTALL}"
        ) from error
    bundle = datasets.load_digits()
    images: npt.NDArray[np.float64] = np.asarray(bundle.images, dtype=np.float64)
    labels: Labels = np.asarray(bundle.target, dtype=np.int64)
    whole = images.shape == (N_IMAGES, _SMALL, _SMALL) and labels.shape == (N_IMAGES,)
    if not whole or not np.isin(images, np.arange(_WHITE + 1)).all():
        raise DataError(
            f"digits: scikit-learn returned images of shape {images.shape} from {images.min()} to {images.max()} and "
            f"{len(labels)} labels; expected {N_IMAGES} images of 8x8 with whole values 0 to 16. "
            f"Its installation is damaged or too new: {INSTALL} --force-reinstall"
        )
    return images, labels
