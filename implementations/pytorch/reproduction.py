"""What the script of a reproduction computes: a network's text on given arrays, without the harness around it.

Each function gives to the bit what the model of that mode gives; `aebench reproduce` copies the one that is needed,
the network's text, and whatever these need into one file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from aebench.arrays import Arrays
from aebench.implementations.pytorch.adam import EpsilonHatAdam
from aebench.implementations.pytorch.compiled import OPTIONS, Objective, compiled_step, losses_and_gradients
from aebench.implementations.pytorch.network import Network, Tensors
from aebench.implementations.pytorch.training import DEVICES, DTYPES, exported, imported, threads_for
from aebench.reproduced import PARAMETERS, STATE, under
from aebench.spec import Phase

Given = Mapping[str, Tensor]


def versions() -> str:
    """What computes here."""
    return f"torch {torch.__version__}, {torch.get_num_threads()} threads"


def built(network: Network, arrays: Arrays, asked: Any) -> Network:
    """The network with the parameters of the arrays in it."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    network.to(DEVICES[asked.device], DTYPES[asked.dtype])
    with torch.no_grad():
        for name, value in under(PARAMETERS, arrays).items():
            network.get_parameter(name).copy_(imported(name, torch.tensor(value)))
    return network


def given(arrays: Arrays, asked: Any) -> Given:
    """The arrays on the device."""
    return {name: torch.tensor(value, device=DEVICES[asked.device]) for name, value in arrays.items()}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as it is run in that mode."""
    return torch.compile(function, fullgraph=True, isolate_recompiles=True, options=OPTIONS)


def as_written(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as it is run eagerly."""
    return function


def numbers(tensors: Mapping[str, Tensor]) -> Arrays:
    """The tensors as arrays of NumPy."""
    return {name: value.detach().cpu().numpy() for name, value in tensors.items()}


def trained_of(network: Network, phase: Phase) -> dict[str, torch.nn.Parameter]:
    """The parameters that the phase trains; all others are frozen."""
    trained = network.autoencoder.trained(phase)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in trained)
    return {name: network.get_parameter(name) for name in trained}


