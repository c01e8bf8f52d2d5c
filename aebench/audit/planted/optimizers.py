"""Faults in Adam: another convention, other constants, other counts."""

from __future__ import annotations

import dataclasses
import importlib
import math

import numpy as np

from aebench.audit.planted.fault import Fault, planted


def _torch():
    return importlib.import_module("torch")


def with_numbers(sound, **changes):
    """An optimiser's `__init__` that reads other numbers than the specification's; the same in both frameworks."""

    def init(optimizer, adam, parameters, *state):
        sound(optimizer, dataclasses.replace(adam, **changes), parameters, *state)

    return init


def by_hand(rate=None, denominator=None):
    """torch's step written out, with another rate(adam, t) or denominator(v, epsilon); sound without either."""
    torch = _torch()
    rate = rate or (
        lambda adam, t: adam.learning_rate * math.sqrt(1.0 - adam.beta2**t) / (1.0 - adam.beta1**t)  # as specified
    )
    denominator = denominator or (lambda v, epsilon: v.sqrt() + epsilon)

    def step(optimizer, closure=None):
        adam = optimizer.adam
        optimizer.step_count += 1
        with torch.no_grad():
            for parameter in optimizer.param_groups[0]["params"]:
                zero = {"exp_avg": torch.zeros_like(parameter), "exp_avg_sq": torch.zeros_like(parameter)}
                state = optimizer.state[parameter] = optimizer.state.get(parameter) or zero
                m, v, gradient = state["exp_avg"], state["exp_avg_sq"], parameter.grad
                m.mul_(adam.beta1).add_((1.0 - adam.beta1) * gradient)
                v.mul_(adam.beta2).add_((1.0 - adam.beta2) * gradient.square())
                parameter.sub_(rate(adam, optimizer.step_count) * m / denominator(v, adam.epsilon))

    return step


def by_hand_in_tensorflow(rate=None):
    """TensorFlow's step written out, with another rate(adam, step_count); sound without."""
    tf = importlib.import_module("tensorflow")

    def specified(adam, step_count):
        t = tf.cast(step_count, tf.float64)
        return adam.learning_rate * tf.sqrt(1.0 - adam.beta2**t) / (1.0 - adam.beta1**t)

    rate = rate or specified

    def step(optimizer, gradients):
        adam = optimizer.adam
        optimizer.step_count.assign_add(1)
        factor = rate(adam, optimizer.step_count)
        moments = zip(optimizer.first_moments, optimizer.second_moments, strict=True)
        for theta, (m, v), gradient in zip(optimizer.variables_trained, moments, gradients, strict=True):
            m.assign(adam.beta1 * m + (1.0 - adam.beta1) * gradient)
            v.assign(adam.beta2 * v + (1.0 - adam.beta2) * tf.square(gradient))
            theta.assign_sub(tf.cast(factor, theta.dtype) * m / (tf.sqrt(v) + adam.epsilon))

    return step


# The written-out steps with nothing wrong in them: they must agree, or a fault made of them proves nothing.
WRITTEN_OUT = {
    framework: Fault(
        "written_out", framework, autoencoder, "phase1", "step", "", "", {"adam.EpsilonHatAdam.step": change}
    )
    for framework, autoencoder, change in (
        ("pytorch", "tied", lambda sound: by_hand()),
        ("tensorflow", "linear", lambda sound: by_hand_in_tensorflow()),
    )
}


@planted("pytorch", "sparse", "adam.EpsilonHatAdam.step", "step", "encoder1.weight")
def epsilon_inside_the_root(sound):
    """sqrt(v + epsilon) for sqrt(v) + epsilon."""
    return by_hand(denominator=lambda v, epsilon: (v + epsilon).sqrt())


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.step", "step", "encoder1.weight")
def epsilon_of_stock_torch(sound):
    """torch's own convention: epsilon beside the corrected root, 32 times smaller at the first step."""

    def step(optimizer, closure=None):
        optimizer.step_count += 1
        return _torch().optim.Adam.step(optimizer, closure)

    return step


@planted("tensorflow", "linear", "adam.EpsilonHatAdam.__init__", "step", "encoder1.weight")
@planted("pytorch", "stacked", "adam.EpsilonHatAdam.__init__", "step", "encoder1.weight")
def epsilon_of_keras(sound):
    """1e-7 for 1e-8."""
    return with_numbers(sound, epsilon=1e-7)


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.__init__", "step", "encoder1.weight")
def epsilon_missing(sound):
    """Nothing is added to the root."""
    return with_numbers(sound, epsilon=1e-300)


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.__init__", "step", "optimizer.encoder1.weight.second_moment")
def beta2_of_others(sound):
    """0.99 for 0.999."""
    return with_numbers(sound, beta2=0.99)


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.__init__", "step", "optimizer.encoder1.weight.first_moment")
def betas_swapped(sound):
    """0.999 for the first moment, 0.9 for the second."""
    return with_numbers(sound, beta1=0.999, beta2=0.9)


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.step", "step", "encoder1.weight")
def step_counted_from_one_too_late(sound):
    """The bias correction is that of the next step."""

    def rate(adam, t):
        return adam.learning_rate * math.sqrt(1.0 - adam.beta2 ** (t + 1)) / (1.0 - adam.beta1 ** (t + 1))

    return by_hand(rate=rate)


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.step", "step", "encoder1.weight")
def bias_correction_missing(sound):
    """The moments are used as they are."""
    return by_hand(rate=lambda adam, t: adam.learning_rate)


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.step", "trajectory", "encoder1.weight")
def first_moment_correction_frozen(sound):
    """1 - beta1 for 1 - beta1**t: right at the first step."""

    def rate(adam, t):
        return adam.learning_rate * math.sqrt(1.0 - adam.beta2**t) / (1.0 - adam.beta1)

    return by_hand(rate=rate)


