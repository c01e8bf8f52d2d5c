"""Which rows are steady enough to be gated on this machine, and which are too noisy, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aebench.comparison.causes import causes
from aebench.comparison.foresight import Foresight, foreseen, seen_between
from aebench.comparison.noise import LEAST_BLOCKS, Noise, noises
from aebench.comparison.speed import MOST_FAILURES
from aebench.comparison.verdict import STATUS
from aebench.comparison.verdicts import loaded
from aebench.records.calibrations import Calibration
from aebench.speed.ratios import PEAKS

Word = Literal["steady", "too noisy", "not measured", "failed"]
NO_CAUSE = "no reason to be seen"
# The slow-down that a row has to show to be gated; smaller ones are a gift.
GATED = 0.10


@dataclass(frozen=True)
class Steadiness:
    """What is said of a row. foresights: of the larger slow-down first; none where it was not measured.

    reasons: why it is too noisy, as far as that can be seen; or why it was not measured. sure: whether the same would
    be said at both limits of the deviation, so that more blocks would hardly change it.
    """

    noise: Noise
    word: Word
    foresights: tuple[Foresight, ...] = ()
    reasons: tuple[str, ...] = ()
    sure: bool = True

    @property
    def of_speed(self) -> bool:
        """Whether it is no row of memory, which hardly varies."""
        return self.noise.row.measure not in PEAKS

    def foresight(self, slowdown: float) -> Foresight | None:
        """What is needed to see that slow-down; None where nothing was measured, or so much is tolerated."""
        return next((it for it in self.foresights if it.slowdown == slowdown), None)


def judged(found: Calibration) -> list[Steadiness]:
    """What the blocks say of every row.

    Raises:
        ResultError: a block's number is not finite: nothing was measured there.
    """
    every = list(noises(found))
    # As many rows as a comparison of these autoencoders has; those of memory are judged otherwise.
    counts = Counter(noise.subject for noise in every if noise.row.measure not in PEAKS)
    return [_judged(noise, counts[noise.subject], found) for noise in every]


def status(rows: Sequence[Steadiness]) -> int:
    """2 where something failed, 125 where no row of speed can be gated, 0 otherwise."""
    if any(row.word == "failed" for row in rows):
        return STATUS["undone"]
    return 0 if any(row.word == "steady" and row.of_speed for row in rows) else STATUS["undecided"]


def _judged(noise: Noise, rows: int, found: Calibration) -> Steadiness:
    if not noise.enough:
        whys = [
            why for block in found.blocks
            if block.subject == noise.subject and noise.row.autoencoder in (None, block.autoencoder)
            and (why := block.failed)
        ]  # fmt: skip
        if len(whys) >= MOST_FAILURES:
            return Steadiness(noise, "failed", reasons=(whys[-1],))
        return Steadiness(noise, "not measured", reasons=(f"{len(noise.values)} of {LEAST_BLOCKS} blocks",))
    foresights = tuple(foreseen(noise, rows))
    # A comparison says nothing of speed then, however little it varies.
    if noise.row.measure not in PEAKS and loaded([block.busy for block in found.blocks]):
        return Steadiness(noise, "too noisy", foresights, tuple(causes(noise, found)))
    steady = all(it.seen for it in foresights if it.slowdown == GATED)
    sure = set(seen_between(noise, GATED, rows)) == {steady}
    if steady:
        return Steadiness(noise, "steady", foresights, sure=sure)
    return Steadiness(noise, "too noisy", foresights, tuple(causes(noise, found)) or (NO_CAUSE,), sure)
