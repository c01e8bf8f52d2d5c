"""Inside compiled PyTorch's process: a fault planted in its step, and what a killed compilation leaves behind."""

from __future__ import annotations

from pathlib import Path
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


def beside_cut_off_libraries(libraries: list[Path], elsewhere: str) -> tuple[int, str]:
    """What a function gives that needs these, made anew where they are missing, and what is left of another failure."""
    from aebench.implementations.pytorch.compiled import without_cut_off

    def compiled(added: int) -> int:
        for library in libraries:
            if library.exists():
                raise RuntimeError(f"backend='inductor' raised:\nImportError: {library}: file too short")
        return 1 + added

    def other() -> None:
        raise RuntimeError(elsewhere)

    given = without_cut_off(compiled)(1)
    try:
        without_cut_off(other)()
    except RuntimeError as error:
        return given, str(error)
    return given, ""
