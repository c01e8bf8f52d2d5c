"""The digits: scikit-learn's own, enlarged to 28x28 with exact arithmetic, in scikit-learn's order."""

from __future__ import annotations

import gzip
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from aebench.data import digits, load, status
from aebench.errors import DataError


def test_the_order_is_scikit_learns() -> None:
    """1,350 + 147 + 300 images in the order of load_digits, because there a writer's digits stand together."""
    dataset, bundle = load("digits"), load_digits()
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (1350, 147, 300)
    labels = np.concatenate([split.labels for split in dataset.splits().values()])
    assert np.array_equal(bundle.target, labels)
    inputs = np.concatenate([split.inputs for split in dataset.splits().values()])
    assert np.array_equal(digits.enlarge(bundle.images).reshape(-1, 784).astype(np.float32), inputs)


def test_shape_dtype_and_range() -> None:
    """784 float32 inputs from 0 to 1 exactly, folding into 28x28."""
    dataset = load("digits")
    assert (dataset.n_inputs, dataset.image_shape) == (784, (28, 28))
    assert np.float32 == dataset.train.inputs.dtype
    assert (dataset.train.inputs.min(), dataset.train.inputs.max()) == (0.0, 1.0)


def test_the_matrix_interpolates_between_aligned_centres() -> None:
    """Worked by hand: target 0 lies outside the first centre (clamped), 2 at 3/14, 13 at 47/14, 27 is clamped."""
    matrix = digits.resampling_matrix()
    assert matrix.shape == (28, 8)
    assert matrix[0].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert matrix[2].tolist() == [11 / 14, 3 / 14, 0, 0, 0, 0, 0, 0]
    assert matrix[13].tolist() == [0, 0, 0, 9 / 14, 5 / 14, 0, 0, 0]
    assert matrix[27].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]


def test_the_matrix_is_symmetric_and_keeps_constants() -> None:
    """Turned by half a turn it is the same, and each row sums to 1."""
    fourteenths = digits.resampling_matrix() * 14
    assert np.array_equal(fourteenths, fourteenths[::-1, ::-1])
    assert np.array_equal(np.full(28, 14.0), np.rint(fourteenths).sum(axis=1))


def test_every_pixel_is_the_exact_value_rounded_once() -> None:
    """M @ image @ M.T / 16 in rational arithmetic, rounded to float64: the same bits on every machine."""
    image = load_digits().images[7]
    matrix = [[Fraction(round(14 * value), 14) for value in row] for row in digits.resampling_matrix()]
    small = [[Fraction(int(value)) for value in row] for row in image]
    for i, j in [(0, 0), (5, 9), (13, 14), (20, 3), (27, 27)]:
        exact = sum(matrix[i][a] * small[a][b] * matrix[j][b] for a in range(8) for b in range(8)) / 16
        assert float(exact) == digits.enlarge(image[None])[0, i, j]


def test_a_white_image_stays_white() -> None:
    """All pixels 16 become all pixels 1, at the edges too."""
    assert np.array_equal(np.ones((1, 28, 28)), digits.enlarge(np.full((1, 8, 8), 16.0)))


def test_a_missing_scikit_learn_gives_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what is missing and how to get it; so does the status, without an exception."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install scikit-learn"):
        load("digits")
    assert (
        status("digits").available,
        status("digits").detail,
    ) == (False, "needs scikit-learn: pip install scikit-learn")


@pytest.mark.parametrize("fault", ["fewer", "narrower", "brighter", "not whole", "no class"])
def test_other_digits_than_the_known_are_refused(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """A scikit-learn that brings other images must not pass for the same data set."""
    table = digits._table()
    if fault in ("fewer", "narrower"):
        table = table[:-1] if fault == "fewer" else table[:, 1:]
    else:
        table[3, -1 if fault == "no class" else 20] = {"brighter": 17, "not whole": 0.5, "no class": 10}[fault]
    monkeypatch.setattr(digits, "_table", lambda: table)
    with pytest.raises(DataError, match="expected 1797 images of 8x8 with whole values 0 to 16"):
        load("digits")


@pytest.mark.parametrize("content", [None, b"", b"no gzip", gzip.compress(b"1,2\n3\n", mtime=0)])
def test_a_damaged_file_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None) -> None:
    """It is not there, or holds something else."""
    path = tmp_path / digits.FILE
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: SimpleNamespace(origin=str(tmp_path / "__init__.py")))
    with pytest.raises(DataError, match=r"pip install scikit-learn --force-reinstall"):
        load("digits")


def test_scikit_learn_is_not_imported() -> None:
    """It would cost two seconds of every process that reads the digits."""
    code = "import sys; from aebench.data import load; load('digits'); sys.exit('sklearn' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
