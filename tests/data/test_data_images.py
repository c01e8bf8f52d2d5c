"""MNIST and Fashion-MNIST from files: found where promised, and every way a file can be wrong has its own message."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aebench.data import images, load, locate, status
from aebench.errors import DataError

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = (file.stem for file in images.MNIST.files)
STEMS = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


@pytest.mark.parametrize(
    ("name", "compressed"), [("mnist", True), ("mnist", False), ("fashion-mnist", True)]
)  # an uncompressed Fashion-MNIST file cannot be verified
def test_pixels_are_bytes_over_255_and_the_first_training_images_validate(
    fakes: dict[str, Any], tmp_path: Path, name: str, compressed: bool
) -> None:
    """Inputs are pixels / 255 in float32; validation is the head of the training file, test the other file."""
    fake = fakes[name]
    dataset = load(name, data_dir=fake.write(tmp_path / "given", compressed=compressed))
    found = np.concatenate([split.inputs for split in (dataset.validation, dataset.train, dataset.test)])
    labels = np.concatenate([split.labels for split in (dataset.validation, dataset.train, dataset.test)])
    expected = (fake.images.reshape(-1, 784).astype(np.float32) / np.float32(255)).astype(np.float32)
    assert (len(dataset.validation), len(dataset.train), len(dataset.test)) == (5, 15, 8)
    assert np.float32 == found.dtype
    assert np.array_equal(expected, found)
    assert np.array_equal(fake.labels, labels)
    assert dataset.image_shape == (28, 28)


def test_files_are_taken_from_argument_then_environment_then_cache(
    fakes: dict[str, Any], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument goes before AEBENCH_DATA, that before the cache; without any of them there is no folder."""
    fake = fakes["mnist"]
    assert locate("mnist") is None
    cached = fake.write(cache / "mnist")
    assert cached == locate("mnist")
    named = fake.write(tmp_path / "named")
    monkeypatch.setenv("AEBENCH_DATA", str(named))
    assert named == locate("mnist")
    given = fake.write(tmp_path / "given")
    assert given == locate("mnist", given)
    assert given == locate("mnist", str(given))


