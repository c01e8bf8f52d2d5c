"""The timed program, several steps in one call of the trainer, and a training that goes on in a fresh trainer.

Both are trained from the phase's start, call after call, as `training.trial` does it and as `speed` times it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from aebench.arrays import Array, Arrays
from aebench.protocol import Model, Trainer
from aebench.records.trace import Trace
from aebench.spec import Autoencoder, Phase
from aebench.streams import stream

# Two calls of several steps: what a call takes over from the one before shows in the second.
AT_ONCE = 4
STEPS = 2 * AT_ONCE
# What the state from outside says: so many steps, and moments of the size of a gradient early in training.
STEPS_OUTSIDE, GRADIENT_OUTSIDE = 1_000, 1e-3


def climb_program(
    model: Model, phase: Phase, begin: Callable[[], Trainer], order: Array, noise: Array | None, *, seed: int,
    trace: Trace,
) -> None:  # fmt: skip
    """The rungs `program` and `resumed`; the model's parameters are afterwards what they were.

    begin: makes a fresh trainer of the phase. order: (STEPS, batch_size); noise: (STEPS, batch_size, width) or None.
    """
    calls = [slice(0, AT_ONCE), slice(AT_ONCE, STEPS)]
    first, second = ((order[call], None if noise is None else noise[call]) for call in calls)
    start = model.parameters()
    trainer = begin()
    trace.add(phase.name, "program", AT_ONCE, _trained(model, trainer, *first))
    state, parameters = trainer.state(), model.parameters()
    trace.add(phase.name, "program", STEPS, _trained(model, trainer, *second))
    model.assign(start)
    fresh = begin()
    model.assign(parameters)
    fresh.restore(state)
    trace.add(phase.name, "resumed", STEPS, _trained(model, fresh, *second))
    # No framework made this state: the exchange of names and layouts has nothing to fall back on.
    model.assign(start)
    fresh.restore(state_from_outside(model.autoencoder, phase, seed))
    found = _trained(model, fresh, *first)
    trace.add(phase.name, "resumed", STEPS, {f"outside.{name}": array for name, array in found.items()})
    model.assign(start)


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
