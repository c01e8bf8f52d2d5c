"""The sequential test of quality: its error rates hold whatever the spread, and few pairs of trainings decide."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from aebench.arrays import Array
from aebench.comparison import noninferior
from aebench.comparison.noninferior import INTOLERABLE, LOOKS, Evidence, Rates, of_differences, of_leaps, verdicts
from aebench.errors import UsageError
from aebench.quality.equivalence import Comparison
from aebench.quality.leaps import Leaps
from aebench.quality.table import rows
from aebench.records import baselines
from aebench.streams import stream

REPEATS = 1_000
RATES = Rates()
SHAPE = (REPEATS, LOOKS[-1])


def _normal(name: str) -> Array:
    return stream(0, f"noninferior/{name}").normal(SHAPE)


def _exponential() -> Array:
    return -np.log1p(-stream(0, "noninferior/exponential").uniform(SHAPE)) - 1.0


# Differences of deviation 1. "head skewed": some of head's trainings end far worse, and none of base's.
NOISE: dict[str, Callable[[], Array]] = {
    "normal": lambda: _normal("normal"),
    # Student's t of three degrees of freedom, over its deviation, the root of three.
    "heavy tails": lambda: _normal("heavy") / np.sqrt(sum(np.square(_normal(f"heavy{i}")) for i in range(3))),
    "head skewed": lambda: (_normal("other") + _exponential()) / math.sqrt(2.0),
    "base skewed": lambda: (_normal("other") - _exponential()) / math.sqrt(2.0),
}  # fmt: skip
DEVIATIONS = (0.3, 2.0)
CASES = list(product(NOISE, DEVIATIONS))


@cache
def decided(noise: str, deviation: float, worse_by: float) -> list[tuple[str, int]]:
    """Verdict and pairs of metrics that are worse by so many margins, each judged alone, over and over."""
    return [decision(row) for row in deviation * NOISE[noise]() + worse_by]


def decision(differences: Array) -> tuple[str, int]:
    """The verdict as soon as there is one, and after how many pairs."""
    for pairs in LOOKS:
        ((verdict, _),) = verdicts([of_differences(differences[:pairs], RATES.misses)], RATES.false_alarms)
        if verdict in ("worse", "not worse", "better"):
            return verdict, pairs
    return "undecided", LOOKS[-1]


def share(found: list[tuple[str, int]], verdict: str) -> int:
    """How often that is the verdict."""
    return sum(it == verdict for it, _ in found)


def surely_above(count: int, rate: float) -> bool:
    """Whether so many of the repeats are more than the rate allows, but for one time in a hundred thousand."""
    return bool(stats.binomtest(count, REPEATS, rate, alternative="greater").pvalue < 1e-5)


@pytest.mark.parametrize(("noise", "deviation"), CASES)
def test_worse_by_a_margin_does_not_fail(noise: str, deviation: float) -> None:
    """False alarms in one case of a hundred at most at the margin itself, and in next to none where nothing differs."""
    assert not surely_above(share(decided(noise, deviation, 1.0), "worse"), RATES.false_alarms)
    assert share(decided(noise, deviation, 0.0), "worse") <= 2


@pytest.mark.parametrize(("noise", "deviation"), CASES)
def test_worse_by_two_margins_does_not_pass(noise: str, deviation: float) -> None:
    """Misses in one case of twenty at most."""
    assert not surely_above(share(decided(noise, deviation, 2.0), "not worse"), RATES.misses)


@pytest.mark.parametrize(
    ("noise", "deviation", "worse_by", "verdict", "pairs"),
    [
        ("normal", 0.3, 0.0, "not worse", 3.5), ("normal", 2.0, 0.0, "not worse", 12),
        ("heavy tails", 2.0, 0.0, "not worse", 10), ("head skewed", 0.3, 0.0, "not worse", 3.5),
        ("normal", 0.3, 3.0, "worse", 5.5), ("normal", 2.0, 5.0, "worse", 12), ("base skewed", 0.3, 3.0, "worse", 5.5),
        ("head skewed", 0.3, 2.0, "worse", 7),
    ],
)  # fmt: skip
def test_few_pairs_decide(noise: str, deviation: float, worse_by: float, verdict: str, pairs: float) -> None:
    """On average so many at most, and in 97 cases of 100 the right verdict."""
    cases = decided(noise, deviation, worse_by)
    assert share(cases, verdict) >= 0.97 * REPEATS
    assert np.mean([taken for _, taken in cases]) <= pairs


@pytest.mark.parametrize("dependent", [0.0, 0.9])
def test_many_metrics_share_the_rate_of_false_alarms(dependent: float) -> None:
    """Ten metrics worse by a margin, independent or nearly the same: any is called worse in 1 of 100 calls at most.

    Without Holm's method it is more.
    """
    draws = stream(0, "noninferior/family").normal((300, 10, LOOKS[-1]))
    common = stream(0, "noninferior/common").normal((300, 1, LOOKS[-1]))
    rows = 1.0 + math.sqrt(dependent) * common + math.sqrt(1.0 - dependent) * draws
    calls = [[of_differences(row, RATES.misses) for row in call] for call in rows]
    assert sum("worse" in [it for it, _ in verdicts(call, RATES.false_alarms)] for call in calls) <= 8
    if not dependent:
        assert sum(min(it.worse for it in call) <= RATES.false_alarms for call in calls) > 8


def test_looking_at_full_rate_every_time_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: each look takes the whole rate for itself; false alarms and misses are both too many then."""
    monkeypatch.setattr(noninferior, "_over_looks", lambda p: p)
    reach = noninferior._reach.__wrapped__
    monkeypatch.setattr(noninferior, "_reach", lambda rate, pairs: reach(rate * len(LOOKS), pairs))
    for noise, worse_by, verdict, rate in (
        ("base skewed", 1.0, "worse", RATES.false_alarms), ("head skewed", 2.0, "not worse", RATES.misses)
    ):  # fmt: skip
        cases = [decision(row) for row in 2.0 * NOISE[noise]() + worse_by]
        assert surely_above(share(cases, verdict), rate)


