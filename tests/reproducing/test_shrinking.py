"""A case is made smaller for as long as it shows the difference, and no further; what everyone answers to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from aebench import registry
from aebench.agreement.bundled import narrow
from aebench.agreement.ladder import Climb, record
from aebench.data import load
from aebench.errors import FrameworkError
from aebench.records.checkpoint import read_arrays, write_arrays
from aebench.records.trace import Place
from aebench.reproducing.cases import Case, answer, compacted, computed
from aebench.reproducing.judging import Answers, Sides
from aebench.reproducing.places import Climbed
from aebench.reproducing.shrinking import _fewer_pixels, _fewer_rows, _fewer_units, shrunk

FRAMEWORK = registry.framework(registry.ARBITER)


class Pretended(Sides):
    """Sides that show a difference where a test says so; the bad one computes as the reference does."""

    def __init__(self, shows: Callable[[Case], bool]) -> None:
        super().__init__("good", "bad", "moves", None, {}, Path(), count())
        object.__setattr__(self, "shows", shows)

    def ask(self, case: Case) -> Answers:
        """What the reference gives."""
        return Answers({"bad": computed(FRAMEWORK, case)}, self.shows(case), 0.0, 0.0, "")  # type: ignore[attr-defined]


def case_of(name: str, place: str, seed: int = 0) -> Case:
    """The case of a place of the reference's narrow climb."""
    autoencoder = registry.autoencoder(name)
    autoencoder, dataset = narrow(autoencoder, load(autoencoder.dataset or "digits"))
    climb = Climb(autoencoder, seed, steps=2, moments=True)
    with np.errstate(all="ignore"):
        return Climbed(climb, dataset, record(FRAMEWORK, climb, dataset)).case(Place.parse(place))


def made_small(case: Case, shows: Callable[[Case], bool], tries: int = 1000) -> Case:
    """What is left of the case after so many tries at most."""
    asked = count()
    sides = Pretended(lambda it: next(asked) >= 0 and shows(it))
    found, answers = shrunk(case, sides.ask(case), sides, lambda: next(asked) > 2 * tries)
    assert answers.shows
    assert answers.found["bad"][found.array].tobytes() == computed(FRAMEWORK, found)[found.array].tobytes()
    return found


@pytest.mark.parametrize(
    "place",
    [
        "phase1/gradients/0/encoder1.weight", "phase1/evaluation/0/decoded", "phase1/program/8/encoder2.weight",
        "phase1/trajectory/2/decoder1.bias", "phase1/rows/0/many.gradient.encoder1.bias",
    ],
)  # fmt: skip
def test_what_always_shows_becomes_smallest(place: str) -> None:
    """One step, one row, one unit, one pixel: of every kind of case."""
    found = made_small(case_of("tied", place), lambda _: True)
    assert {1} == {found.rows, found.steps or 1, *(layer.n_outputs for layer in found.autoencoder.layers)}


def test_a_variational_case_becomes_smallest() -> None:
    """Its noise, too."""
    found = made_small(case_of("variational", "phase1/losses/0/total"), lambda _: True)
    assert {"inputs": (1, 1), "noise": (1, 1)} == {name: found.arrays[name].shape for name in ("inputs", "noise")}


def test_cached_phases_become_smaller() -> None:
    """Of the images from which something is cached, those that are not read go, where the difference stays."""
    case = case_of("layerwise_cached", "phase2/step/1/encoder2.weight")
    assert 60 == len(case.arrays["images"])
    found = made_small(case, lambda _: True)
    assert (1, 1) == (len(found.arrays["images"]), found.rows)


def test_what_has_to_stay_stays() -> None:
    """A row, two units and all pixels stay, where they have to; the rest goes."""
    case = case_of("tied", "phase1/gradients/0/encoder1.weight")
    row = case.arrays["inputs"][17]

    def shows(it: Case) -> bool:
        rows = it.arrays["inputs"]
        whole = rows.shape[1] == len(row) and any(np.array_equal(row, other) for other in rows)
        return whole and it.autoencoder.n_codings >= 2

    found = made_small(case, shows)
    assert (1, len(row)) == found.arrays["inputs"].shape
    assert row.tobytes() == found.arrays["inputs"].tobytes()
    assert 2 <= found.autoencoder.n_codings <= 3


def test_the_step_that_shows_it_is_found() -> None:
    """Of four steps the third one alone, from what the two before have left."""
    case = case_of("tied", "phase1/program/4/encoder1.weight")
    third = case.arrays["images"][case.arrays["order"][2]]

    def shows(it: Case) -> bool:
        return any(np.array_equal(third, it.arrays["images"][rows]) for rows in it.arrays["order"])

    found = made_small(case, shows)
    assert (1, 2) == (found.steps, int(found.arrays["state/step"]))