@planted("tensorflow", "linear", "adam.EpsilonHatAdam.step", "trajectory", "encoder1.weight")
def step_number_frozen_when_traced(sound):
    """A Python number in a traced function: every step is the first."""
    tf = importlib.import_module("tensorflow")

    def rate(adam, step_count):
        return tf.constant(adam.learning_rate * math.sqrt(1.0 - adam.beta2) / (1.0 - adam.beta1), tf.float64)

    return by_hand_in_tensorflow(rate)


@planted(
    "tensorflow", "linear", "adam.EpsilonHatAdam.step", "step", "encoder1.weight",
    float32="the rate is float32 there in any case",
)  # fmt: skip
def rate_through_float32(sound):
    """tf.cast of a Python number to float64 takes it through float32, TensorFlow's default."""
    tf = importlib.import_module("tensorflow")

    def rate(adam, step_count):
        t = tf.cast(step_count, tf.float64)
        factor = tf.sqrt(1.0 - adam.beta2**t) / (1.0 - adam.beta1**t)
        return tf.cast(adam.learning_rate, tf.float64) * factor

    return by_hand_in_tensorflow(rate)


@planted(
    "pytorch", "tied", "adam.EpsilonHatAdam.step", "step", "encoder1.weight", expect_float32="encoder1.bias",
)  # fmt: skip
def bias_correction_in_float32(sound):
    """1 - beta2**t in float32 is 2e-5 off at the first step. In float32 that moves a weight by less than its own
    rounding, but biases start at 0 and show it."""

    def rate(adam, t):
        one, beta1, beta2 = np.float32(1.0), np.float32(adam.beta1), np.float32(adam.beta2)
        return float(adam.learning_rate * np.sqrt(one - beta2**t) / (one - beta1**t))

    return by_hand(rate=rate)


@planted("tensorflow", "linear", "adam.EpsilonHatAdam.__init__", "step", "optimizer.encoder1.weight.second_moment")
@planted("pytorch", "stacked", "adam.EpsilonHatAdam.__init__", "step", "optimizer.encoder1.weight.second_moment")
def constants_of_float32(sound):
    """1 - float32(0.999), 1.3e-5 off, as TensorFlow 1 and its fused kernel compute it."""
    return with_numbers(sound, beta2=float(np.float32(0.999)))


@planted("pytorch", "variational", "adam.EpsilonHatAdam.__init__", "step", "encoder1.weight")
def learning_rate_of_another(sound):
    """0.01, every other autoencoder's, for 0.001."""
    return with_numbers(sound, learning_rate=0.01)


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.__init__", "step", "optimizer.encoder1.weight.first_moment")
def weight_decay_on_top(sound):
    """The optimiser's weight_decay beside the penalty in the loss: it counts twice."""

    def init(optimizer, adam, parameters):
        sound(optimizer, adam, parameters)
        optimizer.param_groups[0]["weight_decay"] = 1e-4

    return init


def _total_without_l2(sound):
    """The reported total is whole, its gradient lacks the penalty's."""

    def losses(network, *arguments):
        terms = sound(network, *arguments)
        return {**terms, "total": terms["reconstruction"] + terms["l2"].detach()}

    return losses


@planted(
    "pytorch", "stacked", "adam.EpsilonHatAdam.step", "gradients", "encoder1.weight",
    also={"stacked.Stacked.losses": _total_without_l2},
)  # fmt: skip
def weight_decay_decoupled(sound):
    """AdamW: the weights shrink beside Adam instead of through its moments."""

    def step(optimizer, closure=None):
        with _torch().no_grad():
            for parameter in optimizer.param_groups[0]["params"]:
                parameter.mul_(1.0 - optimizer.adam.learning_rate * 1e-4)
        return sound(optimizer, closure)

    return step


@planted("pytorch", "tied", "adam.EpsilonHatAdam.step", "step", "optimizer.encoder1.weight.first_moment")
def gradients_clipped(sound):
    """Clipping by the global norm, left over from somebody's recipe."""

    def step(optimizer, closure=None):
        _torch().nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1e-2)
        return sound(optimizer, closure)

    return step


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.step", "step", "optimizer.decoder2.bias.first_moment")
def parameter_left_out(sound):
    """One parameter is not in the optimiser's list."""

    def step(optimizer, closure=None):
        optimizer.param_groups[0]["params"][-1].grad = None
        return sound(optimizer, closure)

    return step


@planted("pytorch", "tied", "training.PyTorchTrainer.take_up", "trajectory", "encoder1.weight", forced=True)
def restored_without_second_moments(sound):
    """A resumed optimiser has lost half of its state. Training in one go never asks for it."""

    def take_up(trainer, state):
        sound(trainer, {n: 0.0 * a if n.endswith("second_moment") else a for n, a in state.items()})

    return take_up


@planted("tensorflow", "linear", "training.TensorFlowTrainer.take_up", "trajectory", "encoder1.weight", forced=True)
def restored_without_step_count(sound):
    """A resumed optimiser counts from 0 again. Training in one go never asks for it."""

    def take_up(trainer, state):
        sound(trainer, {**state, "step": 0 * state["step"]})

    return take_up
