"""What is made wrong in the reference so that a check of the contract fails, and which checks then do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from aebench.implementations.reference import Reference, training
from aebench.protocol import Model, Trainer

MODEL, TRAINER = training.ReferenceModel, training.ReferenceTrainer
COUNTER = itertools.count(1)
# It has a phase that trains some of the layers only.
JOINT = "layerwise_joint"


def around(owner: type, name: str, change: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """Plants: the method gives what `change(self, original, *arguments)` makes of it."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        original = getattr(owner, name)
        patch.setattr(owner, name, lambda self, *a, **k: change(self, partial(original, self), *a, **k))

    return plant


def both(*plants: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
    """Plants several."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        for one in plants:
            one(patch)

    return plant


def _rounded(_: Any, make: Any, autoencoder: Any, parameters: Any, **how: Any) -> Any:
    return make(autoencoder, {n: v.astype(np.float32).astype(float) for n, v in parameters.items()}, **how)


def _others_doubled(self: Any, put: Any, parameters: Any) -> None:
    others = {n: 2.0 * v for n, v in self.parameters().items() if n not in parameters} if self_is_built(self) else {}
    put({**others, **parameters})


def self_is_built(model: Any) -> bool:
    """Whether the model has parameters yet that are not zeros."""
    return any(value.any() for value in model.parameters().values())


def _known_only(self: Any, assign: Any, parameters: Any) -> None:
    shapes = self.autoencoder.shapes
    assign({n: v for n, v in parameters.items() if n in shapes and np.shape(v) == shapes[n]})


def _all_but_the_last(self: Any, assign: Any, parameters: Any) -> None:
    kept = list(parameters)[:-1] if len(parameters) == len(self.autoencoder.shapes) and self_is_built(self) else None
    assign({n: v for n, v in parameters.items() if kept is None or n in kept})


def _first_step_lost(_: Any, prepare: Any, *arguments: Any) -> Any:
    run = prepare(*arguments)
    return lambda: {term: values[1:] for term, values in run().items()}


def _everything_moved(self: Any, prepare: Any, *arguments: Any) -> Any:
    run, move = prepare(*arguments), {n: 1.0 + v for n, v in self.model.parameters().items()}
    del move["encoder2.weight"], move["encoder2.bias"], move["decoder1.weight"], move["decoder1.bias"]
    return lambda: (run(), self.model.put(move))[0]


def _never_the_same(self: Any, prepare: Any, *arguments: Any) -> Any:
    run, bias = prepare(*arguments), "encoder1.bias"
    return lambda: (run(), self.model.put({bias: self.model.parameters()[bias] + 1e-9 * next(COUNTER)}))[0]


def _without_the_count(_: Any, take_up: Any, state: Any) -> None:
    take_up({**state, "step": np.asarray(0)})


def _unchecked_images(self: Any, _: Any, images: Any, labels: Any = None) -> None:
    self.put(images, labels)
    self.n_rows = len(images)


def _unchecked_dtype(self: Any, build: Any, autoencoder: Any, parameters: Any, *, dtype: Any, device: Any) -> Any:
    return (self.make if dtype == "float16" else build)(autoencoder, parameters, dtype=dtype, device=device)


def _late(_: Any, prepare: Any, *arguments: Any) -> Any:
    return lambda: prepare(*arguments)()


def _only_once(self: Any, put: Any, *arguments: Any) -> None:
    if not hasattr(self, "data"):
        put(*arguments)


def _exhausted(_: Any, prepare: Any, *arguments: Any) -> Any:
    run, found = prepare(*arguments), {}
    return lambda: found or (found.update(run()), found)[1]


def _eight_steps(_: Any, prepare: Any, order: Any, noise: Any) -> Any:
    run = prepare(order[:8], noise)
    return lambda: {term: np.resize(values, len(order)) for term, values in run().items()}


def _the_last_begun(self: Any, begin: Any, phase: Any) -> Any:
    self.last = phase
    return begin(phase)


def _as_the_last_begun(self: Any, step: Any, *arguments: Any) -> Any:
    before = self.model.parameters()
    losses = step(*arguments)
    if self.model.last != self.phase:
        self.model.put(before)
    return losses


def _undecoded(_: Any, ready_to: Any, use: Any, values: Any) -> Any:
    return ready_to("encode" if use == "reconstruct" else use, values)


Fault = tuple[str, Callable[[pytest.MonkeyPatch], None], set[str]]
FAULTS: dict[str, Fault] = {
    "rounded when built": ("linear", around(Reference, "make", _rounded), {"parameters_come_back"}),
    "parameters themselves": (
        "linear", around(MODEL, "parameters", lambda self, _: self.network_parameters()), {"parameters_are_copies"},
    ),
    "others doubled": ("linear", around(MODEL, "put", _others_doubled), {"assigning_leaves_the_others"}),
    "misfits left out": ("linear", around(Model, "assign", _known_only), {"misfits_are_refused"}),
    "narrow samples": (
        "linear", around(Model, "sample", lambda _, f, noise: f(noise)[:, 1:]), {"views_have_their_shapes"},
    ),
    "reconstruction a bit off": (
        "linear", around(MODEL, "reconstruct", lambda _, f, *a: np.nextafter(f(*a), 9.0)),
        {"reconstructing_is_decoding_the_codings"},
    ),
    "flat activation": (
        "linear", around(MODEL, "forward", lambda _, f, *a: {**f(*a), "flat": np.zeros(3)}), {"activations_are_rows"},
    ),
    "loss without a name": (
        "linear", around(MODEL, "losses", lambda _, f, *a: {**f(*a), "other": 1.0}), {"losses_are_named_scalars"},
    ),
    "loss that is not finite": (
        "linear", around(MODEL, "losses", lambda _, f, *a: {**f(*a), "reconstruction": np.nan}),
        {"losses_are_named_scalars"},
    ),
    "gradient a little off": (
        "linear", around(MODEL, "gradients", lambda _, f, *a: {n: 1.001 * v for n, v in f(*a).items()}),
        {"gradients_are_the_slope"},
    ),
    "loss of a step lost": (
        "linear", around(TRAINER, "prepare", _first_step_lost),
        {"steps_train_what_the_phase_trains", "a_long_call_is_its_steps"},
    ),
    "frozen layers trained": (
        JOINT, around(TRAINER, "prepare", _everything_moved),
        {"steps_train_what_the_phase_trains", "steps_made_ready_run_again", "a_long_call_is_its_steps"},
    ),
    "never the same": (
        "linear", around(TRAINER, "prepare", _never_the_same),
        {"trainings_repeat", "resuming_changes_nothing", "trainers_copy_what_they_are_given",
         "feeding_replaces_the_data", "steps_made_ready_run_again", "a_long_call_is_its_steps"},
    ),
    "last parameter not loaded": (
        "linear", around(Model, "assign", _all_but_the_last), {"checkpoints_travel", "gradients_are_the_slope"},
    ),
    "step count forgotten": (
        "linear", around(TRAINER, "take_up", _without_the_count),
        {"resuming_changes_nothing", "feeding_replaces_the_data"},
    ),
    "any state": (
        "linear", around(Trainer, "restore", lambda self, _, state: self.take_up(state)), {"wrong_states_are_refused"},
    ),
    "any images": ("linear", around(Trainer, "feed", _unchecked_images), {"wrong_images_are_refused"}),
    "order read when run": ("linear", around(TRAINER, "prepare", _late), {"trainers_copy_what_they_are_given"}),
    "images rounded": (
        "linear", around(TRAINER, "put", lambda _, f, images, labels: f(images.astype(np.float32), labels)),
        {"images_arrive_whole"},
    ),
    "first images always": ("linear", around(TRAINER, "put", _only_once), {"feeding_replaces_the_data"}),
    "run only once": ("linear", around(TRAINER, "prepare", _exhausted), {"steps_made_ready_run_again"}),
    "at most eight steps": ("linear", around(TRAINER, "prepare", _eight_steps), {"a_long_call_is_its_steps"}),
    "frozen when begun": (
        JOINT, both(around(MODEL, "begin", _the_last_begun), around(TRAINER, "step", _as_the_last_begun)),
        {"phases_wait_for_each_other"},
    ),
    "timed without decoding": ("linear", around(Model, "ready_to", _undecoded), {"what_is_timed_is_what_is_computed"}),
    "any dtype": (
        "linear", around(Reference, "build", _unchecked_dtype), {"other_devices_and_dtypes_are_refused"},
    ),
    "nothing to time": (
        "linear", around(Reference, "copying", lambda *_, **__: None), {"the_ceiling_can_be_timed"},
    ),
}  # fmt: skip