def labelled() -> Case:
    """A gradient of the classifier of four rows, each of which is its number all over, with the number as label."""
    autoencoder, place = registry.autoencoder("pretrained"), Place("phase1", "gradients", 0, "encoder1.weight")
    rows = np.broadcast_to(np.arange(4.0)[:, None], (4, autoencoder.n_inputs))
    parameters = {f"parameters/{name}": np.zeros(shape) for name, shape in autoencoder.shapes.items()}
    arrays = {"inputs": rows, "labels": np.arange(4), **parameters}
    return Case(autoencoder, place, "gradients", place.array, "float64", "cpu", {}).with_arrays(arrays)


def test_a_row_keeps_its_label() -> None:
    """The first half, and the last one."""
    found = [(it.arrays["inputs"][:, 0].tolist(), it.arrays["labels"].tolist()) for it in _fewer_rows(labelled())]
    assert [([0.0, 1.0], [0, 1]), ([2.0, 3.0], [2, 3])] == found


def test_an_image_that_is_read_keeps_its_label() -> None:
    """Where those that no step reads go."""
    case = labelled()
    images = {"images": case.arrays["inputs"], "order": np.array([[3, 1]])}
    found = compacted(replace(case, kind="steps").with_arrays(images)).arrays
    assert ([1.0, 3.0], [1, 3], [[1, 0]]) == (
        found["images"][:, 0].tolist(), found["labels"].tolist(), found["order"].tolist()
    )  # fmt: skip


def test_the_last_units_and_pixels_are_tried_like_the_first() -> None:
    """What shows in the last ones alone is made small, too."""
    case = case_of("tied", "phase1/gradients/0/encoder1.weight")
    for move, name in ((_fewer_units, "parameters/encoder1.bias"), (_fewer_pixels, "inputs")):
        whole = case.arrays[name]
        first, last = (it.arrays[name] for it in move(case))
        size = first.shape[-1]
        assert 0 < size < whole.shape[-1]
        assert np.array_equal(whole[..., :size], first)
        assert np.array_equal(whole[..., -size:], last)


def test_what_moves_in_any_bit_has_no_limit() -> None:
    """A script that allowed the difference that was found would never show it."""
    case = case_of("tied", "phase1/gradients/0/encoder1.weight")
    one = computed(FRAMEWORK, case)
    other = {**one, case.array: one[case.array] * (1.0 + 2.0**-52)}
    sides = Sides("good", "bad", "moves", None, {}, Path(), count())
    for bad, shows in ((other, True), (one, False)):
        found = sides._moved(case, {"good": one, "bad": bad})
        assert (shows, 0.0, 0.0) == (found.shows, found.largest, found.rms)


def test_it_stops_when_it_is_told_to() -> None:
    """What shows by then is kept."""
    case = case_of("tied", "phase1/gradients/0/encoder1.weight")
    found = made_small(case, lambda _: True, tries=2)
    assert found.rows > 1


def test_a_smaller_case_that_cannot_be_computed_is_not_taken() -> None:
    """Its error is no difference."""
    case = case_of("tied", "phase1/gradients/0/encoder1.weight")

    class Failing(Pretended):
        def ask(self, case: Case) -> Answers:
            if case.rows < 30:
                raise FrameworkError("too few rows for this one")
            return super().ask(case)

    sides = Failing(lambda _: True)
    found, _ = shrunk(case, sides.ask(case), sides, lambda: False)
    assert 30 == found.rows
    assert 1 == found.autoencoder.n_codings


@pytest.mark.parametrize("place", ["phase1/gradients/0/encoder1.weight", "phase1/step/1/encoder1.weight"])
def test_an_answer_holds_what_the_reference_gives_and_its_strays(place: str, tmp_path: Path) -> None:
    """On the CPU, whatever the case is computed on; two disturbances that differ, each by some roundings of float32."""
    case = replace(case_of("tied", place), dtype="float32", device="gpu").with_arrays({})
    write_arrays(tmp_path / "given", case.arrays, {})
    answer(registry.ARBITER, replace(case, arrays={}), tmp_path / "given", tmp_path / "to", draws=2)
    found, _ = read_arrays(tmp_path / "to")
    right = computed(FRAMEWORK, replace(case, device="cpu"))
    assert right[case.array].tobytes() == found[case.array].tobytes()
    strays = [np.max(np.abs(found[f"stray/{n}"] - found[case.array])) for n in (0, 1)]
    assert all(1e-12 < stray / np.max(np.abs(found[case.array])) < 1e-3 for stray in strays)
    assert strays[0] != strays[1]
    assert (case.kind == "steps") == ("gradient/encoder1.weight" in found)
