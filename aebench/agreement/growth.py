"""How the difference of the parameters grows with the training steps."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from aebench.agreement.ladder import Climb
from aebench.agreement.session import Source, climb_in
from aebench.processes.lanes import at_once
from aebench.processes.worker import FrameworkProcess
from aebench.records.trace import Trace
from aebench.registry import ARBITER, plain
from aebench.spec import Autoencoder, Phase


def growth(
    processes: Mapping[str, FrameworkProcess], climb: Climb, source: Source, folder: Path
) -> list[dict[str, Any]]:
    """How the difference of the parameters grows with the steps, from equal parameters on.

    Per pair the marks and, there, the largest difference of any parameter over the largest magnitude of any.
    """
    paths = {name: folder / f"growth-{name}-{climb.dtype}.safetensors" for name in processes}
    try:
        here = {
            name: replace(climb, plain=True, device="cpu" if plain(name) == ARBITER else climb.device) for name in paths
        }
        errors = at_once(processes, {n: (climb_in, n, here[n], source, path, None) for n, path in paths.items()})
        for error in errors.values():
            raise error
        traces = {name: Trace.read(path) for name, path in paths.items()}
        return [_grown(traces[a], traces[b], traces[ARBITER], climb) for a, b in combinations(traces, 2)]
    finally:
        for path in paths.values():
            path.unlink(missing_ok=True)


def _grown(left: Trace, right: Trace, reference: Trace, climb: Climb) -> dict[str, Any]:
    """Steps are counted through the phases that go on from each other; a phase that starts anew ends the count."""
    apart: dict[int, float] = {}
    scale: dict[int, float] = {}
    before = {phase.name: number * climb.steps for number, phase in enumerate(_continued(climb.autoencoder))}
    for place, expected in reference.arrays.items():
        trained = place.rung in ("step", "trajectory") and place.array in climb.autoencoder.shapes
        if trained and place.phase in before:
            step = before[place.phase] + place.step
            difference = np.abs(left.arrays[place].astype(np.float64) - right.arrays[place])
            # NumPy's maximum keeps NaN, which Python's `max` loses.
            apart[step] = float(np.maximum(apart.get(step, 0.0), np.max(difference)))
            scale[step] = float(np.maximum(scale.get(step, 0.0), np.max(np.abs(expected))))
    pair = {"left": left.framework, "right": right.framework}
    steps = {"steps": list(apart), "relative": [apart[step] / scale[step] for step in apart]}
    return {"autoencoder": climb.autoencoder.name, "dtype": climb.dtype, **pair, **steps}


def _continued(autoencoder: Autoencoder) -> list[Phase]:
    """The first phase and those that go on from it without starting anew."""
    first, *others = autoencoder.phases
    return [first, *itertools.takewhile(lambda phase: phase.starts_from == "previous", others)]
