"""The spreads that come with the package: of this reference and this ladder, and no smaller than fresh draws say."""

from __future__ import annotations

import pytest

from aebench import registry
from aebench.agreement.bounds import SEVERAL
from aebench.agreement.calibrate import default_climbs
from aebench.agreement.ladder import record
from aebench.agreement.spreads import draw, kept, key, shipped
from aebench.records.capture import outside

NAMES = [name for name in registry.autoencoders() if not outside(name)]


@pytest.mark.parametrize("name", NAMES)
def test_they_are_of_what_is_climbed_today(name: str) -> None:
    """After a change of the reference, the ladder or the specification: `python -m aebench.agreement.calibrate`."""
    for climb, dataset in default_climbs(name):
        assert kept(shipped(climb), key(climb, dataset)) is not None, shipped(climb).name


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_fresh_draws_stay_within_them(name: str) -> None:
    """Other disturbances of the same climb, at every place, within what a sound framework is allowed there."""
    arbiter = registry.framework(registry.ARBITER)
    for climb, dataset in default_climbs(name):
        found = kept(shipped(climb), key(climb, dataset))
        assert found is not None
        base = record(arbiter, climb, dataset)
        fresh = draw(arbiter, climb, dataset, base, first=1_000_000)
        assert found.keys() == fresh.keys()
        assert [] == [place.key for place, it in fresh.items() if it.largest > SEVERAL * found[place].largest]