def test_the_first_look_by_hand() -> None:
    """Differences 0, 1, 2 margins: mean 1, error 1 / sqrt(3); t(0.05 / 6, 2 degrees) = 7.649 bounds it from above."""
    few = of_differences([0.0, 1.0], RATES.misses)
    assert Evidence(2, 0.5, -math.inf, math.inf, worse=1.0, passes=False, better=False) == few
    look = of_differences([0.0, 1.0, 2.0], RATES.misses)
    assert (1.0, pytest.approx(7.649 / math.sqrt(3), abs=1e-3)) == (look.difference, look.high - 1.0)
    assert look.high - 1.0 == 1.0 - look.low
    assert (1.0, False) == (look.worse, look.passes)


def test_what_is_not_worse_stays_so() -> None:
    """Pairs after the look that showed it do not turn it round, and are not looked at."""
    first = of_differences([0.1, 0.0, -0.1], RATES.misses)
    assert first == of_differences([0.1, 0.0, -0.1, *[50.0, 51.0, 49.0] * 3], RATES.misses)
    assert [("not worse", 1.0)] == verdicts([first], RATES.false_alarms)


def test_a_mean_beyond_the_margin_does_not_pass() -> None:
    """Surely below two margins is not enough: what lies closely at 1.5 goes on, and is worse in the end."""
    values = [1.5, 1.51, 1.49, 1.5, 1.5, 1.49, 1.51, 1.5]
    assert ["undecided", "worse"] == [
        verdicts([of_differences(values[:n], RATES.misses)], RATES.false_alarms)[0][0] for n in (3, 8)
    ]


def test_equal_pairs_are_not_believed_to_the_last_digit() -> None:
    """Counts that differ by nought three times: not worse, but not known to a hundredth of the margin."""
    equal = of_differences([0.0, 0.0, 0.0], RATES.misses)
    assert equal.passes
    assert equal.high > 0.1


def test_better_beyond_the_margin_is_told() -> None:
    """The mirror image of worse; within the margin it is only not worse."""
    cases = [[side * it for it in (5.0, 5.1, 4.9, 5.0, 5.1)] for side in (1.0, -1.0, -0.1)]
    evidence = [of_differences(case, RATES.misses) for case in cases]
    assert ["worse", "better", "not worse"] == [it for it, _ in verdicts(evidence, RATES.false_alarms)]


@pytest.mark.parametrize("difference", [1e200, 1e308, math.inf])
def test_differences_without_end_are_judged(difference: float) -> None:
    """Of numbers whose squares or sums are none any more: worse, and better on the other side."""
    worse, better = (of_differences([side * difference] * 3, RATES.misses) for side in (1.0, -1.0))
    assert (True, True) == (worse.worse < 0.01, better.better)
    assert of_differences([0.0, 0.0, difference], RATES.misses).high > INTOLERABLE


def test_without_a_direction_either_side_is_worse() -> None:
    """Far off on either side is worse, never better; close to nought it passes, and the levels are halved."""
    cases = [[side * it for it in (5.0, 5.1, 4.9, 5.0, 5.1)] for side in (1.0, -1.0, 0.1, -0.1)]
    evidence = [of_differences(case, RATES.misses, both_sides=True) for case in cases]
    assert ["worse", "worse", "not worse", "not worse"] == [it for it, _ in verdicts(evidence, RATES.false_alarms)]
    assert 2 * of_differences(cases[0], RATES.misses).worse == pytest.approx(evidence[0].worse)
    assert not of_differences([-1.9, -1.9, -1.9], RATES.misses, both_sides=True).passes


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_without_a_direction_a_mean_beyond_the_margin_does_not_pass(side: float) -> None:
    """Surely less than two margins off, on either side, is not enough; at the margin itself it passes."""
    beyond, at = (of_differences([side * mean] * 3, RATES.misses, both_sides=True) for mean in (1.5, 1.0))
    assert max(-beyond.low, beyond.high) < INTOLERABLE
    assert (False, True) == (beyond.passes, at.passes)


