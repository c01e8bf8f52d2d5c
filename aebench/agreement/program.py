"""The timed program, several steps in one call of the trainer, and a training that goes on in another trainer.

The program trains from the phase's start, call after call, as `training.trial` does it and as `speed` times it. Between
its calls other images are fed, as where a data set does not fit into memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aebench.arrays import Array, Arrays
from aebench.protocol import Model, Trainer
from aebench.records.trace import Trace
from aebench.spec import Autoencoder, Phase
from aebench.streams import stream

# What the images of the second call are multiplied by: their pixels then need every digit of the dtype, where those of
# a data set need float32's at most.
SHADE = 1.0 / 3.0


@dataclass(frozen=True)
class Feed:
    """What a phase reads: rows (n_steps, batch_size) and, where it takes noise, (n_steps, batch_size, width), of
    images (n, n_inputs) and, for a classifier, labels (n,)."""

    order: Array
    noise: Array | None
    images: Array
    labels: Array | None

    def steps(self, first: int, last: int) -> tuple[Array, Array | None]:
        """Rows and noise of the steps from `first` to before `last`."""
        return self.order[first:last], None if self.noise is None else self.noise[first:last]

    def anew(self, trainer: Trainer) -> None:
        """Feed other images in place of those before: shaded, each in the next one's row, with its label.

        As many as before, so that a compiled program meets one shape.
        """
        shaded = np.roll(self.images, 1, axis=0).astype(trainer.model.dtype)
        shaded *= SHADE
        trainer.feed(shaded, None if self.labels is None else np.roll(self.labels, 1))


# Two calls of several steps: what a call takes over from the one before shows in the second.
AT_ONCE = 4
STEPS = 2 * AT_ONCE
# What the state from outside says: so many steps, and moments of the size of a gradient early in training.
STEPS_OUTSIDE, GRADIENT_OUTSIDE = 1_000, 1e-3


@dataclass(frozen=True)
class Left:
    """What a trainer left behind: the model's parameters and the optimiser's state."""

    parameters: Arrays
    state: Arrays


def climb_program(model: Model, phase: Phase, trainer: Trainer, feed: Feed, trace: Trace) -> Left:
    """The rung `program`, in a fresh trainer; what was left after the first of its two calls.

    The model's parameters are afterwards what they were.
    """
    start = model.parameters()
    trace.add(phase.name, "program", AT_ONCE, _trained(model, trainer, *feed.steps(0, AT_ONCE)))
    left = Left(model.parameters(), trainer.state())
    feed.anew(trainer)
    trace.add(phase.name, "program", STEPS, _trained(model, trainer, *feed.steps(AT_ONCE, STEPS)))
    model.restore(start)
    return left


def climb_resumed(
    model: Model, phase: Phase, fresh: Trainer, used: Trainer, left: Left, feed: Feed, *, seed: int, trace: Trace
) -> None:  # fmt: skip
    """The rung `resumed`: other trainers take up what the program left; the model's parameters are what they were.

    fresh: one that has never trained takes up the state, and gives it back. used: one whose own state is another in
    every number takes it up and trains on, step by step, to where the program went. It does not have to be compiled
    for that, which for a third trainer would take as long as all the rest. A state that was taken up is the caller's
    all the same: what one trainer makes of it the other must not see.
    """
    before = model.parameters()
    fresh.restore(left.state)
    model.restore(left.parameters)
    used.restore(left.state)
    feed.anew(used)
    for step in range(AT_ONCE, STEPS):
        found = _trained(model, used, *feed.steps(step, step + 1))
    trace.add(phase.name, "resumed", STEPS, {f"fresh.optimizer.{name}": array for name, array in fresh.state().items()})
    trace.add(phase.name, "resumed", STEPS, found)
    # No framework made this state: the exchange of names and layouts has nothing to fall back on.
    used.restore(state_from_outside(model.autoencoder, phase, seed))
    found = _trained(model, used, *feed.steps(0, 1))
    trace.add(phase.name, "resumed", STEPS, {f"outside.{name}": array for name, array in found.items()})
    model.restore(before)


def _trained(model: Model, trainer: Trainer, order: Array, noise: Array | None) -> Arrays:
    """Loss terms of every step of one call; optimiser state and parameters after it."""
    history = trainer.run(order, noise)
    losses = {f"loss.{term}": values for term, values in history.items()}
    return losses | {f"optimizer.{name}": array for name, array in trainer.state().items()} | model.parameters()


def state_from_outside(autoencoder: Autoencoder, phase: Phase, seed: int) -> Arrays:
    """A state as another subject may have left it: many steps, and moments drawn for every trained parameter."""
    state: Arrays = {"step": np.asarray(STEPS_OUTSIDE, dtype=np.int64)}
    for name in autoencoder.trained(phase):
        draw, shape = stream(seed, f"resumed/{phase.name}/{name}"), autoencoder.shapes[name]
        state[f"{name}.first_moment"] = (GRADIENT_OUTSIDE * draw.normal(shape)).astype(np.float32)
        state[f"{name}.second_moment"] = (GRADIENT_OUTSIDE**2 * (0.5 + draw.uniform(shape))).astype(np.float32)
    return state
