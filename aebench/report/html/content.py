"""What a report is made of, before it is written as HTML: sections of blocks, in the order in which they are read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aebench.comparison.findings import Finding, Weight
from aebench.records.opened import Opened, Unreadable

State = Literal["good", "bad", "undone", "undecided", "plain"]
STATES: dict[Weight, State] = {
    "regression": "bad", "gone": "bad", "undone": "undone", "undecided": "undecided", "improvement": "good",
    "known": "plain", "moved": "plain",
}  # fmt: skip
# What a finding is called beside its colour.
LABELS: dict[Weight, str] = {
    "regression": "wrong", "gone": "no longer as known", "undone": "not done", "undecided": "undecided",
    "improvement": "better", "known": "known", "moved": "moved",
}  # fmt: skip
GRAVEST: tuple[State, ...] = ("bad", "undone", "undecided", "plain", "good")


@dataclass(frozen=True)
class Cell:
    """One cell of a grid. value: what it is sorted by, where that is a number. about: what a pointer shows."""

    text: str
    value: float | None = None
    state: State = "plain"
    about: str = ""


@dataclass(frozen=True)
class Grid:
    """A table that sorts and filters, and whose rows can be linked to. anchor: what the links begin with."""

    anchor: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    note: str = ""

    @property
    def numbers(self) -> set[int]:
        """The columns that hold numbers, by place."""
        return {n for row in self.rows for n, it in enumerate(row) if isinstance(it, Cell) and it.value is not None}


@dataclass(frozen=True)
class Plot:
    """A plot with values to point at. spec: of Vega-Lite. alt: what it shows, for those who do not see it."""

    title: str
    alt: str
    spec: dict[str, Any]
    caption: str = ""


@dataclass(frozen=True)
class Still:
    """A picture, which has its title in it, as a data URL."""

    alt: str
    source: str
    caption: str = ""


@dataclass(frozen=True)
class Prose:
    """Paragraphs. formulas: MathML, below them."""

    paragraphs: Sequence[str]
    formulas: Sequence[str] = ()


@dataclass(frozen=True)
class Listing:
    """Texts side by side. rows: what a row is called, whether its texts differ, and each text as safe HTML."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, bool, Sequence[str]]]


@dataclass(frozen=True)
class Folded:
    """Blocks that are shown when asked for. They are packed until then, so that a page of ten runs opens as fast."""

    summary: str
    blocks: Sequence[Block]

    @property
    def anchors(self) -> list[str]:
        """Of the grids in it, however deep."""
        own = [block.anchor for block in self.blocks if isinstance(block, Grid)]
        return [*own, *(anchor for block in self.blocks if isinstance(block, Folded) for anchor in block.anchors)]


Block = Grid | Plot | Still | Prose | Listing | Folded


@dataclass(frozen=True)
class Section:
    """A part of the report under a heading of its own, and parts below that."""

    anchor: str
    title: str
    lead: str = ""
    blocks: Sequence[Block] = ()
    sections: Sequence[Section] = ()


@dataclass(frozen=True)
class Opening:
    """What one record says. sentence: the verdict. notes: what is to be known beside it. compared: what it is about.
    findings: the gravest first."""

    name: str
    about: str
    sentence: str
    state: State
    compared: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """All of a report. made: by what, when. dashboard: the address of asv's, a history over commits."""

    title: str
    sentence: str
    state: State
    openings: Sequence[Opening]
    sections: Sequence[Section]
    made: str
    dashboard: str | None = None

    @property
    def anchors(self) -> set[str]:
        """Of its sections, and of those in them."""
        return {it.anchor for section in self.sections for it in (section, *section.sections)}


def worst(states: Sequence[State]) -> State:
    """The gravest of them; "plain" without any."""
    return min(states, key=GRAVEST.index, default="plain")


def gravest(findings: Sequence[Finding], otherwise: State = "good") -> State:
    """The state that findings amount to; otherwise: where none is wrong."""
    wrong = [state for it in findings if (state := STATES[it.weight]) in ("bad", "undone", "undecided")]
    return worst(wrong) if wrong else otherwise


def readable(sources: Sequence[Opened | Unreadable], *kinds: str) -> list[Opened]:
    """Those of the kinds."""
    return [it for it in sources if isinstance(it, Opened) and it.kind in kinds]


def shown(value: float | str | None, most: float = 1e6) -> float | None:
    """The number as a plot can hold it: in four digits, and within ±`most`; None where there is none, or NaN."""
    if value is None or math.isnan(number := float(value)):
        return None
    return float(f"{max(-most, min(number, most)):.4g}")


def words(value: float | None, digits: int = 3) -> str:
    """A number in so many significant digits; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}g}"
