"""What runs in a framework's own process on behalf of the tests: plain functions, NumPy in and NumPy out.

Models are narrow and batches small, so that compiling them is what takes the time. The numbers come from the streams:
every process sees the same.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aebench import registry
from aebench.arrays import Array, Arrays, Dtype
from aebench.parameters import initial_parameters
from aebench.protocol import Batch, Model
from aebench.records import checkpoint
from aebench.spec import Autoencoder, Phase
from aebench.streams import stream
from aebench.training import schedule

SEED, N_IMAGES, BATCH_SIZE, N_STEPS = 7, 24, 6, 4


def strict(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call it with every warning an error, once the framework itself is imported."""
    registry.framework(os.environ["AEBENCH_FRAMEWORK"]).devices()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return function(*arguments)


# The narrow autoencoders and what they read, the same in every process.


def narrow(name: str) -> Autoencoder:
    """The autoencoder with images of 36 values, hidden layers a tenth as wide and batches of 6."""
    return registry.autoencoder(name).resized(width=0.1, n_inputs=36).with_schedule({}, batch_size=BATCH_SIZE)


def parameters(autoencoder: Autoencoder, seed: int = SEED) -> Arrays:
    """Initial parameters with biases that are not zero, so that every gradient path is used."""
    biases = {
        name: 0.1 * stream(seed, f"test bias/{name}").normal(shape)
        for name, shape in autoencoder.shapes.items()
        if name.endswith(".bias")
    }
    return {**initial_parameters(autoencoder, seed), **biases}


def images(autoencoder: Autoencoder) -> Array:
    """(24, n_inputs) in [0, 1), read-only as a data set's are."""
    values = stream(SEED, "test images").uniform((N_IMAGES, autoencoder.n_inputs))
    values.flags.writeable = False
    return values


def labels(autoencoder: Autoencoder) -> Array | None:
    """(24,) classes for a classifier, read-only."""
    if autoencoder.kind != "classifier":
        return None
    values = np.arange(N_IMAGES) * 7 % autoencoder.layers[-1].n_outputs
    values.flags.writeable = False
    return values


def orders_and_noise(autoencoder: Autoencoder, phase: Phase) -> tuple[Array, Array | None]:
    """Rows (4, batch) and noise (4, batch, width) of the first four steps."""
    order = schedule.first_orders(phase, SEED, N_IMAGES, N_STEPS)
    return order, schedule.noise(autoencoder, phase, SEED, range(N_STEPS), order.shape[1])


def model_of(name: str, dtype: Dtype = "float64", seed: int = SEED) -> Model:
    """A narrow model in the framework of this process."""
    framework = registry.framework(os.environ["AEBENCH_FRAMEWORK"])
    autoencoder = narrow(name)
    return framework.build(autoencoder, parameters(autoencoder, seed), dtype=dtype, device="cpu")


# What the protocol promises, gathered in few calls.


def trial(name: str, phase_name: str) -> dict[str, Arrays]:
    """One phase: forward, losses and gradients of the first batch; then four steps, in one run and in two."""
    model = model_of(name)
    initial, phase = model.parameters(), model.autoencoder.phase(phase_name)
    data, classes = images(model.autoencoder), labels(model.autoencoder)
    order, noise = orders_and_noise(model.autoencoder, phase)
    trainer = model.trainer(phase_name, data, classes)
    inputs = np.array(trainer.inputs())
    first = Batch(inputs[order[0]], _at(noise, 0), _at(classes, order[0]))
    found = {
        "initial": initial,
        "inputs": {"images": data, "inputs": inputs},
        "forward": model.forward(phase_name, first),
        "losses": model.losses(phase_name, first),
        "gradients": model.gradients(phase_name, first),
        "losses of four steps": trainer.run(order, noise),
        "after four steps": model.parameters(),
        "state after four steps": trainer.state(),
        "inputs after four steps": {"inputs": np.array(trainer.inputs())},
    }
    model.assign(initial)
    return {**found, **_in_two_runs(model, phase_name, order, noise)}


def _in_two_runs(model: Model, phase_name: str, order: Array, noise: Array | None) -> dict[str, Arrays]:
    trainer = model.trainer(phase_name, images(model.autoencoder), labels(model.autoencoder))
    untouched = trainer.state()
    first = trainer.run(order[:2], None if noise is None else noise[:2])
    middle, state = model.parameters(), trainer.state()
    kept = {key: value.copy() for key, value in state.items()}
    second = trainer.run(order[2:], None if noise is None else noise[2:])
    after, state_after = model.parameters(), trainer.state()
    model.assign(middle)
    trainer.restore(state)
    resumed = trainer.run(order[2:], None if noise is None else noise[2:])
    return {
        "state before": untouched,
        "state after two steps": kept,
        "same state later": state,
        "losses of two and two steps": {term: np.concatenate([first[term], second[term]]) for term in first},
        "after two and two steps": after,
        "state after two and two steps": state_after,
        "losses resumed": resumed,
        "losses not resumed": second,
        "after resuming": model.parameters(),
        "state after resuming": trainer.state(),
    }


def _at(values: Array | None, rows: Any) -> Array | None:
    return None if values is None else values[rows]


def views(name: str) -> Arrays:
    """What a model shows of its images: codings, outputs, reconstructions, samples."""
    model = model_of(name)
    data = images(model.autoencoder)[:BATCH_SIZE]
    _, noise = orders_and_noise(model.autoencoder, model.autoencoder.phases[0])
    normal = stream(SEED, "test codings").normal((BATCH_SIZE, model.autoencoder.n_codings))
    codings = model.encode(data)
    found = {
        "images": data,
        "codings": codings,
        "outputs": model.decode(codings),
        "reconstruction": model.reconstruct(data),
        "sample": model.sample(normal),
        "decoded normals": model.decode(normal),
    }
    if noise is None:
        return found
    noisy = model.encode(data, noise[0])
    more = {"noisy codings": noisy, "noisy outputs": model.decode(noisy)}
    return {**found, **more, "noisy reconstruction": model.reconstruct(data, noise[0])}


