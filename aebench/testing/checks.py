"""The checks of one autoencoder in one framework, each under its name; they run in the framework's own process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from aebench.agreement.bounds import FINITE_DIFFERENCE
from aebench.arrays import Array, Arrays
from aebench.errors import CheckpointError, DataError
from aebench.records import checkpoint
from aebench.streams import stream
from aebench.testing import trainers
from aebench.testing.case import N_STEPS, SEED, Case

# Where the difference quotient is taken: rounding then costs about 1e-10 of the loss, curvature about 1e-10 of it.
STRETCH = 1e-5


def parameters_come_back(case: Case) -> None:
    """In float64 what `parameters` gives is what `build` was given, in the specification's names, order and bits."""
    case.require_same(case.parameters(), case.model().parameters(), "parameters")


def parameters_are_copies(case: Case) -> None:
    """Writing into arrays that were handed in or out does not reach the model."""
    handed_in = case.parameters()
    model = case.framework.build(case.autoencoder, handed_in, dtype="float64", device="cpu")
    for arrays in (handed_in, model.parameters()):
        for array in arrays.values():
            array[...] = -1.0
    found = "parameters after what was handed over was overwritten"
    case.require_same(case.model().parameters(), model.parameters(), found)


def assigning_leaves_the_others(case: Case) -> None:
    """`assign` sets the named parameters and no other."""
    model, changed = case.model(), case.parameters(SEED + 1)
    name = next(iter(changed))
    model.assign({name: changed[name]})
    expected = {**case.model().parameters(), name: changed[name]}
    case.require_same(expected, model.parameters(), f"parameters after {name} was assigned")


def misfits_are_refused(case: Case) -> None:
    """A parameter that is unknown, of another shape or missing is a CheckpointError, and nothing changes."""
    model, given = case.model(), case.parameters()
    first = next(iter(given))
    wrong = {"unknown.weight": np.zeros((2, 2))}, {first: np.zeros((*given[first].shape, 1))}
    for parameters in wrong:
        case.require_refused(partial(model.assign, parameters), CheckpointError, f"assigning {next(iter(parameters))}")
    case.require_same(case.model().parameters(), model.parameters(), "parameters after a refused assignment")
    some = {name: value for name, value in given.items() if name != first}
    build = partial(case.framework.build, case.autoencoder, some, dtype="float64", device="cpu")
    case.require_refused(build, CheckpointError, f"building without {first}")


def views_have_their_shapes(case: Case) -> None:
    """Codings are (batch, n_codings), outputs, reconstructions and samples as wide as the last layer; all finite."""
    it, model = case.autoencoder, case.model()
    codings = model.encode(case.images)
    found = {"encode": codings, "decode": model.decode(codings), "reconstruct": model.reconstruct(case.images)}
    found["sample"] = model.sample(codings)
    for use, values in found.items():
        expected = (len(case.images), it.n_codings if use == "encode" else it.layers[-1].n_outputs)
        shape = np.shape(values)
        case.require(shape == expected, f"`{use}` gives {shape} for {len(case.images)} images, expected {expected}")
        case.require(bool(np.isfinite(values).all()), f"`{use}` gives values that are not finite")


def reconstructing_is_decoding_the_codings(case: Case) -> None:
    """`reconstruct` is `decode` of `encode`, to the bit."""
    model = case.model()
    expected = model.decode(model.encode(case.images))
    case.require_same({"outputs": expected}, {"outputs": model.reconstruct(case.images)}, "reconstructions")


def activations_are_rows(case: Case) -> None:
    """`forward` gives every named activation of a phase as (batch, width), finite."""
    for phase in case.autoencoder.phases:
        model = case.model()
        batch = case.batch(case.trainer(model, phase), phase)
        found, rows = model.forward(phase.name, batch), len(batch.inputs)
        case.require(bool(found), f"`forward` names no activation in phase {phase.name}")
        for name, values in found.items():
            fits = np.ndim(values) == 2 and len(values) == rows
            case.require(fits, f"activation {name} has shape {np.shape(values)}, expected ({rows}, width)")
            case.require(bool(np.isfinite(values).all()), f"activation {name} is not finite")


def losses_are_named_scalars(case: Case) -> None:
    """`losses` gives `total` and the terms that the specification asks for, each one finite number."""
    for phase in case.autoencoder.phases:
        model = case.model()
        found = model.losses(phase.name, case.batch(case.trainer(model, phase), phase))
        expected = {*case.autoencoder.terms(phase), "total"}
        case.require(set(found) == expected, f"loss terms {sorted(found)}, expected {sorted(expected)}")
        for term, value in found.items():
            scalar = np.shape(value) == () and bool(np.isfinite(value))
            case.require(scalar, f"the loss term {term} is {value!r}, expected one finite number")


def gradients_are_the_slope(case: Case) -> None:
    """`gradients` has every trained parameter, and is the slope of `total` along a random way (central difference)."""
    for phase in case.autoencoder.phases:
        model = case.model()
        batch = case.batch(case.trainer(model, phase), phase)
        found, names = model.gradients(phase.name, batch), case.autoencoder.trained(phase)
        case.require(list(found) == list(names), f"gradients of {', '.join(found)}; expected {', '.join(names)}")
        start = case.parameters()
        for name in names:
            way = stream(SEED, f"contract/way/{name}").normal(start[name].shape)
            way /= np.linalg.norm(way)
            ends = []
            for sign in (1.0, -1.0):
                model.assign({**start, name: start[name] + sign * STRETCH * way})
                ends.append(float(model.losses(phase.name, batch)["total"]))
            slope, largest = (ends[0] - ends[1]) / (2.0 * STRETCH), float(np.linalg.norm(found[name]))
            apart = abs(slope - float(np.sum(found[name] * way)))
            case.require(
                apart <= FINITE_DIFFERENCE * max(largest, abs(ends[0])),
                f"phase {phase.name}: the gradient by {name} is {apart:.3g} from the slope of the loss, {slope:.6g}",
            )


