"""What a framework's models and trainers make of arguments that do not fit: the error's text, and what is left."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import remote
from processes import same

from aebench import registry
from aebench.arrays import Array, Arrays, Dtype
from aebench.errors import AebenchError
from aebench.protocol import Batch, Model, Trainer
from aebench.records import checkpoint
from aebench.streams import stream


def state_of(name: str, phase: str) -> Arrays:
    """A state that a trainer of the narrow autoencoder's phase could be in after seven steps."""
    autoencoder = remote.narrow(name)
    state: Arrays = {"step": np.asarray(7, np.int64)}
    for parameter in autoencoder.trained(autoencoder.phase(phase)):
        drawn = stream(remote.SEED, f"test state/{parameter}").normal(autoencoder.shapes[parameter])
        state |= {f"{parameter}.first_moment": drawn, f"{parameter}.second_moment": drawn**2}
    return state


def restored(name: str, phase: str, changes: Mapping[str, Array | None], dtype: Dtype) -> tuple[str, bool]:
    """The error when a state with these changes is restored (None: left out), and whether all is as it was before."""
    model = remote.model_of(name, dtype)
    trainer = _trainer(model, phase)
    sound = state_of(name, phase)
    trainer.restore(sound)
    before = {**trainer.state(), **model.parameters()}
    text = _refused(lambda: trainer.restore({n: a for n, a in {**sound, **changes}.items() if a is not None}))
    return text, same(before, {**trainer.state(), **model.parameters()})


def fed(name: str, images: Array, labels: Array | None, dtype: Dtype) -> tuple[str, str, bool]:
    """The errors when a phase is begun with these images and when a trainer is fed them; whether it reads as before."""
    model = remote.model_of(name, dtype)
    phase = model.autoencoder.phases[0].name
    trainer = _trainer(model, phase)
    before = trainer.inputs()
    begun = _refused(lambda: model.trainer(phase, images, labels))
    return begun, _refused(lambda: trainer.feed(images, labels)), np.array_equal(before, trainer.inputs())


def ordered(name: str, order: Array, noise: Array | None, dtype: Dtype) -> str:
    """The error when a trainer is to train these steps."""
    model = remote.model_of(name, dtype)
    trainer = _trainer(model, model.autoencoder.phases[0].name)
    return _refused(lambda: trainer.ready(order, noise))


def built(name: str, dtype: str, device: str) -> str:
    """The error when a model of that dtype is built on that device."""
    autoencoder = remote.narrow(name)
    framework = registry.framework(os.environ["AEBENCH_FRAMEWORK"])
    parameters = remote.parameters(autoencoder)
    return _refused(lambda: framework.build(autoencoder, parameters, dtype=dtype, device=device))  # type: ignore[arg-type]


def exactly_restored(name: str, parameters: Arrays, dtype: Dtype) -> Arrays:
    """The parameters of another model after it was given those that a model gave of itself."""
    first, second = remote.model_of(name, dtype), remote.model_of(name, dtype)
    first.assign(parameters)
    kept = {n: a * (1.0 + 2.0**-40) for n, a in first.parameters().items()}
    second.restore(kept)
    now = second.parameters()
    return {**{f"kept.{n}": a for n, a in kept.items()}, **{f"now.{n}": a for n, a in now.items()}}


def loaded(name: str, path: Path, layers: Sequence[str] | None, dtype: Dtype) -> tuple[str, bool]:
    """The error when a model loads that checkpoint, and whether its parameters are what they were."""
    model = remote.model_of(name, dtype)
    before = model.parameters()
    return _refused(lambda: checkpoint.load_model(model, path, layers)), same(before, model.parameters())


def retraced(name: str) -> list[str]:
    """What the framework logs when a model meets ever other shapes: batches of 1 to 8, orders of 1 to 8 steps."""
    model, found = remote.model_of(name), _Collected()
    logging.getLogger("tensorflow").addHandler(found)
    try:
        phase = model.autoencoder.phases[0].name
        images, trainer = remote.images(model.autoencoder), _trainer(model, phase)
        for n in range(1, 9):
            model.reconstruct(images[:n])
            model.forward(phase, Batch(images[:n]))
            trainer.run(np.zeros((n, 2), np.int64))
    finally:
        logging.getLogger("tensorflow").removeHandler(found)
    return found.texts


class _Collected(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def _trainer(model: Model, phase: str) -> Trainer:
    return model.trainer(phase, remote.images(model.autoencoder), remote.labels(model.autoencoder))


def _refused(call: Callable[[], object]) -> str:
    """The type and text of the project's own error that the call raises; empty when it raises none."""
    try:
        call()
    except AebenchError as error:
        return f"{type(error).__name__}: {error}"
    return ""
