"""What a check looks at: an autoencoder in a framework with small batches of images, the same in every framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

import numpy as np

from aebench.arrays import Array, Arrays, Dtype
from aebench.errors import AebenchError, ContractError
from aebench.parameters import initial_parameters
from aebench.protocol import Batch, Framework, Model, Trainer
from aebench.spec import Autoencoder, Phase
from aebench.streams import stream
from aebench.training import schedule

SEED, N_IMAGES, BATCH_SIZE, N_STEPS = 0, 24, 6, 4


@dataclass(frozen=True)
class Case:
    """One autoencoder in one framework."""

    framework: Framework
    whole: Autoencoder

    @cached_property
    def autoencoder(self) -> Autoencoder:
        """The autoencoder with batches of six."""
        return self.whole.with_schedule({}, batch_size=BATCH_SIZE)

    def parameters(self, seed: int = SEED) -> Arrays:
        """Initial parameters, with small numbers in place of zeros, so that every gradient path is used."""
        drawn = initial_parameters(self.autoencoder, seed)
        small = {name: 0.1 * stream(seed, f"contract/{name}").normal(value.shape) for name, value in drawn.items()}
        return {name: value if value.any() else small[name] for name, value in drawn.items()}

    def model(self, seed: int = SEED, dtype: Dtype = "float64") -> Model:
        """A model of its own."""
        return self.framework.build(self.autoencoder, self.parameters(seed), dtype=dtype, device="cpu")

    @cached_property
    def images(self) -> Array:
        """(24, n_inputs) in [0, 1), float64."""
        return stream(SEED, "contract/images").uniform((N_IMAGES, self.autoencoder.n_inputs))

    @cached_property
    def labels(self) -> Array | None:
        """(24,) classes for a classifier."""
        wide = self.autoencoder.layers[-1].n_outputs
        return np.arange(N_IMAGES) * 7 % wide if self.autoencoder.kind == "classifier" else None

    def trainer(self, model: Model, phase: Phase) -> Trainer:
        """Begin the phase on the images."""
        return model.trainer(phase.name, self.images, self.labels)

    def steps(self, phase: Phase) -> tuple[Array, Array | None]:
        """Rows (4, batch) and noise (4, batch, width) of the first steps."""
        order = schedule.first_orders(phase, SEED, N_IMAGES, N_STEPS)
        return order, schedule.noise(self.autoencoder, phase, SEED, range(N_STEPS), order.shape[1])

    def batch(self, trainer: Trainer, phase: Phase) -> Batch:
        """What the first step reads."""
        order, noise = self.steps(phase)
        labels = None if self.labels is None else self.labels[order[0]]
        return Batch(np.array(trainer.inputs()[order[0]]), None if noise is None else noise[0], labels)

    def fail(self, problem: str) -> NoReturn:
        """ContractError that says where."""
        raise ContractError(f"{self.autoencoder.name} in {self.framework.name}: {problem}")

    def require(self, promise: bool, problem: str) -> None:
        """ContractError with the problem where the promise is not kept."""
        if not promise:
            self.fail(problem)

    def require_same(self, expected: Mapping[str, Array], found: Mapping[str, Array], what: str) -> None:
        """ContractError unless these are the same names in the same order with the same bits."""
        self.require(list(expected) == list(found), f"{what} are {', '.join(found)}; expected {', '.join(expected)}")
        for name, value in expected.items():
            alike = np.shape(value) == np.shape(found[name]) and np.array_equal(value, found[name], equal_nan=True)
            self.require(alike, f"{what}: {name} is not the same to the bit; {_apart(value, found[name])}")

    def require_refused(self, call: Callable[[], object], error: type[AebenchError], what: str) -> None:
        """ContractError unless the call raises that error."""
        try:
            call()
        except error:
            return
        except Exception as other:
            self.fail(f"{what} raised {type(other).__name__}: {other}; expected {error.__name__}")
        self.fail(f"{what} was taken; expected {error.__name__}")


def _apart(expected: Array, found: Array) -> str:
    if np.shape(expected) != np.shape(found):
        return f"shape {np.shape(found)}, expected {np.shape(expected)}"
    return f"largest difference {np.max(np.abs(np.subtract(expected, found))):.3g}"
