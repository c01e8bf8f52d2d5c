"""Is head worse than base in one metric? Asked after few pairs of trainings, and after more where these do not say.

A pair is a training of base and one of head from one seed; it gives one difference, counted in margins, positive where
head is worse. After some numbers of pairs (`LOOKS`) two questions are asked, as of speed in `sequential`: is the mean
surely beyond the margin (then head is worse), or surely below `INTOLERABLE` margins while the mean itself lies within
one (then it is not)? Each look has its share of the error rates, so that looking again costs nothing. p values are
those of all looks so far, and Holm's method holds the rate of false alarms over all metrics that are judged together:
a p value never grows with more pairs, so what was called worse stays so.

In simulation over normal, heavy-tailed and skewed differences a metric that is worse by one margin is called worse in
0.9 % of cases at most, and one worse by two margins passes in 4.3 % at most; where nothing is worse 3 pairs show that
at the usual spread. `docs/comparison.md` has the table, tests/test_noninferior.py the simulation. No number of pairs
shows what happens in few trainings only: what befalls one in five is missing in every other three.

Source: Bonferroni's inequality over the looks, as in `sequential`; Holm 1979 over the metrics (`quality.family`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from typing import Literal

from scipy import special

from aebench.comparison.sequential import check_rates
from aebench.quality.family import holm
from aebench.quality.leaps import Leaps, Shares
from aebench.quality.margins import LEAPS

Judged = Literal["worse", "not worse", "better", "undecided"]
LOOKS = (3, 5, 8, 12, 18, 27)
INTOLERABLE = 2.0
"""So many margins worse must not pass; one margin worse must not fail."""
FURTHEST = 1e100
"""In margins. What lies further off is no further, and its square still is a number."""
LEAST_DEVIATION = 0.1
"""In margins. Pairs that lie closer by chance are not believed: metrics that are counts often differ by nought."""
FREEDOM = 0.75
"""Share of Student's degrees of freedom that a p value gets. Where base's trainings have a tail to the worse and head's
have none, few pairs show too small a deviation and too large a mean: with all degrees 1.5 % of what is worse by one
margin is called worse, with these 0.9 %."""


@dataclass(frozen=True)
class Rates:
    """How often a verdict may be wrong. false_alarms: "worse" in a whole call, of what is worse by a margin at most;
    misses: "not worse", of each metric that is worse by `INTOLERABLE` margins.
    """

    false_alarms: float = 0.01
    misses: float = 0.05

    def __post_init__(self) -> None:
        check_rates(self.false_alarms, self.misses)


@dataclass(frozen=True)
class Evidence:
    """What the pairs say, up to the look that showed "not worse" where one did.

    pairs: so many were looked at. difference: their mean. low, high: the truth lies above the one, and below the other,
    but for the rate of misses each, however often it was looked. worse: p value, over all looks, of "worse by a margin
    at most". passes: it is not worse. better: it is even better by more than a margin, but for the rate of misses.
    """

    pairs: int
    difference: float
    low: float = -math.inf
    high: float = math.inf
    worse: float = 1.0
    passes: bool = False
    better: bool = False


def of_differences(differences: Sequence[float], misses: float, *, both_sides: bool = False) -> Evidence:
    """The evidence of differences in margins, in the order of the pairs.

    both_sides: no direction is better, so that a change beyond the margin is worse on either side.
    """
    values = [max(-FURTHEST, min(FURTHEST, float(value))) for value in differences]
    found = Evidence(len(values), math.fsum(values) / len(values) if values else math.nan)
    for pairs in takewhile(lambda look: look <= len(values), LOOKS):
        found = _after(found, _look(values[:pairs], misses, both_sides=both_sides))
        if found.passes:
            break
    return found


def _look(values: Sequence[float], misses: float, *, both_sides: bool) -> Evidence:
    """What so many pairs say at this look's share of the rates."""
    pairs, mean = len(values), math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (pairs - 1))
    error = max(deviation, LEAST_DEVIATION) / math.sqrt(pairs)
    reach = _reach(misses, pairs) * error
    low, high = mean - reach, mean + reach
    above, below = (
        _over_looks(float(special.stdtr(FREEDOM * (pairs - 1), (1.0 - side * mean) / error))) for side in (1.0, -1.0)
    )
    if both_sides:
        passes = max(-low, high) < INTOLERABLE and abs(mean) <= 1.0
        return Evidence(pairs, mean, low, high, min(1.0, 2.0 * min(above, below)), passes)
    return Evidence(pairs, mean, low, high, above, high < INTOLERABLE and mean <= 1.0, high < -1.0)


def _over_looks(p: float) -> float:
    """A look's p value, as one of all looks: whichever is the smallest, together they err as often as one."""
    return min(1.0, len(LOOKS) * p)


@cache
def _reach(rate: float, pairs: int) -> float:
    """Standard errors from the mean to the limit that fails at this look's share of the rate at most."""
    return -float(special.stdtrit(pairs - 1, rate / len(LOOKS)))


def of_leaps(base: Leaps, head: Leaps, misses: float) -> Evidence:
    """The evidence of which trainings leapt, exact; differences in shares of the trainings.

    Head is worse where it surely leaps more often than base, and not worse where it surely does so at fewer seeds than
    the margin says.
    """
    seeds = [seed for seed in base.by_seed if seed in head.by_seed]
    found = Evidence(len(seeds), math.nan)
    for pairs in takewhile(lambda look: look <= len(seeds), LOOKS):
        found = _after(found, _look_at_leaps(base, head, seeds[:pairs], misses))
        if found.passes:
            break
    return found


def _look_at_leaps(base: Leaps, head: Leaps, seeds: Sequence[int], misses: float) -> Evidence:
    pairs = len(seeds)
    only_base = sum(base.by_seed[seed] and not head.by_seed[seed] for seed in seeds)
    only_head = sum(head.by_seed[seed] and not base.by_seed[seed] for seed in seeds)
    shares = Shares(pairs, only_base, only_head)
    low, high = shares.limits(misses / len(LOOKS))
    difference, worse = (only_head - only_base) / pairs, _over_looks(shares.p_more)
    return Evidence(pairs, difference, low, high, worse, high < LEAPS.value)


def _after(before: Evidence, now: Evidence) -> Evidence:
    """The evidence of this look with that of the looks before; what is not worse is never called worse later."""
    return replace(now, worse=1.0 if now.passes else min(before.worse, now.worse))


def verdicts(found: Sequence[Evidence], false_alarms: float) -> list[tuple[Judged, float]]:
    """The verdict on each, and its p value of "worse by a margin at most", adjusted for all that are judged here."""
    adjusted = holm([it.worse for it in found])
    return [(_verdict(it, worse=p <= false_alarms), p) for it, p in zip(found, adjusted, strict=True)]


def _verdict(evidence: Evidence, *, worse: bool) -> Judged:
    if worse:
        return "worse"
    if evidence.passes:
        return "better" if evidence.better else "not worse"
    return "undecided"
