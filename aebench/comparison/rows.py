"""The rows of a baseline: each metric of an autoencoder, and what its trainings cost, by framework over the seeds."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aebench import registry
from aebench.measures import Margin
from aebench.quality.margins import COSTS, margin
from aebench.records.limits import Key, Row, rounded

Trials = Sequence[Mapping[str, Any]]
SECONDS = "seconds_per_1000_images"
UNITS = {SECONDS: "seconds", "peak_bytes": "bytes"}


def _values(trials: Trials) -> dict[Key, dict[str, list[float]]]:
    """Autoencoder and metric -> framework -> its values over the seeds, those that are numbers."""
    found: dict[Key, dict[str, list[float]]] = {}
    for trial in trials:
        for metric, value in (*_metrics(trial), *costs(trial)):
            of_framework = found.setdefault((trial["autoencoder"], metric), {})
            of_framework.setdefault(trial["framework"], []).extend([value] if math.isfinite(value) else [])
    return found


def _metrics(trial: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    return ((name, float(metric["value"])) for name, metric in trial["metrics"].items())


def costs(trial: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Seconds of 1,000 images, where an epoch was warm and the machine the training's own; and the most bytes that its
    process held, where that is known."""
    speed = trial["speed"]
    if speed["warm"] and speed.get("alone", True):
        yield SECONDS, float(speed[SECONDS])
    if "peak_bytes" in speed:
        yield "peak_bytes", float(speed["peak_bytes"])


def accepted(trials: Trials) -> dict[Key, dict[str, float]]:
    """Autoencoder and metric -> framework -> the value that the file of limits holds.

    Means over the seeds, which show a change in any one of them; of costs the medians, which are what is compared,
    where each seed has one.
    """
    seeds = Counter((trial["autoencoder"], trial["framework"]) for trial in trials)
    found = {
        key: {
            framework: rounded(_middle(key[1], values))
            for framework, values in row.items()
            if values and (key[1] not in COSTS or len(values) == seeds[key[0], framework])
        }
        for key, row in _values(trials).items()
    }
    return {key: row for key, row in found.items() if row or key[1] not in COSTS}


def _middle(metric: str, over_seeds: Sequence[float]) -> float:
    return statistics.median(over_seeds) if metric in COSTS else sum(value / len(over_seeds) for value in over_seeds)


def rows(trials: Trials) -> list[Row]:
    """What the file of limits holds of these trials, each with the margin that it has where nobody says otherwise."""
    units = {(t["autoencoder"], name): metric["unit"] for t in trials for name, metric in t["metrics"].items()}
    return [
        Row(*key, units.get(key) or UNITS[key[1]], values, default(*key)) for key, values in accepted(trials).items()
    ]


def default(autoencoder: str, metric: str) -> Margin | None:
    """How far a row may move where nobody says otherwise; None where it has no margin."""
    known = registry.autoencoders()
    own = known[autoencoder].measures.margins if autoencoder in known else ()
    return COSTS.get(metric) or margin(metric, own)
