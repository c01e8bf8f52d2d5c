"""The verdict on every row of a call from its blocks' numbers: screened, confirmed, held against the null control.

A row is an autoencoder and a measure; a block gives it one number, the logarithm of head's time over base's. First the
row is screened, at a lenient rate of false alarms. What then seems slower is confirmed in fresh blocks of the same row,
at such a rate that both together err as often as is stated, over all rows of the call. So a row that is not slower
costs few blocks, and one that is slower is found so twice.

Source: Holm 1979, "A simple sequentially rejective multiple test procedure", over the confirmations. The screening does
not depend on how many rows there are: otherwise where the confirmation begins would, and Holm's steps would not hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from scipy import stats

from aebench.arrays import Array
from aebench.comparison.sequential import LEAST_DEVIATION, LOOKS, Decision, Thresholds, decide, decide_each
from aebench.records.conditions import Busy

Word = Literal["slower", "not slower", "faster", "more", "not more", "less", "undecided", "unusable", "failed"]
Key = TypeVar("Key")
# How often a null control without anything wrong may make a call's speed unusable.
CONTROL_RATE = 0.01
# Others' share of the processors' time above which the machine is loaded: of two cores half a one is left, and a second
# of work takes two.
LOADED = 0.75
# Head's peak memory over base's that is tolerated, less one.
MEMORY_TOLERATED = 0.05
LEAST_MEMORIES = 2


@dataclass(frozen=True)
class Verdict:
    """What is said of a row. ratio, low, high: head's time, or memory, over base's, and the one-sided limits that
    decided; NaN where there are none yet.

    blocks: so many were needed. open: more may still decide it. reason: what made it unusable, or failed. as_much: it
    is of memory.
    """

    word: Word
    blocks: int
    ratio: float = math.nan
    low: float = math.nan
    high: float = math.nan
    open: bool = False
    reason: str | None = None
    as_much: bool = False


def judged(rows: Mapping[Key, Sequence[float]], thresholds: Thresholds) -> dict[Key, Verdict]:
    """The verdict on each row from the log ratios of its blocks, in their order.

    Raises:
        ResultError: a number is not finite.
    """
    stage = _stage(thresholds)
    screened = {row: decide(values, stage) for row, values in rows.items()}
    suspects = {row: rows[row][found.blocks :] for row, found in screened.items() if found.verdict == "slower"}
    confirmed = _confirmed(suspects, stage, len(rows))
    verdicts = {row: _verdict(found, confirmed.get(row)) for row, found in screened.items()}
    for row in (row for row, found in screened.items() if found.verdict == "not slower"):
        backwards = [-value for value in rows[row]]
        faster = decide(backwards, thresholds, len(rows))
        if faster.verdict == "slower":
            verdicts[row] = replace(verdicts[row], word="faster")
        elif decide(backwards, stage).verdict == "slower":
            # It fails nothing either way; a few blocks more say whether it is one.
            verdicts[row] = replace(verdicts[row], open=faster.open)
    return verdicts


def judged_each(values: Array, thresholds: Thresholds, rows: int) -> tuple[Array, Array]:
    """As `judged` of one row in each of many calls, for simulations: 1 where slower, -1 where not, 0 undecided; and
    blocks.

    values: log ratios, (call, block), of twice as many blocks as there are to look at. rows: of a call, of which no
    other is found slower.
    """
    stage = _stage(thresholds)
    verdicts, blocks = decide_each(values[:, : LOOKS[-1]], stage)
    after = np.take_along_axis(values, blocks[:, None] + np.arange(LOOKS[-1]), axis=1)
    confirmed, more = decide_each(after, stage, rows)
    suspect = verdicts == 1
    return np.where(suspect, confirmed, verdicts), blocks + suspect * more


def _stage(thresholds: Thresholds) -> Thresholds:
    """Those of screening and of confirmation, each by itself."""
    # Each stage may pass what is intolerable; only both together may fail what is tolerated.
    return replace(thresholds, false_alarms=math.sqrt(thresholds.false_alarms), misses=thresholds.misses / 2)


def _confirmed(suspects: Mapping[Key, Sequence[float]], stage: Thresholds, rows: int) -> dict[Key, Decision]:
    """What the blocks after the screening say; a row that is found slower leaves the others its share of the rate."""
    slower: dict[Key, Decision] = {}
    while True:
        left = {row: values for row, values in suspects.items() if row not in slower}
        found = {row: decide(values, stage, max(1, rows - len(slower))) for row, values in left.items()}
        more = {row: decision for row, decision in found.items() if decision.verdict == "slower"}
        if not more:
            return {**slower, **found}
        slower |= more


def _verdict(screened: Decision, confirmed: Decision | None) -> Verdict:
    if confirmed is None:
        return Verdict(screened.verdict, screened.blocks, screened.ratio, *_known(screened), screened.open)
    # As long as nothing was confirmed, the limits are those of the screening.
    limits = confirmed if confirmed.high < math.inf else screened
    blocks = screened.blocks + confirmed.blocks
    return Verdict(confirmed.verdict, blocks, limits.ratio, *_known(limits), confirmed.open)


def _known(limits: Decision) -> tuple[float, float]:
    """The limits; NaN before the first look, when the truth may lie anywhere."""
    return (limits.low, limits.high) if limits.high < math.inf else (math.nan, math.nan)


def moved(controls: Mapping[Key, Sequence[float]], rows: Mapping[Key, Sequence[float]], tolerated: float) -> str | None:
    """What is wrong where base, against base, takes surely longer or shorter than is tolerated; None otherwise.

    controls, rows: the log ratios of one measure by autoencoder, of base against base and of head against base. How
    much blocks vary is estimated from both, since the control has few.
    """
    values = [value for found in controls.values() for value in found]
    if not values:
        return None
    samples = [np.asarray(sample) for sample in (*controls.values(), *rows.values()) if len(sample) > 1]
    squares = sum(float(np.sum((sample - sample.mean()) ** 2)) for sample in samples)
    freedom = max(1, sum(len(sample) - 1 for sample in samples))
    error = max(math.sqrt(squares / freedom), LEAST_DEVIATION) / math.sqrt(len(values))
    mean = float(np.mean(values))
    if abs(mean) - float(stats.t.isf(CONTROL_RATE / 2, freedom)) * error <= math.log1p(tolerated):
        return None
    return f"base took {math.exp(mean):.2f} times as long as base in {len(values)} blocks of both"


def loaded(busy: Sequence[Busy]) -> str | None:
    """What is wrong where others had more than `LOADED` of the processors' time in half of the blocks, or None."""
    share = float(np.median([(each.others or 0.0) + (each.steal or 0.0) for each in busy] or [0.0]))
    return f"others had {share:.0%} of the processors' time" if share > LOADED else None


def memory(log_ratios: Sequence[float], tolerated: float = MEMORY_TOLERATED) -> Verdict:
    """Whether head's peak is above base's by more than is tolerated, in half of the blocks and in two at least.

    log_ratios: of each block, natural logarithm of head's most bytes over base's.
    """
    middle, limit = float(np.median(log_ratios)) if log_ratios else math.nan, math.log1p(tolerated)
    if len(log_ratios) < LEAST_MEMORIES:
        return Verdict("undecided", len(log_ratios), math.exp(middle), open=True, as_much=True)
    word: Word = "more" if middle > limit else "less" if middle < -limit else "not more"
    low, high = (math.exp(each) for each in (min(log_ratios), max(log_ratios)))
    return Verdict(word, len(log_ratios), math.exp(middle), low, high, as_much=True)
