"""The metrics of base's and head's trainings, seed by seed, and what the pairs of trainings say of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import structs

from aebench.comparison.noninferior import Evidence, of_differences, of_leaps
from aebench.measures import Margin
from aebench.quality import leaps
from aebench.quality.equivalence import in_measure
from aebench.quality.leaps import Leaps
from aebench.quality.margins import LEAPS, margin
from aebench.quality.table import LEAPS as LEAPS_ROW
from aebench.records.baselines import curves
from aebench.records.fields import Float, encoded
from aebench.records.qualities import QualityRow, Verdict
from aebench.spec import Autoencoder

Trial = Mapping[str, Any]
Metric = Mapping[str, Any]
Margins = Mapping[str, Margin | None]
Candidate = tuple[QualityRow, Evidence | None]
"""A row, and the evidence to judge it by where its verdict is still open."""
# Of an epoch, what two trainings that computed the same have in common; the rest says how long it took.
COMPUTED = ("epoch", "mean", "last_batch", "test_mse")


@dataclass(frozen=True)
class Pair:
    """Base's and head's finished trial from one seed."""

    seed: int
    base: Trial
    head: Trial

    @property
    def sides(self) -> tuple[Trial, Trial]:
        """Both, base first."""
        return self.base, self.head

    @property
    def identical(self) -> bool:
        """Whether both trained to the same bits, with the same losses on the way, and were measured to be the same.

        A trial in a baseline keeps its curves only to some digits; beside one they are compared to these.
        """
        if "curves" in self.base:
            return bool(_kept(self.base) == _kept(self.head))
        return bool(self.base.get("parameters")) and _computed(self.base) == _computed(self.head)

    @property
    def leapt(self) -> tuple[bool, bool] | None:
        """Which of the two leapt; None where a curve that would show it is missing, or ends in no number."""
        base, head = (leaps.leapt(trial) for trial in self.sides)
        return None if base is None or head is None else (base, head)


def _computed(trial: Trial) -> Any:
    """All numbers of a trial that say what was computed; what is not finite as a text, which equals itself."""
    epochs = [[epoch.get(key) for key in COMPUTED] for phase in trial["history"].values() for epoch in phase]
    return encoded([trial["parameters"], trial["metrics"], epochs])


def _kept(trial: Trial) -> Any:
    """The same as a baseline keeps it."""
    return encoded([trial.get("parameters"), trial["metrics"], curves(trial)])


def rows(
    autoencoder: Autoencoder, pairs: Sequence[Pair], misses: float, margins: Margins | None = None
) -> Iterator[Candidate]:
    """Every metric, the leaps first. margins: by metric, none that is not there; default: those of the specification,
    else the general ones."""
    shared = {pair.seed: leapt for pair in pairs if (leapt := pair.leapt) is not None}
    base, head = (Leaps({seed: leapt[side] for seed, leapt in shared.items()}) for side in (0, 1))
    # Where none leapt nothing could be shown: such a test takes no part in the family.
    if base.count or head.count:
        yield _of_leaps(base, head, misses)
    gone = {seed for seed, leapt in shared.items() if any(leapt)}
    names = dict.fromkeys(name for pair in pairs for trial in pair.sides for name in trial["metrics"])
    for name in names:
        row, values = _row(name, pairs, gone)
        allowed = margin(name, autoencoder.measures.margins) if margins is None else margins.get(name)
        yield _weighed(row, values, allowed, misses) if row.verdict == "undecided" else (row, None)


def _of_leaps(base: Leaps, head: Leaps, misses: float) -> Candidate:
    found = of_leaps(base, head, misses)
    shares = [sum(list(side.by_seed.values())[: found.pairs]) / found.pairs for side in (base, head)]
    row = _empty(LEAPS_ROW, "share of trainings", "lower", "undecided", None)
    return _filled(row, LEAPS, shares[0], shares[1], found, 1.0), found


def _row(name: str, pairs: Sequence[Pair], gone: set[int]) -> tuple[QualityRow, np.ndarray]:
    """The row of a metric, with the verdict where its values cannot be judged, and (2, pairs) values where they can."""
    sides = {pair.seed: (pair.base["metrics"].get(name), pair.head["metrics"].get(name)) for pair in pairs}
    either = next(metric for both in sides.values() for metric in both if metric is not None)
    described = name, either["unit"], either["better"]
    both = {seed: (base, head) for seed, (base, head) in sides.items() if base is not None and head is not None}
    if reason := _incomparable(sides):
        return _empty(*described, "not compared", reason), np.empty((2, 0))
    values = {seed: (float(base["value"]), float(head["value"])) for seed, (base, head) in both.items()}
    verdict, reason = _broken(values)
    usable = [pair for seed, pair in values.items() if seed not in gone and all(map(math.isfinite, pair))]
    if left_out := [str(seed) for seed in values if seed in gone]:
        reason = "; ".join([*([reason] if reason else []), f"without seed {', '.join(left_out)}, at which one leapt"])
    return _empty(*described, verdict, reason or None), np.asarray(usable, np.float64).reshape(-1, 2).T


def _incomparable(sides: Mapping[int, tuple[Metric | None, Metric | None]]) -> str:
    """Why the values of a metric are not of one kind, in words; empty where they are."""
    for seed, (base, head) in sides.items():
        if base is None or head is None:
            return f"only {'head' if base is None else 'base'} was measured by it, at seed {seed}"
        versions = [metric.get("version") or 1 for metric in (base, head)]
        if versions[0] != versions[1]:
            return f"its formula is of version {versions[0]} in base and {versions[1]} in head"
        for what in ("unit", "better"):
            if base[what] != head[what]:
                return f"its {what} is '{base[what]}' in base and '{head[what]}' in head"
    return ""


def _broken(values: Mapping[int, tuple[float, float]]) -> tuple[Verdict, str]:
    """The verdict where a value is not a number, and why; else an open one."""
    lost = {seed: pair for seed, pair in values.items() if not all(map(math.isfinite, pair))}
    for seed, (base, head) in lost.items():
        if math.isfinite(base):
            return "worse", f"at seed {seed} it is {head} in head and {base:.4g} in base"
        if not math.isfinite(head):
            return "not compared", f"at seed {seed} it is a number in neither"
    return "undecided", "; ".join(f"at seed {seed} it is {base} in base" for seed, (base, _) in lost.items())


def _weighed(row: QualityRow, values: np.ndarray, allowed: Margin | None, misses: float) -> Candidate:
    """The row with its numbers and, where it has a margin, the evidence."""
    base, head = values
    if allowed is None:
        n = len(base)
        moved = Evidence(n, float(np.mean(head - base)) if n else math.nan)
        return structs.replace(_filled(row, None, *_means(values, n), moved, 1.0), verdict="no margin"), None
    sides = in_measure(base, head, allowed)
    sign = -1.0 if row.better_when == "higher" else 1.0
    differences = sign * (sides[1] - sides[0]) / allowed.value
    found = of_differences(differences, misses, both_sides=row.better_when == "none")
    return _filled(row, allowed, *_means(values, found.pairs), found, sign * allowed.value), found


def _means(values: np.ndarray, n: int) -> tuple[float, float]:
    """Both sides' means over the first pairs; NaN without any."""
    means = values[:, :n].mean(axis=1) if n else (math.nan, math.nan)
    return float(means[0]), float(means[1])


def _filled(
    row: QualityRow, allowed: Margin | None, base: float, head: float, found: Evidence, unit: float
) -> QualityRow:
    """The row with its numbers. unit: what the evidence counts in, negative where more is better."""
    limits = sorted((unit * found.low, unit * found.high))
    numbers = {"base": base, "head": head, "difference": unit * found.difference, "low": limits[0], "high": limits[1]}
    return structs.replace(
        row,
        margin=Float(allowed.value) if allowed else None,
        relative=allowed is not None and allowed.relative,
        pairs=found.pairs,
        **{name: Float(value) if math.isfinite(value) else None for name, value in numbers.items()},
    )


def _empty(metric: str, unit: str, better: str, verdict: Verdict, reason: str | None) -> QualityRow:
    return QualityRow(
        metric=metric, unit=unit, better_when=better, verdict=verdict, margin=None, relative=False, pairs=0, base=None,
        head=None, difference=None, low=None, high=None, p=None, reason=reason,
    )  # fmt: skip
