"""Records of how well base's and head's trainings of one autoencoder end."""

from __future__ import annotations

from typing import Literal

from aebench.records.fields import Count, Name, Number, Part

Verdict = Literal["identical", "not worse", "better", "worse", "undecided", "not compared", "no margin"]


class QualityRow(Part):
    """One metric, base against head, over the seeds at which neither training leapt.

    identical: the trainings end in the same bits. worse, better: beyond the margin; not worse: within it. not compared:
    see reason. no margin: nobody has said how far it may move, so it is not judged. better_when: "lower", "higher", or
    "none" where it may move to neither side. margin, difference, low, high: in the metric's unit or, where relative, as
    a share of the pair's mean. pairs: seeds that the verdict is made from, whose means are base and head. difference:
    head less base; low, high: the truth lies above the one, and below the other, at the call's rate of misses each,
    None where that is not known. p: of "worse by the margin at most", adjusted for the rows that share the rate of
    false alarms; None where the row is none of them. reason: what else there is to say, in words.
    """

    metric: str
    unit: str
    better_when: str
    verdict: Verdict
    margin: Number | None
    relative: bool
    pairs: Count
    base: Number | None
    head: Number | None
    difference: Number | None
    low: Number | None
    high: Number | None
    p: Number | None
    reason: str | None


class Quality(Part):
    """One autoencoder's trainings in two subjects, base against head, seed by seed.

    verdict: the gravest of the rows'. seeds: those at which both were trained, in their order. false_alarms, misses:
    the rates that the verdicts hold; of false alarms the part of the call's that the rows here share. failures: why a
    subject's training failed. reason: why it is no better decided, in words.
    """

    autoencoder: Name
    base: Name
    head: Name
    verdict: Verdict
    seeds: list[Count]
    false_alarms: Number
    misses: Number
    rows: list[QualityRow]
    failures: dict[str, str]
    reason: str | None
