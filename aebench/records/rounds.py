"""Records of timings from before there were blocks: rounds within one process. They are read, and no longer written."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET

from aebench.records.asked import Optional
from aebench.records.conditions import Busy
from aebench.records.fields import Count, Name, Number, Part


class Rounds(Part):
    """How long: rounds at least and at most, and the precision that ends them."""

    least: Count
    most: Count
    precision: Number


class Timed(Part):
    """One subject's rounds, in seconds per 1,000 images; seconds and bytes of what happens once.

    lost: the rounds in which its process broke off, and why; they were timed once more, in a new process.
    """

    name: Name
    kind: Literal["framework", "peer", "products", "traffic"]
    seconds_per_1000_images: list[Number]
    failure: str | Optional = UNSET
    lost: list[str] | Optional = UNSET
    import_seconds: Number | Optional = UNSET
    images: Count | Optional = UNSET
    first_seconds: Number | Optional = UNSET
    second_seconds: Number | Optional = UNSET
    compile_seconds: Number | Optional = UNSET
    peak_bytes: Count | Optional | None = UNSET
    peak_device_bytes: Count | Optional | None = UNSET

    def __post_init__(self) -> None:
        if self.failure is UNSET and self.compile_seconds is UNSET:
            raise ValueError(f"{self.name}, which did not fail, lacks compile_seconds")


class Ceiling(Part):
    """The fastest library's products plus the fastest one's traffic, round by round."""

    libraries: dict[str, Name]
    seconds_per_1000_images: list[Number]


class Case(Part):
    """What was timed in every subject. busy: what else the machine did meanwhile."""

    autoencoder: Name
    use: Literal["encode", "decode", "reconstruct", "sample"] | None
    batch: Count | None
    width: Number
    narrow: bool
    ceiling: Ceiling | None
    subjects: list[Timed]
    busy: Busy | Optional | None = UNSET

    def __post_init__(self) -> None:
        rounds = {len(each.seconds_per_1000_images) for each in self.subjects if each.failure is UNSET}
        rounds |= {len(self.ceiling.seconds_per_1000_images)} if self.ceiling else set()
        if len(rounds) > 1 or 0 in rounds:
            found = ", ".join(map(str, sorted(rounds)))
            raise ValueError(f"{self.autoencoder} was timed in {found} rounds, expected as many of each, and some")


class InOneProcess(Part):
    """What a `bench.json` of version 2 held: rounds of one process per subject, whose luck they do not show.

    peak_bytes counts the matrices of the ceiling, which were multiplied in the same process.
    """

    rounds: Rounds
    cases: list[Case]
