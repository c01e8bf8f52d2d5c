"""Is head slower than base? Decided block by block, as soon as the blocks say so, at error rates that are stated.

A block is a fresh process of base and one of head; it gives one number, the logarithm of head's time over base's. The
luck of a process is in all its rounds, so blocks are what repeats, and rounds are not. Two questions are asked after
some numbers of blocks (`LOOKS`): is the mean surely above what is tolerated (then head is slower), or surely below what
is intolerable (then it is not)? Surely is Student's one-sided interval. Each look has its share of the error rate, so
that looking again and again costs nothing: whatever the looks have to do with each other, together they err at most as
often as is stated.

Source: Bonferroni's inequality over the looks, as for group sequential tests; Pocock 1977, "Group sequential methods in
the design and analysis of clinical trials", has the sharper constant for normal noise of known deviation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from scipy import stats

from aebench.arrays import Array
from aebench.errors import ResultError, UsageError

Verdict = Literal["slower", "not slower", "undecided"]
# After so many blocks it is looked at; after the last it stays undecided. From the third on a slow-down of a fifth is
# seen; three that lie close by chance, where processes have two speeds, are what the confirmation is for.
LOOKS = (3, 4, 5, 6, 8, 10, 12, 16, 20, 24)
# Below this deviation of a block's log ratio few blocks are not believed: fresh processes of one subject, six blocks
# each, have shown 0.021 to 0.045.
LEAST_DEVIATION = 0.01


def check_rates(false_alarms: float, misses: float) -> None:
    """UsageError where one of the rates is none that a test could hold."""
    if not (0.0 < false_alarms < 0.5 and 0.0 < misses < 0.5):
        raise UsageError(
            f"error rates lie between 0 and one half; found {false_alarms:g} of false alarms and {misses:g} of misses"
        )


@dataclass(frozen=True)
class Thresholds:
    """What head may take longer, as parts of base's time, and how often the answer may be wrong.

    tolerated: so much must not fail; false_alarms is the probability that it does. intolerable: so much must not pass;
    misses is the probability that it does.
    """

    tolerated: float = 0.02
    intolerable: float = 0.10
    false_alarms: float = 0.01
    misses: float = 0.05

    def __post_init__(self) -> None:
        if not 0.0 <= self.tolerated < self.intolerable < math.inf:
            raise UsageError(
                f"what is tolerated lies below what is intolerable; found {self.tolerated:g} and {self.intolerable:g}"
            )
        check_rates(self.false_alarms, self.misses)


@dataclass(frozen=True)
class Decision:
    """The verdict after so many blocks, and between which ratios of head's time to base's the truth lies.

    low, high: the one-sided limits of the look that decided, of the last look where none did. open: more blocks may
    still decide it.
    """

    verdict: Verdict
    blocks: int
    ratio: float
    low: float
    high: float
    open: bool = False


def decide(log_ratios: Sequence[float], thresholds: Thresholds, rows: int = 1) -> Decision:
    """The verdict on the blocks so far, in their order; what an earlier look has decided stays so.

    log_ratios: of each block, natural logarithm of head's time over base's. rows: so many are judged in one call, among
    which the rate of false alarms is divided (Holm's first step).

    Raises:
        ResultError: a block's number is not finite: nothing was measured there.
    """
    lost = next((number for number, value in enumerate(log_ratios, start=1) if not math.isfinite(value)), None)
    if lost is not None:
        raise ResultError(f"block {lost} has the log ratio {log_ratios[lost - 1]}: measure it again")
    found = Decision(
        "undecided", len(log_ratios), math.exp(float(np.mean(log_ratios or 0.0))), 0.0, math.inf, open=True
    )
    for look in (number for number in LOOKS if number <= len(log_ratios)):
        found = _look(log_ratios[:look], thresholds, rows)
        if found.verdict != "undecided":
            break
    return found


def decide_each(values: Array, thresholds: Thresholds, rows: int = 1) -> tuple[Array, Array]:
    """As `decide` of many sequences at once, for simulations: 1 where slower, -1 where not, 0 undecided; and blocks.

    values: log ratios, (sequence, block), of as many blocks as there are to look at.
    """
    verdicts, blocks = np.zeros(len(values)), np.full(len(values), LOOKS[-1])
    for look in LOOKS:
        _, low, high = _limits(values[:, :look], thresholds, rows)
        found = np.where(_above(low, thresholds), 1, np.where(_below(high, thresholds), -1, 0))
        fresh = (verdicts == 0) & (found != 0)
        verdicts[fresh], blocks[fresh] = found[fresh], look
    return verdicts, blocks


def _look(values: Sequence[float], thresholds: Thresholds, rows: int) -> Decision:
    """What so many blocks say at this look's share of the error rates."""
    blocks = len(values)
    mean, low, high = (float(limit) for limit in _limits(np.asarray(values), thresholds, rows))
    verdict: Verdict = "undecided"
    if _above(low, thresholds):
        verdict = "slower"
    elif _below(high, thresholds):
        verdict = "not slower"
    more = verdict == "undecided" and blocks < LOOKS[-1]
    return Decision(verdict, blocks, math.exp(mean), math.exp(low), math.exp(high), open=more)


def _limits(values: Array, thresholds: Thresholds, rows: int) -> tuple[Array, Array, Array]:
    """Mean and one-sided limits over the last axis, which is of blocks."""
    blocks, mean = values.shape[-1], values.mean(axis=-1)
    error = np.maximum(values.std(axis=-1, ddof=1), LEAST_DEVIATION) / math.sqrt(blocks)
    low = mean - _reach(thresholds.false_alarms / rows, blocks) * error
    return mean, low, mean + _reach(thresholds.misses, blocks) * error


def _above(low: Any, thresholds: Thresholds) -> Any:
    return low > math.log1p(thresholds.tolerated)


def _below(high: Any, thresholds: Thresholds) -> Any:
    return high < math.log1p(thresholds.intolerable)


@cache
def _reach(rate: float, blocks: int) -> float:
    """Standard errors from the mean to the limit that holds but for this look's share of the rate."""
    return float(stats.t.isf(rate / len(LOOKS), blocks - 1))
