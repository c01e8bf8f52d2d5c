"""What the start of a training never reaches: saturated and dead units, numbers too small or too large for the dtype.

Each case changes the parameters or the inputs in one way, the same in every framework, and records what a phase
computes from them: activations, loss terms, gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from aebench.arrays import Array, Arrays
from aebench.protocol import Batch, Model
from aebench.spec import Autoencoder, Layer, Phase

# Preactivations of a decided unit: sigmoid(100) is 1 in either dtype, and exp(100) still no overflow in float32's sums.
DECIDED = 100.0
# Of a dead unit, and of a log variance: exp(30) is 1e13, whose square is still far from float32's largest number.
DEAD = 30.0


@dataclass(frozen=True)
class Extreme:
    """One case. scale: what the inputs are multiplied by. doubled: all parameters are.

    biases: layer -> how far on both sides of 0 its biases are spread, evenly; a layer whose own parameters include no
    `bias` stays as it is. gradients: they are recorded, too.
    """

    name: str
    scale: float = 1.0
    doubled: bool = False
    biases: tuple[tuple[str, float], ...] = ()
    gradients: bool = True

    def parameters(self, parameters: Arrays) -> Arrays:
        """The parameters of the case, made from those of the model."""
        changed = {name: 2.0 * value if self.doubled else value for name, value in parameters.items()}
        for layer, reach in self.biases:
            name = f"{layer}.bias"
            if name not in changed:
                continue
            bias = changed[name]
            changed[name] = np.linspace(-reach, reach, bias.size).reshape(bias.shape).astype(bias.dtype)
        return changed


def extremes(autoencoder: Autoencoder, phase: Phase, dtype: str) -> Iterator[Extreme]:
    """The cases of a phase."""
    passed, numbers = autoencoder.passed(phase), np.finfo(dtype)
    yield Extreme("doubled", doubled=True)
    yield Extreme("dead", biases=tuple((layer.name, DEAD) for layer in passed if layer.activation == "elu"))
    yield Extreme("decided", biases=tuple(_decided(layer, passed) for layer in passed if layer.activation != "elu"))
    yield Extreme("tiny", scale=float(numbers.tiny) ** 0.75)
    yield Extreme("subnormal", scale=float(numbers.tiny) / 8.0)
    # No gradients: whether a dead unit's, 0 times 1e57, is 0 or infinite is decided by the rounding of the 0.
    yield Extreme("overflowing", scale=float(numbers.max) ** 0.75, gradients=False)


def _decided(layer: Layer, passed: tuple[Layer, ...]) -> tuple[str, float]:
    """How far the biases go: less where an exponential follows, as after a log variance."""
    followed = layer.activation == "none" and layer is not passed[-1]
    return layer.name, DEAD if followed else DECIDED


def at_extremes(model: Model, phase: Phase, batch: Batch) -> Arrays:
    """`CASE.forward.NAME`, `CASE.loss.TERM` and `CASE.gradient.NAME` of every case; the model is as before."""
    found: Arrays = {}
    before = model.parameters()
    # NumPy alone warns, where the others compute an infinity without a word.
    with np.errstate(all="ignore"):
        for extreme in extremes(model.autoencoder, phase, model.dtype):
            model.assign(extreme.parameters(before))
            scaled = replace(batch, inputs=_scaled(batch.inputs, extreme.scale, model.dtype))
            arrays = computed(model, phase, scaled, gradients=extreme.gradients)
            found |= {f"{extreme.name}.{name}": array for name, array in arrays.items()}
    model.restore(before)
    return found


def computed(model: Model, phase: Phase, batch: Batch, *, gradients: bool = True) -> Arrays:
    """Activations, loss terms and, where asked for, gradients of one batch."""
    found = {f"forward.{name}": array for name, array in model.forward(phase.name, batch).items()}
    found |= {f"loss.{name}": array for name, array in model.losses(phase.name, batch).items()}
    if gradients:
        found |= {f"gradient.{name}": array for name, array in model.gradients(phase.name, batch).items()}
    return found


def _scaled(inputs: Array, scale: float, dtype: str) -> Array:
    """Multiplied in float64 and rounded once, so that every framework reads the same numbers."""
    return (np.asarray(inputs, np.float64) * scale).astype(dtype)
