"""Faults of precision: a shorter format somewhere inside, a number that is none, one bit."""

from __future__ import annotations

import importlib

import numpy as np

from aebench.audit.planted.fault import planted

BY_DEFINITION = "float32 arithmetic is what a float32 run is asked for"


def _torch():
    return importlib.import_module("torch")


def _tensorflow():
    return importlib.import_module("tensorflow")


@planted("pytorch", "stacked", "layers.ACTIVATIONS", "forward", "hidden1")
def float16_activations(sound):
    """Automatic mixed precision left on."""
    return {**sound, "elu": lambda x: sound["elu"](x).half().to(x.dtype)}


@planted("tensorflow", "linear", "layers.Dense.affine", "forward", "codings")
def bfloat16_products(sound):
    """Operands of a product cut to bfloat16, as a library's fast mode takes them."""
    tf = _tensorflow()

    def short(x):
        # The upper half of its bits: casts there and back are none to the compiler of TensorFlow 2.16.
        bits = tf.bitcast(tf.cast(x, tf.float32), tf.uint32) & tf.constant(0xFFFF0000, tf.uint32)
        return x + tf.stop_gradient(tf.cast(tf.bitcast(bits, tf.float32), x.dtype) - x)

    return lambda layer, x: tf.matmul(short(x), short(layer.weight)) + layer.bias


def _cut(x):
    """To the 10 bits of mantissa that TensorFloat-32 keeps; the gradient passes."""
    torch = _torch()
    cut = (x.detach().float().view(torch.int32) & ~0x1FFF).view(torch.float32).to(x.dtype)
    return x + (cut - x).detach()


@planted("pytorch", "tied", "layers.Dense.affine", "forward", "hidden1")
def tensor_float_32_products(sound):
    """Operands of a product cut to TensorFloat-32, the default of some devices."""
    linear = _torch().nn.functional.linear
    return lambda layer, x: linear(_cut(x), _cut(layer.weight), layer.bias)


@planted("pytorch", "stacked", "layers.ACTIVATIONS", "forward", "hidden1", float32=BY_DEFINITION)
def float32_activations(sound):
    """One activation of a float64 run computed in float32."""
    return {**sound, "elu": lambda x: sound["elu"](x.float()).to(x.dtype)}


@planted("tensorflow", "tied", "layers.ACTIVATIONS", "forward", "hidden1", float32=BY_DEFINITION)
def float32_activations_too(sound):
    """One activation of a float64 run computed in float32."""
    tf = _tensorflow()

    def elu(x):
        return tf.cast(sound["elu"](tf.cast(x, tf.float32)), x.dtype)

    return {**sound, "elu": elu}


@planted(
    "pytorch", "stacked", "stacked.Stacked.decode", "evaluation", "decoded",
    float64="float64 arithmetic is what a float64 run is asked for",
)  # fmt: skip
def float64_outputs(sound):
    """NumPy's default dtype got in: what a float32 run returns is float64."""
    return lambda network, codings: sound(network, codings).double()


@planted("pytorch", "tied", "adam.EpsilonHatAdam.step", "step", "optimizer.encoder1.weight.first_moment")
def float16_gradients(sound):
    """Gradients exchanged in half precision."""

    def step(optimizer, closure=None):
        for parameter in optimizer.param_groups[0]["params"]:
            parameter.grad = parameter.grad.half().to(parameter.dtype)
        return sound(optimizer, closure)

    return step


@planted("pytorch", "stacked", "training.PyTorchModel.put", "init", "encoder1.weight")
def parameters_one_bit_off(sound):
    """Every parameter in the last bit of the run's dtype, in which a model is given its parameters."""
    return lambda model, parameters: sound(model, {n: np.nextafter(a, np.inf) for n, a in parameters.items()})


@planted("pytorch", "sparse", "training.PyTorchTrainer.step", "trajectory", "encoder1.weight")
def nan_at_the_second_step(sound):
    """One number of one weight becomes NaN."""

    def step(trainer, rows, noise):
        terms = sound(trainer, rows, noise)
        if trainer.optimizer.step_count == 2:
            trainer.model.network.get_parameter("encoder1.weight").data[3, 5] = float("nan")
        return terms

    return step


@planted(
    "pytorch", "linear", "adam.EpsilonHatAdam.step", "trajectory", "encoder1.weight", steps=10,
    float32="it lies below float32's rounding",
)  # fmt: skip
def drift(sound):
    """One number of one weight drifts, each step by less than a step's bound: only what gathers is too much."""

    def step(optimizer, closure=None):
        sound(optimizer, closure)
        if optimizer.step_count > 1:
            optimizer.param_groups[0]["params"][0].data[0, 0] += 4e-13

    return step
