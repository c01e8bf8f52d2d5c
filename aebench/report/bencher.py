"""Numbers of a record in Bencher Metric Format: benchmark -> measure -> value, with limits where there are some.

Source: https://bencher.dev/docs/reference/bencher-metric-format
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aebench.comparison.findings import most, speeds
from aebench.comparison.noise import noises
from aebench.comparison.rows import costs
from aebench.errors import ExportError
from aebench.quality.leaps import Leaps
from aebench.quality.margins import COSTS
from aebench.quality.table import rows
from aebench.records.calibrations import Calibration
from aebench.records.comparisons import Comparison
from aebench.records.fields import checked
from aebench.records.measurements import Bench
from aebench.running.sweeps import named
from aebench.speed import shares
from aebench.speed.cases import Case

Content = Mapping[str, Any]
Key = tuple[str, str]


class Value(NamedTuple):
    """A number, and the limits that it lies between, where they are known."""

    value: float
    low: float = math.nan
    high: float = math.nan


def metrics(kind: str, content: Content) -> dict[str, dict[str, dict[str, float]]]:
    """The record's numbers. What is not finite is left out: the format has no place for it.

    Raises:
        ExportError: a record of that kind has no numbers to track, or this one has none.
    """
    if kind not in OF:
        raise ExportError(f"Bencher tracks numbers, and a record of kind {kind} has none; {' and '.join(OF)} have some")
    found: dict[str, dict[str, dict[str, float]]] = {}
    for (benchmark, measure), it in OF[kind](content):
        if math.isfinite(it.value):
            limits = {"lower_value": it.low, "upper_value": it.high}
            known = {name: limit for name, limit in limits.items() if math.isfinite(limit)}
            found.setdefault(benchmark, {})[measure] = {"value": it.value, **known}
    if not found:
        raise ExportError(f"this {kind} holds no number that is finite, so there is nothing for Bencher to track")
    return found


def _trials(content: Content) -> Iterator[tuple[Key, Value]]:
    """Of each autoencoder in each framework its metrics, as the seeds say together, and what its trainings cost."""
    for row in rows(content["trials"]):
        for framework, it in row.values.items():
            key = f"{row.autoencoder}, {framework}", row.metric
            if isinstance(it, Leaps):
                yield key, Value(it.count / len(it.by_seed), *it.interval)
            else:
                yield key, Value(it.mean, it.mean - it.half_width, it.mean + it.half_width)
    every: dict[Key, list[float]] = {}
    for trial in (trial for trial in content["trials"] if "failure" not in trial):
        for name, value in costs(trial):
            every.setdefault((f"{trial['autoencoder']}, {trial['framework']}", name), []).append(value)
    yield from _over_seeds(every)


def _over_seeds(every: Mapping[Key, Sequence[float]]) -> Iterator[tuple[Key, Value]]:
    """Medians of costs, means of anything else, between the least and the greatest where there are several seeds."""
    for key, values in every.items():
        middle = statistics.median(values) if key[1] in COSTS else statistics.fmean(values)
        yield key, Value(middle, min(values), max(values)) if len(values) > 1 else Value(middle)


def _points(content: Content) -> Iterator[tuple[Key, Value]]:
    """Of each point in each framework the headline and the seconds, over the seeds."""
    every: dict[Key, list[float]] = {}
    for row in (row for row in content["rows"] if "failure" not in row):
        of = f"{named(row)}, {row['framework']}"
        every.setdefault((of, row["metric"]), []).append(float(row["quality"]))
        every.setdefault((of, "seconds_per_1000_images"), []).append(float(row["seconds_per_1000_images"]))
    yield from _over_seeds(every)


def _bench(content: Content) -> Iterator[tuple[Key, Value]]:
    """Of each subject in each case the seconds, and the share of the ceiling."""
    for case in checked(content, Bench).cases:
        title = Case(case.autoencoder, case.use, case.batch, case.width).title
        for key in shares.compared(case):
            of = f"{title}, {key[0]}"
            if seconds := shares.seconds(case, key):
                yield (of, "seconds_per_1000_images"), Value(*seconds)
            if share := shares.ratio(case, shares.CEILING, key):
                yield (of, "share_of_ceiling"), Value(*share)


def _comparison(content: Content) -> Iterator[tuple[Key, Value]]:
    """Of each climb by how much of its bound it moved; of speed and memory head over base; of metrics head's mean."""
    found = checked(content, Comparison)
    for climb in (climb for climb in found.numbers if climb.rungs):
        yield (f"{climb.autoencoder}, {climb.framework}, {climb.dtype}", "share_of_bound"), Value(most(climb).share)
    for sides in found.pairs:
        for row, it in speeds(found, sides).items():
            of = ", ".join(filter(None, (row.autoencoder, sides.framework)))
            yield (of, f"{row.measure} ratio"), Value(it.ratio, it.low, it.high)
    for quality in found.quality:
        for metric in (metric for metric in quality.rows if metric.head is not None):
            yield (f"{quality.autoencoder}, {quality.head}", metric.metric), Value(float(metric.head or 0.0))


def _agreements(content: Content) -> Iterator[tuple[Key, Value]]:
    """Of each pair the least headroom: how many times as far apart it might be."""
    for row in content["agreements"]:
        seed = f", seed {row['seed']}" if row.get("seed") else ""
        of = f"{row['autoencoder']}, {row['left']} and {row['right']}, {row['dtype']}{seed}"
        yield (of, "headroom"), Value(min((float(rung["headroom"]) for rung in row["rungs"]), default=math.nan))


def _calibration(content: Content) -> Iterator[tuple[Key, Value]]:
    """Of each row how much a block's log ratio varies."""
    for noise in (noise for noise in noises(checked(content, Calibration)) if noise.enough):
        of = ", ".join(filter(None, (noise.row.autoencoder, noise.subject)))
        yield (of, f"{noise.row.measure} deviation"), Value(noise.deviation, *noise.interval)


OF: dict[str, Callable[[Content], Iterator[tuple[Key, Value]]]] = {
    "run": _trials, "baseline": _trials, "scale": _points, "bench": _bench, "comparison": _comparison,
    "agreements": _agreements, "calibration": _calibration,
}  # fmt: skip