def test_one_folder_holds_both_sets_in_sub_folders(
    fakes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sub-folder of the set's name goes before the folder itself, because both sets use the same file names."""
    fakes["mnist"].write(tmp_path / "both")
    fashion = fakes["fashion-mnist"].write(tmp_path / "both" / "fashion-mnist")
    monkeypatch.setenv("AEBENCH_DATA", str(tmp_path / "both"))
    assert tmp_path / "both" == locate("mnist")
    assert fashion == locate("fashion-mnist")
    assert load("fashion-mnist").train.labels is not None


@pytest.mark.parametrize("by", ["--data-dir", "AEBENCH_DATA"])
def test_a_named_folder_that_lacks_a_file_is_an_error_not_a_download(
    fakes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """The message lists what was looked for, which file is missing and who named the folder."""
    folder = fakes["mnist"].write(tmp_path / "given")
    (folder / f"{TEST_LABELS}.gz").unlink()
    if by == "AEBENCH_DATA":
        monkeypatch.setenv(by, str(folder))
    with pytest.raises(DataError) as caught:
        load("mnist", data_dir=folder if by == "--data-dir" else None)
    message = str(caught.value)
    assert f"given by {by}" in message
    assert f"{folder} (missing: {TEST_LABELS})" in message
    assert f"{folder / 'mnist'} (no such folder)" in message
    assert all(stem in message for stem in STEMS)


def test_a_file_in_the_place_of_the_folder_is_called_so(fakes: dict[str, Any], tmp_path: Path) -> None:
    """A path that is a file is not taken for an empty folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file \(not a folder\)"):
        load("mnist", data_dir=tmp_path / "file")


def _cut(fake: Any, stem: str, keep: int) -> bytes:
    return bytes(gzip.compress(fake.payloads[stem][:keep], mtime=0))


def _patched(fake: Any, stem: str, at: int, byte: int) -> bytes:
    content = bytearray(fake.payloads[stem])
    content[at] = byte
    return gzip.compress(bytes(content), mtime=0)


def _with_damaged_stream(fake: Any, stem: str) -> bytes:
    content = bytearray(fake.zipped[stem])
    content[-6] ^= 255  # within the CRC
    return bytes(content)


FAULTS: dict[str, tuple[str, Callable[[Any], bytes], str]] = {
    "empty": (TRAIN_IMAGES, lambda fake: b"", "is empty"),
    "truncated gzip": (TRAIN_IMAGES, lambda fake: fake.zipped[TRAIN_IMAGES][:-20], "gzip stream stops after"),
    "gzip without its last byte": (TEST_LABELS, lambda fake: fake.zipped[TEST_LABELS][:-1], "gzip stream stops"),
    "damaged gzip": (TRAIN_IMAGES, lambda fake: _with_damaged_stream(fake, TRAIN_IMAGES), "is damaged: gzip"),
    "error page": (TEST_IMAGES, lambda fake: b"<!DOCTYPE html>", "is not gzip although its name says so"),
    "unpacked, name kept": (TEST_IMAGES, lambda fake: fake.payloads[TEST_IMAGES], "must lose the .gz"),
    "truncated payload": (TRAIN_IMAGES, lambda fake: _cut(fake, TRAIN_IMAGES, 1016), "is cut short: 1,000 bytes of"),
    "truncated header": (TRAIN_IMAGES, lambda fake: _cut(fake, TRAIN_IMAGES, 9), "less than its header of 16"),
    "truncated magic": (TRAIN_LABELS, lambda fake: _cut(fake, TRAIN_LABELS, 3), "less than its magic number"),
    "bytes too many": (
        TRAIN_LABELS,
        lambda fake: gzip.compress(fake.payloads[TRAIN_LABELS] + b"\0\0"),
        "has 2 bytes more than its header promises",
    ),
    "wrong magic": (TRAIN_IMAGES, lambda fake: _patched(fake, TRAIN_IMAGES, 3, 7), "number is 2055, expected 2051"),
    "labels for images": (TRAIN_IMAGES, lambda fake: fake.zipped[TRAIN_LABELS], "holds labels .* are swapped"),
    "images for labels": (TEST_LABELS, lambda fake: fake.zipped[TEST_IMAGES], "holds images .* are swapped"),
    "train for test": (TEST_IMAGES, lambda fake: fake.zipped[TRAIN_IMAGES], f"like {TRAIN_IMAGES} in the place of"),
    "test for train": (TRAIN_LABELS, lambda fake: fake.zipped[TEST_LABELS], f"like {TEST_LABELS} in the place of"),
    "another image size": (
        TEST_IMAGES,
        lambda fake: gzip.compress(fake.idx_bytes(2051, np.zeros((8, 32, 32)))),
        r"shape \(8, 32, 32\), expected \(8, 28, 28\)",
    ),
    "corrupt byte": (TRAIN_IMAGES, lambda fake: _patched(fake, TRAIN_IMAGES, 500, 99), "corrupt bytes: the SHA-256"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_file_has_its_own_message(fakes: dict[str, Any], tmp_path: Path, fault: str) -> None:
    """The message names the set, the path and the fault, and ends with what to do."""
    stem, content, expected = FAULTS[fault]
    folder = fakes["mnist"].write(tmp_path / "given")
    (folder / f"{stem}.gz").write_bytes(content(fakes["mnist"]))
    with pytest.raises(DataError, match=expected) as caught:
        load("mnist", data_dir=folder)
    assert str(caught.value).startswith(f"mnist: {folder / stem}.gz ")
    assert f"Replace it by the original, for example from http://127.0.0.1:1/{stem}.gz" in str(caught.value)


def test_a_corrupt_file_in_the_cache_is_to_be_deleted(fakes: dict[str, Any], cache: Path) -> None:
    """The advice fits the place: what was downloaded can be downloaded again. Nothing is deleted unasked."""
    path = fakes["mnist"].write(cache / "mnist") / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(_patched(fakes["mnist"], TRAIN_IMAGES, 500, 99))
    with pytest.raises(DataError, match="Delete the file and run again"):
        load("mnist")
    assert path.exists()


@pytest.mark.parametrize(("asked", "lying"), [("mnist", "fashion-mnist"), ("fashion-mnist", "mnist")])
@pytest.mark.parametrize("compressed", [True, False])
def test_one_set_in_the_place_of_the_other_is_recognised(
    fakes: dict[str, Any], tmp_path: Path, asked: str, lying: str, compressed: bool
) -> None:
    """Both have the same shapes and names; the checksum tells them apart, and the message says which it is."""
    folder = fakes[lying].write(tmp_path / "given", compressed=compressed)
    known = compressed or lying == "mnist"  # an uncompressed Fashion-MNIST file is known by no checksum
    expected = f"is {TRAIN_IMAGES} of {lying}, expected that of {asked}" if known else "has corrupt bytes"
    with pytest.raises(DataError, match=expected):
        load(asked, data_dir=folder)


def test_a_corrupt_fashion_file_is_known_by_the_md5_of_its_gz(fakes: dict[str, Any], tmp_path: Path) -> None:
    """Fashion-MNIST has published MD5 sums of the .gz files only."""
    folder = fakes["fashion-mnist"].write(tmp_path / "given")
    (folder / f"{TRAIN_IMAGES}.gz").write_bytes(_patched(fakes["fashion-mnist"], TRAIN_IMAGES, 500, 99))
    with pytest.raises(DataError, match="has corrupt bytes: its MD5 is"):
        load("fashion-mnist", data_dir=folder)


def test_an_uncompressed_file_that_nobody_can_verify_is_refused(fakes: dict[str, Any], tmp_path: Path) -> None:
    """Bytes of any kind would pass; the message says why they do not, and where the packed file is."""
    folder = fakes["fashion-mnist"].write(tmp_path / "given", compressed=False)
    with pytest.raises(DataError, match=r"is uncompressed, and nobody can say .*Replace it by the original"):
        load("fashion-mnist", data_dir=folder)


def test_a_file_that_may_not_be_read_is_an_error_of_the_house(
    fakes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback for missing permissions or a broken disk."""
    folder = fakes["mnist"].write(tmp_path / "given")

    def fail(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(DataError, match=r"cannot read .*: Permission denied\. Mend its permissions"):
        load("mnist", data_dir=folder)


def test_status_says_where_or_how(fakes: dict[str, Any], cache: Path, tmp_path: Path) -> None:
    """Not here: how to get it. In the cache: where. In a folder that lacks files: which, and no exception."""
    absent = status("mnist")
    assert (absent.available, "11 MB are downloaded on first use" in absent.detail) == (False, True)
    lacking = status("mnist", tmp_path)
    assert (lacking.available, f"missing: {TRAIN_IMAGES}" in lacking.detail) == (False, True)
    folder = fakes["mnist"].write(cache / "mnist")
    assert (True, f"in {folder}") == (status("mnist").available, status("mnist").detail)


@pytest.mark.skipif("AEBENCH_TEST_MNIST" not in os.environ, reason="AEBENCH_TEST_MNIST names no folder with MNIST")
def test_the_real_mnist_loads_quickly_and_is_known() -> None:
    """55,000 + 5,000 + 10,000 images, the known first labels and mean 0.1307 of the training pixels, in 1.5 s."""
    start = time.perf_counter()
    dataset = load("mnist", data_dir=os.environ["AEBENCH_TEST_MNIST"])
    seconds = time.perf_counter() - start
    training = np.concatenate([dataset.validation.inputs, dataset.train.inputs])
    assert dataset.validation.labels is not None
    assert dataset.test.labels is not None
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (55_000, 5_000, 10_000)
    assert dataset.validation.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert f"{training.mean(dtype=np.float64):.4f}" == "0.1307"
    assert seconds < 1.5
