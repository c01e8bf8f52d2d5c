"""The usual PyTorch loop: a shuffling DataLoader, zero_grad, backward, step, and the loss added up by `item()`.

Order and noise are drawn by PyTorch's own generator. The mean total of a first epoch should lie near the suite's.
Deviates: stock Adam adds its epsilon to sqrt(v) / sqrt(1 - beta2^t), not to sqrt(v).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aebench.spec import Phase
from aebench.speed.peers import Peer, Task, no_device

if TYPE_CHECKING:
    from torch import Tensor, nn


def ready(work: Peer) -> tuple[Callable[[], float], int]:
    """An epoch of the loop, and how many images it trains on."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    task, device = work.task(), {"cpu": "cpu", "gpu": "cuda"}.get(work.device)
    if device is None or (device == "cuda" and not torch.cuda.is_available()):
        raise no_device(work.name, work.device, ["cpu", "gpu"] if torch.cuda.is_available() else ["cpu"])
    torch.manual_seed(work.seed)
    torch.backends.cuda.matmul.allow_tf32 = False
    network, loss_of = _network(task).to(device), LOSSES[task.autoencoder.name]
    adam = task.phase.optimizer
    optimizer = torch.optim.Adam(
        network.parameters(), lr=adam.learning_rate, betas=(adam.beta1, adam.beta2), eps=adam.epsilon
    )
    images = TensorDataset(torch.tensor(task.images))
    loader = DataLoader(images, batch_size=task.phase.batch_size, shuffle=True, drop_last=True, num_workers=0)

    def run() -> float:
        total = 0.0
        for (x,) in loader:
            x = x.to(device)
            optimizer.zero_grad()
            loss = loss_of(network, x, task.phase)
            loss.backward()
            optimizer.step()
            total += loss.item()
        return total / len(loader)

    return run, task.n_images


def _network(task: Task) -> nn.ModuleDict:
    """The parts that the losses call: whole stretches of layers, and the two heads of the variational one."""
    import torch
    from torch import nn

    activations = {"elu": nn.ELU, "sigmoid": nn.Sigmoid, "none": nn.Identity}

    def dense(name: str) -> nn.Sequential:
        layer = task.autoencoder.layer(name)
        linear = nn.Linear(layer.n_inputs, layer.n_outputs, dtype=getattr(torch, task.images.dtype.name))
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(task.parameters[f"{name}.weight"].T))
            linear.bias.copy_(torch.tensor(task.parameters[f"{name}.bias"]))
        return nn.Sequential(linear, activations[layer.activation]())

    def stretch(part: str) -> nn.Sequential:
        names = [layer.name for layer in task.autoencoder.layers if layer.name.startswith(part)]
        return nn.Sequential(*(module for name in names for module in dense(name)))

    parts = ["encoder", "decoder", *(["mean", "log_variance"] if task.autoencoder.kind == "variational" else [])]
    return nn.ModuleDict({part: stretch(part) for part in parts})


def _stacked(network: nn.ModuleDict, x: Tensor, phase: Phase) -> Tensor:
    """mean((outputs - x)**2) over batch and pixels, plus scale * sum over weights of 0.5 * sum(weight**2)."""
    from torch.nn.functional import mse_loss

    outputs = network["decoder"](network["encoder"](x))
    weights = [value for name, value in network.named_parameters() if name.endswith("weight")]
    return mse_loss(outputs, x) + phase.l2.scale * sum(0.5 * weight.square().sum() for weight in weights)


def _sparse(network: nn.ModuleDict, x: Tensor, phase: Phase) -> Tensor:
    """mean((outputs - x)**2) over batch and pixels, plus weight * sum over codings of KL(target || batch mean)."""
    from torch.nn.functional import mse_loss

    codings, target = network["encoder"](x), phase.sparsity.target
    q = codings.mean(dim=0).clamp(1e-7, 1 - 1e-7)
    kl = target * (target / q).log() + (1 - target) * ((1 - target) / (1 - q)).log()
    return mse_loss(network["decoder"](codings), x) + phase.sparsity.weight * kl.sum()


def _variational(network: nn.ModuleDict, x: Tensor, phase: Phase) -> Tensor:
    """Sigmoid cross-entropy plus 0.5 * (exp(s) + mean**2 - 1 - s), both summed over the batch; s the log variance."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    hidden = network["encoder"](x)
    mean, log_variance = network["mean"](hidden), network["log_variance"](hidden)
    codings = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
    reconstruction = binary_cross_entropy_with_logits(network["decoder"](codings), x, reduction="sum")
    return reconstruction + 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance).sum()


LOSSES = {"stacked": _stacked, "sparse": _sparse, "variational": _variational}
