"""Faults in what the networks compute: activations, heads, noise, tied weights, biases."""

from __future__ import annotations

import importlib

from aebench.audit.planted.fault import planted


def _torch():
    return importlib.import_module("torch")


def _tensorflow():
    return importlib.import_module("tensorflow")


@planted("pytorch", "stacked", "layers.ACTIVATIONS", "forward", "hidden1")
def elu_of_half_alpha(sound):
    """alpha 0.5 for 1."""
    return {**sound, "elu": lambda x: sound["elu"](x, alpha=0.5)}


@planted("tensorflow", "tied", "layers.ACTIVATIONS", "forward", "hidden1")
def relu_for_elu(sound):
    """The activation everyone uses."""
    return {**sound, "elu": _tensorflow().nn.relu}


@planted("pytorch", "tied", "layers.ACTIVATIONS", "forward", "hidden1")
def selu_for_elu(sound):
    """The scaled sibling."""
    return {**sound, "elu": _torch().nn.functional.selu}


@planted("pytorch", "sparse", "layers.ACTIVATIONS", "forward", "codings")
def tanh_for_sigmoid(sound):
    """The other saturating activation."""
    return {**sound, "sigmoid": _torch().tanh}


@planted("tensorflow", "sparse", "sparse.Sparse.forward", "forward", "outputs")
def sigmoid_on_linear_outputs(sound):
    """Pixels lie in [0, 1], so many squash the outputs."""
    sigmoid = _tensorflow().sigmoid

    def forward(network, phase, x, noise):
        activations = sound(network, phase, x, noise)
        return {**activations, "outputs": sigmoid(activations["outputs"])}

    return forward


@planted("pytorch", "stacked", "stacked.Stacked.decode", "evaluation", "decoded")
def elu_missing_in_decode(sound):
    """What trains is sound, what users call is not."""
    return lambda network, codings: network.decoder2(network.decoder1.affine(codings))


@planted("pytorch", "variational", "variational.Variational.deviation", "forward", "deviation")
@planted("pytorch", "variational_gamma", "variational_gamma.VariationalGamma.deviation", "forward", "deviation")
def deviation_without_root(sound):
    """exp(s) is the variance; the name log_sigma invites it."""
    return lambda network, log_variance: log_variance.exp()


@planted("pytorch", "variational", "variational.Variational.forward", "forward", "codings")
def codings_without_noise(sound):
    """The mean is decoded while training: no longer variational."""
    return lambda network, phase, x, noise: sound(network, phase, x, 0.0 * noise)


@planted("pytorch", "variational", "variational.Variational.encode", "evaluation", "codings")
def encode_gives_the_other_head(sound):
    """The log variance for the mean."""

    def encode(network, x, noise=None):
        if noise is not None:
            return sound(network, x, noise)
        return network.log_variance(network.encoder2(network.encoder1(x)))

    return encode


@planted("pytorch", "variational_gamma", "variational_gamma.VariationalGamma.encode", "evaluation", "codings")
def encode_always_draws(sound):
    """Without noise the mean is asked for; here a coding is drawn."""

    def encode(network, x, noise=None):
        mean = sound(network, x)
        return sound(network, x, _torch().ones_like(mean) if noise is None else noise)

    return encode


@planted("pytorch", "variational", "variational.Variational.encode", "evaluation", "drawn_codings")
def encode_never_draws(sound):
    """The mean, whatever noise is given."""
    return lambda network, x, noise=None: sound(network, x)


@planted("pytorch", "variational", "variational.Variational.decode", "evaluation", "decoded")
def decode_gives_logits(sound):
    """Logits for probabilities."""
    return lambda network, codings: sound(network, codings).logit()


@planted("pytorch", "variational", "training.PyTorchModel.reconstruct", "evaluation", "drawn_reconstructions")
def reconstruct_never_draws(sound):
    """The mean is decoded, whatever noise is given."""
    return lambda model, inputs, noise=None: sound(model, inputs)


@planted("pytorch", "variational", "training.PyTorchModel.sample", "evaluation", "samples")
def samples_of_its_own_noise(sound):
    """Samples are drawn, not computed from the noise that is given."""
    return lambda model, noise: model.decode(noise[::-1].copy())


