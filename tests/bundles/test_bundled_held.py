"""What a bundle keeps of a climb: the data with their labels, all that was drawn, and traces or the reason why not."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from packing import placeholder, repacked
from safetensors.numpy import save

from aebench import registry
from aebench.agreement import bundled, program
from aebench.agreement.bundled import Unpacked, drawn, keep_data, narrow
from aebench.agreement.ladder import RUNGS, Climb
from aebench.arrays import Array, Arrays
from aebench.data import Dataset, Split
from aebench.data import load as load_data
from aebench.errors import ResultError
from aebench.layers import Parameter
from aebench.records.archive import opened
from aebench.records.checkpoint import read_arrays, write_arrays
from aebench.records.trace import Place, Trace
from aebench.registry import ARBITER

TOTAL = "phase1/losses/0/total"


@pytest.fixture
def data() -> Dataset:
    """Ten images of digits to train with, of twenty pixels, with labels."""
    digits = load_data("digits")
    parts = [
        Split(np.ascontiguousarray(it.inputs[:10, 20:40]), None if it.labels is None else it.labels[:10])
        for it in digits.splits().values()
    ]
    return Dataset("digits", *parts)


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Climb, Unpacked]:
    """A climb of `linear`, narrow, and what a bundle keeps of it."""
    small, few = narrow(registry.autoencoder("linear"), load_data("curve"))
    climb, it = Climb(small, seed=3, steps=4), Unpacked("curve", tmp_path / "data", tmp_path / "drawn")
    keep_data(it.data, few)
    write_arrays(it.drawn, drawn(climb, few), {})
    return climb, it


def test_data_are_kept_with_their_labels(data: Dataset, tmp_path: Path) -> None:
    """And come out as the data set of that name; one without labels has none."""
    keep_data(tmp_path / "data", data)
    found = Unpacked("others", tmp_path / "data", tmp_path / "drawn")._dataset()
    assert "others" == found.name
    for name, split in data.splits().items():
        assert np.array_equal(split.inputs, found.splits()[name].inputs)
        assert np.array_equal(split.labels, found.splits()[name].labels)
    assert split.labels is not None
    unnamed = Dataset("it", *(Split(it.inputs) for it in data.splits().values()))
    keep_data(tmp_path / "data", unnamed)
    assert [None] * 3 == [it.labels for it in Unpacked("it", tmp_path / "data", tmp_path)._dataset().splits().values()]


def test_what_is_narrow_keeps_its_labels_and_no_batch_is_larger_than_the_data(data: Dataset) -> None:
    """Of ten images and twenty pixels nothing is left out, but of the validation images all but one."""
    small, few = narrow(registry.autoencoder("stacked"), data)
    assert (10, 10, 20) == (small.phases[0].batch_size, len(few.train), few.n_inputs)
    assert np.array_equal(data.train.labels, few.train.labels)
    assert (1, 10) == (len(few.validation), len(few.test))


def test_what_has_a_layer_of_its_own_keeps_its_sizes(data: Dataset) -> None:
    """No kernel knows what fewer pixels are: fewer rows are all that is left out."""
    linear = registry.autoencoder("linear")
    own = (Parameter("kernel", (20, 20)),)
    layers = [replace(it, n_inputs=20, n_outputs=20, own=own) for it in linear.layers]
    small, few = narrow(replace(linear, dataset=None, layers=tuple(layers)), data)
    assert (tuple(layers), 20, 10) == (small.layers, few.n_inputs, small.phases[0].batch_size)


def test_data_that_lack_a_part_are_said_to(kept: tuple[Climb, Unpacked]) -> None:
    """Planted fault: without the validation images."""
    _, it = kept
    arrays, _ = read_arrays(it.data)
    del arrays["validation/inputs"]
    write_arrays(it.data, arrays, {})
    with pytest.raises(ResultError, match="the bundle's data of curve lack 'validation/inputs'; make it anew"):
        it._dataset()


def test_what_is_fed_as_then_is_climbed(kept: tuple[Climb, Unpacked]) -> None:
    """The climb as it is, and the data set that was kept."""
    climb, it = kept
    found, few = it.prepared(climb)
    assert (climb, "curve", 60) == (found, few.name, len(few.train))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda held: held.pop("phase1/state/encoder1.weight.first_moment"), "what is drawn here as phase1/state/enc"),
        (lambda held: held.pop("phase1/order"), "the bundle's phase1/order is not as its specification says"),
        (lambda held: held.update({"phase1/order": held["phase1/order"][..., None]}), "what is drawn here as phase1/o"),
    ],
    ids=["a state", "the order", "another shape"],
)
def test_what_the_bundle_lacks_is_not_drawn_in_its_place(
    kept: tuple[Climb, Unpacked], change: Callable[[Arrays], object], why: str
) -> None:
    """Planted fault: one of the arrays is not there, or has the same numbers in another shape."""
    climb, it = kept
    held, _ = read_arrays(it.drawn)
    change(held)
    write_arrays(it.drawn, held, {})
    with pytest.raises(ResultError, match=f"linear: {why}"):
        it.prepared(climb)


def test_no_more_is_drawn_than_the_bundle_holds(
    kept: tuple[Climb, Unpacked], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Planted fault: a climb of more steps than were kept; it is refused before anything is drawn for it."""
    climb, it = kept
    monkeypatch.setattr(bundled, "drawn", None)
    more = Climb(climb.autoencoder, climb.seed, climb.dtype, climb.device, steps=10**9)
    with pytest.raises(ResultError, match="the bundle's phase1/order is not as its specification says"):
        it.prepared(more)


