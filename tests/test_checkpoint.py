"""Checkpoints: written whole, read by every framework, and plain about what is wrong with them."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import remote
from processes import Process, apart, same
from safetensors.numpy import save_file

from aebench import registry
from aebench.arrays import Arrays
from aebench.errors import CheckpointError, ResultError
from aebench.records import checkpoint, store

FLOAT64 = 1e-12
RELAYED = ("stacked", "tied", "sparse", "variational")
PARAMETERS: Arrays = {
    "encoder1.weight": np.arange(6.0).reshape(2, 3),
    "encoder1.bias": np.array([0.1, -0.0, np.inf], dtype=np.float32),
    "decoder1.bias": np.array([], dtype=np.float64),
}
STATE: Arrays = {"step": np.asarray(3, dtype=np.int64), "encoder1.bias.first_moment": np.ones(3)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a checkpoint of PARAMETERS and STATE has been written."""
    written = tmp_path / "stacked.safetensors"
    checkpoint.save(written, "stacked", PARAMETERS, optimizer=STATE, metadata={"phase": "phase1", "epoch": "3"})
    return written


def test_whoever_may_read_other_files_may_read_it(path: Path) -> None:
    """Its mode is that of every file that is made here: others attach it to an issue, or run from it."""
    another = path.with_name("another")
    another.touch()
    assert another.stat().st_mode == path.stat().st_mode


def test_round_trip(path: Path) -> None:
    """Arrays come back with their names, shapes, dtypes and bits; scalars and empty arrays too, and the metadata."""
    parameters, state, metadata = checkpoint.load_training(path, "stacked")
    assert same(dict(sorted(PARAMETERS.items())), dict(sorted(parameters.items())))
    assert same(dict(sorted(STATE.items())), dict(sorted(state.items())))
    expected = {"format": "aebench-checkpoint/1", "autoencoder": "stacked", "phase": "phase1", "epoch": "3"}
    assert expected == metadata


def test_views_are_written_as_they_look(tmp_path: Path) -> None:
    """A transposed view is written in its own layout, not in that of the memory behind it."""
    base = np.arange(6.0).reshape(2, 3)
    checkpoint.save(tmp_path / "x", "stacked", {"encoder1.weight": base.T, "encoder1.bias": base[:, 1]})
    expected = {"encoder1.bias": base[:, 1].copy(), "encoder1.weight": base.T.copy()}
    assert same(expected, dict(sorted(checkpoint.load(tmp_path / "x").items())))


def test_a_checkpoint_without_optimiser_has_an_empty_state(tmp_path: Path) -> None:
    """Parameters alone are a checkpoint; what was not saved is empty."""
    checkpoint.save(tmp_path / "x", "stacked", PARAMETERS)
    assert checkpoint.load_training(tmp_path / "x")[1] == {}


def test_missing_file(tmp_path: Path) -> None:
    """A path without a file is an error that names it."""
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(tmp_path / "none.safetensors")
    expected = f"no file {tmp_path / 'none.safetensors'}"
    assert expected == str(caught.value)


@pytest.mark.parametrize("kept", [0, 4, 60, -1])
def test_truncated_file(path: Path, kept: int) -> None:
    """A file cut anywhere is an error that says what to do, never half a model."""
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"is truncated or damaged .*; delete it and run again with --resume"):
        checkpoint.load(path)


@pytest.mark.parametrize(
    "content", [b"not a checkpoint\n" * 40, b"\xff" * 4096, b"\x00" * 64], ids=["text", "ff", "00"]
)
def test_garbage_file(path: Path, content: bytes) -> None:
    """A file that is something else is an error, whatever it is."""
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="truncated or damaged"):
        checkpoint.load(path)


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    """A folder in the place of the file is an error of the same kind."""
    with pytest.raises(CheckpointError):
        checkpoint.load(tmp_path)


@pytest.mark.parametrize(
    ("metadata", "found"),
    [(None, "not stated"), ({"format": "aebench-checkpoint/9"}, "aebench-checkpoint/9"), ({"format": "pt"}, "pt")],
)
def test_other_formats(tmp_path: Path, metadata: dict[str, str] | None, found: str) -> None:
    """A safetensors file of another format or version is refused, and the format found is named."""
    save_file({"encoder1.bias": np.zeros(3)}, tmp_path / "x", metadata)
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(tmp_path / "x")
    expected = f"{tmp_path / 'x'} is no aebench-checkpoint/1 file (its format: {found})"
    assert expected == str(caught.value)


def test_another_autoencoder(path: Path) -> None:
    """A checkpoint of another autoencoder is refused, with the way to copy some layers only."""
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(path, "tied")
    expected = f"{path} is a checkpoint of stacked, not of tied; name the layers to copy (layers=[...])"
    assert str(caught.value).startswith(expected)


def test_some_layers(path: Path) -> None:
    """Only the parameters of the named layers; no optimiser state among them."""
    actual = checkpoint.load(path, layers=["encoder1"])
    expected = ["encoder1.bias", "encoder1.weight"]
    assert expected == sorted(actual)


def test_a_missing_layer_is_named(path: Path) -> None:
    """A layer that the checkpoint lacks is an error that lists what it holds; prefixes do not count."""
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(path, layers=["encoder1", "mean", "encoder"])
    assert f"{path} has no layer mean, encoder; it holds " in str(caught.value)
    assert "encoder1.weight" in str(caught.value)


