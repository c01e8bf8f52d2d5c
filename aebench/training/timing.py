"""How long the steps of a training took: the first epochs of a phase in each session compile, the others are warm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

ROUNDS_TO_WARM = 2
"""After so many rounds a process is warm, whether a round is an epoch of `run` or one of a block, of `bench`, of
pytest-benchmark or of asv: the first compiles, and TensorFlow's second still sets something up."""
Epochs = Sequence[Mapping[str, Any]]


def speed(history: Mapping[str, Epochs], trial_seconds: float) -> dict[str, Any]:
    """What a trial's document says of its speed.

    trial_seconds: of all sessions, with the measuring. warm_up_seconds: what the cold epochs took more than a warm one
    of their phase; None where no phase has a warm one.
    """
    cold = [_cold_seconds(epochs) for epochs in history.values() if _warm(epochs)]
    return {
        "seconds_per_1000_images": 1000.0 * seconds_per_image(history),
        "warm": bool(cold),
        "warm_up_seconds": max(0.0, sum(cold)) if cold else None,
        "trial_seconds": trial_seconds,
    }


def seconds_per_image(history: Mapping[str, Epochs]) -> float:
    """Seconds of training steps for one image: median over a phase's warm epochs, mean over the images of the phases.

    A phase without a warm epoch is left out; where no phase has one, the cold ones count. An epoch in which the machine
    did something else moves no median.
    """
    phases = [epochs for epochs in history.values() if _warm(epochs)] or list(history.values())
    medians = [float(np.median([e["seconds"] / e["images"] for e in _warm(epochs) or epochs])) for epochs in phases]
    images = [sum(e["images"] for e in epochs) for epochs in phases]
    return float(np.average(medians, weights=images))


def _warm(epochs: Epochs) -> Epochs:
    return [epoch for epoch in epochs if not epoch["cold"]]


def _cold_seconds(epochs: Epochs) -> float:
    """Seconds by which the cold epochs of a phase took longer than its warm ones."""
    usual = float(np.median([epoch["seconds"] for epoch in _warm(epochs)]))
    return float(sum(epoch["seconds"] - usual for epoch in epochs if epoch["cold"]))
