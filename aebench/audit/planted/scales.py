"""How fine the ladder sees: factors a ten-thousandth off, which no picture and no loss curve would show.

In float32 the ladder sees five to ten times finer than this, in float64 a billion times.
"""

from __future__ import annotations

from aebench.audit.planted.fault import planted
from aebench.audit.planted.optimizers import with_numbers

OFF = 1.0001


@planted("pytorch", "stacked", "layers.ACTIVATIONS", "forward", "hidden1")
def activations_a_ten_thousandth_off(sound):
    """Every activation times 1.0001."""
    return {**sound, "elu": lambda x: OFF * sound["elu"](x)}


@planted("pytorch", "stacked", "stacked.mean_squared_error", "losses", "reconstruction")
def mse_a_ten_thousandth_off(sound):
    """The reconstruction loss times 1.0001."""
    return lambda outputs, target: OFF * sound(outputs, target)


@planted("pytorch", "stacked", "stacked.l2_penalty", "losses", "l2")
def l2_a_ten_thousandth_off(sound):
    """The penalty times 1.0001."""
    return lambda l2, layers: OFF * sound(l2, layers)


@planted("pytorch", "stacked", "adam.EpsilonHatAdam.step", "step", "optimizer.encoder1.weight.first_moment")
def gradients_a_ten_thousandth_off(sound):
    """What the optimiser is given times 1.0001; Adam's step hardly depends on it."""

    def step(optimizer, closure=None):
        for parameter in optimizer.param_groups[0]["params"]:
            parameter.grad = OFF * parameter.grad
        return sound(optimizer, closure)

    return step


@planted(
    "pytorch", "stacked", "adam.EpsilonHatAdam.__init__", "step", "encoder1.weight", expect_float32="encoder1.bias"
)
def learning_rate_a_ten_thousandth_off(sound):
    """0.010001 for 0.01; biases, which start at 0, show it best."""

    def init(optimizer, adam, parameters):
        with_numbers(sound, learning_rate=OFF * adam.learning_rate)(optimizer, adam, parameters)

    return init
