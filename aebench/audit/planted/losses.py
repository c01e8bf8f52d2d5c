"""Faults in the loss terms: factors, sums for means, terms left out."""

from __future__ import annotations

import math

from aebench.audit.planted.fault import planted


@planted("pytorch", "stacked", "stacked.l2_penalty", "losses", "l2")
@planted("tensorflow", "tied", "tied.l2_penalty", "losses", "l2")
def l2_doubled(sound):
    """Keras' l2 is scale * sum(weight**2), twice TensorFlow 1's."""

    def penalty(l2, layers):
        return 2.0 * sound(l2, layers)

    return penalty


@planted("pytorch", "stacked", "stacked.l2_penalty", "trajectory", "loss.l2")
def l2_on_biases_too(sound):
    """torch's weight_decay takes every parameter. Biases start at 0, so it shows once they have moved."""

    def penalty(l2, layers):
        return sound(l2, layers) + l2.scale * sum(0.5 * layer.bias.square().sum() for layer in layers)

    return penalty


@planted("pytorch", "stacked", "stacked.l2_penalty", "losses", "l2")
def l2_leaves_out_a_weight(sound):
    """The last layer is forgotten."""
    return lambda l2, layers: sound(l2, layers[:-1])


@planted("pytorch", "stacked", "stacked.Stacked.losses", "losses", "total")
def l2_not_in_total(sound):
    """Keras collects penalties apart; who forgets to add them minimises without."""

    def losses(network, *arguments):
        terms = sound(network, *arguments)
        return {**terms, "total": terms["reconstruction"]}

    return losses


@planted("pytorch", "linear", "linear.mean_squared_error", "losses", "reconstruction")
def mse_summed(sound):
    """A sum over batch and features for the mean."""
    return lambda outputs, target: sound(outputs, target) * outputs.numel()


@planted("tensorflow", "linear", "linear.mean_squared_error", "losses", "reconstruction")
def mse_halved(sound):
    """tf.nn.l2_loss halves the squares."""

    def loss(outputs, target):
        return 0.5 * sound(outputs, target)

    return loss


@planted("pytorch", "tied", "tied.mean_squared_error", "losses", "reconstruction")
def mse_mean_over_the_batch_only(sound):
    """Summed over the features, as papers write it."""
    return lambda outputs, target: sound(outputs, target) * outputs.shape[1]


@planted("pytorch", "denoising_gaussian", "denoising_gaussian.DenoisingGaussian.losses", "losses", "reconstruction")
def noisy_target(sound):
    """The reconstruction is held against what went in, not against the clean image."""

    def losses(network, phase, activations, x, labels):
        return sound(network, phase, activations, activations["corrupted"], labels)

    return losses


@planted("pytorch", "sparse", "sparse.sparsity_loss", "losses", "sparsity")
def kl_swapped(sound):
    """KL(q || p) for KL(p || q): the arguments of kl_div are easily swapped."""

    def loss(preactivations, p):
        q = preactivations.sigmoid().mean(dim=0)
        return (q * (q.log() - math.log(p)) + (1 - q) * ((1 - q).log() - math.log(1 - p))).sum()

    return loss


@planted("tensorflow", "sparse", "sparse.sparsity_loss", "losses", "sparsity")
def kl_mean_over_codings(sound):
    """The mean over codings for the sum."""

    def loss(preactivations, target):
        return sound(preactivations, target) / preactivations.shape[1]

    return loss


@planted("pytorch", "sparse", "sparse.sparsity_loss", "losses", "sparsity")
def kl_active_term_only(sound):
    """p log(p/q) alone, as torch's kl_div computes it."""

    def loss(preactivations, p):
        return (p * (math.log(p) - preactivations.sigmoid().mean(dim=0).log())).sum()

    return loss


@planted("pytorch", "sparse", "sparse.sparsity_loss", "losses", "sparsity")
def q_over_codings(sound):
    """Each image's mean over the codings for each coding's mean over the batch."""
    return lambda preactivations, target: sound(preactivations.T, target)


@planted("pytorch", "sparse", "sparse.Sparse.losses", "losses", "total")
def sparsity_weight_missing(sound):
    """The penalty enters the total unweighted."""

    def losses(network, *arguments):
        terms = sound(network, *arguments)
        return {**terms, "total": terms["reconstruction"] + terms["sparsity"]}

    return losses


@planted("pytorch", "variational", "variational.latent_loss", "losses", "latent")
def latent_sign(sound):
    """The sign of the paper's lower bound kept in what is minimised."""
    return lambda mean, log_variance: -sound(mean, log_variance)


@planted("pytorch", "variational_gamma", "variational.latent_loss", "losses", "latent")
def latent_without_half(sound):
    """The factor one half is lost."""
    return lambda mean, log_variance: 2.0 * sound(mean, log_variance)


@planted("pytorch", "variational", "variational.latent_loss", "losses", "latent")
def latent_of_log_sigma(sound):
    """The source's name log_sigma taken at its word: the variance is exp(2 s)."""
    return lambda mean, log_sigma: sound(mean, 2.0 * log_sigma)


@planted("pytorch", "variational", "variational.bernoulli_loss", "losses", "reconstruction")
def bernoulli_mean(sound):
    """The mean over batch and pixels, the default reduction, for the sum."""
    return lambda logits, target: sound(logits, target) / logits.numel()


@planted("pytorch", "variational", "variational.bernoulli_loss", "losses", "reconstruction")
def squares_for_bernoulli(sound):
    """Squared error of the probabilities for their cross-entropy."""
    return lambda logits, target: (logits.sigmoid() - target).square().sum()


@planted(
    "pytorch", "variational", "variational.bernoulli_loss", "losses", "reconstruction",
    float32="1e-7 beside a probability is float32's own rounding",
)  # fmt: skip
def bernoulli_with_keras_epsilon(sound):
    """Keras' binary cross-entropy of probabilities adds 1e-7 to every logarithm's argument."""

    def loss(logits, target):
        p = logits.sigmoid()
        return -(target * (p + 1e-7).log() + (1 - target) * (1 - p + 1e-7).log()).sum()

    return loss


@planted("pytorch", "pretrained", "pretrained.softmax_cross_entropy", "losses", "cross_entropy", phase="scratch")
def cross_entropy_summed(sound):
    """The gradient of the source's vector loss is that of the sum over the batch."""
    return lambda logits, labels: sound(logits, labels) * len(labels)


@planted("pytorch", "pretrained", "pretrained.softmax_cross_entropy", "losses", "cross_entropy", phase="scratch")
def softmax_twice(sound):
    """Probabilities where logits are expected."""
    return lambda logits, labels: sound(logits.softmax(dim=1), labels)


@planted("pytorch", "pretrained", "pretrained.softmax_cross_entropy", "losses", "cross_entropy", phase="scratch")
def labels_off_by_one(sound):
    """Classes counted from 1."""
    return lambda logits, labels: sound(logits, (labels + 1) % logits.shape[1])
