"""Records of base held against head: what was asked, how they differ, and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Literal

from aebench.arrays import Dtype
from aebench.records.asked import Options
from aebench.records.blocks import Pair
from aebench.records.conditions import Conditions
from aebench.records.fields import Count, Name, Number, Part
from aebench.records.qualities import Quality

What = Literal["numbers", "quality", "speed", "memory"]
Moved = Literal["identical", "moved", "parted"]
# What of two environments differs: a package, by its name; those that one alone holds are one entry.
PACKAGE, ONE_SIDE = "package", "on one side only"
Verdict = Literal["identical", "moved", "mended", "parted", "failed", "not compared"]
# Of climbs that differ between the two sides, the gravest first: what can be reproduced.
DIFFERING: tuple[Verdict, ...] = ("parted", "mended", "moved")
# How grave a finding is, the gravest first. gone: a known difference that no longer shows; known: one that does.
Weight = Literal["regression", "gone", "undone", "undecided", "improvement", "known", "moved"]


class MovedRung(Part):
    """One rung of the ladder, base against head.

    moved: arrays in which the two differ at all. place: the array with the largest share of its bound. relative: their
    largest difference there, over the reference's largest magnitude; share: of the bound. base, head: how far each is
    from the reference in the rung's worst array, as a share of its bound.
    """

    rung: str
    verdict: Moved
    arrays: Count
    moved: Count
    place: str
    relative: Number
    share: Number
    base: Number
    head: Number


class Numbers(Part):
    """The numbers of one framework in one autoencoder, dtype and seed, base against head.

    identical: equal in every value. moved: within the bounds. parted: beyond them, or head parts from the reference and
    base does not. mended: base parts from the reference, and head does not. failed: head could not climb, base could.
    not compared: base could not, or neither.
    parting: the first place that parts, in words; of what is mended, that of base. both: where both part from the
    reference alike, in words. vacuous: rungs that let anything through. failures: why a subject did not climb.
    """

    autoencoder: Name
    framework: Name
    dtype: Dtype
    seed: Count
    verdict: Verdict
    rungs: list[MovedRung]
    parting: str | None
    both: str | None
    vacuous: list[str]
    failures: dict[str, str]

    def __post_init__(self) -> None:
        about = f"{self.autoencoder}, {self.framework}, {self.dtype}"
        if not self.rungs and self.verdict in ("identical", *DIFFERING):
            raise ValueError(f"{about} is {self.verdict}, and no rung of it is there")
        for rung in self.rungs:
            if rung.verdict != "identical" and self.verdict == "identical":
                raise ValueError(f"{about} is identical, and its rung {rung.rung} {rung.verdict}")


class Limits(Part):
    """What head may take longer, as parts of base's time, and how often the answer may be wrong."""

    tolerated: Number
    intolerable: Number
    false_alarms: Number
    misses: Number


class Side(Part):
    """An environment that is compared. said: as the user named it. python: its interpreter, seen from the folder that
    the command was called in where it lies below it; None for this one."""

    name: Name
    said: str
    python: str | None
    variables: dict[str, str]


class Apart(Part):
    """One thing that the two environments do not share: a kind of thing, its name, and what it is in each."""

    kind: str
    name: str
    base: str
    head: str

    @property
    def of_both(self) -> bool:
        """Whether it is a package that both hold, in different versions."""
        return self.kind == PACKAGE and self.name != ONE_SIDE


class Sides(Part):
    """One framework on both sides: its name, and the names of the two subjects."""

    framework: Name
    base: Name
    head: Name

    @property
    def names(self) -> tuple[str, str]:
        """Both subjects, base first."""
        return self.base, self.head


class Comparison(Part):
    """Base held against head.

    only: the parts that are compared. left_out: frameworks that only one side holds, in words. complete: all was done.
    timed: by framework, the autoencoders that are timed. blocks: of fresh processes, base first.
    """

    base: Side
    head: Side
    only: list[What]
    options: Options
    conditions: Conditions
    pairs: list[Sides]
    differences: list[Apart]
    left_out: list[str]
    complete: bool
    limits: Limits
    numbers: list[Numbers] = []
    quality: list[Quality] = []
    timed: dict[Name, list[Name]] = {}
    blocks: list[Pair] = []

    def __post_init__(self) -> None:
        for why in chain(_of_sides(self), _of_rows(self), _of_blocks(self)):
            raise ValueError(why)


def _of_sides(found: Comparison) -> Iterator[str]:
    """What of two sides cannot be."""
    if found.base.name == found.head.name:
        yield f"base and head are both {found.base.name}"


def _of_rows(found: Comparison) -> Iterator[str]:
    """What of rows cannot be: of what was not asked for, or twice."""
    parts: dict[What, list[tuple[object, ...]]] = {
        "numbers": [(it.autoencoder, it.framework, it.dtype, it.seed) for it in found.numbers],
        "quality": [(it.autoencoder, it.base) for it in found.quality],
    }
    for part, keys in parts.items():
        if keys and part not in found.only:
            yield f"{part} stand in it, and only {', '.join(found.only)} were compared"
        if twice := [key for key, count in Counter(keys).items() if count > 1]:
            yield f"{part} of {', '.join(map(str, twice[0]))} stand twice"


def _of_blocks(found: Comparison) -> Iterator[str]:
    """What of blocks cannot be: of other sides, or of what was not timed."""
    if found.blocks and not {"speed", "memory"} & set(found.only):
        yield f"blocks stand in it, and only {', '.join(found.only)} were compared"
    for it in found.blocks:
        names = tuple(subject.name for subject in it.subjects)
        mine = [each for each in found.pairs if names == (each.base, each.base if it.control else each.head)]
        if not mine:
            yield f"a block of {' and '.join(names)} is no one of {'base and base' if it.control else 'base and head'}"
        elif it.autoencoder is not None and not any(it.autoencoder in found.timed.get(s.framework, ()) for s in mine):
            yield f"a block of {it.autoencoder} is of nothing that was to be timed"
