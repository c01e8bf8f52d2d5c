"""Faults that a training may hide: it still converges, a little worse, a little slower, or from elsewhere.

The ladder must see each of them; whether the trained model is worse, `aebench audit` tells.
"""

from __future__ import annotations

import math

import numpy as np

from aebench.audit.planted.fault import STEPS_WITH_A_LONGER_RUN, planted
from aebench.audit.planted.optimizers import with_numbers

RATE = 1.1


def _faster(sound):
    """Adam's `__init__`, to which the specification's learning rate is a tenth too high."""

    def init(optimizer, adam, parameters, *state):
        with_numbers(sound, learning_rate=RATE * adam.learning_rate)(optimizer, adam, parameters, *state)

    return init


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.__init__", "step", "encoder1.weight")
def learning_rate_a_tenth_higher(sound):
    """0.011 for 0.01."""
    return _faster(sound)


@planted("tensorflow", "stacked", "adam.EpsilonHatAdam.__init__", "step", "encoder1.weight")
def learning_rate_a_tenth_higher_in_tensorflow(sound):
    """0.011 for 0.01."""
    return _faster(sound)


def _glorot(sound):
    """A model's `put`, which gives weights the deviation of Glorot's initialiser."""

    def put(model, parameters):
        weights = {name: value for name, value in parameters.items() if np.ndim(value) == 2}
        factors = {name: math.sqrt(value.shape[0] / sum(value.shape)) for name, value in weights.items()}
        sound(model, {**parameters, **{name: factors[name] * value for name, value in weights.items()}})

    return put


@planted("pytorch", "stacked", "training.PyTorchModel.put", "init", "encoder1.weight")
def glorot_for_he(sound):
    """The initialiser that Keras takes by itself."""
    return _glorot(sound)


@planted("tensorflow", "stacked", "training.TensorFlowModel.put", "init", "encoder1.weight")
def glorot_for_he_in_tensorflow(sound):
    """The initialiser that Keras takes by itself."""
    return _glorot(sound)


def _in_file_order(order):
    """The rows of a run, in the order in which they lie in the file."""
    return np.sort(order, axis=None).reshape(np.shape(order))


@planted(
    "pytorch", "stacked", "training.PyTorchTrainer.prepare", "trajectory", "loss.reconstruction",
    expect_float32="loss.l2", steps=STEPS_WITH_A_LONGER_RUN,
)  # fmt: skip
def shuffle_that_is_none(sound):
    """Each epoch goes through the images in their order."""
    return lambda trainer, order, noise: sound(trainer, _in_file_order(order), noise)


@planted(
    "tensorflow", "stacked", "training.TensorFlowTrainer.prepare", "trajectory", "loss.reconstruction",
    expect_float32="loss.l2", steps=STEPS_WITH_A_LONGER_RUN,
)  # fmt: skip
def shuffle_that_is_none_in_tensorflow(sound):
    """Each epoch goes through the images in their order."""
    return lambda trainer, order, noise: sound(trainer, _in_file_order(order), noise)
