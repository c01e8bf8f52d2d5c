"""The tests' side of a framework's process, and how far apart two sets of arrays are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import remote

from aebench import registry
from aebench.arrays import Array, Arrays
from aebench.processes.worker import FrameworkProcess

OWN_FRAMEWORKS = ("reference", "tensorflow", "pytorch")
PHASES = [(name, phase.name) for name, it in registry.autoencoders().items() for phase in it.phases]


class Process:
    """The process of one framework: `call` runs a function of `remote` there with warnings as errors, `recall` once."""

    def __init__(self, framework: str) -> None:
        self.framework = framework
        self.own = framework in OWN_FRAMEWORKS
        self._process = FrameworkProcess(framework)
        self._memory: dict[tuple[Any, ...], Any] = {}

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function's result; its errors are raised here."""
        return self._process.call(remote.strict, function, *arguments)

    def recall(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """As `call`, remembered for the session: for functions of hashable arguments that always give the same."""
        return self.remember((function.__name__, *arguments), lambda: self.call(function, *arguments))

    def remember(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What `make` returned the first time, for the whole session."""
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]

    def close(self) -> None:
        """End the process."""
        self._process.close()


def apart(expected: Arrays, actual: Arrays) -> float:
    """Largest difference of any array, relative to its largest magnitude; infinite for other names or shapes."""
    if expected.keys() != actual.keys() or any(np.shape(expected[k]) != np.shape(actual[k]) for k in expected):
        return float("inf")
    scales = {k: float(np.max(np.abs(v))) or 1.0 for k, v in expected.items()}
    return max(float(np.max(np.abs(np.subtract(v, actual[k])))) / scales[k] for k, v in expected.items())


def same(expected: Arrays, actual: Arrays) -> bool:
    """The same names in the same order, and the same bits."""
    return list(expected) == list(actual) and all(
        np.asarray(v).dtype == np.asarray(actual[k]).dtype and np.array_equal(v, actual[k]) for k, v in expected.items()
    )


def elu(x: Array) -> Array:
    """x where x > 0, else exp(x) - 1."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))
