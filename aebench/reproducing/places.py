"""The case of a place on the ladder, made of the trace that a subject has left there and of what the climb was fed.

A test computes the case of every place, and holds it against the trace to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from aebench.agreement import program
from aebench.agreement.extremes import extremes
from aebench.agreement.ladder import EVALUATED_IMAGES, PROBED_ROWS, Climb
from aebench.agreement.program import SHADE, state_from_outside
from aebench.agreement.rows import MANY, furthest, of_rows
from aebench.arrays import Array, Arrays
from aebench.data import Dataset
from aebench.errors import ReproductionError
from aebench.protocol import Batch
from aebench.records.trace import Place, Trace
from aebench.reproduced import PARAMETERS, STATE
from aebench.reproducing.cases import Case, Kind, after, compacted
from aebench.spec import Phase
from aebench.streams import stream
from aebench.training import schedule

KINDS: Mapping[str, Kind] = {"forward": "forward", "loss": "losses", "gradient": "gradients"}
# What of a user's questions is computed how: the kind, and the array of what that gives.
EVALUATED: Mapping[str, tuple[Kind, str]] = {
    "codings": ("encode", "codings"), "drawn_codings": ("encode", "codings"), "decoded": ("decode", "outputs"),
    "samples": ("decode", "outputs"), "reconstructions": ("reconstruct", "outputs"),
    "drawn_reconstructions": ("reconstruct", "outputs"), "reconstructions_from_noisy": ("reconstruct", "outputs"),
}  # fmt: skip
DRAWN = ("drawn_codings", "drawn_reconstructions")


@dataclass(frozen=True)
class Climbed:
    """A climb that was taken: what was climbed, on what, and the trace that is left of it."""

    climb: Climb
    dataset: Dataset
    trace: Trace

    def case(self, place: Place, *, whole: bool = False) -> Case:
        """The case of a place. whole: of a step, the training from the phase's start.

        Raises:
            ReproductionError: nothing is computed there: parameters or images are handed on.
        """
        phase = self.climb.autoencoder.phase(place.phase)
        if place.rung in ("step", "trajectory"):
            return self._of_trajectory(phase, place, whole)
        make = {
            "inputs": self._of_inputs, "forward": self._of_batch, "evaluation": self._of_evaluation,
            "losses": self._of_batch, "gradients": self._of_batch, "rows": self._of_rows,
            "extremes": self._of_extremes, "program": self._of_program, "resumed": self._of_resumed,
        }.get(place.rung)  # fmt: skip
        if make is None:
            raise self._handed_on(place)
        return make(phase, place)

    def held(self, place: Place, like: Array) -> Array:
        """What the trace holds at a place, as its case gives it. like: what the case gives elsewhere, of which the
        trace keeps the last steps' losses only, the first batch's rows, or of many copies the one that strays."""
        kept = self.trace.arrays[place]
        if kept.shape == like.shape:
            return kept
        if place.rung == "rows":
            copies = len(like) // len(kept)
            return np.where(np.tile(furthest(like, copies) == kept, (copies, 1)), like, np.tile(kept, (copies, 1)))
        whole, phase = like.copy(), self.climb.autoencoder.phase(place.phase)
        if place.rung == "inputs":
            whole[self._fed(phase, 0, 1)[0][0]] = kept
        else:
            whole[-kept.size :] = kept.ravel()
        return whole

    def _handed_on(self, place: Place) -> ReproductionError:
        return ReproductionError(
            f"{self.climb.autoencoder.name}: {place.key} is not computed but handed on, by what aebench does around "
            "the network, so no script of the framework alone can show it"
        )

    def _empty(self, place: Place, kind: Kind, array: str) -> Case:
        """A case with the parameters that the phase begins with, and nothing to read yet."""
        case = Case(self.climb.autoencoder, place, kind, array, self.climb.dtype, self.climb.device, {})
        return case.with_arrays(self._parameters(self.trace.at(place.phase, "init", 0)))

    def _parameters(self, arrays: Arrays) -> Arrays:
        return {f"{PARAMETERS}{name}": arrays[name] for name in self.climb.autoencoder.shapes}

    def _labels(self, phase: Phase) -> Array | None:
        labels = schedule.training_split(phase, self.dataset).labels
        return labels if self.climb.autoencoder.kind == "classifier" else None

    def _fed(self, phase: Phase, first: int, last: int) -> tuple[Array, Array | None]:
        """Row numbers and noise of the steps from `first` to before `last`."""
        n_images = len(schedule.training_split(phase, self.dataset))
        order = schedule.first_orders(phase, self.climb.seed, n_images, max(self.climb.steps, program.STEPS))
        steps = range(first, last)
        noise = schedule.noise(self.climb.autoencoder, phase, self.climb.seed, steps, order.shape[1])
        return order[first:last], noise

    def _batch(self, phase: Phase) -> Batch:
        """What the first step reads."""
        order, noise = self._fed(phase, 0, 1)
        labels, inputs = self._labels(phase), self.trace.at(phase.name, "inputs", 0)[phase.inputs]
        return Batch(inputs, None if noise is None else noise[0], None if labels is None else labels[order[0]])

    def _reading(self, case: Case, batch: Batch) -> Case:
        return case.with_arrays({"inputs": batch.inputs, "noise": batch.noise, "labels": batch.labels})

    def _of_inputs(self, phase: Phase, place: Place) -> Case:
        if phase.inputs == "images":
            raise self._handed_on(place)
        images = schedule.training_split(phase, self.dataset).inputs
        return self._empty(place, "cached", phase.inputs).with_arrays({"images": images, "labels": self._labels(phase)})

    def _of_batch(self, phase: Phase, place: Place) -> Case:
        kind: Kind = "forward" if place.rung == "forward" else "losses" if place.rung == "losses" else "gradients"
        clean = place.rung == "losses" and place.array.startswith("clean.")
        batch, array = self._batch(phase), place.array.removeprefix("clean.") if clean else place.array
        return self._reading(self._empty(place, kind, array), replace(batch, noise=None) if clean else batch)

    def _of_rows(self, phase: Phase, place: Place) -> Case:
        few, (how, what) = of_rows(self._batch(phase), slice(PROBED_ROWS)), place.array.split(".", 1)
        rows = np.tile(np.arange(len(few.inputs)), -(-MANY // len(few.inputs))) if how == "many" else slice(1)
        batch, (first, _, rest) = of_rows(few, rows), what.partition(".")
        if first in KINDS:
            return self._reading(self._empty(place, KINDS[first], rest), batch)
        kind, array = EVALUATED[what]
        return self._empty(place, kind, array).with_arrays({"inputs": batch.inputs})

    def _of_extremes(self, phase: Phase, place: Place) -> Case:
        called, kind, array = place.array.split(".", 2)
        every = extremes(self.climb.autoencoder, phase, self.climb.dtype)
        extreme = next(found for found in every if found.name == called)
        few = of_rows(self._batch(phase), slice(PROBED_ROWS))
        # Multiplied in float64 and rounded once, as the ladder does it.
        inputs = (np.asarray(few.inputs, np.float64) * extreme.scale).astype(self.climb.dtype)
        changed = extreme.parameters(self.trace.at(phase.name, "init", 0))
        case = self._empty(place, KINDS[kind], array).with_arrays(self._parameters(changed))
        return self._reading(case, replace(few, inputs=inputs))

    def _of_evaluation(self, phase: Phase, place: Place) -> Case:
        """What is asked of a model outside training; after it, too, with the parameters that it ended with."""
        autoencoder, images = self.climb.autoencoder, self.dataset.test.inputs[:EVALUATED_IMAGES]
        called = place.array.removeprefix("evaluation.")
        kind, array = EVALUATED[called]
        inputs, noise = images, None if called not in DRAWN else self._drawn(len(images))
        if called == "samples":
            inputs = self._drawn(len(images))
        if called == "decoded":
            inputs = self.trace.arrays[place._replace(array=place.array.replace("decoded", "codings"))]
        if called == "reconstructions_from_noisy":
            evaluation = replace(autoencoder.phases[0], name="evaluation")
            noise = _first(schedule.noise(autoencoder, evaluation, self.climb.seed, [0], len(images)))
        case = self._empty(place, kind, array).with_arrays({"inputs": inputs, "noise": noise})
        if place.rung == "evaluation":
            return case
        last = self.climb.marks()[-1]
        return case.with_arrays(
            self._parameters(self.trace.at(phase.name, "step" if last == 1 else "trajectory", last))
        )

    def _drawn(self, rows: int) -> Array:
        """Standard normal codings of a variational autoencoder."""
        return stream(self.climb.seed, "evaluation/noise").normal((rows, self.climb.autoencoder.n_codings))

    def _training(self, phase: Phase, place: Place, array: str, first: int, last: int, *, shaded: bool = False) -> Case:
        """The training of these steps from the phase's start; shaded: on the images of the program's second call."""
        split, labels = schedule.training_split(phase, self.dataset), self._labels(phase)
        images, (order, noise) = split.inputs, self._fed(phase, first, last)
        if shaded:
            images = np.roll(images, 1, axis=0).astype(self.climb.dtype) * np.asarray(SHADE, self.climb.dtype)
            labels = None if labels is None else np.roll(labels, 1)
        read = {"images": images, "labels": labels, "order": order, "noise": noise}
        case = self._empty(place, "steps", array).with_arrays(read)
        # What is computed of all images once may depend on how many there are.
        return compacted(case) if phase.inputs == "images" else case

    def _of_trajectory(self, phase: Phase, place: Place, whole: bool) -> Case:
        if place.array.startswith("evaluation."):
            return self._of_evaluation(phase, place)
        for before in reversed([mark for mark in self.climb.marks() if mark < place.step and not whole]):
            arrays = self.trace.at(phase.name, "step" if before == 1 else "trajectory", before)
            if "optimizer.step" in arrays:
                return after(self._training(phase, place, place.array, before, place.step), arrays)
        return self._training(phase, place, place.array, 0, place.step)

    def _of_program(self, phase: Phase, place: Place) -> Case:
        if place.step == program.AT_ONCE:
            return self._training(phase, place, place.array, 0, place.step)
        case = self._training(phase, place, place.array, program.AT_ONCE, place.step, shaded=True)
        return after(case, self.trace.at(phase.name, "program", program.AT_ONCE))

    def _of_resumed(self, phase: Phase, place: Place) -> Case:
        if place.array.startswith("fresh."):
            raise self._handed_on(place)
        if not place.array.startswith("outside."):
            return self._of_program(phase, place)
        array, before = place.array.removeprefix("outside."), self.trace.at(phase.name, "resumed", program.STEPS)
        state = state_from_outside(self.climb.autoencoder, phase, self.climb.seed)
        case = self._training(phase, place, array, 0, 1, shaded=True)
        return case.with_arrays({**self._parameters(before), **{f"{STATE}{name}": a for name, a in state.items()}})


def _first(arrays: Array | None) -> Array | None:
    return None if arrays is None else arrays[0]
