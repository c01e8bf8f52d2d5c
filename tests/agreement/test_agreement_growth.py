"""The growth of a difference: over the steps of the phases that go on from each other, from equal parameters on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aebench import registry
from aebench.agreement.growth import growth
from aebench.agreement.ladder import Climb
from aebench.agreement.session import Source
from aebench.records.trace import Trace

STEPS = 10


class Climber:
    """Stands for a framework's process: leaves a trace whose parameters are `offset` away from 1 at the given step."""

    def __init__(self, offset: dict[tuple[str, int], float]) -> None:
        self.offset = offset

    def call(self, _: Any, name: str, climb: Climb, __: Source, path: Path, ___: None) -> None:
        """Write the trace."""
        trace = Trace(name, climb.autoencoder.name, climb.dtype)
        for phase in climb.autoencoder.phases:
            trace.add(phase.name, "init", 0, {"encoder1.bias": np.full(3, 99.0)})
            for step, rung in ((1, "step"), (STEPS, "trajectory")):
                value = 2.0 + self.offset.get((phase.name, step), 0.0)
                trace.add(phase.name, rung, step, {"encoder1.bias": np.array([2.0, value]), "loss.total": np.ones(1)})
        trace.save(path)


@pytest.mark.parametrize(
    ("name", "steps"), [("tied", [1, 10]), ("layerwise_joint", [1, 10, 11, 20]), ("pretrained", [1, 10])]
)
def test_steps_are_counted_through_continued_phases(name: str, steps: list[int], tmp_path: Path) -> None:
    """A second phase that goes on counts on; one that starts anew, as another arm does, ends the count."""
    climb = Climb(registry.autoencoder(name), steps=STEPS)
    processes: dict[str, Any] = {framework: Climber({}) for framework in ("reference", "pytorch")}
    (found,) = growth(processes, climb, Source("digits", None, "quick"), tmp_path)
    assert (steps, [0.0] * len(steps)) == (found["steps"], found["relative"])
    assert list(tmp_path.iterdir()) == []


def test_the_difference_is_relative_to_the_largest_parameter(tmp_path: Path) -> None:
    """0.5 apart where the largest is 2: 0.25, at the step where it happened and for both pairs with that framework."""
    climb = Climb(registry.autoencoder("layerwise_joint"), steps=STEPS)
    apart = Climber({("phase2", 1): 0.5})
    processes: dict[str, Any] = {"reference": Climber({}), "tensorflow": apart, "pytorch": Climber({})}
    found = growth(processes, climb, Source("digits", None, "quick"), tmp_path)
    relative = {(row["left"], row["right"]): dict(zip(row["steps"], row["relative"], strict=True)) for row in found}
    same = {1: 0.0, 10: 0.0, 11: 0.0, 20: 0.0}
    assert {**same, 11: 0.25} == relative["reference", "tensorflow"] == relative["tensorflow", "pytorch"]
    assert same == relative["reference", "pytorch"]


def test_a_difference_that_is_not_a_number_stays_one(tmp_path: Path) -> None:
    """Planted fault: NaN at one step is NaN there, and not the 0 that Python's `max` makes of it."""
    climb = Climb(registry.autoencoder("tied"), steps=STEPS)
    processes: dict[str, Any] = {"reference": Climber({}), "pytorch": Climber({("phase1", 1): float("nan")})}
    (found,) = growth(processes, climb, Source("digits", None, "quick"), tmp_path)
    assert [True, False] == [bool(np.isnan(value)) for value in found["relative"]]
