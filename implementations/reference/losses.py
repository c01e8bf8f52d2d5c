"""Loss terms in NumPy, each with its gradient beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aebench.arrays import Array
from aebench.implementations.reference.layers import Dense, log_sigmoid, sigmoid
from aebench.implementations.reference.rounding import rounded
from aebench.spec import L2


def mean_squared_error(outputs: Array, target: Array) -> Array:
    """mean((outputs - target)**2) over batch and features.

    Source: line 57, `tf.reduce_mean(tf.square(outputs - X))`.
    """
    return rounded(np.asarray(np.mean(rounded(rounded(outputs - target) ** 2))), terms=outputs.shape[1])


def mean_squared_error_backward(outputs: Array, target: Array) -> Array:
    """Gradient by the outputs: 2 (outputs - target) / (batch * features)."""
    return rounded(2.0 * (outputs - target) / outputs.size)


def l2_penalty(l2: L2, layers: Sequence[Dense]) -> Array:
    """scale * sum over layers of 0.5 * sum(weight**2).

    Source: line 150, `tf.contrib.layers.l2_regularizer`.
    """
    squares = [rounded(0.5 * np.sum(rounded(layer.weight**2)), terms=layer.weight.shape[1]) for layer in layers]
    return rounded(np.asarray(l2.scale * sum(squares)))


def l2_penalty_backward(l2: L2, layers: Sequence[Dense]) -> None:
    """Add scale * weight to the gradient of each penalised weight."""
    for layer in layers:
        layer.weight_gradient = rounded(layer.weight_gradient + l2.scale * layer.weight)


def sparsity_loss(preactivations: Array, target: float) -> Array:
    """sum_j KL(target || q_j), q_j the batch mean of sigmoid(preactivations[:, j]).

    Source: lines 563 to 565 and 588 to 589. Deviates: computed from log q and log (1 - q), so that it stays finite
    where q rounds to 0 or 1.
    """
    # log (1 - q) as log q - x, as the frameworks take it at half the time: for very negative x it is the small
    # difference of large numbers, whose rounding the arbiter must have, too, for its spread to allow for it.
    log_active = log_sigmoid(preactivations)
    log_inactive = rounded(log_active - preactivations)
    log_q, log_not_q = log_mean_exp(log_active), log_mean_exp(log_inactive)
    active = target * (np.log(target) - log_q)
    inactive = (1.0 - target) * (np.log(1.0 - target) - log_not_q)
    return rounded(np.sum(rounded(active + inactive)), terms=preactivations.shape[1])


def sparsity_loss_backward(preactivations: Array, target: float) -> Array:
    """Gradient by the preactivations a: (1 - target) w(-a) sigmoid(a) - target w(a) sigmoid(-a),
    w(a) the share of sigmoid(a) in its column's sum."""
    a = preactivations
    log_active = log_sigmoid(a)
    log_inactive = rounded(log_active - a)
    share_active = np.exp(log_active - log_mean_exp(log_active)) / len(a)
    share_inactive = np.exp(log_inactive - log_mean_exp(log_inactive)) / len(a)
    return rounded((1.0 - target) * share_inactive * sigmoid(a) - target * share_active * sigmoid(-a))


def log_mean_exp(x: Array) -> Array:
    """log(mean over the batch of exp(x)), shape (n_codings,), finite for every finite x."""
    top = x.max(axis=0)
    return rounded(top + np.log(rounded(np.mean(np.exp(x - top), axis=0), terms=len(x))))


def bernoulli_loss(logits: Array, target: Array) -> Array:
    """Sigmoid cross-entropy summed over batch and pixels, in nats.

    Source: line 650, `sigmoid_cross_entropy_with_logits`.
    """
    terms = np.maximum(logits, 0.0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
    return rounded(np.sum(rounded(terms)), terms=logits.shape[1])


def bernoulli_loss_backward(logits: Array, target: Array) -> Array:
    """Gradient by the logits: sigmoid(logits) - target."""
    return rounded(sigmoid(logits) - target)


def latent_loss(mean: Array, log_variance: Array) -> Array:
    """KL of N(mean, exp(log_variance)) from N(0, 1), summed over batch and codings, in nats:
    0.5 * sum(exp(log_variance) + mean**2 - 1 - log_variance).

    Source: line 651, `latent_loss`; Kingma and Welling 2014, appendix B.
    """
    terms = rounded(rounded(np.exp(log_variance)) + rounded(mean**2)) - 1.0 - log_variance
    return rounded(0.5 * np.sum(rounded(terms)), terms=mean.shape[1])


def latent_loss_backward(mean: Array, log_variance: Array) -> tuple[Array, Array]:
    """Gradients by the mean and by the log variance: mean and 0.5 (exp(log_variance) - 1)."""
    return rounded(mean), rounded(0.5 * (rounded(np.exp(log_variance)) - 1.0))


def softmax_cross_entropy(logits: Array, labels: Array) -> Array:
    """mean over the batch of log(sum(exp(logits))) - logits[label], in nats.

    Source: line 379, `sparse_softmax_cross_entropy_with_logits`. Deviates: the mean over the batch, not each image's.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = rounded(np.log(np.sum(rounded(np.exp(shifted)), axis=1)))
    chosen = shifted[np.arange(len(labels)), labels]
    return rounded(np.asarray(np.mean(rounded(log_sum - chosen))), terms=len(labels))


def softmax_cross_entropy_backward(logits: Array, labels: Array) -> Array:
    """Gradient by the logits: (softmax(logits) - one hot label) / batch."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = rounded(powers / powers.sum(axis=1, keepdims=True))
    probabilities[np.arange(len(labels)), labels] -= 1.0
    return rounded(probabilities / len(labels))
