"""What a climb is fed, as a bundle keeps it, and the traces that others left of it.

The images and labels are read from the bundle. What the ladder draws is drawn by who replays, as always, and held
against what the bundle holds of it: who is fed other numbers is told so, and does not climb.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from itertools import product
from pathlib import Path

import numpy as np

from aebench.agreement import program
from aebench.agreement.ladder import EVALUATED_IMAGES, RUNGS, Climb
from aebench.arrays import Array, Arrays
from aebench.data import Dataset, Split
from aebench.errors import AebenchError, DataError, ResultError
from aebench.parameters import initial_parameters
from aebench.records.archive import Archive
from aebench.records.bundles import Bundled
from aebench.records.checkpoint import read_arrays, write_arrays
from aebench.records.trace import Trace
from aebench.registry import ARBITER
from aebench.spec import Autoencoder, Phase
from aebench.streams import stream
from aebench.training import schedule

# What is narrow has about so many pixels in an image, and so many images to train with and in a batch: its trainings
# are longer than an epoch, and its trace has some 500 KB in place of 50 MB. With batches of 10, which the rung `rows`
# repeats 201 times, a sound float32 sum strayed three times further: the same few roundings, over and over. With so few
# pixels no model has more than `bounds.SMALL` parameters, so that its bounds are of 59 draws; with 36, and 3 draws, a
# sound TensorFlow parted at the loss of many rows (`variational_gamma`, float32, 1.07 bounds).
PIXELS, ROWS, EVALUATED, BATCH = 25, 60, 20, 30
FEWEST = 2  # units of a layer; with one, a sum over units could not be told from their mean
# The text that says what is climbed, of `aebench.agreement`. Where it was another one, a trace may have other places.
LADDER = "ladder extremes rows program"


def narrow(autoencoder: Autoencoder, dataset: Dataset) -> tuple[Autoencoder, Dataset]:
    """The autoencoder with few units, and the first rows of the data set, of which it reads every so many pixels.

    One with data of its own keeps its sizes, and so does one whose layers are not all dense.
    """
    rigid = autoencoder.dataset is not None or not all(layer.is_dense for layer in autoencoder.layers)
    stride = 1 if rigid else max(1, dataset.n_inputs // PIXELS)
    few = Dataset(
        dataset.name,
        _first(dataset.train, ROWS, stride), _first(dataset.validation, 1, stride),
        _first(dataset.test, EVALUATED, stride),
    )  # fmt: skip
    small = autoencoder if rigid else autoencoder.with_sizes(fewer, few.n_inputs)
    return small.with_schedule({}, min(BATCH, len(few.train))), few


def fewer(units: int) -> int:
    """The size of a narrow layer: half the root, which keeps large ones larger than small ones."""
    return min(units, max(FEWEST, round(0.5 * math.sqrt(units))))


def _first(split: Split, rows: int, stride: int) -> Split:
    labels = None if split.labels is None else split.labels[:rows]
    return Split(np.ascontiguousarray(split.inputs[:rows, ::stride]), labels)


def ladder_text() -> str:
    """A digest of the text that says what is climbed."""
    folder = resources.files("aebench.agreement")
    return hashlib.sha256(b"".join((folder / f"{name}.py").read_bytes() for name in LADDER.split())).hexdigest()


def drawn(climb: Climb, dataset: Dataset) -> Arrays:
    """All that the ladder draws on the climb, by what it is: a test looks that nothing is left out."""
    autoencoder, seed = climb.autoencoder, climb.seed
    found: Arrays = {f"initial/{name}": array for name, array in initial_parameters(autoencoder, seed).items()}
    if any(phase.copies for phase in autoencoder.phases):
        found |= {f"stand_in/{name}": array for name, array in initial_parameters(autoencoder, seed + 1).items()}
    for phase in autoencoder.phases:
        found |= {f"{phase.name}/{name}": array for name, array in _of_phase(climb, phase, dataset)}
    if autoencoder.kind == "variational":
        shape = min(EVALUATED_IMAGES, len(dataset.test)), autoencoder.n_codings
        found["evaluation/noise"] = stream(seed, "evaluation/noise").normal(shape)
    if autoencoder.corruption is not None:
        evaluation, rows = replace(autoencoder.phases[0], name="evaluation"), min(EVALUATED_IMAGES, len(dataset.test))
        found |= _noise(autoencoder, evaluation, seed, 1, rows, "evaluation/corruption")
    return found


def _of_phase(climb: Climb, phase: Phase, dataset: Dataset) -> Iterator[tuple[str, Array]]:
    """Rows, noise and the state from outside of one phase."""
    steps, n_images = _steps(climb), len(schedule.training_split(phase, dataset))
    order = schedule.first_orders(phase, climb.seed, n_images, steps)
    yield "order", order
    yield from _noise(climb.autoencoder, phase, climb.seed, steps, order.shape[1], "noise").items()
    for name, array in program.state_from_outside(climb.autoencoder, phase, climb.seed).items():
        yield f"state/{name}", array


def _noise(autoencoder: Autoencoder, phase: Phase, seed: int, steps: int, rows: int, called: str) -> Arrays:
    found = schedule.noise(autoencoder, phase, seed, range(steps), rows)
    return {} if found is None else {called: found}


def _steps(climb: Climb) -> int:
    return max(climb.steps, program.STEPS)


def keep_data(path: Path, dataset: Dataset) -> None:
    """Write the data set's arrays."""
    arrays: dict[str, Array] = {}
    for part, split in dataset.splits().items():
        arrays[f"{part}/inputs"] = split.inputs
        if split.labels is not None:
            arrays[f"{part}/labels"] = split.labels
    write_arrays(path, arrays, {"dataset": dataset.name})


