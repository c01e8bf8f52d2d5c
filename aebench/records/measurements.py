"""Records of cost: trainings along lines of images and widths, and timings in blocks."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET

from aebench.arrays import Dtype
from aebench.records.asked import Device, Optional, Schedule
from aebench.records.blocks import Block
from aebench.records.conditions import Busy, Conditions
from aebench.records.fields import Count, Name, Number, Part
from aebench.records.rounds import InOneProcess

# What a training that did not fail may lack: the failure, and what earlier records do not say.
LATER = ("failure", "busy")


class Sweep(Part):
    """What a sweep over images and widths was asked to do."""

    autoencoders: list[Name]
    frameworks: list[Name]
    seeds: list[Count]
    dataset: Name
    device: Device
    dtype: Dtype
    schedule: Schedule
    images: list[Count]
    widths: list[Number]
    epochs: Count


class Point(Part):
    """One training of a sweep, or the reason why there is none; seconds of each epoch's training steps by phase.

    busy: what else the machine did meanwhile.
    """

    autoencoder: Name
    framework: Name
    images: Count
    width: Number
    seed: Count
    failure: str | Optional = UNSET
    version: str | Optional | None = UNSET
    metric: str | Optional = UNSET
    quality: Number | Optional = UNSET
    unit: str | Optional = UNSET
    seconds_per_1000_images: Number | Optional = UNSET
    warm: bool | Optional = UNSET
    epoch_seconds: dict[str, list[Number]] | Optional = UNSET
    trial_seconds: Number | Optional = UNSET
    parameters: Count | Optional = UNSET
    multiply_adds_per_image: Number | Optional = UNSET
    invalid: dict[str, str] | Optional = UNSET
    busy: Busy | Optional | None = UNSET

    def __post_init__(self) -> None:
        missing = [name for name in self.__struct_fields__ if name not in LATER and getattr(self, name) is UNSET]
        if self.failure is UNSET and missing:
            raise ValueError(f"a training that did not fail lacks {', '.join(missing)}")


class Scale(Part):
    """Trainings along two lines, by images and by width."""

    options: Sweep
    conditions: Conditions
    rows: list[Point]


class Timing(Part):
    """Who is timed, on what."""

    frameworks: list[Name]
    peers: list[Name]
    dataset: Name
    schedule: Schedule
    device: Device
    dtype: Dtype


class Case(Part):
    """What was timed in every subject, in so many blocks; each subject has one workload in them."""

    autoencoder: Name
    use: Literal["encode", "decode", "reconstruct", "sample"] | None
    batch: Count | None
    width: Number
    blocks: list[Block]

    def __post_init__(self) -> None:
        for subject in (subject for block in self.blocks for subject in block.subjects):
            work = subject.works.get(self.work)
            if subject.failed is None and (work is None or not work.rounds):
                raise ValueError(f"{subject.name} has no rounds of {self.work}, which is what was timed")

    @property
    def work(self) -> str:
        """What the one workload of each subject is called."""
        return self.use or "training"


class Bench(Part):
    """Timings, case by case. blocks: of each case. former: cases of before there were blocks, as they were kept."""

    options: Timing
    blocks: Count
    conditions: Conditions
    cases: list[Case]
    former: InOneProcess | Optional = UNSET
