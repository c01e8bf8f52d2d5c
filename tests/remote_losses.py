"""Loss terms and optimisers by themselves, in a framework's own process, compiled where the framework compiles."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from aebench.arrays import Array, Dtype
from aebench.spec import Adam


def losses_and_gradients(cases: Sequence[tuple[str, tuple[Array, ...], tuple[Any, ...], Dtype]]) -> list[list[Array]]:
    """For each (loss, arrays, constants, dtype): the value and its gradients by the float arrays but the target."""
    framework = os.environ["AEBENCH_FRAMEWORK"]
    module = importlib.import_module(f"aebench.implementations.{framework}.losses")
    evaluate = {"reference": _reference_loss, "pytorch": _pytorch_loss, "tensorflow": _tensorflow_loss}[framework]
    found = []
    for loss, arrays, constants, dtype in cases:
        cast = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
        found.append([np.asarray(x) for x in evaluate(module, loss, cast, constants)])
    return found


def _reference_loss(module: Any, loss: str, arrays: Sequence[Array], constants: Sequence[Any]) -> list[Array]:
    arrays = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
    if loss == "l2_penalty":
        layers = [SimpleNamespace(weight=a, weight_gradient=np.zeros_like(a)) for a in arrays]
        value = module.l2_penalty(*constants, layers)
        module.l2_penalty_backward(*constants, layers)
        return [value, *(layer.weight_gradient for layer in layers)]
    gradients = getattr(module, f"{loss}_backward")(*arrays, *constants)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    return [getattr(module, loss)(*arrays, *constants), *gradients]


def _called(module: Any, loss: str, tensors: Sequence[Any], constants: Sequence[Any]) -> Any:
    if loss == "l2_penalty":
        return module.l2_penalty(*constants, [SimpleNamespace(weight=t) for t in tensors])
    return getattr(module, loss)(*tensors, *constants)


def _free(loss: str, tensors: Sequence[Any]) -> list[Any]:
    """Those by which the gradient is taken: both of the latent loss, all weights, else the first."""
    return list(tensors) if loss in ("latent_loss", "l2_penalty") else list(tensors[:1])


def _pytorch_loss(module: Any, loss: str, arrays: Sequence[Array], constants: Sequence[Any]) -> list[Array]:
    torch = importlib.import_module("torch")
    tensors = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    value = _called(module, loss, tensors, constants)
    gradients = torch.autograd.grad(value, _free(loss, tensors))
    return [x.detach().numpy() for x in (value, *gradients)]


def _tensorflow_loss(module: Any, loss: str, arrays: Sequence[Array], constants: Sequence[Any]) -> list[Array]:
    tf = importlib.import_module("tensorflow")
    return [x.numpy() for x in _compiled(module, loss, tuple(constants))(*(tf.constant(a) for a in arrays))]


@cache
def _compiled(module: Any, loss: str, constants: Sequence[Any]) -> Any:
    tf = importlib.import_module("tensorflow")

    @tf.function(jit_compile=True)
    def value_and_gradients(*tensors: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(_free(loss, tensors))
            value = _called(module, loss, tensors, constants)
        return value, *tape.gradient(value, _free(loss, tensors))

    return value_and_gradients


def adam_steps(adam: Adam, start: Array, gradients: Sequence[Array], dtype: Dtype) -> Array:
    """(n_steps, *shape): the parameter after each step on these gradients."""
    framework = os.environ["AEBENCH_FRAMEWORK"]
    module = importlib.import_module(f"aebench.implementations.{framework}.adam")
    steps = {"reference": _reference_adam, "pytorch": _pytorch_adam, "tensorflow": _tensorflow_adam}[framework]
    return np.stack(steps(module, adam, start.astype(dtype), [g.astype(dtype) for g in gradients]))


def _reference_adam(module: Any, adam: Adam, start: Array, gradients: Sequence[Array]) -> list[Array]:
    parameters = {"x": start.astype(np.float64)}
    optimizer, found = module.EpsilonHatAdam(adam, parameters), []
    for gradient in gradients:
        parameters = optimizer.step(parameters, {"x": gradient.astype(np.float64)})
        found.append(parameters["x"])
    return found


def _pytorch_adam(module: Any, adam: Adam, start: Array, gradients: Sequence[Array]) -> list[Array]:
    torch = importlib.import_module("torch")
    parameter = torch.nn.Parameter(torch.tensor(start))
    optimizer, found = module.EpsilonHatAdam(adam, [parameter]), []
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        found.append(parameter.detach().numpy().copy())
    return found


def _tensorflow_adam(module: Any, adam: Adam, start: Array, gradients: Sequence[Array]) -> list[Array]:
    tf = importlib.import_module("tensorflow")
    variable, found = tf.Variable(start), []
    optimizer = module.EpsilonHatAdam(adam, [variable])

    @tf.function(jit_compile=True)
    def step(gradient: Any) -> None:
        optimizer.step([gradient])

    for gradient in gradients:
        step(tf.constant(gradient))
        found.append(variable.numpy())
    return found
