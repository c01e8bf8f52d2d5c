"""Traces: written and read without a framework, in order, and honest about what is broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aebench.errors import CheckpointError, ResultError
from aebench.records import checkpoint
from aebench.records.trace import Place, Trace


@pytest.fixture
def trace() -> Trace:
    """Two phases, arrays of every kind, in an order that no alphabet gives."""
    made = Trace("pytorch", "tied", "float32", metadata={"spreads": {"a/b/1/c": [0.5, 0.25]}, "device": "cpu"})
    made.add("phase2", "step", 1, {"z": np.float32([[1.5, 2.5]]), "optimizer.step": np.asarray(1, dtype=np.int64)})
    made.add("phase1", "trajectory", 10, {"b/with/slashes": np.float64([np.nan, -0.0]), "a": np.zeros((0, 3))})
    made.add("phase1", "trajectory", 9, {"loss.total": np.asarray(np.float32(0.1))})
    return made


def test_what_is_read_is_what_was_saved(trace: Trace, tmp_path: Path) -> None:
    """Names, order, dtypes, shapes and bits."""
    trace.save(tmp_path / "trace.safetensors")
    found = Trace.read(tmp_path / "trace.safetensors")
    assert list(trace.arrays) == list(found.arrays)
    assert (trace.framework, trace.autoencoder, trace.dtype) == (found.framework, found.autoencoder, found.dtype)
    assert trace.metadata == found.metadata
    for place, array in trace.arrays.items():
        other = found.arrays[place]
        assert (array.dtype, array.shape, array.tobytes()) == (other.dtype, other.shape, other.tobytes())


def test_a_place_is_its_key() -> None:
    """A place written as text is read as the same place, slashes in the array's name included."""
    place = Place("phase1", "trajectory", 7, "a/b.weight")
    assert place.key == "phase1/trajectory/7/a/b.weight"
    assert Place.parse(place.key) == place


def test_a_recorded_array_is_a_copy() -> None:
    """Training goes on in the array that was recorded."""
    live = np.ones(2)
    trace = Trace("pytorch", "tied", "float64")
    trace.add("phase1", "init", 0, {"a": live})
    live += 1.0
    assert trace.at("phase1", "init", 0)["a"].tolist() == [1.0, 1.0]


def test_at_gives_one_rung_of_one_phase_at_one_step(trace: Trace) -> None:
    """Nothing of another step."""
    assert list(trace.at("phase1", "trajectory", 9)) == ["loss.total"]
    assert trace.at("phase1", "trajectory", 1) == {}


@pytest.mark.parametrize("kept", [0, 5, 200, -1])
def test_a_truncated_file_is_said_to_be_damaged(trace: Trace, tmp_path: Path, kept: int) -> None:
    """Cut anywhere, it is a CheckpointError that names the file and says what to do."""
    path = tmp_path / "trace.safetensors"
    trace.save(path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="is truncated or damaged") as error:
        Trace.read(path)
    assert str(path) in str(error.value)
    assert "delete it and run again" in str(error.value)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """No bare FileNotFoundError."""
    with pytest.raises(CheckpointError, match="no file"):
        Trace.read(tmp_path / "nothing.safetensors")


def test_a_checkpoint_is_no_trace(tmp_path: Path) -> None:
    """A file of the other format is refused, and its own format named."""
    path = tmp_path / "model.safetensors"
    checkpoint.save(path, "tied", {"encoder1.weight": np.ones((2, 2))})
    with pytest.raises(ResultError, match=r"is no aebench-trace/1 file \(its format: aebench-checkpoint/1\)"):
        Trace.read(path)
