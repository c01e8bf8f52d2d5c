"""Records of cost: trainings along lines of images and widths, and timings."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET

from aebench.arrays import Dtype
from aebench.records.asked import Device, Optional, Schedule
from aebench.records.conditions import Busy, Conditions
from aebench.records.fields import Count, Name, Number, Part

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


class Bench(Part):
    """Timings, case by case."""

    options: Timing
    rounds: Rounds
    conditions: Conditions
    cases: list[Case]
