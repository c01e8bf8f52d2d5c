"""Initial parameters: the same numbers for every framework, from the streams."""

from __future__ import annotations

import math

import numpy as np

from aebench.layers import Parameter
from aebench.spec import Autoencoder
from aebench.streams import Float64, Stream, stream


def initial_parameters(autoencoder: Autoencoder, seed: int) -> dict[str, Float64]:
    """Exchange name -> float64 array; weights (n_in, n_out) by the layer's initialiser, biases zero.

    The stream's name is the parameter's, so autoencoders of one seed begin alike where their layers are alike.
    """
    return {
        name: _drawn(parameter, stream(seed, f"initial/{name}")) for name, parameter in autoencoder.parameters.items()
    }


def _drawn(parameter: Parameter, draw: Stream) -> Float64:
    """The parameter's first values.

    Source: `variance_scaling_initializer()` of TensorFlow 1 (a normal truncated at two deviations, 1.3 making up for
    what is cut off), its form `mode="FAN_AVG", uniform=True`, and Glorot's, which `fully_connected` has by default.
    """
    if parameter.initializer == "zeros":
        return np.zeros(parameter.shape)
    if parameter.initializer == "he_normal":
        return draw.truncated_normal(parameter.shape) * math.sqrt(1.3 * 2.0 / parameter.fan_in)
    factor = 2.0 if parameter.initializer == "average_uniform" else 1.0
    fan_average = (parameter.fan_in + parameter.fan_out) / 2.0
    return (2.0 * draw.uniform(parameter.shape) - 1.0) * math.sqrt(3.0 * factor / fan_average)
