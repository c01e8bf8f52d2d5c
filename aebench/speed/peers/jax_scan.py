"""JAX at its fastest as people write it plainly: an epoch is one compiled `scan` over its batches, with optax Adam.

The images stay on the device; an epoch gathers them once in its order and the state is updated in place (donated).
Order and noise are drawn by JAX's own generator. The mean total of a first epoch should lie near the suite's.
Deviates: optax's Adam adds its epsilon to sqrt(v) / sqrt(1 - beta2^t), not to sqrt(v).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aebench.spec import Phase
from aebench.speed.peers import Peer, Task, no_device

if TYPE_CHECKING:
    from jax import Array

    Dense = Callable[..., Array]


def ready(work: Peer) -> tuple[Callable[[], float], int]:
    """An epoch of the scan, and how many images it trains on."""
    import jax

    task = work.task()
    found = ["cpu", "gpu"] if any(device.platform == "gpu" for device in jax.devices()) else ["cpu"]
    if work.device not in found:
        raise no_device(work.name, work.device, found)
    jax.config.update("jax_enable_x64", work.dtype == "float64")
    jax.config.update("jax_default_matmul_precision", "highest")
    with jax.default_device(jax.devices(work.device)[0]):
        state, epoch = _training(task, work.seed)
        images = jax.numpy.asarray(task.images)

    def run() -> float:
        nonlocal state
        state, total = epoch(state, images)
        return float(total)

    return run, task.n_images


def _training(task: Task, seed: int) -> tuple[Any, Callable[[Any, Any], tuple[Any, Any]]]:
    """The state before the first step and the compiled function (state, images) -> (state, mean total)."""
    from functools import partial

    import jax
    import optax
    from jax import lax

    phase, adam, loss_of = task.phase, task.phase.optimizer, LOSSES[task.autoencoder.name]
    optimizer = optax.adam(adam.learning_rate, b1=adam.beta1, b2=adam.beta2, eps=adam.epsilon)
    parameters = {name: jax.numpy.array(value) for name, value in task.parameters.items()}
    gradient_of = jax.value_and_grad(lambda p, x, key: loss_of(_layers(task, p), p, x, phase, key))

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        parameters, moments = state
        total, gradients = gradient_of(parameters, *batch)
        updates, moments = optimizer.update(gradients, moments)
        return (optax.apply_updates(parameters, updates), moments), total

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: Any, images: Any) -> tuple[Any, Any]:
        *trained, key = state
        key, for_order, for_noise = jax.random.split(key, 3)
        order = jax.random.permutation(for_order, len(images))[: task.n_images]
        batches = images[order].reshape(task.n_batches, phase.batch_size, -1)
        keys = jax.random.split(for_noise, task.n_batches)
        trained, totals = lax.scan(step, tuple(trained), (batches, keys))
        return (*trained, key), totals.mean()

    return (parameters, optimizer.init(parameters), jax.random.key(seed)), epoch


def _layers(task: Task, parameters: dict[str, Array]) -> Dense:
    """A function (x, *names of layers) -> x after these layers."""
    from jax import nn

    activations = {"elu": nn.elu, "sigmoid": nn.sigmoid, "none": lambda x: x}

    def dense(x: Array, *names: str) -> Array:
        for layer in map(task.autoencoder.layer, names):
            x = x @ parameters[f"{layer.name}.weight"] + parameters[f"{layer.name}.bias"]
            x = activations[layer.activation](x)
        return x

    return dense


def _stacked(dense: Dense, parameters: dict[str, Array], x: Array, phase: Phase, key: Array) -> Array:
    """mean((outputs - x)**2) over batch and pixels, plus scale * sum over weights of 0.5 * sum(weight**2)."""
    from jax import numpy as jnp

    outputs = dense(x, "encoder1", "encoder2", "decoder1", "decoder2")
    l2 = phase.l2.scale * sum(0.5 * jnp.sum(parameters[f"{name}.weight"] ** 2) for name in phase.l2.layers)
    return jnp.mean((outputs - x) ** 2) + l2


def _sparse(dense: Dense, parameters: dict[str, Array], x: Array, phase: Phase, key: Array) -> Array:
    """mean((outputs - x)**2) over batch and pixels, plus weight * sum over codings of KL(target || batch mean)."""
    from jax import numpy as jnp

    codings, target = dense(x, "encoder1"), phase.sparsity.target
    q = jnp.clip(jnp.mean(codings, axis=0), 1e-7, 1 - 1e-7)
    kl = target * jnp.log(target / q) + (1 - target) * jnp.log((1 - target) / (1 - q))
    return jnp.mean((dense(codings, "decoder1") - x) ** 2) + phase.sparsity.weight * jnp.sum(kl)


def _variational(dense: Dense, parameters: dict[str, Array], x: Array, phase: Phase, key: Array) -> Array:
    """Sigmoid cross-entropy plus 0.5 * (exp(s) + mean**2 - 1 - s), both summed over the batch; s the log variance."""
    import optax
    from jax import numpy as jnp
    from jax import random

    hidden = dense(x, "encoder1", "encoder2")
    mean, log_variance = dense(hidden, "mean"), dense(hidden, "log_variance")
    codings = mean + jnp.exp(0.5 * log_variance) * random.normal(key, mean.shape, mean.dtype)
    logits = dense(codings, "decoder1", "decoder2", "decoder3")
    latent = 0.5 * jnp.sum(jnp.exp(log_variance) + mean**2 - 1 - log_variance)
    return jnp.sum(optax.sigmoid_binary_cross_entropy(logits, x)) + latent


LOSSES = {"stacked": _stacked, "sparse": _sparse, "variational": _variational}
