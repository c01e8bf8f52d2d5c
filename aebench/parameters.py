"""Initial parameters: the same numbers for every framework, from the streams."""

from __future__ import annotations

import math

import numpy as np

from aebench.spec import Autoencoder, Layer
from aebench.streams import Float64, stream


def initial_parameters(autoencoder: Autoencoder, seed: int) -> dict[str, Float64]:
    """Exchange name -> float64 array; weights (n_in, n_out) by the layer's initialiser, biases zero.

    The stream's name is the parameter's, so autoencoders of one seed begin alike where their layers are alike.
    """
    parameters: dict[str, Float64] = {}
    for layer in autoencoder.layers:
        for name, shape in layer.shapes.items():
            draw = stream(seed, f"initial/{name}")
            if name.endswith(".bias"):
                parameters[name] = np.zeros(shape)
            elif layer.initializer == "he_normal":
                parameters[name] = draw.truncated_normal(shape) * math.sqrt(1.3 * 2.0 / layer.n_inputs)
            else:
                parameters[name] = (2.0 * draw.uniform(shape) - 1.0) * _uniform_limit(layer)
    return parameters


def _uniform_limit(layer: Layer) -> float:
    """Half the width of the uniform initialisers; TF1's FAN_AVG form with its factor 2, and Glorot's."""
    fan_average = (layer.n_inputs + layer.n_outputs) / 2.0
    factor = 2.0 if layer.initializer == "average_uniform" else 1.0
    return math.sqrt(3.0 * factor / fan_average)