def clean_forward(name: str) -> Arrays:
    """Activations of the first phase on clean images, without noise."""
    model = model_of(name)
    return model.forward(model.autoencoder.phases[0].name, Batch(images(model.autoencoder)[:BATCH_SIZE]))


def assigned(name: str, changes: Arrays, dtype: Dtype = "float64") -> Arrays:
    """The parameters of a new model after these were assigned."""
    model = model_of(name, dtype)
    model.assign(changes)
    return model.parameters()


def copies(name: str) -> Arrays:
    """The parameters after what was handed in and what was handed out were both overwritten."""
    framework, autoencoder = registry.framework(os.environ["AEBENCH_FRAMEWORK"]), narrow(name)
    handed_in = parameters(autoencoder)
    model = framework.build(autoencoder, handed_in, dtype="float64", device="cpu")
    for arrays in (handed_in, model.parameters()):
        for array in arrays.values():
            array[...] = -1.0
    return model.parameters()


def built_on(name: str, device: str) -> None:
    """A model on that device, for the error it should be."""
    autoencoder = narrow(name)
    framework = registry.framework(os.environ["AEBENCH_FRAMEWORK"])
    framework.build(autoencoder, parameters(autoencoder), dtype="float64", device=device)


def built_from(name: str, handed_in: Arrays) -> None:
    """A model from these parameters, for the error it should be."""
    registry.framework(os.environ["AEBENCH_FRAMEWORK"]).build(narrow(name), handed_in, dtype="float64", device="cpu")


def linear_losses(points: Array, n_steps: int) -> Array:
    """MSE of the linear autoencoder on these points before each of so many full-batch steps."""
    autoencoder = registry.autoencoder("linear")
    framework = registry.framework(os.environ["AEBENCH_FRAMEWORK"])
    model = framework.build(autoencoder, initial_parameters(autoencoder, SEED), dtype="float64", device="cpu")
    order = np.tile(np.arange(len(points)), (n_steps, 1))
    return model.trainer("phase1", points).run(order)["reconstruction"]


# Checkpoints that travel.


def relay(name: str, own: Path) -> None:
    """Train three steps and save parameters and optimiser, to be continued elsewhere."""
    model = model_of(name)
    phase = model.autoencoder.phases[0]
    order, noise = relay_orders(model.autoencoder)
    trainer = model.trainer(phase.name, images(model.autoencoder), labels(model.autoencoder))
    trainer.run(order[:3], None if noise is None else noise[:3])
    checkpoint.save(own, name, model.parameters(), optimizer=trainer.state())


def relay_orders(autoencoder: Autoencoder) -> tuple[Array, Array | None]:
    """Rows and noise of six steps."""
    phase = autoencoder.phases[0]
    order = schedule.first_orders(phase, SEED, N_IMAGES, 6)
    return order, schedule.noise(autoencoder, phase, SEED, range(6), order.shape[1])


def relay_on(name: str, paths: Sequence[Path]) -> list[Arrays]:
    """Go on three more steps from each checkpoint; the parameters and losses at the end."""
    model = model_of(name, seed=SEED + 1)
    order, noise = relay_orders(model.autoencoder)
    trainer = model.trainer(model.autoencoder.phases[0].name, images(model.autoencoder), labels(model.autoencoder))
    found = []
    for path in paths:
        loaded, state, _ = checkpoint.load_training(path, name)
        model.assign(loaded)
        trainer.restore(state)
        losses = trainer.run(order[3:], None if noise is None else noise[3:])
        found.append({**model.parameters(), **{f"loss {term}": values for term, values in losses.items()}})
    return found


def six_steps(name: str) -> Arrays:
    """Six steps without a break; the parameters at the end and the losses of the last three."""
    model = model_of(name)
    order, noise = relay_orders(model.autoencoder)
    trainer = model.trainer(model.autoencoder.phases[0].name, images(model.autoencoder), labels(model.autoencoder))
    losses = trainer.run(order, noise)
    return {**model.parameters(), **{f"loss {term}": values[3:] for term, values in losses.items()}}


def saved(name: str, path: Path) -> Arrays:
    """Save a model of other parameters; what was saved."""
    model = model_of(name, seed=SEED + 1)
    checkpoint.save_model(model, path)
    return model.parameters()


def loaded(name: str, path: Path, layers: Sequence[str] | None = None) -> tuple[Arrays, Arrays]:
    """The parameters of a new model before and after it loads the checkpoint, or some layers of it."""
    model = model_of(name)
    before = model.parameters()
    checkpoint.load_model(model, path, layers)
    return before, model.parameters()


def forward_products(name: str, phase: str) -> list[tuple[int, int, int]]:
    """(rows, inner, columns) of every matrix product in the reference's forward pass, in order."""
    from aebench.implementations.reference import layers

    seen, product = [], layers.product

    def recording(a: Array, b: Array) -> Array:
        seen.append((a.shape[0], a.shape[1], b.shape[1]))
        return product(a, b)

    model = model_of(name)
    specification = model.autoencoder.phase(phase)
    order, noise = orders_and_noise(model.autoencoder, specification)
    trainer = model.trainer(phase, images(model.autoencoder), labels(model.autoencoder))
    layers.product = recording
    try:
        model.forward(phase, Batch(trainer.inputs()[order[0]], None if noise is None else noise[0]))
    finally:
        layers.product = product
    return seen
