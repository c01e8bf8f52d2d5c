"""The peers train what the suite trains: a program that trained something else could not be compared with it."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import remote_peers

from aebench import registry
from aebench.errors import FrameworkError, UnknownNameError
from aebench.parameters import initial_parameters
from aebench.processes.worker import FrameworkProcess
from aebench.spec import L2, Autoencoder
from aebench.speed import peers
from aebench.speed.peers import AUTOENCODERS, PEERS, Peer
from aebench.training import schedule
from aebench.training.trial import dataset_of

ROOT = Path(__file__).parents[1]
N_ORDERS = 3
# One batch of all images has no order, so only rounding, the place of Adam's epsilon (stacked: 1.3e-4 in three epochs)
# and the drawn noise (variational: other noise moves the reference by 2e-3 in twelve epochs) keep two programs apart.
N_EPOCHS = {"stacked": 3, "sparse": 3, "variational": 12}
ALL_IMAGES = {"stacked": 1e-3, "sparse": 1e-3, "variational": 6e-3}
# The first epoch of digits, nine steps (sparse: one), from the mean over a few orders: the reference's own orders reach
# 8 % (stacked) and 1 % (variational), those of the peers 9 % and 1 %, over five orders each.
SHUFFLED = {"stacked": 0.15, "sparse": 0.005, "variational": 0.03}


@pytest.fixture(scope="module")
def opened() -> Iterator[dict[str, FrameworkProcess]]:
    """Peer -> its process, begun when first asked for something."""
    found = {name: FrameworkProcess(name) for name in PEERS}
    yield found
    for process in found.values():
        process.close()


@pytest.fixture(params=PEERS)
def peer(request: pytest.FixtureRequest) -> str:
    """The name of each peer in turn."""
    missing = peers.missing(request.param)
    if missing:
        pytest.skip(missing)
    return str(request.param)


def _changed(autoencoder: Autoencoder, **fields: Any) -> Autoencoder:
    (phase,) = autoencoder.phases
    return dataclasses.replace(autoencoder, phases=(dataclasses.replace(phase, **fields),))


def _narrow(name: str) -> Autoencoder:
    """A tenth as wide, its only batch all images of digits."""
    return (
        registry.autoencoder(name).resized(width=0.1).with_schedule({}, len(dataset_of("digits", None, "quick").train))
    )


@cache
def _reference(autoencoder: Autoencoder, n_epochs: int, seed: int = 0) -> tuple[float, ...]:
    """The mean total of each of the first epochs in float64, order and noise of that seed."""
    (phase,), images = autoencoder.phases, dataset_of("digits", None, "quick").train.inputs
    framework = registry.framework(registry.ARBITER)
    model = framework.build(autoencoder, initial_parameters(autoencoder, 0), dtype="float64", device="cpu")
    trainer, found = model.trainer(phase.name, images), []
    for epoch in range(n_epochs):
        order = schedule.epoch_order(phase, seed, len(images), epoch)
        steps = range(epoch * len(order), (epoch + 1) * len(order))
        noise = schedule.noise(autoencoder, phase, seed, steps, order.shape[1])
        found.append(float(np.mean(trainer.run(order, noise)["total"])))
    return tuple(found)


def _apart(expected: Any, actual: Any) -> float:
    """The largest relative difference of any epoch; infinite where a loss is not finite."""
    strayed = np.max(np.abs(np.divide(actual, expected) - 1.0))
    return float(strayed) if np.isfinite(strayed) else float("inf")


def _first_epoch(name: str) -> float:
    autoencoder = registry.autoencoder(name)
    return float(np.mean([_reference(autoencoder, 1, seed) for seed in range(N_ORDERS)]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", AUTOENCODERS)
def test_a_peer_computes_what_the_suite_computes(
    opened: dict[str, FrameworkProcess], peer: str, name: str, dtype: Any
) -> None:
    """On one batch of all images, where order says nothing, the losses are the reference's step for step."""
    it = _narrow(name)
    actual = opened[peer].call(remote_peers.epochs, Peer(peer, name, dtype=dtype), it, N_EPOCHS[name])
    assert _apart(_reference(it, N_EPOCHS[name]), actual) < ALL_IMAGES[name]


@pytest.mark.parametrize("name", AUTOENCODERS)
def test_a_first_epoch_is_the_suite_s(opened: dict[str, FrameworkProcess], peer: str, name: str) -> None:
    """At the specification's sizes and batches the first epoch's mean total lies near the reference's."""
    actual = opened[peer].call(remote_peers.epochs, Peer(peer, name), registry.autoencoder(name), 1)
    assert _apart(_first_epoch(name), actual) < SHUFFLED[name]


def _rate(autoencoder: Autoencoder, factor: float) -> Autoencoder:
    adam = autoencoder.phases[0].optimizer
    return _changed(autoencoder, optimizer=dataclasses.replace(adam, learning_rate=factor * adam.learning_rate))


def _no_sparsity(autoencoder: Autoencoder) -> Autoencoder:
    return _changed(autoencoder, sparsity=dataclasses.replace(autoencoder.phases[0].sparsity, weight=1e-30))