def test_the_p_value_has_three_quarters_of_the_degrees_of_freedom() -> None:
    """Five pairs: Student's of three degrees, of which tables have 4.541 as the quantile of 99 %, over six looks."""
    pattern = (-2.0, 2.0, 0.0, 1.0, -1.0)  # the root of a half as standard error; the first three pairs say less
    values = [1.0 + 4.541 * math.sqrt(0.5) + step for step in pattern]
    assert 6 * 0.01 == pytest.approx(of_differences(values, RATES.misses).worse, rel=1e-3)


def leaps(*seeds: int, of: int) -> Leaps:
    """Trainings from that many seeds, of which these leap."""
    return Leaps({seed: seed in seeds for seed in range(of)})


@pytest.mark.parametrize(
    ("base", "head", "of", "verdict"),
    [
        ((), range(18), 18, "worse"), (range(18), (), 18, "not worse"), ((), (0, 1, 2), 3, "undecided"),
        ((), (5,), 8, "undecided"), ((), (5,), 12, "not worse"), ((0, 1, 2, 3), (2, 3, 4, 5), 12, "undecided"),
        ((0, 1, 2), (0, 1, 2), 12, "not worse"),
    ],
)  # fmt: skip
def test_leaps_are_compared_exactly(base: range, head: range, of: int, verdict: str) -> None:
    """Worse: head alone leaps at so many seeds that it is no luck. Not worse: surely at fewer than every other."""
    evidence = of_leaps(leaps(*base, of=of), leaps(*head, of=of), RATES.misses)
    assert verdict == verdicts([evidence], RATES.false_alarms)[0][0]


def test_the_p_value_of_leaps_by_hand() -> None:
    """Head alone leaps at all of twelve seeds: 2^-12, times the six looks."""
    evidence = of_leaps(leaps(of=12), leaps(*range(12), of=12), RATES.misses)
    assert (12, 1.0, 6 * 2.0**-12) == (evidence.pairs, evidence.difference, evidence.worse)
    assert 0 == of_leaps(Leaps({}), leaps(0, of=3), RATES.misses).pairs


def test_leaps_by_luck_raise_no_alarm() -> None:
    """Both leap at half of the seeds, for themselves; and a head that leaps at two thirds more does not pass."""
    draws = stream(0, "noninferior/leaps").uniform((100, 2, LOOKS[-1]))

    def verdict(sides: Array) -> str:
        base, head = (Leaps(dict(enumerate(map(bool, side)))) for side in sides)
        return verdicts([of_leaps(base, head, RATES.misses)], RATES.false_alarms)[0][0]

    alike = [verdict(sides < 0.5) for sides in draws]
    assert alike.count("worse") <= 5
    assert alike.count("not worse") >= 60
    more = [verdict(sides < np.array([[0.2], [0.7]])) for sides in draws]
    assert more.count("not worse") <= 14


def test_the_deviations_are_those_of_the_baseline() -> None:
    """docs/comparison.md says how far pairs of sound trainings spread, in margins, and where by more than one."""
    path = Path(__file__).parents[1] / "results" / "baselines" / "mnist-source-float32-cpu.json"
    of_rows = [(row, pair.comparison) for row in rows(baselines.trials_of(path)) for pair in row.pairs]
    spreads = {
        (row.autoencoder, row.metric): it.deviation / it.margin
        for row, it in of_rows
        if isinstance(it, Comparison) and it.margin and it.n > 2
    }
    wide = {name: spread for name, spread in spreads.items() if spread > 1}
    below = int(np.sum(np.less(list(spreads.values()), 0.1)))
    labels = sorted({metric.split(".")[0].split("_")[1] for autoencoder, metric in wide if autoencoder == "pretrained"})
    assert (["1000", "5000"], {"pretrained"}) == (labels, {autoencoder for autoencoder, _ in wide})
    said = f"is below 0.1 margins in {below} of {len(spreads)} metrics, and above one, up to {max(wide.values()):.1f},"
    assert said in " ".join((path.parents[2] / "docs" / "comparison.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("bad", [{"false_alarms": 0.0}, {"misses": 0.5}, {"misses": math.nan}])
def test_rates_that_make_no_sense_are_refused(bad: dict[str, float]) -> None:
    """They lie between 0 and one half."""
    with pytest.raises(UsageError, match="found"):
        Rates(**bad)
