"""Make the spreads that come with the package: `python -m aebench.agreement.calibrate [AUTOENCODER…]`.

To be run again when the reference, a specification or the ladder has changed; a slow test compares fresh draws.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

from aebench import registry
from aebench.agreement.ladder import Climb, record
from aebench.agreement.session import Source
from aebench.agreement.spreads import draw, keep, key, shipped
from aebench.data import Dataset
from aebench.records.capture import outside

DATASET, SCHEDULE = "digits", "quick"


def default_climbs(name: str) -> Iterator[tuple[Climb, Dataset]]:
    """What `aebench agree NAME` climbs as it comes: seed 0, both dtypes, the default data."""
    autoencoder = registry.autoencoder(name)
    source = Source(autoencoder.dataset or DATASET, None, SCHEDULE)
    for dtype in ("float64", "float32"):
        yield source.prepared(replace(Climb(autoencoder), dtype=dtype))


def calibrate(name: str) -> None:
    """Draw and write the spreads of one autoencoder."""
    arbiter = registry.framework(registry.ARBITER)
    for climb, dataset in default_climbs(name):
        base = record(arbiter, climb, dataset)
        keep(shipped(climb), key(climb, dataset), draw(arbiter, climb, dataset, base))


def main() -> None:
    """The autoencoders that are named, or all of this package."""
    for name in sys.argv[1:] or (name for name in registry.autoencoders() if not outside(name)):
        calibrate(name)
        print(name, flush=True)


if __name__ == "__main__":
    main()
