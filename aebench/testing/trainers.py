"""The checks of a trainer's border, each under its name: what is handed over is copied, fed anew, run again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from aebench.agreement.program import SHADE
from aebench.arrays import Array, Arrays, Dtype
from aebench.protocol import Trainer, Use
from aebench.streams import stream
from aebench.testing.case import BATCH_SIZE, N_IMAGES, SEED, Case
from aebench.training import schedule

# More steps than the ladder makes in one call; an epoch has hundreds.
MANY_STEPS = 6 * BATCH_SIZE


def trainers_copy_what_they_are_given(case: Case) -> None:
    """Writing into images, labels, order, noise or a state that was handed in or out does not reach the trainer."""
    phase, ends = case.autoencoder.phases[0], []
    for overwritten in (False, True):
        images, labels = case.images.copy(), None if case.labels is None else case.labels.copy()
        trainer = case.model().trainer(phase.name, images, labels)
        order, noise = case.steps(phase)
        run = trainer.ready(order, noise)
        if overwritten:
            _overwrite(images, labels, order, noise)
        run()
        state = trainer.state()
        trainer.restore(state)
        if overwritten:
            _overwrite(*state.values(), *trainer.state().values())
        trainer.run(*case.steps(phase))
        ends.append(_left(trainer))
    case.require_same(ends[0], ends[1], "parameters and state after what was handed over was overwritten")


def _overwrite(*arrays: Array | None) -> None:
    """Other numbers, each of which would be taken as well."""
    for array in arrays:
        if array is not None:
            array[...] = 0


def images_arrive_whole(case: Case) -> None:
    """`inputs` of a phase that trains on the images are the images rounded to the dtype, to the bit."""
    dtypes: tuple[Dtype, Dtype] = ("float64", "float32")
    for dtype in dtypes:
        for phase in case.autoencoder.phases:
            if phase.inputs == "images":
                found = case.trainer(case.model(dtype=dtype), phase).inputs()
                case.require_same(
                    {"images": case.images.astype(dtype)}, {"images": np.asarray(found)},
                    f"phase {phase.name} in {dtype}: what is trained on",
                )  # fmt: skip


def feeding_replaces_the_data(case: Case) -> None:
    """After `feed` a trainer goes on as one that was begun with these images and labels does, from the same state."""
    images = np.roll(case.images, 1, axis=0) * SHADE
    labels = None if case.labels is None else np.roll(case.labels, 1)
    for phase in case.autoencoder.phases:
        model, other = case.model(), case.model()
        trainer, begun = case.trainer(model, phase), other.trainer(phase.name, images, labels)
        trainer.run(*case.steps(phase))
        other.restore(model.parameters())
        begun.restore(trainer.state())
        trainer.feed(images, labels)
        what = f"phase {phase.name}, fed anew"
        case.require_same({"inputs": np.asarray(begun.inputs())}, {"inputs": np.asarray(trainer.inputs())}, what)
        case.require_same(begun.run(*case.steps(phase)), trainer.run(*case.steps(phase)), f"{what}: losses")
        case.require_same(_left(begun), _left(trainer), what)


def steps_made_ready_run_again(case: Case) -> None:
    """What `ready` returns trains its steps each time it is called: that is what is timed."""
    phase = case.autoencoder.phases[0]
    once, again = (case.trainer(case.model(), phase) for _ in range(2))
    run = again.ready(*case.steps(phase))
    for _ in range(2):
        case.require_same(once.run(*case.steps(phase)), run(), "losses of steps that were made ready and run again")
    case.require_same(_left(once), _left(again), "parameters and state after steps that were run again")


def a_long_call_is_its_steps(case: Case) -> None:
    """An epoch in one call ends in the same bits as in calls of a few steps."""
    phase = case.autoencoder.phases[0]
    at_once, cut = (case.trainer(case.model(), phase) for _ in range(2))
    order = schedule.first_orders(phase, SEED, N_IMAGES, MANY_STEPS)
    noise = schedule.noise(case.autoencoder, phase, SEED, range(MANY_STEPS), order.shape[1])
    losses = at_once.run(order, noise)
    parts = [
        cut.run(order[first : first + BATCH_SIZE], None if noise is None else noise[first : first + BATCH_SIZE])
        for first in range(0, MANY_STEPS, BATCH_SIZE)
    ]
    joined = {term: np.concatenate([part[term] for part in parts]) for term in parts[0]}
    case.require_same(joined, losses, f"losses of {MANY_STEPS} steps in one call")
    case.require_same(_left(cut), _left(at_once), f"parameters and state after {MANY_STEPS} steps in one call")


def _left(trainer: Trainer) -> Arrays:
    """Parameters and state."""
    return {**trainer.model.parameters(), **trainer.state()}


def phases_wait_for_each_other(case: Case) -> None:
    """Trainers of all phases that are made before the first one runs each train what their phase trains: so are they
    timed."""
    model = case.model()
    trainers = [case.trainer(model, phase) for phase in case.autoencoder.phases]
    runs = [trainer.ready(*case.steps(trainer.phase)) for trainer in trainers]
    for trainer, run in zip(trainers, runs, strict=True):
        before = model.parameters()
        run()
        after, trained = model.parameters(), case.autoencoder.trained(trainer.phase)
        moved = [name for name in before if not np.array_equal(before[name], after[name])]
        case.require(
            moved == list(trained),
            f"phase {trainer.phase.name}, made ready beside the other phases, moves {', '.join(moved) or 'nothing'}; "
            f"expected {', '.join(trained)}",
        )


def what_is_timed_is_what_is_computed(case: Case) -> None:
    """What `ready_to` returns gives, each time it is called, what the use of that name gives."""
    model = case.model()
    codings = stream(SEED, "contract/codings").normal((N_IMAGES, case.autoencoder.n_codings))
    uses: dict[Use, Callable[[Array], Array]] = {
        "encode": model.encode, "decode": model.decode, "reconstruct": model.reconstruct, "sample": model.sample,
    }  # fmt: skip
    for use, function in uses.items():
        values = codings if use in ("decode", "sample") else case.images
        timed = model.ready_to(use, values)
        for seed in (SEED, SEED + 1):
            model.assign(case.parameters(seed))
            case.require_same({use: function(values)}, {use: np.asarray(timed())}, "what is timed")


CHECKS: dict[str, Callable[[Case], None]] = {
    check.__name__: check
    for check in (
        trainers_copy_what_they_are_given, images_arrive_whole, feeding_replaces_the_data, steps_made_ready_run_again,
        a_long_call_is_its_steps, phases_wait_for_each_other, what_is_timed_is_what_is_computed,
    )
}  # fmt: skip
