"""Tables of quality over seeds: each framework's mean, and whether two end equally well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from aebench.quality.equivalence import Comparison
from aebench.quality.leaps import Leaps
from aebench.quality.table import Pair, Row, rows
from aebench.report.frames.frame import AUTOENCODER, FRAMEWORK, Content, Frame, flag, frame, integer, number, text

METRIC = (
    AUTOENCODER,
    text("metric", "its name; leaps: how many trainings leapt"),
    integer("version", "of the metric's formula"),
    text("unit", "of the metric"),
)
MEANS = (
    *METRIC,
    FRAMEWORK,
    integer("seeds", "that the mean is over: trainings that neither leapt nor failed to give a number"),
    number("mean", "over the seeds; of leaps their share"),
    number("low", "lower end of its 95 % interval"),
    number("high", "upper end"),
    integer("invalid", "seeds at which the metric is not a number"),
    integer("leapt", "seeds at which the training leapt"),
)
EQUIVALENCE = (
    *METRIC,
    text("left", "one framework"),
    text("right", "the other"),
    text("verdict", "equivalent, different, undecided, no margin"),
    number("margin", "how far apart they may be"),
    flag("relative", "margin, difference, deviation, low and high are shares of the pair's mean"),
    integer("seeds", "that both have"),
    number("difference", "mean of left less right"),
    number("deviation", "standard deviation of the differences"),
    number("low", "lower end of the difference's 90 % interval"),
    number("high", "upper end"),
    integer("left_leaps", "seeds at which only left leapt"),
    integer("right_leaps", "seeds at which only right leapt"),
    number("p", "of: no further apart than the margin; adjusted for all comparisons"),
)


def over_seeds(trials: Sequence[Content]) -> list[Frame]:
    """What the trials say over their seeds, in the words of `aebench quality`."""
    return of_rows(rows(trials))


def of_rows(found: Sequence[Row]) -> list[Frame]:
    """The same of what was found already."""
    means = (row for it in found for row in _means(it))
    pairs = ({**_key(it), **_pair(pair)} for it in found for pair in it.pairs)
    return [
        frame("means", "Metrics, means over the seeds", MEANS, means),
        frame("equivalence", "Whether frameworks end equally well", EQUIVALENCE, pairs),
    ]


def _key(row: Row) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in METRIC}


def _means(row: Row) -> Iterator[dict[str, Any]]:
    for framework, values in row.values.items():
        known: dict[str, Any] = {**_key(row), "framework": framework}
        if isinstance(values, Leaps):
            count, (low, high) = len(values.by_seed), values.interval
            yield {**known, "seeds": count, "mean": values.count / count, "low": low, "high": high}
        else:
            reach = values.half_width
            counts = {"seeds": len(values.by_seed), "invalid": len(values.invalid), "leapt": len(values.leapt)}
            yield {**known, **counts, "mean": values.mean, "low": values.mean - reach, "high": values.mean + reach}


def _pair(pair: Pair) -> dict[str, Any]:
    it = pair.comparison
    known = {"left": pair.left, "right": pair.right, "verdict": pair.verdict, "seeds": it.n, "p": pair.p}
    if not isinstance(it, Comparison):
        return {**known, "left_leaps": it.left, "right_leaps": it.right}
    return {
        **known,
        **{name: getattr(it, name) for name in ("margin", "relative", "difference", "deviation", "low", "high")},
    }
