"""Synthetic data: any size, the same bits everywhere, mapped from a file when too large for memory."""

from __future__ import annotations

import hashlib
import shutil
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from aebench.data import load, status, synthetic
from aebench.errors import DataError
from aebench.streams import stream


def test_the_default_size() -> None:
    """`synthetic` is 10,000 rows of 784; test a sixth, validation a twelfth; ten classes, all of them there."""
    dataset = load("synthetic")
    assert (len(dataset.train), len(dataset.test), len(dataset.validation)) == (10_000, 1_666, 833)
    assert (784, (28, 28), np.float32) == (dataset.n_inputs, dataset.image_shape, dataset.train.inputs.dtype)
    assert dataset.train.labels is not None
    assert dataset.train.inputs.min() >= 0.0
    assert dataset.train.inputs.max() <= 1.0
    assert list(range(10)) == np.unique(dataset.train.labels).tolist()


@pytest.mark.parametrize(
    ("spec", "sizes", "shape"),
    [
        ("synthetic:1x1", (1, 1, 1), (1, 1)),
        ("synthetic:30x7", (30, 2, 5), None),
        ("synthetic:130000x1", (130_000, 10_000, 10_000), (1, 1)),
        ("synthetic:2x70000", (2, 1, 1), None),
    ],
)
def test_any_size(spec: str, sizes: tuple[int, int, int], shape: tuple[int, int] | None) -> None:
    """Any number of rows and any width; test and validation have at least 1 and at most 10,000 rows."""
    dataset = load(spec)
    assert sizes == (len(dataset.train), len(dataset.validation), len(dataset.test))
    assert (spec, shape) == (dataset.name, dataset.image_shape)
    assert f"synthetic:{sizes[0]}x{dataset.n_inputs}" == spec


@pytest.mark.parametrize(
    "spec", ["synthetic:", "synthetic:10", "synthetic:0x5", "synthetic:5x0", "synthetic:-1x5", "synthetic:1e3x5",
             "synthetic:10x5 ", "synthetic:010x5", "synthetic:10X5", "synthetic:1x2x3"]
)  # fmt: skip
def test_a_malformed_size_is_told_the_form(spec: str) -> None:
    """The message repeats the name and gives the form with an example; status and load agree."""
    for ask in (load, status):
        with pytest.raises(DataError, match=r"expected synthetic:NxD .* synthetic:100000x784"):
            ask(spec)


def test_a_row_does_not_depend_on_how_many_there_are() -> None:
    """Row i of a large set is row i of a small one, across and within blocks of 1,000 rows."""
    inputs, labels = synthetic.rows(0, 2_500, 20)
    for first, count in [(0, 1), (7, 3), (990, 20), (999, 1), (1_000, 1_000), (2_499, 1), (500, 1_750)]:
        some, some_labels = synthetic.rows(first, count, 20)
        assert np.array_equal(inputs[first : first + count], some)
        assert np.array_equal(labels[first : first + count], some_labels)


def test_test_and_validation_are_further_rows() -> None:
    """After the training rows come the test rows, then the validation rows: no row stands in two splits."""
    dataset = load("synthetic:1200x5")
    inputs, _ = synthetic.rows(0, 1_500, 5)
    assert np.array_equal(
        inputs, np.concatenate([dataset.train.inputs, dataset.test.inputs, dataset.validation.inputs])
    )


def test_pieces_of_a_wide_block_are_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many rows are computed at once changes memory only, not a bit."""
    expected, _ = synthetic.rows(5, 1_200, 30)
    monkeypatch.setattr(synthetic, "_VALUES_AT_ONCE", 30 * 7)
    assert np.array_equal(expected, synthetic.rows(5, 1_200, 30)[0])


def test_the_bits_are_the_known_ones() -> None:
    """A literal checksum of 1,100 rows of 50 and their labels: no machine, NumPy or BLAS may change them."""
    inputs, labels = synthetic.rows(0, 1_100, 50)
    content = inputs.astype("<f4").tobytes() + labels.astype("<i8").tobytes()
    assert hashlib.sha256(content).hexdigest() == "4d4300f68812a804efeb6f8250775bc6f0fc20844a9b84a26231a52fc674815b"


def test_the_linear_map_is_exact() -> None:
    """Latents and map are multiples of 1/1024, so the products summed in Python's integers are the same number."""
    latents = np.rint(stream(0, "synthetic/latent", 0).normal((1_000, 16)) * 1024).astype(int)
    to_pixels = np.rint(stream(0, "synthetic/map").normal((3, 16)) * 1024).astype(int)
    noise = stream(0, "synthetic/noise", 0).uniform((1_000, 3))
    inputs, labels = synthetic.rows(0, 1_000, 3)
    for row, column in [(0, 0), (17, 2), (999, 1)]:
        total = sum(int(a) * int(b) for a, b in zip(latents[row], to_pixels[column], strict=True))
        x = total / 2**20 * 0.5 - 1.0
        value = (1.0 - 0.05) * (0.5 * (1.0 + x / (1.0 + abs(x)))) + 0.05 * float(noise[row, column])
        assert np.float32(value) == inputs[row, column]
    assert np.array_equal(latents[:, :10].argmax(axis=1), labels)


