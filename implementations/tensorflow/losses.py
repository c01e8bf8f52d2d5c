"""Loss terms in TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf

from aebench.implementations.tensorflow.layers import Dense
from aebench.spec import L2


def mean_squared_error(outputs: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """mean((outputs - target)**2) over batch and features: the mean over the images of each one's mean."""
    # Neither here nor below all at once: on the CPU, XLA adds a whole matrix up one value after the other (the weights
    # of `stacked` in 0.33 ms, of 3.4 a step), but rows or columns side by side, and it joins two sums with nothing
    # between them into one.
    return tf.reduce_mean(tf.reduce_mean(tf.square(outputs - target), axis=1))


def l2_penalty(l2: L2, layers: Sequence[Dense]) -> tf.Tensor:
    """scale * sum over layers of 0.5 * sum(weight**2), column by column."""
    return l2.scale * sum(tf.reduce_sum(0.5 * tf.reduce_sum(tf.square(layer.weight), axis=0)) for layer in layers)


def sparsity_loss(preactivations: tf.Tensor, target: float) -> tf.Tensor:
    """sum_j KL(target || q_j), q_j the batch mean of sigmoid(preactivations[:, j]).

    Computed from log q and log (1 - q), so that it stays finite where q rounds to 0 or 1.
    """
    log_active = tf.math.log_sigmoid(preactivations)
    log_inactive = log_active - preactivations  # log(sigmoid(-x)) = log(sigmoid(x)) - x
    log_q, log_not_q = log_mean_exp(log_active), log_mean_exp(log_inactive)
    active = target * (math.log(target) - log_q)
    inactive = (1.0 - target) * (math.log(1.0 - target) - log_not_q)
    return tf.reduce_sum(active + inactive)


def log_mean_exp(x: tf.Tensor) -> tf.Tensor:
    """log(mean over the batch of exp(x)), shape (n_codings,), finite for every finite x."""
    return tf.reduce_logsumexp(x, axis=0) - tf.math.log(tf.cast(tf.shape(x)[0], x.dtype))


def bernoulli_loss(logits: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Sigmoid cross-entropy summed over batch and pixels, in nats."""
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logits))


def latent_loss(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """KL of N(mean, exp(log_variance)) from N(0, 1), summed over batch and codings, in nats:
    0.5 * sum(exp(log_variance) + mean**2 - 1 - log_variance)."""
    return 0.5 * tf.reduce_sum(tf.exp(log_variance) + tf.square(mean) - 1.0 - log_variance)


def softmax_cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """mean over the batch of log(sum(exp(logits))) - logits[label], in nats."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
