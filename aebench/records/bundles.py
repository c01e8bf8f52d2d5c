"""The manifest of a bundle: which climbs it holds, what they were fed, who climbed, and every member's checksum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from aebench.arrays import Dtype
from aebench.records.conditions import Conditions
from aebench.records.fields import Count, Name, Part
from aebench.registry import ARBITER
from aebench.spec import Autoencoder

# A file within the bundle. No part of it begins with a dot, so it leads nowhere else.
Inside = Annotated[str, Meta(pattern=r"^\w[\w.:@+-]*(/\w[\w.:@+-]*)*$")]


class Member(Part):
    """A file within the bundle: its size in bytes, unpacked, and the SHA-256 of its content."""

    size: Count
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Bundled(Part):
    """One climb. specification: with the sizes and schedule that were climbed.

    data: the member with the images and labels, drawn: that with all that was drawn (parameters, orders, noise);
    traces: by subject, without environments, those with its trace, the reference's among them.
    """

    specification: Autoencoder
    seed: Count
    dtype: Dtype
    steps: Count
    dataset: Name
    data: Inside
    drawn: Inside
    traces: dict[Name, Inside]

    @property
    def members(self) -> Iterator[str]:
        """What of the bundle it needs."""
        yield from (self.data, self.drawn, *self.traces.values())

    @property
    def key(self) -> tuple[str, int, Dtype]:
        """What tells it from the other climbs of the bundle."""
        return self.specification.name, self.seed, self.dtype


class Bundle(Part):
    """full: the shipped sizes, else narrow ones. ladder: digest of the text that says what is climbed."""

    full: bool
    ladder: str
    conditions: Conditions
    climbs: list[Bundled]
    members: dict[Inside, Member]

    def __post_init__(self) -> None:
        named = {member for climb in self.climbs for member in climb.members}
        if named != self.members.keys():
            odd = sorted(named ^ self.members.keys())[0]
            raise ValueError(f"its climbs and its list of members do not agree on {odd}")
        if len({climb.key for climb in self.climbs}) < len(self.climbs):
            raise ValueError("it holds a climb twice")
        if any(ARBITER not in climb.traces for climb in self.climbs):
            raise ValueError(f"a climb lacks the trace of the {ARBITER}")
        if unknown := set(self.subjects) - self.conditions.subjects.keys():
            raise ValueError(f"its conditions do not say who {sorted(unknown)[0]} is")
        if not self.climbs:
            raise ValueError("it holds no climb")

    @property
    def subjects(self) -> list[str]:
        """Who climbed anything of it, the reference first."""
        return list(dict.fromkeys(name for climb in self.climbs for name in sorted(climb.traces, key=_place)))


def _place(name: str) -> tuple[bool, str]:
    return name != ARBITER, name