def test_the_structure_has_rank_sixteen() -> None:
    """Before squashing the pixels lie in 16 dimensions: after the 16th component of the data comes a cliff."""
    inputs, _ = synthetic.rows(0, 1_000, 100)
    variances = np.linalg.svd(inputs - inputs.mean(axis=0), compute_uv=False) ** 2
    cliff = int(np.argmax(variances[:-1] / variances[1:]))
    assert cliff == 15


def test_a_mapped_file_holds_the_rows(tmp_path: Path) -> None:
    """synthetic_memmap writes the same bits that rows computes, whole, and reuses the file the next time."""
    path = tmp_path / "new" / "rows.npy"
    split = synthetic.synthetic_memmap(path, 2_100, 12)
    written = path.stat().st_mtime_ns
    again = synthetic.synthetic_memmap(str(path), 2_100, 12)
    inputs, labels = synthetic.rows(0, 2_100, 12)
    assert isinstance(split.inputs, np.memmap)
    assert np.array_equal(inputs, split.inputs)
    assert np.array_equal(labels, split.labels)
    assert np.array_equal(inputs, np.load(path))
    assert written == path.stat().st_mtime_ns
    assert np.array_equal(inputs, again.inputs)
    assert [path] == list(path.parent.iterdir())


def test_large_sets_are_mapped_from_the_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit load maps all splits from one file in the cache; the values are the ones it would compute."""
    expected = load("synthetic:2400x10")
    assert not isinstance(expected.train.inputs, np.memmap)
    monkeypatch.setattr(synthetic, "MEMORY_LIMIT", 3_000 * 10 * 4 - 1)
    mapped = load("synthetic:2400x10")
    assert [path.name for path in (cache / "synthetic").iterdir()] == ["v1-3000x10.npy"]
    for part, split in expected.splits().items():
        assert isinstance(mapped.splits()[part].inputs, np.memmap)
        assert np.array_equal(split.inputs, mapped.splits()[part].inputs)
        assert np.array_equal(split.labels, mapped.splits()[part].labels)


def test_the_limit_is_two_gibibytes() -> None:
    """Up to 2 GiB of inputs stay in memory."""
    assert synthetic.MEMORY_LIMIT == 2 * 1024**3


def _peak(path: Path, n: int) -> int:
    tracemalloc.start()
    synthetic.synthetic_memmap(path, n, 1_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_writing_needs_no_more_memory_for_more_rows(tmp_path: Path) -> None:
    """Peak memory for 32 MB of rows is less than 1 MB above that for 8 MB (labels are 8 bytes a row)."""
    small, large = _peak(tmp_path / "small.npy", 2_000), _peak(tmp_path / "large.npy", 8_000)
    assert large - small < 1_000_000


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("no npy", "cannot be read as a .npy file"),
        ("truncated", "cannot be read as a .npy file"),
        ("another size", r"float32 of shape \(99, 12\); expected float32 of shape \(100, 12\)"),
        ("another dtype", "holds float64"),
        ("other values", "row 99 of .* is not what it is computed to be"),
    ],
)
def test_a_foreign_file_is_refused_not_overwritten(tmp_path: Path, fault: str, expected: str) -> None:
    """What stands under the name is either these rows or an error that says to delete it."""
    path = tmp_path / "rows.npy"
    inputs = synthetic.rows(0, 100, 12)[0]
    if fault == "no npy":
        path.write_bytes(b"something else")
    elif fault == "other values":
        inputs[99, 11] += np.float32(0.01)
        np.save(path, inputs)
    else:
        np.save(path, inputs[:99] if fault == "another size" else inputs.astype("f8" if "dtype" in fault else "f4"))
    if fault == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    content = path.read_bytes()
    with pytest.raises(DataError, match=f"{expected}.* Delete the file and run again"):
        synthetic.synthetic_memmap(path, 100, 12)
    assert content == path.read_bytes()


def test_a_full_disk_is_noticed_before_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how much is needed and how much is free; nothing is left behind."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2**30))
    with pytest.raises(DataError, match=r"needs 2\.0 GiB in .*, 1\.0 GiB are free"):
        synthetic.synthetic_memmap(tmp_path / "rows.npy", 2**19, 2**10)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system half-way is an error of the house, and the half file is gone."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", fail)
    with pytest.raises(DataError, match=r"cannot write .* \(No space left on device\)"):
        synthetic.synthetic_memmap(tmp_path / "rows.npy", 100, 12)
    assert list(tmp_path.iterdir()) == []