@pytest.mark.parametrize("name", ["linear", "tied", "variational"])
def test_models_load_what_other_models_saved(
    process: Process, processes: dict[str, Process], tmp_path: Path, name: str
) -> None:
    """A file of any framework fills a model of any other, bit for bit, and nothing of the old parameters stays."""
    for writer in processes.values():
        written = writer.call(remote.saved, name, tmp_path / writer.framework)
        before, after = process.call(remote.loaded, name, tmp_path / writer.framework)
        assert same(written, after)
        assert not np.array_equal(before["encoder1.weight"], after["encoder1.weight"])


def test_a_classifier_takes_the_encoder_of_a_layerwise_autoencoder(process: Process, tmp_path: Path) -> None:
    """The named layers of another autoencoder's checkpoint replace the initial ones; the others stay."""
    path, layers = tmp_path / "cached", remote.narrow("pretrained").phase("finetuned").copies
    written = process.call(remote.saved, "layerwise_cached", path)
    before, after = process.call(remote.loaded, "pretrained", path, layers)
    expected = {n: (written if n.split(".")[0] in layers else before)[n] for n in before}
    assert same(expected, after)
    assert not same(before, after)


def test_a_model_refuses_the_whole_of_another_autoencoder(process: Process, tmp_path: Path) -> None:
    """Without named layers a checkpoint must be of the model's own autoencoder."""
    process.call(remote.saved, "layerwise_cached", tmp_path / "x")
    with pytest.raises(CheckpointError, match="is a checkpoint of layerwise_cached, not of pretrained"):
        process.call(remote.loaded, "pretrained", tmp_path / "x")


@pytest.fixture(scope="module")
def relays(processes: dict[str, Process], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint of every framework and relayed autoencoder after three steps."""
    folder = tmp_path_factory.mktemp("relays")
    for writer in processes.values():
        for name in RELAYED:
            writer.call(remote.relay, name, folder / f"{writer.framework}-{name}")
    return folder


@pytest.mark.parametrize("name", RELAYED)
def test_a_training_goes_on_in_another_framework(
    process: Process, processes: dict[str, Process], relays: Path, name: str
) -> None:
    """Three steps in any framework and three more in any other are the arbiter's six, within 1e-12."""
    expected = processes[registry.ARBITER].recall(remote.six_steps, name)
    paths = [relays / f"{writer}-{name}" for writer in processes]
    for actual in process.call(remote.relay_on, name, paths):
        assert apart(expected, actual) < FLOAT64


def test_a_training_without_its_moments_would_be_noticed(arbiter: Process, relays: Path, tmp_path: Path) -> None:
    """Planted fault: a checkpoint whose moments were lost does not go on to the same parameters."""
    parameters, state, _ = checkpoint.load_training(relays / "reference-stacked")
    lost = {key: value if key == "step" else np.zeros_like(value) for key, value in state.items()}
    checkpoint.save(tmp_path / "lost", "stacked", parameters, optimizer=lost)
    (actual,) = arbiter.call(remote.relay_on, "stacked", [tmp_path / "lost"])
    assert apart(arbiter.recall(remote.six_steps, "stacked"), actual) > FLOAT64


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 64 KiB: the kernel refuses the rest, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_old_file(path: Path, small_disk: None) -> None:
    """When the disk takes no more the error says so, what was there before stays, and no half file remains."""
    before = path.read_bytes()
    with pytest.raises(ResultError, match=f"cannot write {path}: .*File too large") as caught:
        checkpoint.save(path, "stacked", {"encoder1.weight": np.zeros((200, 200))})
    assert "Free space or permissions are missing" in str(caught.value)
    assert before == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_a_full_disk_leaves_the_old_text(tmp_path: Path) -> None:
    """The same for text files."""
    path = tmp_path / "result.json"
    store.write_text(path, "before")
    (tmp_path / f".result.json.{os.getpid()}.partial").symlink_to("/dev/full")
    with pytest.raises(ResultError, match="No space left on device"):
        store.write_text(path, "after" * 100_000)
    expected = "before"
    assert expected == path.read_text(encoding="utf-8")
    assert [path] == list(tmp_path.iterdir())


def test_a_failed_rename_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old file is replaced in one act at the end or not at all."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(ResultError, match="Permission denied"):
        checkpoint.save(path, "stacked", PARAMETERS)
    assert before == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in the place of a folder is a ResultError that names the target."""
    (tmp_path / "results").write_text("in the way")
    with pytest.raises(ResultError, match=f"cannot write {tmp_path}/results/run/x: "):
        checkpoint.save(tmp_path / "results" / "run" / "x", "stacked", PARAMETERS)


def test_folders_are_made_and_files_replaced(tmp_path: Path) -> None:
    """Missing folders are made; a second writing replaces the first."""
    path = tmp_path / "a" / "b" / "x"
    for value in (1.0, 2.0):
        checkpoint.save(path, "stacked", {"encoder1.bias": np.array([value])})
    expected = 2.0
    assert expected == checkpoint.load(path)["encoder1.bias"][0]
    assert [path] == list(path.parent.iterdir())


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    """Any error inside leaves the old file and no temporary one, and is not dressed up as a full disk."""
    path = tmp_path / "x"
    path.write_text("before")

    def half() -> None:
        with store.whole(path) as temporary:
            temporary.write_text("half")
            raise KeyError("none of the disk's")

    with pytest.raises(KeyError):
        half()
    expected = "before"
    assert expected == path.read_text()
    assert [path] == list(tmp_path.iterdir())