@dataclass(frozen=True)
class Unpacked:
    """What a climb reads, as files that were unpacked from a bundle, or are about to be packed.

    name: of the data set.
    """

    name: str
    data: Path
    drawn: Path

    def prepared(self, climb: Climb) -> tuple[Climb, Dataset]:
        """The climb, and its data set, after what is drawn was held against what is kept.

        Raises:
            ResultError: other numbers are drawn here, or the files do not hold what the climb reads.
        """
        dataset, expected = self._dataset(), read_arrays(self.drawn)[0]
        _require_sizes(climb, expected)
        found = drawn(climb, dataset)
        for name in dict.fromkeys((*expected, *found)):
            if name not in found or name not in expected or not _same(found[name], expected[name]):
                raise ResultError(
                    f"{climb.autoencoder.name}: what is drawn here as {name} is not what the bundle holds, so nothing "
                    "was climbed; NumPy or aebench draw other numbers than those that made the bundle: make it anew"
                )
        return climb, dataset

    def _dataset(self) -> Dataset:
        arrays, _ = read_arrays(self.data)
        try:
            train, validation, test = (
                Split(arrays[f"{part}/inputs"], arrays.get(f"{part}/labels"))
                for part in ("train", "validation", "test")
            )
        except KeyError as error:
            raise ResultError(f"the bundle's data of {self.name} lack {error}; make it anew") from error
        except DataError as error:
            raise ResultError(f"the bundle's data of {self.name} are no data set ({error}); make it anew") from error
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise ResultError(f"the bundle's {name} of {self.name} hold numbers that are not finite; make it anew")
        return Dataset(self.name, train, validation, test)


def _same(one: Array, other: Array) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def _require_sizes(climb: Climb, expected: Mapping[str, Array]) -> None:
    """ResultError where the climb would draw more than the bundle holds, before anything of that size is drawn."""
    shapes = {f"initial/{name}": shape for name, shape in climb.autoencoder.shapes.items()}
    steps = {f"{phase.name}/order": _steps(climb) for phase in climb.autoencoder.phases}
    wrong = [name for name, shape in shapes.items() if name not in expected or expected[name].shape != shape]
    wrong += [name for name, count in steps.items() if name not in expected or len(expected[name]) != count]
    if wrong:
        raise ResultError(
            f"{climb.autoencoder.name}: the bundle's {wrong[0]} is not as its specification says; make it anew"
        )


def unpack_trace(archive: Archive, climb: Bundled, subject: str, called: str, to: Path) -> None:
    """Leave the trace of a subject at the path, as one of a framework that is called so.

    Raises:
        ResultError: the member is no trace of that climb.
    """
    member = climb.traces[subject]
    archive.unpack(member, to)
    try:
        trace = Trace.read(to)
        wrong = next(_wrong(trace, climb, judges=subject == ARBITER), None)
    except (AebenchError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        # What is to be done with a trace of a run is nothing that is to be done with a bundle.
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error).partition("; ")[0]
        raise archive.damaged(f"{member} is no trace: {reason}".replace(str(to), "it")) from error
    if wrong:
        raise archive.damaged(f"{member} {wrong}")
    trace.framework = called
    trace.save(to)


def _wrong(trace: Trace, climb: Bundled, *, judges: bool) -> Iterator[str]:
    """Why it is no trace of that climb, or cannot judge. Whatever a subject has computed is what is judged."""
    for rung in sorted({place.rung for place in trace.arrays} - set(RUNGS)):
        yield f"has a rung {rung}, which no ladder of this aebench has"
    spreads = trace.metadata["spreads"] if judges else {}
    whole = not judges or spreads.keys() == {place.key for place in trace.arrays}
    same = (trace.autoencoder, trace.dtype) == (climb.specification.name, climb.dtype)
    if not (same and whole and all(_is_spread(*each) for each in spreads.items())):
        yield "is of another climb, or lacks its spreads"
    there = {(place.phase, place.rung) for place, array in trace.arrays.items() if array.size}
    for phase, rung in product((phase.name for phase in climb.specification.phases), RUNGS):
        if (phase, rung) not in there:
            yield f"has nothing of {phase}, rung {rung}"
    if judges:
        yield from (f"cannot judge: {why}" for why in _impossible(trace, climb.specification.shapes))


def _impossible(trace: Trace, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    """What no reference leaves: another dtype, what is not finite, parameters of other shapes than specified."""
    for place, array in trace.arrays.items():
        if np.issubdtype(array.dtype, np.floating) and array.dtype != np.float64:
            yield f"{place.key} is of {array.dtype}, and the {ARBITER} computes in float64"
        if place.rung != "extremes" and not np.isfinite(array).all():
            yield f"{place.key} holds numbers that are not finite"
        if place.rung == "init" and array.shape != shapes.get(place.array, array.shape):
            yield f"{place.key} has shape {array.shape}, its specification {shapes[place.array]}"


def _is_spread(place: str, values: object) -> bool:
    """Two distances. Where values are no numbers, as the extremes' may be, no distance is one."""
    if not (isinstance(values, list) and [type(value) for value in values] == [float, float]):
        return False
    return all(value >= 0.0 or (math.isnan(value) and "/extremes/" in place) for value in values)
