"""Where rounding makes a number leap, as Adam does with a gradient that nearly vanishes, the bound reaches as far."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import climbs
import pytest

from aebench import registry
from aebench.agreement import bounds
from aebench.agreement.bounds import SEVERAL, UNIT_ROUNDOFF, Spread
from aebench.agreement.ladder import record
from aebench.agreement.spreads import draw


def test_an_array_that_rounding_makes_leap_may_leap_as_far() -> None:
    """In proportion a larger disturbance says nothing new; where it strays further, that is kept, twice, each number
    for itself; what is not finite never narrows."""
    spread = Spread(1.0, 0.5)
    assert bounds.with_leaps(spread, Spread(2.0, 1.0)) == spread
    assert bounds.with_leaps(spread, Spread(0.1, 0.1)) == spread
    assert bounds.with_leaps(spread, Spread(2.5, 1.0)) == Spread(5.0, 0.5)
    assert bounds.with_leaps(spread, Spread(2.0, 1.5)) == Spread(1.0, 3.0)
    assert math.isnan(bounds.with_leaps(Spread(math.nan, 0.5), Spread(9.0, 0.5)).largest)


def test_some_climbs_are_disturbed_as_far_as_the_bound_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the draws of rounding's own size there are those of `SEVERAL` times; only what follows the first step is
    widened by them, and by a leap only."""
    climb = dataclasses.replace(climbs.narrow_climb("tied", "float32"), steps=2)
    arbiter, data, unit = registry.framework(registry.ARBITER), climbs.data_of(climb), UNIT_ROUNDOFF["float32"]
    sound, units = type(arbiter).perturbed, []

    def leaping(framework: Any, unit_roundoff: float, seed: int) -> Any:
        units.append(unit_roundoff)
        return sound(framework, unit_roundoff * (10.0 if unit_roundoff > unit else 1.0), seed)

    with climbs.one_thread():
        base = record(arbiter, climb, data)
        plain = draw(arbiter, climb, data, base)
        monkeypatch.setattr(type(arbiter), "perturbed", leaping)
        widened = draw(arbiter, climb, data, base)
    assert sorted(units) == [unit] * bounds.DRAWS + [SEVERAL * unit] * bounds.DRAWS_OF_LEAPS
    changed = {place.rung for place, spread in widened.items() if spread != plain[place]}
    assert changed == {"trajectory"}
