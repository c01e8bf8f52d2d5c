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
    """mean((outputs - target)**2) over batch and features.

    Source: line 57, `tf.reduce_mean(tf.square(outputs - X))`.
    """
    return mse_loss(outputs, target)


def l2_penalty(l2: L2, layers: Sequence[Dense]) -> Tensor:
    """scale * sum over layers of 0.5 * sum(weight**2), row by row.

    Source: line 150, `tf.contrib.layers.l2_regularizer`.
    """
    # A compiled sum of a whole matrix keeps its account in memory, that of a row in registers (2 % of `stacked`).
    return l2.scale * sum(0.5 * layer.weight.square().sum(dim=1).sum() for layer in layers)


def sparsity_loss(preactivations: Tensor, target: float) -> Tensor:
    """sum_j KL(target || q_j), q_j the batch mean of sigmoid(preactivations[:, j]).

    Source: lines 563 to 565 and 588 to 589. Deviates: computed from log q and log (1 - q), so that it stays finite
    where q rounds to 0 or 1.
    """
    log_active = logsigmoid(preactivations)
    # log(sigmoid(-x)) is log(sigmoid(x)) - x, which spares an exponential and a logarithm. Far below 0 the difference
    # cancels: it is off by a rounding of |x|, while `active` grows with target * |x|, so the loss is off by
    # (1 - target) / target roundings at most, 9 at a target of 0.1.
    log_inactive = log_active - preactivations
    log_q, log_not_q = log_mean_exp(log_active), log_mean_exp(log_inactive)
    active = target * (math.log(target) - log_q)
    inactive = (1.0 - target) * (math.log(1.0 - target) - log_not_q)
    return (active + inactive).sum()


def log_mean_exp(x: Tensor) -> Tensor:
    """log(mean over the batch of exp(x)), shape (n_codings,), finite for every finite x."""
    return torch.logsumexp(x, dim=0) - math.log(len(x))


def bernoulli_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Sigmoid cross-entropy summed over batch and pixels, in nats.

    Source: line 650, `sigmoid_cross_entropy_with_logits`.
    """
    return binary_cross_entropy_with_logits(logits, target, reduction="sum")


def latent_loss(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL of N(mean, exp(log_variance)) from N(0, 1), summed over batch and codings, in nats:
    0.5 * sum(exp(log_variance) + mean**2 - 1 - log_variance).

    Source: line 651, `latent_loss`; Kingma and Welling 2014, appendix B.
    """
    return 0.5 * (log_variance.exp() + mean.square() - 1.0 - log_variance).sum()


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """mean over the batch of log(sum(exp(logits))) - logits[label], in nats.

    Source: line 379, `sparse_softmax_cross_entropy_with_logits`. Deviates: the mean over the batch, not each image's.
    """
    return cross_entropy(logits, labels)
