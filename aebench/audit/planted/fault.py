"""What a planted fault is: one thing made wrong on purpose inside a framework, and where the ladder must see it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

Change = Callable[[Any], Any]

# Three steps show whatever goes wrong from one step to the next; a run of several steps begins after the tenth only.
STEPS, STEPS_WITH_A_LONGER_RUN = 3, 20

FAULTS: dict[str, Fault] = {}


@dataclass(frozen=True)
class Fault:
    """A fault and the first place that parts because of it.

    changes: `module.attribute` or `module.Class.attribute` of the framework's folder -> what makes the faulty one of
    the sound one. expect: the array that the first parting names; expect_float32: the one in float32, where it is
    another. float32, float64: why the fault cannot show in that dtype, empty where it does. forced: only a climb that
    is fed a teacher's state shows it.
    """

    name: str
    framework: str
    autoencoder: str
    phase: str
    rung: str
    expect: str
    why: str
    changes: Mapping[str, Change] = field(repr=False)
    steps: int = STEPS
    forced: bool = False
    expect_float32: str = ""
    float32: str = ""
    float64: str = ""

    @property
    def plain(self) -> bool:
        """Whether the plain climb shows it."""
        return self.rung not in ("rows", "extremes", "program", "resumed")

    @property
    def key(self) -> str:
        """The fault among all: framework, autoencoder and name."""
        return f"{self.framework}-{self.autoencoder}-{self.name}"

    @contextmanager
    def plant(self) -> Iterator[None]:
        """Make it wrong in this process; models must be built within, so that nothing sound is compiled yet."""
        with ExitStack() as stack:
            for target, change in self.changes.items():
                owner, attribute = _located(self.framework, target)
                faulty = change(getattr(owner, attribute))
                stack.enter_context(mock.patch.object(owner, attribute, faulty))
            yield

    def changes_and_restores(self) -> bool:
        """Whether every target is another thing while the fault is planted, and itself again afterwards."""
        places = [_located(self.framework, target) for target in self.changes]
        before = [getattr(owner, attribute) for owner, attribute in places]
        with self.plant():
            during = [getattr(owner, attribute) for owner, attribute in places]
        after = [getattr(owner, attribute) for owner, attribute in places]
        return all(a is not b and a is c for a, b, c in zip(before, during, after, strict=True))


def planting(key: str) -> AbstractContextManager[None]:
    """The fault of that key is planted within; none where the key is empty."""
    return FAULTS[key].plant() if key else nullcontext()


def _located(framework: str, target: str) -> tuple[Any, str]:
    """The module or class, and the name in it."""
    module, *classes, attribute = target.split(".")
    owner: Any = importlib.import_module(f"aebench.implementations.{framework}.{module}")
    for name in classes:
        owner = getattr(owner, name)
    return owner, attribute


def planted(
    framework: str, autoencoder: str, target: str, rung: str, expect: str, *, phase: str = "phase1",
    also: Mapping[str, Change] | None = None, **more: Any,
) -> Callable[[Change], Change]:  # fmt: skip
    """Register a function that makes the faulty of the sound; its name and docstring say what and why."""

    def register(change: Change) -> Change:
        changes = {target: change, **(also or {})}
        why = inspect.getdoc(change) or ""
        fault = Fault(change.__name__, framework, autoencoder, phase, rung, expect, why, changes, **more)
        if fault.key in FAULTS:
            raise ValueError(f"a fault {fault.key} is registered already")
        FAULTS[fault.key] = fault
        return change

    return register
