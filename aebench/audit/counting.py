"""What the cases of an audit come to: shares that were caught and false alarms, each with an exact interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from aebench.comparison.foresight import MOST_UNDECIDED
from aebench.records.audits import Case, Outcome
from aebench.speed.ratios import PEAKS

CONFIDENCE = 0.95
ALARMS = frozenset({"slower", "more", "worse", "parted", "failed"})
UNDECIDED = frozenset({"undecided", "unusable", "not compared"})
# A verdict may be wrong so often, and what must be caught be missed so often.
MOST_FALSE_ALARMS, LEAST_CAUGHT = 0.01, 0.95
NOTHING, TOO_NOISY = "nothing", ", in rows too noisy to gate"


@dataclass(frozen=True)
class Count:
    """How often something was said, of how many verdicts."""

    said: int
    of: int

    @property
    def share(self) -> float:
        """Of the verdicts; NaN without any."""
        return self.said / self.of if self.of else float("nan")

    def interval(self) -> tuple[float, float]:
        """Within which the true share lies, but for one time in twenty.

        Source: Clopper and Pearson 1934, "The use of confidence or fiducial limits".
        """
        if not self.of:
            return 0.0, 1.0
        found = stats.binomtest(self.said, self.of).proportion_ci(CONFIDENCE, method="exact")
        return float(found.low), float(found.high)

    def at_most(self) -> float:
        """What the true share is surely not above (one-sided): 0 of 299 is surely not above a hundredth."""
        if not self.of:
            return 1.0
        found = stats.binomtest(self.said, self.of, alternative="less").proportion_ci(CONFIDENCE, method="exact")
        return float(found.high)


@dataclass(frozen=True)
class Kind:
    """One kind of fault: its verdicts on rows that it touches. blocks, seconds: of the middle verdict; where none says
    how long it took, the middle call's seconds."""

    part: str
    name: str
    caught: Count
    undecided: int
    blocks: float
    seconds: float
    missed: tuple[str, ...]

    @property
    def required(self) -> float:
        """The share of it that must be caught; 0 where either answer is right."""
        return REQUIRED.get((self.part, self.name), 1.0 if self.part == "numbers" else 0.0)

    @property
    def enough(self) -> bool:
        """Whether as many were caught as must be."""
        return self.caught.share >= self.required or not self.caught.of


# Parts whose verdicts are of restarted processes.
RESTARTED = ("speed", "memory")
# Of slow-downs within the thresholds, and trainings within the margin, either answer is right.
REQUIRED = {
    ("speed", "10 % slower"): LEAST_CAUGHT, ("speed", "20 % slower"): LEAST_CAUGHT,
    ("speed", "5 % slower, thresholds 1 and 5 %"): LEAST_CAUGHT, ("memory", "10 % more"): LEAST_CAUGHT,
    ("quality", "MSE 20 % worse"): LEAST_CAUGHT,
}  # fmt: skip


def noisy(cases: Iterable[Case]) -> dict[str, Count]:
    """The rows that are too noisy to be gated, as `calibrate` has it, and how often each stayed undecided with nothing
    planted: no gate can be green there, and whether a fault is caught says how noisy the machine is."""
    found: dict[str, list[bool]] = {}
    for case in cases:
        for outcome in case.outcomes if case.part in RESTARTED and case.fault == NOTHING else ():
            found.setdefault(outcome.row, []).append(outcome.verdict in UNDECIDED)
    counts = {row: Count(sum(undecided), len(undecided)) for row, undecided in found.items()}
    return {row: count for row, count in counts.items() if count.share > MOST_UNDECIDED}


def kinds(cases: Sequence[Case]) -> list[Kind]:
    """Every kind of fault that was planted, in the order in which they were first; apart from it, under a name of its
    own, what of it lies in rows that are too noisy to be gated."""
    left = noisy(cases)
    found: dict[tuple[str, str], list[tuple[Case, Outcome]]] = {}
    for case in cases:
        for outcome in (outcome for outcome in case.outcomes if outcome.planted):
            name = case.kind + (TOO_NOISY if outcome.row in left else "")
            found.setdefault((case.part, name), []).append((case, outcome))
    return [_kind(part, name, mine) for (part, name), mine in found.items()]


def _kind(part: str, name: str, verdicts: Sequence[tuple[Case, Outcome]]) -> Kind:
    usable = [(case, outcome) for case, outcome in verdicts if outcome.verdict != "unusable"]
    return Kind(
        part=part,
        name=name,
        caught=Count(sum(outcome.verdict in ALARMS for _, outcome in usable), len(usable)),
        undecided=sum(outcome.verdict in UNDECIDED for _, outcome in verdicts),
        blocks=float(np.median([outcome.blocks for _, outcome in verdicts])),
        seconds=float(np.median([case.seconds if it.seconds is None else it.seconds for case, it in verdicts])),
        missed=tuple(
            dict.fromkeys(f"{case.fault} ({outcome.row})" for case, outcome in usable if outcome.verdict not in ALARMS)
        ),
    )


def false_alarms(cases: Iterable[Case], parts: Iterable[str] = RESTARTED) -> Count:
    """Of the verdicts on rows that no fault touches, those that call something worse.

    What could not be used is no verdict, and neither is what a case of memory, which takes two blocks, says of speed.
    parts: of restarted processes, whose luck differs, by default.
    """
    wanted = set(parts)
    outcomes = [o for case in cases if case.part in wanted for o in case.outcomes if not o.planted and _asked(case, o)]
    usable = [outcome for outcome in outcomes if outcome.verdict != "unusable"]
    return Count(sum(outcome.verdict in ALARMS for outcome in usable), len(usable))


def _asked(case: Case, outcome: Outcome) -> bool:
    """Whether the case had the blocks to say that; records of before do not leave it out."""
    return case.part != "memory" or outcome.row.rpartition(", ")[2] in PEAKS


def alarms(cases: Iterable[Case]) -> list[tuple[Case, Outcome]]:
    """Each verdict that calls something worse which no fault touches."""
    return [(case, o) for case in cases for o in case.outcomes if not o.planted and o.verdict in ALARMS]


def status(cases: Sequence[Case], *, complete: bool = True) -> int:
    """0: everything that must be caught was, and false alarms are surely rare enough; 1: something was not, or they
    surely are not; 2: a case failed; 125: too few verdicts to say so, or not all that were asked for."""
    wrong, found = false_alarms(cases), kinds(cases)
    others = false_alarms(cases, ("numbers", "quality"))
    low = wrong.interval()[0]
    if not all(kind.enough for kind in found) or low > MOST_FALSE_ALARMS or others.said:
        return 1
    if any(case.failure for case in cases):
        return 2
    # Verdicts all of which cannot be used show nothing.
    unshown = not wrong.of and any(not it.planted for case in cases if case.part in RESTARTED for it in case.outcomes)
    unshown |= _unshown(found)
    rare = not wrong.of or wrong.at_most() <= MOST_FALSE_ALARMS
    return 0 if cases and complete and rare and not unshown else 125


def _unshown(found: Sequence[Kind]) -> bool:
    """Whether a kind that must be caught has no verdict that counts: unusable ones, or in rows too noisy to gate."""
    shown = {(kind.part, kind.name) for kind in found if kind.caught.of}
    planted = {(kind.part, kind.name.removesuffix(TOO_NOISY)) for kind in found}
    return any(key in REQUIRED for key in planted - shown)
