"""Records of an audit: faults that were planted, and what was said of every row that they touch or leave alone."""

from __future__ import annotations

from aebench.records.comparisons import What
from aebench.records.conditions import Conditions
from aebench.records.fields import Count, Name, Number, Part


class Outcome(Part):
    """What was said of one row. planted: whether the fault touches it.

    verdict: a word of that part of a comparison. ratio: head over base, None where the part has none. blocks: of fresh
    processes, or pairs of trainings, that it took; 0 where the part has neither. seconds: until blocks decided it; None
    where none did.
    """

    row: str
    planted: bool
    verdict: str
    ratio: Number | None = None
    blocks: Count = 0
    seconds: Number | None = None


class Case(Part):
    """A fault that was planted once, and base against the head that had it. kind: what it counts as, in words.

    number: of its repetitions, from 0. seconds: how long it took. failure: why there are no outcomes.
    """

    part: What
    kind: str
    fault: Name
    framework: Name
    autoencoder: Name
    number: Count
    seconds: Number
    outcomes: list[Outcome]
    failure: str | None = None


class Audit(Part):
    """All cases so far. complete: every case that was asked for is there."""

    conditions: Conditions
    cases: list[Case]
    complete: bool