def forward(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """Every named activation."""
    with torch.no_grad():
        return numbers(ready(network)(phase, given["inputs"], given.get("noise")))


def encode(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """The codings of the inputs."""
    with torch.no_grad():
        return numbers({"codings": ready(network.encode)(given["inputs"], given.get("noise"))})


def decode(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """The outputs for codings."""
    with torch.no_grad():
        return numbers({"outputs": ready(network.decode)(given["inputs"])})


def reconstruct(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """The outputs for the inputs."""
    with torch.no_grad():
        codings = ready(network.encode)(given["inputs"], given.get("noise"))
        return numbers({"outputs": ready(network.decode)(codings)})


def cached(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """What the phase reads in place of images, computed of them once."""
    with torch.no_grad():
        return numbers({phase.inputs: getattr(network, phase.inputs)(given["images"])})


def losses(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """Every loss term."""
    with torch.no_grad():
        activations = network(phase, given["inputs"], given.get("noise"))
        return numbers(network.losses(phase, activations, given["inputs"], given.get("labels")))


def gradients(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """The gradient of the total loss by every parameter that is trained."""
    trained, x = trained_of(network, phase), given["inputs"]
    total = network.losses(phase, network(phase, x, given.get("noise")), x, given.get("labels"))["total"]
    found = torch.autograd.grad(total, list(trained.values()))
    return {name: exported(name, value) for name, value in zip(trained, found, strict=True)}


def losses_compiled(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """Every loss term, computed with the gradients."""
    return numbers(both_compiled(network, phase, given, ready)[0])


def gradients_compiled(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """The gradients, computed with the loss terms."""
    return {name: exported(name, value) for name, value in both_compiled(network, phase, given, ready)[1].items()}


def both_compiled(
    network: Network, phase: Phase, given: Given, ready: Callable[..., Any]
) -> tuple[Tensors, Tensors]:  # fmt: skip
    """Loss terms and gradients."""
    objective = Objective(network, phase)
    with torch.no_grad():
        arguments = given["inputs"], given.get("noise"), given.get("labels")
        found: tuple[Tensors, Tensors] = ready(losses_and_gradients)(objective, objective.trained(), *arguments)
    return found


def steps(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """Train a step for each row of the order: loss terms before each, parameters and moments after the last."""
    trained = trained_of(network, phase)
    data, optimizer = data_of(network, phase, given), optimizer_of(trained, phase, given)
    rows, history = given["order"], []
    with threads_for(rows.shape[1], network):
        for i in range(len(rows)):
            x, noise = data[rows[i]], given["noise"][i] if "noise" in given else None
            labels = given["labels"][rows[i]] if "labels" in given else None
            terms = network.losses(phase, network(phase, x, noise), x, labels)
            optimizer.zero_grad()
            terms["total"].backward()
            optimizer.step()
            history.append({term: value.detach() for term, value in terms.items()})
    return after(network, trained, optimizer, history)


def steps_compiled(network: Network, phase: Phase, given: Given, ready: Callable[..., Any]) -> Arrays:
    """As `steps`; one is one compiled function that changes parameters and moments in place."""
    trained, objective, step = trained_of(network, phase), Objective(network, phase), compiled_step()
    data, optimizer = data_of(network, phase, given), optimizer_of(trained, phase, given)
    moments = [{n: optimizer.state[p][m] for n, p in trained.items()} for m in ("exp_avg", "exp_avg_sq")]
    rows, state = given["order"], (objective.trained(), *moments)
    arguments = objective, phase.optimizer, *state, data, given.get("labels")
    rates = optimizer.next_rates(len(rows)).to(data)
    each = zip(rows, given["noise"] if "noise" in given else repeat(None), rates, strict=False)
    with torch.no_grad(), threads_for(rows.shape[1], network):
        history = [step(*arguments, *of_step) for of_step in each]
    return after(network, trained, optimizer, history)


def data_of(network: Network, phase: Phase, given: Given) -> Tensor:
    """What the phase trains on: the images, or what is computed of them once."""
    if phase.inputs == "images":
        return given["images"]
    with torch.no_grad():
        found: Tensor = getattr(network, phase.inputs)(given["images"])
    return found


def optimizer_of(trained: dict[str, torch.nn.Parameter], phase: Phase, given: Given) -> EpsilonHatAdam:
    """Adam, with moments that are given or zero."""
    optimizer, state = EpsilonHatAdam(phase.optimizer, trained.values()), under(STATE, given)
    optimizer.step_count = int(state.get("step", 0))
    for name, parameter in trained.items() if state else ():
        moments = [imported(name, state[f"{name}.{moment}"]) for moment in ("first_moment", "second_moment")]
        optimizer.set_moments(parameter, *moments)
    return optimizer


def after(
    network: Network, trained: dict[str, torch.nn.Parameter], optimizer: EpsilonHatAdam, history: list[Tensors]
) -> Arrays:
    """Loss terms of every step; the optimiser's state and all parameters after the last."""
    found = {f"loss.{term}": torch.stack([terms[term] for terms in history]).cpu().numpy() for term in history[0]}
    found["optimizer.step"] = np.asarray(optimizer.step_count)
    for name, parameter in trained.items():
        state = optimizer.state[parameter]
        found[f"optimizer.{name}.first_moment"] = exported(name, state["exp_avg"])
        found[f"optimizer.{name}.second_moment"] = exported(name, state["exp_avg_sq"])
    return found | {name: exported(name, value) for name, value in network.named_parameters()}


class Operations(TorchDispatchMode):
    """Notes what every single operation gives while it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: Arrays = {}

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation, and note its outputs; of one that gives nothing, what it may have changed."""
        result = function(*args, **(kwargs or {}))
        if "empty" in str(function):  # what lies in memory by chance
            return result
        number = len({name.partition(" ")[0] for name in self.noted})
        for position, tensor in enumerate(tensors_in(args if result is None else result)):
            self.noted[f"{number:04} {function} {position}"] = tensor.detach().cpu().numpy().copy()
        return result


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors of a nested list or tuple, in order."""
    if isinstance(value, (list, tuple)):
        return [tensor for part in value for tensor in tensors_in(part)]
    return [value] if isinstance(value, Tensor) else []


def operations(compute: Callable[[], Arrays]) -> Arrays:
    """What every single operation of a computation gives, by its number, its name and the output's number."""
    with Operations() as found:
        compute()
    return found.noted
