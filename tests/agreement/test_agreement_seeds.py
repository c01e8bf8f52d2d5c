"""How far honest frameworks stray, over seeds: the measurement behind SEVERAL and DRAWS.

`pytest -m slow tests/agreement/test_agreement_seeds.py` prints, per autoencoder, framework and dtype, the largest
share of the bound (largest or root mean square difference) that any place of each rung took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import climbs
import pytest
from processes import Process

from aebench import registry
from aebench.agreement.compare import Agreement, Comparison, compare
from aebench.agreement.ladder import RUNGS, Climb
from aebench.arrays import Dtype

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fresh_tensorflow")]

SEEDS, SEEDS_AT_FULL_WIDTH, STEPS = 20, 3, 20
FULL_WIDTH = ("stacked", "tied", "layerwise_joint", "pretrained", "variational_gamma")
each_dtype = pytest.mark.parametrize("dtype", climbs.DTYPES)


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[[str, list[Agreement]], None]:
    """Print one line per pair: the largest share of each rung."""

    def lines(title: str, found: list[Agreement]) -> Iterator[str]:
        for pair in dict.fromkeys((a.left, a.right) for a in found):
            of_pair = [a for a in found if (a.left, a.right) == pair]
            shares = {rung: _largest(of_pair, rung) for rung in RUNGS}
            shown = " ".join(f"{rung} {c.share:.2f} ({c.place.array})" for rung, c in shares.items() if c)
            yield f"{title} {'-'.join(pair)}: {shown}"

    def show(title: str, found: list[Agreement]) -> None:
        with capsys.disabled():
            print("", *lines(title, found), sep="\n")

    return show


def _largest(found: list[Agreement], rung: str) -> Comparison | None:
    worst = [c for c in (agreement.worst(rung) for agreement in found) if c]
    return max(worst, key=lambda c: c.share, default=None)


def over_seeds(climbed: list[Climb], processes: dict[str, Process]) -> list[Agreement]:
    """The agreements of every installed pair on each climb; nothing is remembered, twenty climbs fill the memory."""
    found = []
    for climb in climbed:
        base, spreads, _ = processes[registry.ARBITER].call(climbs.refereed, climb)
        traces = [base]
        traces += [p.call(climbs.climbed, climb) for name, p in processes.items() if name != registry.ARBITER]
        for i, left in enumerate(traces):
            found += [compare(left, right, base, spreads, climb.autoencoder) for right in traces[i + 1 :]]
    return found


@each_dtype
@pytest.mark.parametrize("name", registry.autoencoders())
def test_twenty_seeds_agree(name: str, dtype: Dtype, processes: dict[str, Process], report: Any) -> None:
    """Sound frameworks agree at twenty seeds, narrow models, twenty steps."""
    climbed = [climbs.narrow_climb(name, dtype, seed=seed, steps=STEPS) for seed in range(SEEDS)]
    found = over_seeds(climbed, processes)
    report(f"{name} {dtype}", found)
    assert [a.first_parting.problem for a in found if a.first_parting] == []


@each_dtype
@pytest.mark.parametrize("name", FULL_WIDTH)
def test_seeds_agree_at_full_width(name: str, dtype: Dtype, processes: dict[str, Process], report: Any) -> None:
    """Sound frameworks agree at three seeds, models and batches as wide as the source's."""
    autoencoder = registry.autoencoder(name)
    climbed = [Climb(autoencoder, seed, dtype, steps=STEPS) for seed in range(SEEDS_AT_FULL_WIDTH)]
    found = over_seeds(climbed, processes)
    report(f"{name} at full width {dtype}", found)
    assert [a.first_parting.problem for a in found if a.first_parting] == []
