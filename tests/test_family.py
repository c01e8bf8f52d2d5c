"""Verdicts of a call as a family: Holm by hand, and the true levels by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from aebench.measures import Margin
from aebench.quality.equivalence import LEVEL, compare
from aebench.quality.family import holm
from aebench.streams import stream

CALLS, METRICS, SEEDS = 300, 20, 5


def test_holm_by_hand() -> None:
    """Sorted 0.01, 0.02, 0.04: times 3, 2 and 1, and never less than the one before; in the order given."""
    assert [0.04, 0.03, 0.04] == pytest.approx(holm([0.02, 0.01, 0.04]))
    assert [1.0, 1.0] == holm([0.9, 0.8])
    assert [] == holm([])


def differences(margin: float, difference: float) -> list[list[float]]:
    """Adjusted p values of the calls' comparisons: normal values of deviation 1 at each seed, that far apart."""
    draws = stream(0, "test/family").normal((CALLS, METRICS, SEEDS))
    zeros, width = [0.0] * SEEDS, Margin(margin, "for a test")
    return [holm([compare(list(row + difference), zeros, width).p or 0.0 for row in call]) for call in draws]


@pytest.mark.parametrize(("margin", "difference"), [(0.01, 0.0), (0.01, 0.01), (1.0, -1.0)])
def test_a_call_finds_a_difference_without_cause_at_most_one_time_in_twenty(margin: float, difference: float) -> None:
    """Twenty metrics without a difference beyond the margin, which is small against the spread or as large as it.

    Without Holm 62 % of the calls find one, and by 90 % intervals wholly outside a small margin 88 %.
    """
    found = np.mean([min(call) <= LEVEL for call in differences(margin, difference)])
    assert found <= LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / CALLS)
    alone = np.mean([min(call) <= LEVEL * METRICS for call in differences(margin, difference)])
    assert alone > 2 * LEVEL


@pytest.mark.parametrize("deviation", [0.02, 0.3, 1.0])
def test_equivalence_is_claimed_at_the_margin_at_most_one_time_in_twenty(deviation: float) -> None:
    """The true difference is the margin; the spread is small against it, or not."""
    n, width = 2_000, Margin(1.0, "for a test")
    draws = 1.0 + deviation * stream(0, "test/equivalence").normal((n, SEEDS))
    found = np.mean([compare(list(row), [0.0] * SEEDS, width).equivalent for row in draws])
    assert found <= LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / n)


def test_equivalence_within_a_share_keeps_its_level_where_the_seed_decides_the_size() -> None:
    """5 % apart, with errors that vary a hundredfold from seed to seed: 5 % of their mean would be a guess."""
    n, draw = 2_000, stream(0, "test/shares")
    sizes, apart = np.exp(1.5 * draw.normal((n, SEEDS))), 0.05 + 0.005 * draw.normal((n, SEEDS))
    width = Margin(0.05, "for a test", relative=True)
    found = np.mean([
        compare(list(size * (1 + share / 2)), list(size * (1 - share / 2)), width).equivalent
        for size, share in zip(sizes, apart, strict=True)
    ])  # fmt: skip
    assert found <= LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / n)
