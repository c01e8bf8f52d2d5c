"""Adam in the pinned form, in NumPy.

Source: line 58, `tf.train.AdamOptimizer`; Kingma and Ba 2015, the remark before section 2.1, "epsilon hat".
"""

from __future__ import annotations

import math

import numpy as np

from aebench.arrays import Arrays
from aebench.implementations.reference.rounding import rounded
from aebench.spec import Adam


class EpsilonHatAdam:
    """theta -= a_t m / (sqrt(v) + epsilon), a_t = learning_rate sqrt(1 - beta2^t) / (1 - beta1^t)."""

    def __init__(self, adam: Adam, parameters: Arrays) -> None:
        self.adam = adam
        self.step_count = 0
        self.first_moments = {name: np.zeros_like(value) for name, value in parameters.items()}
        self.second_moments = {name: np.zeros_like(value) for name, value in parameters.items()}

    def step(self, parameters: Arrays, gradients: Arrays) -> Arrays:
        """The parameters after one more step."""
        adam = self.adam
        self.step_count += 1
        t = self.step_count
        rate = adam.learning_rate * math.sqrt(1.0 - adam.beta2**t) / (1.0 - adam.beta1**t)
        updated: Arrays = {}
        for name, gradient in gradients.items():
            m = rounded(adam.beta1 * self.first_moments[name] + (1.0 - adam.beta1) * gradient)
            v = rounded(adam.beta2 * self.second_moments[name] + (1.0 - adam.beta2) * rounded(gradient**2))
            self.first_moments[name], self.second_moments[name] = m, v
            updated[name] = rounded(parameters[name] - rounded(rate * m / (rounded(np.sqrt(v)) + adam.epsilon)))
        return updated

    def state(self) -> Arrays:
        """Step count and moments under the exchange names."""
        arrays: Arrays = {"step": np.asarray(self.step_count, dtype=np.int64)}
        for name in self.first_moments:
            arrays[f"{name}.first_moment"] = self.first_moments[name].copy()
            arrays[f"{name}.second_moment"] = self.second_moments[name].copy()
        return arrays

    def restore(self, state: Arrays) -> None:
        """Take up a saved state."""
        self.step_count = int(state["step"])
        for name in self.first_moments:
            self.first_moments[name] = np.array(state[f"{name}.first_moment"], dtype=np.float64)
            self.second_moments[name] = np.array(state[f"{name}.second_moment"], dtype=np.float64)
