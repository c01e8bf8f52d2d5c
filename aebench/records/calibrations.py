"""Records of a machine's noise: blocks of one subject against itself, and what could be seen beside each."""

from __future__ import annotations

from aebench.records.asked import Options
from aebench.records.blocks import Pair
from aebench.records.circumstances import Circumstances
from aebench.records.conditions import Conditions
from aebench.records.fields import Count, Name, Part


class Control(Pair, kw_only=True):
    """A block of base against the very same base, and what it was measured beside."""

    circumstances: Circumstances

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [side.name for side in self.subjects]
        if not self.control or len(set(names)) > 1:
            raise ValueError(f"a control is of one subject, found {' and '.join(names)}")

    @property
    def subject(self) -> str:
        """Who is on both sides."""
        return self.subjects[0].name

    @property
    def failed(self) -> str | None:
        """Why it has no numbers, as the first process says that has none; None where both have."""
        return next((side.failed for side in self.subjects if side.failed), None)


class Calibration(Part):
    """The noise of a machine.

    timed: by subject, its autoencoders. wanted: blocks of each of them. threads: in an operation, None: as many as each
    framework takes. blocks: in their order.
    """

    options: Options
    conditions: Conditions
    timed: dict[Name, list[Name]]
    wanted: Count
    threads: Count | None
    blocks: list[Control] = []