def steps_train_what_the_phase_trains(case: Case) -> None:
    """`run` gives each loss term (n_steps,), counts its steps, changes what the phase trains and nothing else."""
    for phase in case.autoencoder.phases:
        model = case.model()
        trainer, before = case.trainer(model, phase), model.parameters()
        losses = trainer.run(*case.steps(phase))
        for term, values in losses.items():
            case.require(np.shape(values) == (N_STEPS,), f"{term} of {N_STEPS} steps has shape {np.shape(values)}")
        count = int(trainer.state()["step"])
        case.require(count == N_STEPS, f"after {N_STEPS} steps the state says step {count}")
        trained, after = case.autoencoder.trained(phase), model.parameters()
        others = [name for name in before if name not in trained]
        case.require_same({n: before[n] for n in others}, {n: after[n] for n in others}, "parameters not trained")
        still = [name for name in trained if np.array_equal(before[name], after[name])]
        case.require(not still, f"phase {phase.name} leaves {', '.join(still)} as they were")


def trainings_repeat(case: Case) -> None:
    """Two trainings from the same parameters on the same batches end in the same bits."""
    phase = case.autoencoder.phases[0]
    ends = []
    for _ in range(2):
        model = case.model()
        case.trainer(model, phase).run(*case.steps(phase))
        ends.append(model.parameters())
    case.require_same(ends[0], ends[1], "parameters of a training that was repeated")


def checkpoints_travel(case: Case) -> None:
    """A saved model, loaded into one of other parameters, is the same to the bit."""
    model = case.model()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        checkpoint.save_model(model, path)
        other = case.model(SEED + 1)
        checkpoint.load_model(other, path)
    case.require_same(model.parameters(), other.parameters(), "parameters that were saved and loaded")


def resuming_changes_nothing(case: Case) -> None:
    """Parameters and `state` taken up by a new model and trainer go on to the same bits as without the break."""
    for phase in case.autoencoder.phases:
        order, noise = case.steps(phase)
        first, then = slice(None, N_STEPS // 2), slice(N_STEPS // 2, None)
        model, resumed = case.model(), case.model()
        trainer = case.trainer(model, phase)
        trainer.run(order[first], _rows(noise, first))
        # Cached inputs are computed when the phase begins, so its trainer is made before its parameters come back.
        again = case.trainer(resumed, phase)
        resumed.restore(model.parameters())
        again.restore(trainer.state())
        for one in (trainer, again):
            one.run(order[then], _rows(noise, then))
        case.require_same(model.parameters(), resumed.parameters(), f"phase {phase.name}: parameters after a resume")
        case.require_same(trainer.state(), again.state(), f"phase {phase.name}: the state after a resume")


def _rows(values: Array | None, rows: slice) -> Array | None:
    return None if values is None else values[rows]


def wrong_states_are_refused(case: Case) -> None:
    """`restore` of a state with a missing, misshapen or NaN moment or a negative step is a CheckpointError; the trainer
    stays as it was."""
    phase, model = case.autoencoder.phases[0], case.model()
    trainer = case.trainer(model, phase)
    trainer.run(*case.steps(phase))
    state = trainer.state()
    moment = next(name for name in state if name.endswith("first_moment"))
    wrong: dict[str, Arrays] = {
        f"without {moment}": {name: value for name, value in state.items() if name != moment},
        f"with {moment} of another shape": {**state, moment: state[moment][None]},
        f"with NaN in {moment}": {**state, moment: np.full_like(state[moment], np.nan)},
        "with step -1": {**state, "step": np.asarray(-1)},
    }
    for what, arrays in wrong.items():
        case.require_refused(partial(trainer.restore, arrays), CheckpointError, f"a state {what}")
        case.require_same(state, trainer.state(), f"the trainer's state after one {what} was refused")


def wrong_images_are_refused(case: Case) -> None:
    """A trainer refuses images of another width, in one dimension, none at all, and NaN, with a DataError."""
    phase, model = case.autoencoder.phases[0], case.model()
    wrong = {
        "of another width": case.images[:, :-1],
        "in one dimension": case.images[0],
        "of number 0": case.images[:0],
        "with NaN": np.full_like(case.images, np.nan),
    }
    for what, images in wrong.items():
        labels = None if case.labels is None else case.labels[: len(images)]
        case.require_refused(partial(model.trainer, phase.name, images, labels), DataError, f"images {what}")


CHECKS: dict[str, Callable[[Case], None]] = {
    check.__name__: check
    for check in (
        parameters_come_back, parameters_are_copies, assigning_leaves_the_others, misfits_are_refused,
        views_have_their_shapes, reconstructing_is_decoding_the_codings, activations_are_rows,
        losses_are_named_scalars, gradients_are_the_slope, steps_train_what_the_phase_trains, trainings_repeat,
        checkpoints_travel, resuming_changes_nothing, wrong_states_are_refused, wrong_images_are_refused,
    )
} | trainers.CHECKS  # fmt: skip