@pytest.mark.parametrize(("steps", "expected"), [(1, program.STEPS), (1000, 1000)])
def test_rows_are_drawn_for_every_step(steps: int, expected: int) -> None:
    """Of a climb with fewer steps than the program has those of the program."""
    small, few = narrow(registry.autoencoder("linear"), load_data("curve"))
    assert expected == len(drawn(Climb(small, steps=steps), few)["phase1/order"])


def refusal(content: bytes, folder: Path) -> str | None:
    """Why the reference's trace of a bundle is refused, None where it is not."""
    made = placeholder(folder / "made.zip")
    (climb,) = opened(made).manifest.climbs
    archive = opened(repacked(made, folder / "it.zip", {climb.traces[ARBITER]: content}, listed=True))
    with contextlib.suppress(FileNotFoundError):
        (folder / "to").unlink()
    try:
        bundled.unpack_trace(archive, climb, ARBITER, "mine", folder / "to")
    except ResultError as error:
        message = str(error)
        assert str(folder / "to") not in message, "the file that it was unpacked to is nobody's"
        assert message.startswith(f"{archive.path} is truncated or damaged ({climb.traces[ARBITER]} ")
        assert "--resume" not in message
        return message
    return None


def stated(**changes: str | None) -> bytes:
    """A trace of one array whose header says something else, or does not say it."""
    known: dict[str, str | None] = {
        "format": "aebench-trace/1", "framework": "x", "autoencoder": "linear", "dtype": "float64",
        "order": f'["{TOTAL}"]', "metadata": "{}",
    }  # fmt: skip
    metadata = {name: value for name, value in {**known, **changes}.items() if value is not None}
    return save({TOTAL: np.zeros(3)}, metadata)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x80\x04K\x01.", "is no trace: it is truncated or damaged"),
        (stated(format="aebench-trace/9"), r"is no trace: it is no aebench-trace/1 file \(its format: aebench-trace/9"),
        (stated(metadata=None), "is no trace: it lacks 'metadata'"),
        (stated(metadata="{}"), "is no trace: it lacks 'spreads'"),
        (stated(order='["phase1/init/0/more"]'), "is no trace: it lacks 'phase1/init/0/more'"),
        (stated(metadata="[]"), "is no trace: list indices must be"),
        (stated(metadata='{"spreads": []}'), "is no trace: 'list' object has no attribute"),
        (stated(metadata="[" * 100_000), "is no trace: maximum recursion depth exceeded"),
        (stated(metadata="{"), "is no trace: Expecting"),
    ],
    ids=["a pickle", "format", "no metadata", "no spreads", "no array", "a list", "spreads", "deep", "cut"],
)
def test_what_is_wrong_with_a_trace_is_said(tmp_path: Path, content: bytes, why: str) -> None:
    """In the words of a bundle: nothing can be run again with --resume, and the path that it lay at is gone."""
    assert re.search(why, refusal(content, tmp_path) or "")


@pytest.mark.parametrize(
    ("rung", "array", "spread", "refused"),
    [
        ("extremes", np.full(3, np.nan), math.nan, False),
        ("extremes", np.full(3, np.nan), -1.0, True),
        ("losses", np.zeros(3), math.nan, True),
        ("losses", np.arange(3), 0.0, False),
        ("losses", np.zeros(3, np.float32), 0.0, True),
    ],
)
def test_a_distance_of_no_number_is_one_of_the_extremes_alone(
    tmp_path: Path, rung: str, array: Array, spread: float, refused: bool
) -> None:
    """Where a loss may be no number; whole numbers are no floats of another dtype."""
    place = Place("phase1", rung, 0, "count")
    arrays = {**{Place("phase1", it, 0, "total"): np.zeros(3) for it in RUNGS}, place: array}
    spreads = {it.key: [0.0, spread if it == place else 0.0] for it in arrays}
    Trace("x", "linear", "float64", arrays, {"spreads": spreads}).save(tmp_path / "trace")
    assert refused == (refusal((tmp_path / "trace").read_bytes(), tmp_path) is not None)
