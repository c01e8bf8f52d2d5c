"""Records of the agreement ladder: pairs, rung by rung, and how differences grow."""

from __future__ import annotations

from msgspec import UNSET

from aebench.arrays import Dtype
from aebench.records.asked import Device, Optional, Options, Schedule
from aebench.records.conditions import Conditions
from aebench.records.fields import Count, Name, Number, Part


class Rung(Part):
    """The place of a rung with the least headroom; sensitivity: the smallest relative fault that the rung shows."""

    rung: str
    place: str
    relative: Number
    headroom: Number
    bound: Number
    reason: str
    arrays: Count | Optional = UNSET
    sensitivity: Number | Optional = UNSET


class Agreement(Part):
    """One pair of frameworks in one dtype, rung by rung; parting: the first place where they part, in words.

    arbiter: who judged, null where nobody did. vacuous: rungs that let anything through in every dtype climbed. blind:
    arrays, by place, that no bound of this dtype can judge, and the smallest relative fault that they show. command:
    what climbs the pair again.
    """

    autoencoder: Name
    dtype: Dtype
    left: Name
    right: Name
    parting: str | None
    rungs: list[Rung]
    seed: Count | Optional = UNSET
    arbiter: str | Optional | None = UNSET
    vacuous: list[str] | Optional = UNSET
    blind: dict[str, Number] | Optional = UNSET
    command: str | Optional = UNSET

    def __post_init__(self) -> None:
        if self.parting is None and (not self.rungs or any(rung.arrays == 0 for rung in self.rungs)):
            raise ValueError(f"{self.left} and {self.right} agree, but nothing of them was compared on a rung")


class AgreementOfOne(Part):
    """The agreements of one autoencoder in a run; failures: why a framework did not climb."""

    autoencoder: Name
    agreements: list[Agreement]
    failures: dict[str, str]
    conditions: Conditions | None


class Failure(Part):
    """A framework that did not climb, and why."""

    autoencoder: Name
    framework: Name
    failure: str
    seed: Count | Optional = UNSET


class Climbing(Part):
    """How the ladder was climbed: what makes two climbs comparable, beside their options."""

    steps: Count
    dtypes: list[Dtype]
    forced: bool


class Agreements(Part):
    """The agreements of several autoencoders and seeds, without training."""

    options: Options
    climbing: Climbing | None
    conditions: Conditions
    agreements: list[Agreement]
    failures: list[Failure]


class Measurement(Part):
    """What makes two growths comparable."""

    frameworks: list[Name]
    dataset: Name
    schedule: Schedule
    device: Device
    seed: Count
    steps: Count


class Grown(Part):
    """How far one pair is apart after so many steps, relative to the largest parameter."""

    autoencoder: Name
    dtype: Dtype
    left: Name
    right: Name
    steps: list[Count]
    relative: list[Number]

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.relative):
            raise ValueError(f"{len(self.steps)} steps have {len(self.relative)} differences")


class Growth(Part):
    """How the difference grows with the steps."""

    measurement: Measurement
    conditions: Conditions
    growth: list[Grown]
