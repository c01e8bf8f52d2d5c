"""Records of training: the plan of a run, its trials, the run itself, and the baseline that is made of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import UNSET

from aebench.arrays import Dtype
from aebench.records.agreements import Agreement, Failure
from aebench.records.asked import Device, Optional, Options, Schedule
from aebench.records.conditions import Conditions
from aebench.records.fields import Count, Name, Number, Part


class Plan(Part):
    """What a run is to do. begun: when, in UTC, as in 2026-11-25T21:00:00Z."""

    options: Options
    conditions: Conditions
    begun: str | None


class Metric(Part):
    """A measured number. version: of its formula; missing where it was not on record."""

    value: Number
    unit: str
    better: Literal["lower", "higher", "none"]
    version: Count | Optional = UNSET


class Speed(Part):
    """What a trial cost. trial_seconds: with all the measuring, over every session; only where it was trained.
    peak_bytes: the most memory that its process held in the last session; missing where nobody can say.
    alone: false where an executor trained others at the same time, so that its seconds are no measure of its speed."""

    seconds_per_1000_images: Number
    warm: bool
    warm_up_seconds: Number | None
    trial_seconds: Number | Optional = UNSET
    peak_bytes: Count | Optional = UNSET
    alone: bool | Optional = UNSET

    def __post_init__(self) -> None:
        if self.seconds_per_1000_images <= 0.0:
            raise ValueError(f"it took {self.seconds_per_1000_images:g} s for 1,000 images, expected more than 0")


class Epoch(Part):
    """One epoch, or several run together: its number, its training steps, its mean and last losses.

    cold: one of the first of its phase in a session, which compile; unknown in version 1.
    """

    epoch: Count
    seconds: Number
    images: Count
    mean: dict[str, Number]
    last_batch: dict[str, Number]
    cold: bool | Optional = UNSET
    test_mse: Number | Optional = UNSET


class Progress(Part):
    """How far an interrupted trial is, in its checkpoint; `aebench.training.progress` says what each field is."""

    phase: Count
    epoch: Count
    seconds: Number
    started_from: str | None
    notes: list[str]
    history: dict[str, list[Epoch]]
    measured: dict[str, Metric]


class Trial(Part):
    """One training of one subject from one seed, or the reason why there is none.

    parameters: SHA-256 of what was trained; started_from: of the trained parameters that a phase started from, if any;
    notes: what happened on the way, in sentences. Unknown in version 1.
    """

    autoencoder: Name
    framework: Name
    seed: Count
    failure: str | Optional = UNSET
    version: str | Optional | None = UNSET
    dtype: Dtype | Optional = UNSET
    device: Device | Optional = UNSET
    metrics: dict[str, Metric] | Optional = UNSET
    invalid: dict[str, str] | Optional = UNSET
    speed: Speed | Optional = UNSET
    history: dict[str, list[Epoch]] | Optional = UNSET
    parameters: str | Optional = UNSET
    started_from: str | Optional | None = UNSET
    notes: list[str] | Optional = UNSET
    conditions: Conditions | Optional | None = UNSET

    def __post_init__(self) -> None:
        measured = ("version", "dtype", "device", "metrics", "invalid", "speed", "history", "conditions")
        missing = [name for name in measured if getattr(self, name) is UNSET]
        if self.failure is UNSET and missing:
            raise ValueError(f"a trial that did not fail lacks {', '.join(missing)}")
        for phase, epochs in (self.history or {}).items():
            if len({frozenset(epoch.last_batch) for epoch in epochs}) != 1:
                raise ValueError(f"the epochs of {phase} are none, or differ in what losses they have")


class Run(Part):
    """A run's trials and agreements; complete when no trial is missing."""

    options: Options
    conditions: Conditions
    complete: bool
    agreements: list[Agreement]
    trials: list[Trial]
    failures: list[Failure]

    def __post_init__(self) -> None:
        _require_once(self.trials)


class Accepted(Part):
    """A trial in a baseline. conditions: its place in the baseline's list, None where they are unknown.

    curves: phase -> loss term -> a value for each epoch. parameters: as of a trial; missing in older ones.
    """

    autoencoder: Name
    framework: Name
    version: str | None
    seed: Count
    metrics: dict[str, Metric]
    invalid: dict[str, str]
    speed: Speed
    curves: dict[str, dict[str, list[Number]]]
    conditions: Count | None
    parameters: str | Optional = UNSET

    def __post_init__(self) -> None:
        for phase, curve in self.curves.items():
            if len(lengths := {len(values) for values in curve.values()}) > 1:
                raise ValueError(f"the curves of {phase} are of {' and '.join(map(str, sorted(lengths)))} epochs")
            if wrong := [number for number in curve.get("epoch", ()) if number < 0 or not float(number).is_integer()]:
                raise ValueError(f"an epoch of {phase} is {wrong[0]:g}, expected a whole number from 0")


class Change(Part):
    """A row that another value was accepted for: as its limit holds it, None where there is no such row."""

    autoencoder: Name
    framework: Name
    metric: str
    old: Number | None
    new: Number | None


class Entry(Part):
    """One `aebench accept`: when, why, what of, and under which conditions (places in the baseline's list).

    changes: of rows that the baseline held before; missing where they were not on record.
    """

    date: str
    reason: str
    autoencoders: list[Name]
    commands: list[str]
    conditions: list[Count | None]
    changes: list[Change] | Optional = UNSET

    def __post_init__(self) -> None:
        if len(self.commands) != len(self.conditions):
            raise ValueError(f"{len(self.commands)} commands have {len(self.conditions)} conditions")


class Baseline(Part):
    """Accepted trials of one data set, schedule, dtype and device."""

    dataset: Name
    schedule: Schedule
    dtype: Dtype
    device: Device
    history: list[Entry]
    conditions: list[Conditions]
    trials: list[Accepted]

    def __post_init__(self) -> None:
        places = [
            *(place for entry in self.history for place in entry.conditions),
            *(t.conditions for t in self.trials),
        ]
        if wrong := [place for place in places if place is not None and place >= len(self.conditions)]:
            raise ValueError(f"it names the conditions at place {wrong[0]}, and holds {len(self.conditions)}")
        _require_once(self.trials)


def _require_once(trials: Sequence[Trial | Accepted]) -> None:
    """ValueError where a trial stands twice: it would look like two seeds."""
    keys = [f"{trial.autoencoder}, {trial.framework}, seed {trial.seed}" for trial in trials]
    if len(set(keys)) < len(keys):
        raise ValueError(f"{max(keys, key=keys.count)} stands twice")
