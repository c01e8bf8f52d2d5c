"""Calibrations for tests: records of blocks whose numbers are known, and noise of a deviation that is."""

from __future__ import annotations

from typing import Any

import numpy as np
from comparisons import OPTIONS
from pairs import control

from aebench.arrays import Array
from aebench.comparison.noise import Noise
from aebench.comparison.speed import Due, Row
from aebench.records.asked import Options
from aebench.records.calibrations import Calibration, Control
from aebench.records.conditions import Conditions, Harness, Machine
from aebench.records.fields import checked
from aebench.streams import stream

TRAINING = Row("linear", "training")
BLOCKS = 8


def blocks(values: Array, measure: str = "training", subject: str = "pytorch", **seen: Any) -> list[Control]:
    """A block for each of the log ratios of that measure, who begins changing; the others do not vary."""
    return [
        control(subject, Due("linear", control=True, first=number % 2), {measure: value}, **seen)
        for number, value in enumerate(values.tolist())
    ]


def record(found: list[Control], threads: int = 1, variables: dict[str, str] | None = None) -> Calibration:
    """The calibration of `linear` that holds them, on a machine of two cores."""
    names = list(dict.fromkeys(block.subject for block in found))
    return Calibration(
        options=checked({**OPTIONS, "frameworks": names or ["pytorch"]}, Options),
        conditions=Conditions(aebench=Harness(), machine=Machine(cores=2, governor="powersave"), variables=variables),
        timed={name: ["linear"] for name in names or ["pytorch"]}, wanted=BLOCKS, threads=threads, blocks=found,
    )  # fmt: skip


def noise(values: Array) -> Noise:
    """That of training in blocks of these values."""
    return Noise("pytorch", TRAINING, tuple(blocks(values)), tuple(values.tolist()))


def of_deviation(deviation: float, count: int = BLOCKS, step: int = 0) -> Array:
    """Normal log ratios whose deviation, but for who begins, is just that."""
    drawn = stream(0, "planted", step).normal((count,))
    return np.asarray(drawn * deviation / noise(drawn).deviation)
