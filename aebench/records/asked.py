"""What was asked for, as records hold it."""

from __future__ import annotations

from typing import Literal

from msgspec import UnsetType

from aebench.arrays import Dtype
from aebench.records.fields import Count, Name, Part

Schedule = Literal["quick", "source"]
Device = Literal["cpu", "gpu"]
Optional = UnsetType  # the type of a field that may be missing, whose default is UNSET


class Options(Part):
    """What a run or a climb was asked to do."""

    autoencoders: list[Name]
    frameworks: list[Name]
    dataset: Name
    data_dir: str | None
    schedule: Schedule
    seeds: list[Count]
    device: Device
    dtype: Dtype
    agreement: bool
    importance_samples: list[Count]