@planted("pytorch", "denoising_gaussian", "denoising_gaussian.DenoisingGaussian.corrupt", "forward", "corrupted")
def variance_for_deviation(sound):
    """1/300 for 1/sqrt(300)."""

    def corrupt(network, x, noise):
        return x + network.autoencoder.corruption.amount**2 * noise

    return corrupt


@planted("pytorch", "denoising_dropout", "denoising_dropout.DenoisingDropout.corrupt", "forward", "corrupted")
def dropout_not_scaled(sound):
    """Kept inputs are not divided by the keep probability."""
    return lambda network, x, noise: x * noise


@planted("pytorch", "denoising_dropout", "denoising_dropout.DenoisingDropout.corrupt", "forward", "corrupted")
def dropout_mask_inverted(sound):
    """Drop and keep confused: TensorFlow's `rate` is what the source's `keep_prob` leaves."""

    def corrupt(network, x, noise):
        return sound(network, x, 1.0 - noise)

    return corrupt


@planted("pytorch", "denoising_gaussian", "denoising.Denoising.forward", "forward", "corrupted")
def noise_left_out_of_training(sound):
    """The noise is drawn and not used."""
    return lambda network, phase, x, noise: sound(network, phase, x, None)


@planted("pytorch", "denoising_dropout", "denoising.Denoising.encode", "evaluation", "codings")
def dropout_when_evaluating(sound):
    """The training flag left on: clean images are corrupted too."""

    def encode(network, x, noise=None):
        return sound(network, x, (x < 0.5).to(x.dtype) if noise is None else noise)

    return encode


@planted("pytorch", "denoising_gaussian", "denoising.Denoising.encode", "evaluation", "reconstructions_from_noisy")
def noise_left_out_of_encode(sound):
    """Denoising is shown on clean images."""
    return lambda network, x, noise=None: sound(network, x)


@planted("pytorch", "tied", "layers.TiedDense.affine", "gradients", "encoder1.weight")
def decoder_untied(sound):
    """The decoder has a copy of the weight: equal at the start, but its share of the gradient is missing."""
    linear = _torch().nn.functional.linear
    return lambda layer, x, encoder: linear(x, encoder.weight.detach().T, layer.bias)


@planted("tensorflow", "tied", "layers.TiedDense.affine", "gradients", "encoder1.weight")
def tied_gradient_twice(sound):
    """The decoder's share is added once by the tape and once by hand."""
    tf = _tensorflow()

    def call(layer, x, encoder):
        weight = encoder.weight + (encoder.weight - tf.stop_gradient(encoder.weight))
        return tf.matmul(x, weight, transpose_b=True) + layer.bias

    return call


@planted("pytorch", "tied", "layers.TiedDense.affine", "gradients", "decoder1.bias")
def decoder_bias_dropped(sound):
    """Tied layers without a bias. Biases start at 0, so the first to show it is the gradient."""
    linear = _torch().nn.functional.linear
    return lambda layer, x, encoder: linear(x, encoder.weight.T, 0.0 * layer.bias)


@planted("pytorch", "stacked", "layers.Dense.affine", "gradients", "encoder1.bias")
def bias_dropped(sound):
    """bias=False. Biases start at 0, so the first to show it is the gradient."""
    linear = _torch().nn.functional.linear
    return lambda layer, x: linear(x, layer.weight, 0.0 * layer.bias)


@planted("pytorch", "stacked", "stacked.Stacked.encode", "trajectory", "evaluation.codings")
def bias_dropped_in_encode(sound):
    """What trains is sound, what users call is not, once the biases are no longer 0: seen after training only."""
    functional = _torch().nn.functional

    def encode(network, x, noise=None):
        hidden1 = functional.elu(functional.linear(x, network.encoder1.weight))
        return network.encoder2(hidden1)

    return encode


@planted("pytorch", "tied", "tied.Tied.forward", "forward", "hidden3")
def array_missing(sound):
    """An activation is not offered."""

    def forward(network, *arguments):
        return {name: value for name, value in sound(network, *arguments).items() if name != "hidden3"}

    return forward