NUMBERS = {
    "no l2": ("stacked", lambda it: _changed(it, l2=L2(1e-30, it.phases[0].l2.layers))),
    "a tenth of the rate": ("stacked", lambda it: _rate(it, 0.1)),
    "half as much again of the rate": ("variational", lambda it: _rate(it, 1.5)),
    "no sparsity": ("sparse", _no_sparsity),
}


@pytest.mark.parametrize("fault", NUMBERS)
def test_another_number_is_noticed(opened: dict[str, FrameworkProcess], peer: str, fault: str) -> None:
    """Planted fault: a peer that reads another penalty or learning rate strays from the reference of the right one."""
    name, change = NUMBERS[fault]
    actual = opened[peer].call(remote_peers.epochs, Peer(peer, name), change(_narrow(name)), N_EPOCHS[name])
    assert _apart(_reference(_narrow(name), N_EPOCHS[name]), actual) > ALL_IMAGES[name]


@pytest.mark.parametrize("fault", ["small batches", "four times the rate"])
def test_another_schedule_is_noticed(opened: dict[str, FrameworkProcess], peer: str, fault: str) -> None:
    """Planted fault: with half the batch or four times the rate the first epoch ends elsewhere, whatever the order."""
    it = registry.autoencoder("stacked")
    changed = it.with_schedule({}, batch_size=75) if fault == "small batches" else _rate(it, 4.0)
    actual = opened[peer].call(remote_peers.epochs, Peer(peer, "stacked"), changed, 1)
    assert _apart(_first_epoch("stacked"), actual) > SHUFFLED["stacked"]


TEXTS = {
    "jax_scan": {
        "l2 twice": ("stacked", "0.5 * jnp.sum(parameters", "jnp.sum(parameters"),
        "latent twice": ("variational", "latent = 0.5 *", "latent ="),
        "no noise": ("variational", "mean + jnp.exp(0.5 * log_variance) *", "mean + 0.0 *"),
    },
    "keras_fit": {
        "l2 twice": ("stacked", "L2(0.5 * l2.scale)", "L2(l2.scale)"),
        "latent twice": ("variational", "add_loss(0.5 *", "add_loss("),
        "no noise": ("variational", "mean + ops.exp(0.5 * log_variance) *", "mean + 0.0 *"),
    },
    "torch_dataloader": {
        "l2 twice": ("stacked", "0.5 * weight.square()", "weight.square()"),
        "latent twice": ("variational", "reconstruction + 0.5 *", "reconstruction +"),
        "no noise": ("variational", "mean + torch.exp(0.5 * log_variance) *", "mean + 0.0 *"),
    },
}


@pytest.mark.parametrize("fault", ["l2 twice", "latent twice", "no noise"])
def test_another_text_is_noticed(opened: dict[str, FrameworkProcess], peer: str, fault: str) -> None:
    """Planted fault: Keras' L2 without the half, the latent loss without it, and codings without noise stray."""
    name, *edit = TEXTS[peer][fault]
    actual = opened[peer].call(remote_peers.epochs, Peer(peer, name), _narrow(name), N_EPOCHS[name], tuple(edit))
    assert _apart(_reference(_narrow(name), N_EPOCHS[name]), actual) > ALL_IMAGES[name]


@pytest.mark.parametrize(("name", "expected"), [("stacked", 1350), ("sparse", 1000)])
def test_an_epoch_s_images_are_counted(
    opened: dict[str, FrameworkProcess], peer: str, name: str, expected: int
) -> None:
    """Whole batches of the 1,350 images: nine of 150, or one of 1,000 and the rest dropped."""
    assert expected == opened[peer].call(remote_peers.images_of_an_epoch, Peer(peer, name))


@pytest.mark.parametrize(
    ("autoencoder", "device", "expected"),
    [
        ("tied", "cpu", "has no autoencoder 'tied'; the peers have stacked, sparse, variational"),
        ("stacked", "toaster", "no device 'toaster' here"),
    ],
)
def test_what_a_peer_has_not_is_refused(
    opened: dict[str, FrameworkProcess], peer: str, autoencoder: str, device: str, expected: str
) -> None:
    """An autoencoder or device that the peer has not is an error that lists those it has."""
    with pytest.raises(FrameworkError, match=expected):
        opened[peer].call(remote_peers.images_of_an_epoch, Peer(peer, autoencoder, device=device))


def test_an_unknown_peer_is_refused() -> None:
    """A name that is none lists the known ones, in every function that takes a name."""
    for ask in (peers.missing, peers.versions, lambda name: Peer(name, "stacked").ready()):
        with pytest.raises(UnknownNameError, match="did you mean 'jax_scan'"):
            ask("jax_scna")


@pytest.mark.parametrize("name", PEERS)
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Without its packages a peer says which, and the command that installs them, before anything is imported."""
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda _: None)
    packages, install = " and ".join(PEERS[name].packages), PEERS[name].install
    expected = f"{name} needs {packages}, not installed here; get it with: {install}"
    assert expected == peers.missing(name)
    with pytest.raises(FrameworkError, match="not installed here"):
        Peer(name, "stacked").ready()


def test_the_extra_installs_what_the_peers_need() -> None:
    """pyproject's extra `peers` holds what no other extra brings, and its versions are pinned."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert list(PEERS["jax_scan"].requirements) == extras["peers"]
    pinned = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    packages = {package for program in PEERS.values() for package in program.packages} - {"tensorflow"}
    assert packages <= pinned
