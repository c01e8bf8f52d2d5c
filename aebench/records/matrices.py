"""Records of several environments held against one base: what became of every row, environment by environment."""

from __future__ import annotations

from msgspec import UNSET

from aebench.records.asked import Optional
from aebench.records.comparisons import Side, Weight, What
from aebench.records.fields import Name, Part


class Outcome(Part):
    """What became of one row: a metric, a measure, or the whole ladder of an autoencoder in both dtypes.

    autoencoder: None for the import, which all share. row: the first rung that moved, the metric or the measure; empty
    where the ladder is identical, "climb" where it was not climbed. verdict: as the comparison has it. weight: how
    grave that is; None: as before. sentence: by how much, how sure. command: what shows it again. known: why it is so,
    where the file of known differences says it.
    """

    framework: Name
    autoencoder: Name | None
    what: What
    row: str
    verdict: str
    weight: Weight | None
    sentence: str
    command: str
    known: str | None = None


class Head(Part):
    """One environment that base is held against.

    name: also of the folder with its comparison. said: as the user named it. versions: by framework, those of base and
    head. failure: why nothing was compared. packages: those besides the frameworks' that both hold in another version,
    base's and head's; not on record in former ones.
    """

    name: str
    said: str
    versions: dict[Name, tuple[str, str]] = {}
    failure: str | None = None
    outcomes: list[Outcome] = []
    packages: dict[Name, tuple[str, str]] | Optional = UNSET

    def __post_init__(self) -> None:
        unknown = [it.framework for it in self.outcomes if it.framework not in self.versions]
        if unknown:
            raise ValueError(f"{self.name} says something of {unknown[0]}, and not its versions")


class Matrix(Part):
    """Base held against each head. gone: known differences that no longer show: about what, and a sentence."""

    base: Side
    heads: list[Head]
    gone: list[tuple[str, str]]
