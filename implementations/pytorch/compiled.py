"""PyTorch compiled: a whole training step, its gradients and Adam with it, is one function under `torch.compile`."""

from __future__ import annotations

import inspect
import os
import re
import shutil
from collections.abc import Callable
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value

from aebench.arrays import Array, Arrays, Dtype
from aebench.errors import FrameworkError
from aebench.implementations.pytorch.adam import step_written_out
from aebench.implementations.pytorch.network import Network, Tensors
from aebench.implementations.pytorch.training import PyTorchModel, PyTorchTrainer, collected, exported, threads_for
from aebench.protocol import Batch, Trainer
from aebench.spec import Adam, Autoencoder, Phase

# The vector instructions that the processor has are those that the compiler may use: any g++ that torch takes knows
# them. To try each out with a program of its own first takes 5 s of the 16 of a first compilation.
OPTIONS = {"cpp.vec_isa_ok": True}
# What the loader says of a library whose linker was killed: PyTorch 2.13 takes whatever stands in its cache for whole.
CUT_OFF = re.compile(r"(/\S+\.so): (?:file too short|invalid ELF header|cannot read file data)")


class CompiledModel(PyTorchModel):
    """As the eager one, every computation compiled."""

    def __init__(self, autoencoder: Autoencoder, parameters: Arrays, dtype: Dtype, device: str) -> None:
        if "isolate_recompiles" not in inspect.signature(torch.compile).parameters:
            raise FrameworkError(f"pytorch-compiled needs torch 2.13 or newer, found {torch.__version__}")
        if device == "cpu" and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "g++", "clang++"))):
            raise FrameworkError("pytorch-compiled needs a C++ compiler on the CPU, found none; install g++")
        super().__init__(autoencoder, parameters, dtype, device)
        self.of_phase = cache(lambda phase: (Objective(self.network, phase), self.ready(losses_and_gradients)))
        # For all trainers of a phase: to compile its step takes longer than a short training.
        self.step_of = cache(lambda phase: (Objective(self.network, phase), compiled_step()))

    def ready(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # Isolated: else all networks of a class would share one short list of compiled versions.
        return without_cut_off(torch.compile(function, fullgraph=True, isolate_recompiles=True, options=OPTIONS))

    def losses(self, phase: str, batch: Batch) -> Arrays:
        losses, _ = self.losses_and_gradients(phase, batch)
        return {name: value.cpu().numpy() for name, value in losses.items()}

    def gradients(self, phase: str, batch: Batch) -> Arrays:
        _, gradients = self.losses_and_gradients(phase, batch)
        return {name: exported(name, value) for name, value in gradients.items()}

    def losses_and_gradients(self, phase: str, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Loss terms, and by exchange name the gradients of what the phase trains."""
        objective, function = self.of_phase(self.autoencoder.phase(phase))
        arguments = self.cast(batch.inputs), self.cast(batch.noise), self.indices(batch.labels)
        with torch.no_grad():
            return function(objective, objective.trained(), *arguments)

    def begin(self, phase: Phase) -> Trainer:
        return CompiledTrainer(self, phase)


class CompiledTrainer(PyTorchTrainer):
    """As the eager one; a step is one compiled function that changes parameters and moments in place."""

    def __init__(self, model: CompiledModel, phase: Phase) -> None:
        super().__init__(model, phase)
        self.objective, self.compiled_step = model.step_of(phase)

    def moments(self) -> list[dict[str, Tensor]]:
        """First and second moments by exchange name."""
        state, names = self.optimizer.state, self.objective.trained()
        parameters = {name: self.model.network.get_parameter(name) for name in names}
        return [{n: state[p][moment] for n, p in parameters.items()} for moment in ("exp_avg", "exp_avg_sq")]

    def prepare(self, order: Array, noise: Array | None) -> Callable[[], Arrays]:
        rows, noises = self.model.indices(order), self.model.cast(noise)

        def run() -> Arrays:
            rates = self.optimizer.next_rates(len(rows)).to(self.data)
            state = self.objective.trained(), *self.moments()
            arguments = self.objective, self.optimizer.adam, *state, self.data, self.labels
            steps = zip(rows, repeat(None) if noises is None else noises, rates, strict=False)
            with torch.no_grad(), threads_for(order.shape[1], self.model.network):
                return collected([self.compiled_step(*arguments, *step) for step in steps])

        return run


def compiled_step() -> Callable[..., Tensors]:
    """A `training_step` that is compiled when it is first called, for one network and one phase."""
    # It meets no others, so of all that torch would check anew before each step (0.2 ms of 4 on two cores) the shapes
    # of the batch are enough. Without pattern matching the gradient of a penalty joins Adam's loop, instead of being
    # written, copied and added to by a product (6 % of `stacked`).
    step = torch.compile(
        training_step,
        fullgraph=True,
        dynamic=False,
        isolate_recompiles=True,
        options=OPTIONS | {"guard_filter_fn": torch.compiler.keep_tensor_guards_unsafe, "pattern_matcher": False},
    )
    return without_cut_off(step)


def without_cut_off(compiled: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled function, called again without each library in PyTorch's cache that a killed process left cut off.

    Else no later process could compile the same function, until someone empties the cache.
    """

    def called(*arguments: Any) -> Any:
        while True:
            try:
                return compiled(*arguments)
            except Exception as error:
                cut = CUT_OFF.search(str(error))
                if cut is None or not Path(cut[1]).exists():
                    raise
                Path(cut[1]).unlink()

    return called


def training_step(
    objective: Objective, adam: Adam, trained: Tensors, first_moments: Tensors, second_moments: Tensors,
    data: Tensor, labels: Tensor | None, rows: Tensor, noise: Tensor | None, rate: Tensor,
) -> Tensors:  # fmt: skip
    """One step on these rows; the loss terms before it."""
    losses, gradients = losses_and_gradients(
        objective, trained, data[rows], noise, None if labels is None else labels[rows]
    )
    for name, parameter in trained.items():
        step_written_out(adam, parameter, first_moments[name], second_moments[name], gradients[name], rate)
    return losses


def losses_and_gradients(
    objective: Objective, trained: Tensors, x: Tensor, noise: Tensor | None, labels: Tensor | None
) -> tuple[Tensors, Tensors]:
    """Loss terms, and the gradient of what is minimised by each of `trained`."""

    def losses_at(parameters: Tensors) -> tuple[Tensor, Tensors]:
        losses = functional_call(objective, {f"network.{n}": p for n, p in parameters.items()}, (x, noise, labels))
        return losses["total"], losses

    gradients, (_, losses) = grad_and_value(losses_at, has_aux=True)(trained)
    return losses, gradients


class Objective(nn.Module):
    """From the inputs of a phase to its loss terms in one call, so that all it trains can be handed in."""

    def __init__(self, network: Network, phase: Phase) -> None:
        super().__init__()
        self.network, self.phase = network, phase

    def trained(self) -> dict[str, Tensor]:
        """What the phase trains, by exchange name, without a record of gradients."""
        names = self.network.autoencoder.trained(self.phase)
        return {name: self.network.get_parameter(name).detach() for name in names}

    def forward(self, x: Tensor, noise: Tensor | None, labels: Tensor | None) -> dict[str, Tensor]:
        """Every loss term; `total` is what is minimised."""
        return self.network.losses(self.phase, self.network(self.phase, x, noise), x, labels)
