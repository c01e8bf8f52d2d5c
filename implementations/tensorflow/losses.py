"""Loss terms in TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf
from tensorflow import Tensor

from aebench.implementations.tensorflow.layers import Dense
from aebench.spec import L2


def mean_squared_error(outputs: Tensor, target: Tensor) -> Tensor:
    """mean((outputs - target)**2) over batch and features: the mean over the images of each one's mean.

    Source: line 57, `tf.reduce_mean(tf.square(outputs - X))`.
    """
    # Neither here nor below all at once: on the CPU, XLA adds a whole matrix up one value after the other (the weights
    # of `stacked` in 0.33 ms, of 3.4 a step), but rows or columns side by side, and it joins two sums with nothing
    # between them into one.
    return tf.reduce_mean(tf.reduce_mean(tf.square(outputs - target), axis=1))


def l2_penalty(l2: L2, layers: Sequence[Dense]) -> Tensor:
    """scale * sum over layers of 0.5 * sum(weight**2), column by column.

    Source: line 150, `tf.contrib.layers.l2_regularizer`.
    """
    return l2.scale * sum(tf.reduce_sum(0.5 * tf.reduce_sum(tf.square(layer.weight), axis=0)) for layer in layers)


def sparsity_loss(preactivations: Tensor, target: float) -> Tensor:
    """sum_j KL(target || q_j), q_j the batch mean of sigmoid(preactivations[:, j]).

    Source: lines 563 to 565 and 588 to 589. Deviates: computed from log q and log (1 - q), so that it stays finite
    where q rounds to 0 or 1.
    """
    log_active = tf.math.log_sigmoid(preactivations)
    # log(sigmoid(-x)) is log(sigmoid(x)) - x, which spares an exponential and a logarithm. Far below 0 the difference
    # cancels: it is off by a rounding of |x|, while `active` grows with target * |x|, so the loss is off by
    # (1 - target) / target roundings at most, 9 at a target of 0.1.
    log_inactive = log_active - preactivations
    log_q, log_not_q = log_mean_exp(log_active), log_mean_exp(log_inactive)
    active = target * (math.log(target) - log_q)
    inactive = (1.0 - target) * (math.log(1.0 - target) - log_not_q)
    return tf.reduce_sum(active + inactive)


def log_mean_exp(x: Tensor) -> Tensor:
    """log(mean over the batch of exp(x)), shape (n_codings,), finite for every finite x."""
    return tf.reduce_logsumexp(x, axis=0) - tf.math.log(tf.cast(tf.shape(x)[0], x.dtype))


def bernoulli_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Sigmoid cross-entropy summed over batch and pixels, in nats.

    Source: line 650, `sigmoid_cross_entropy_with_logits`.
    """
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logits))


def latent_loss(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL of N(mean, exp(log_variance)) from N(0, 1), summed over batch and codings, in nats:
    0.5 * sum(exp(log_variance) + mean**2 - 1 - log_variance).

    Source: line 651, `latent_loss`; Kingma and Welling 2014, appendix B.
    """
    return 0.5 * tf.reduce_sum(tf.exp(log_variance) + tf.square(mean) - 1.0 - log_variance)


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """mean over the batch of log(sum(exp(logits))) - logits[label], in nats.

    Source: line 379, `sparse_softmax_cross_entropy_with_logits`. Deviates: the mean over the batch, not each image's.
    """
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
