"""Records of timings: a block is a fresh process of each subject, made warm and timed in turn, round after round.

The luck of a process is in all its rounds, so blocks are what repeats; the rounds of one say how steady that process
was, and nothing else.
"""

from __future__ import annotations

import math
from typing import Literal

from msgspec import UNSET

from aebench.records.asked import Optional
from aebench.records.conditions import Busy
from aebench.records.fields import Count, Name, Number, Part

Kind = Literal["framework", "peer", "products", "traffic"]


class Work(Part):
    """One workload in one process. images: of a round.

    warm_up: seconds of the rounds that make it warm, the first of which compiles. rounds: seconds of each warm round;
    none where only the first round was wanted.
    pace: seconds of processor time that a small piece of work took on the same core during the first round.
    """

    images: Count
    warm_up: list[Number]
    rounds: list[Number]
    pace: Number | Optional = UNSET


class Timed(Part):
    """One subject in one block: its workloads by name ("training", "inference"), or why there are none.

    import_seconds: of the framework, devices looked for; import_pace: the core's meanwhile, as of a first round.
    peak_bytes: most that the process has held at once; peak_device_bytes: most that its tensors have on the GPU, None
    without one. Whatever was not wanted is not there.
    """

    name: str
    kind: Kind = "framework"
    works: dict[str, Work] = {}
    import_seconds: Number | Optional = UNSET
    import_pace: Number | Optional = UNSET
    peak_bytes: Count | Optional | None = UNSET
    peak_device_bytes: Count | Optional | None = UNSET
    failure: str | Optional = UNSET

    @property
    def failed(self) -> str | None:
        """Why it has no numbers; None where it has."""
        return None if self.failure is UNSET else str(self.failure)


class Block(Part):
    """The subjects of a block in the order in which they were asked for.

    first: place of the one that began. seconds: how long all of it took. busy: what else the machine did meanwhile.
    core: the one that everything timed ran on.
    """

    first: Count
    subjects: list[Timed]
    seconds: Number
    busy: Busy
    core: Count | Optional = UNSET

    def __post_init__(self) -> None:
        sound = [subject for subject in self.subjects if subject.failed is None]
        for name in {name for subject in sound for name in subject.works}:
            rounds = {len(s.works[name].rounds) if name in s.works else 0 for s in sound}
            if len(rounds) > 1:
                found = ", ".join(map(str, sorted(rounds)))
                raise ValueError(f"{name} was timed in {found} rounds, expected as many of each subject")
        for subject in sound:
            if isinstance(subject.import_pace, float) and not 0.0 < subject.import_pace < math.inf:
                raise ValueError(f"{subject.name} has import_pace {subject.import_pace}, expected more than 0")
        for subject, (name, work) in ((it, each) for it in sound for each in it.works.items()):
            if isinstance(work.pace, float) and not 0.0 < work.pace < math.inf:
                raise ValueError(f"{subject.name} has pace {work.pace} in {name}, expected more than 0")
            if not work.images:
                raise ValueError(f"{subject.name} has 0 images in {name}, expected some")
            if not work.warm_up or not all(0.0 < second < math.inf for second in (*work.warm_up, *work.rounds)):
                raise ValueError(f"{subject.name} took no seconds for {name}, expected some in every round")


class Pair(Block, kw_only=True):
    """A block of two subjects, base and head. control: both are base, and what differs is chance.

    autoencoder: None: nothing ran but the import. What was decided already was not measured any more.
    """

    autoencoder: Name | None
    control: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.subjects) != 2:
            raise ValueError(f"a block of base and head has 2 subjects, found {len(self.subjects)}")
        sound = [subject for subject in self.subjects if subject.failed is None]
        for subject in sound:
            if not (subject.works if self.autoencoder else subject.import_seconds):
                raise ValueError(f"nothing of {subject.name} was measured, expected something where nothing failed")
        for name in ("import_seconds", "peak_bytes") if self.autoencoder else ("import_seconds",):
            known = {it.name: value for it in sound if (value := getattr(it, name)) is not UNSET}
            if known and any(getattr(it, name) is UNSET for it in sound):
                raise ValueError(f"{name} is there of {', '.join(known)} alone, expected of both or of none")
            for side, value in known.items():
                if not isinstance(value, (int, float)) or not 0 < value < math.inf:
                    raise ValueError(f"{side} has {name} {value}, expected more than 0 where nothing failed")

    @property
    def failed(self) -> str | None:
        """Why nothing can be compared, base's reason first; None where both have numbers."""
        reasons = [
            f"{side}: {it.failed}" for side, it in zip(("base", "head"), self.subjects, strict=True) if it.failed
        ]
        return "; ".join(reasons) or None
