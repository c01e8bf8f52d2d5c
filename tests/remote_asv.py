"""What runs in a framework's own process on behalf of the tests: one row of an asv benchmark, as asv runs it."""

from __future__ import annotations

from typing import Any
from unittest import mock

from benchmarks import cases


def row(benchmark: type, function: str, parameters: tuple[Any, ...]) -> tuple[type, Any]:
    """The type and value of what the benchmark's function returns, after `setup` twice and before `teardown`.

    asv calls `setup` again before each sample; rounds are as few as can be.
    """
    instance = benchmark()
    with mock.patch.multiple(cases, LEAST_ROUNDS=1, SECONDS_OF_ROUNDS=0.0):
        try:
            instance.setup(*parameters)
            instance.setup(*parameters)
            value = getattr(instance, function)(*parameters)
        finally:
            getattr(instance, "teardown", lambda *_: None)(*parameters)
    return type(value), value


def loaded(framework: str) -> set[str]:
    """Which frameworks are imported after `require` has looked for this one."""
    import sys

    cases.require(framework)
    return {"torch", "tensorflow", "jax"} & set(sys.modules)
