"""Adam in the pinned form, on TensorFlow variables.

Source: line 58, `tf.train.AdamOptimizer`; Kingma and Ba 2015, the remark before section 2.1, "epsilon hat".
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from aebench.spec import Adam

State = tuple[tf.Variable, list[tf.Variable], list[tf.Variable]]


class EpsilonHatAdam:
    """theta -= a_t m / (sqrt(v) + epsilon), a_t = learning_rate sqrt(1 - beta2^t) / (1 - beta1^t).

    state: its variables, where they are there already: the step count, all first and all second moments.
    """

    def __init__(self, adam: Adam, parameters: Sequence[tf.Variable], state: State | None = None) -> None:
        self.adam = adam
        self.variables_trained = list(parameters)
        self.step_count, self.first_moments, self.second_moments = state or (
            tf.Variable(0, dtype=tf.int64),
            [tf.Variable(tf.zeros_like(p)) for p in parameters],
            [tf.Variable(tf.zeros_like(p)) for p in parameters],
        )

    @property
    def state(self) -> State:
        """Its variables."""
        return self.step_count, self.first_moments, self.second_moments

    def step(self, gradients: Sequence[tf.Tensor]) -> None:
        """One step; the rate is computed in float64, so that 1 - beta^t loses nothing."""
        adam = self.adam
        self.step_count.assign_add(1)
        t = tf.cast(self.step_count, tf.float64)
        rate = adam.learning_rate * tf.sqrt(1.0 - adam.beta2**t) / (1.0 - adam.beta1**t)
        for theta, m, v, gradient in zip(
            self.variables_trained, self.first_moments, self.second_moments, gradients, strict=True
        ):
            m.assign(adam.beta1 * m + (1.0 - adam.beta1) * gradient)
            v.assign(adam.beta2 * v + (1.0 - adam.beta2) * tf.square(gradient))
            theta.assign_sub(tf.cast(rate, theta.dtype) * m / (tf.sqrt(v) + adam.epsilon))
