"""A fault planted in compiled PyTorch, for the test that the ladder sees into that mode, too."""

from __future__ import annotations

from unittest import mock

import climbs

from aebench.agreement.ladder import Climb
from aebench.records.trace import Trace


def with_epsilon_of_another_adam(climb: Climb) -> Trace:
    """Climb with an Adam that adds its epsilon under the square root."""
    from aebench.implementations.pytorch import compiled

    def step(adam, theta, m, v, gradient, rate):  # type: ignore[no-untyped-def]
        m.copy_(adam.beta1 * m + (1.0 - adam.beta1) * gradient)
        v.copy_(adam.beta2 * v + (1.0 - adam.beta2) * gradient.square())
        theta.sub_(rate * m / (v + adam.epsilon**2).sqrt())

    with mock.patch.object(compiled, "step_written_out", step):
        return climbs.climbed(climb)
