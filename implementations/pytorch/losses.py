"""Loss terms in PyTorch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from aebench.implementations.pytorch.layers import Dense, logsigmoid
from aebench.spec import L2


def mean_squared_error(outputs: Tensor, target: Tensor) -> Tensor:
    """mean((outputs - target)**2) over batch and features."""
    return mse_loss(outputs, target)


def l2_penalty(l2: L2, layers: Sequence[Dense]) -> Tensor:
    """scale * sum over layers of 0.5 * sum(weight**2), row by row."""
    # A compiled sum of a whole matrix keeps its account in memory, that of a row in registers (2 % of `stacked`).
    return l2.scale * sum(0.5 * layer.weight.square().sum(dim=1).sum() for layer in layers)


def sparsity_loss(preactivations: Tensor, target: float) -> Tensor:
    """sum_j KL(target || q_j), q_j the batch mean of sigmoid(preactivations[:, j]).

    Computed from log q and log (1 - q), so that it stays finite where q rounds to 0 or 1.
    """
    log_active = logsigmoid(preactivations)
    log_inactive = log_active - preactivations  # log(sigmoid(-x)) = log(sigmoid(x)) - x
    log_q, log_not_q = log_mean_exp(log_active), log_mean_exp(log_inactive)
    active = target * (math.log(target) - log_q)
    inactive = (1.0 - target) * (math.log(1.0 - target) - log_not_q)
    return (active + inactive).sum()


def log_mean_exp(x: Tensor) -> Tensor:
    """log(mean over the batch of exp(x)), shape (n_codings,), finite for every finite x."""
    return torch.logsumexp(x, dim=0) - math.log(len(x))


def bernoulli_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Sigmoid cross-entropy summed over batch and pixels, in nats."""
    return binary_cross_entropy_with_logits(logits, target, reduction="sum")


def latent_loss(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL of N(mean, exp(log_variance)) from N(0, 1), summed over batch and codings, in nats:
    0.5 * sum(exp(log_variance) + mean**2 - 1 - log_variance)."""
    return 0.5 * (log_variance.exp() + mean.square() - 1.0 - log_variance).sum()


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """mean over the batch of log(sum(exp(logits))) - logits[label], in nats."""
    return cross_entropy(logits, labels)
