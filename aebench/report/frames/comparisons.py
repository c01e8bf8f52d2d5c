"""Tables of `aebench compare`: what became of numbers, quality, speed and memory, and what that was seen in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aebench.comparison.findings import Finding, part_of, speed_weight, speeds
from aebench.comparison.verdict import findings
from aebench.records.comparisons import Comparison
from aebench.records.fields import checked
from aebench.report.frames.blocks import BLOCK, of_pairs
from aebench.report.frames.blocks import PAIR as BLOCK_OF
from aebench.report.frames.conditions import Sets, options
from aebench.report.frames.frame import (
    AUTOENCODER,
    DTYPE,
    FRAMEWORK,
    SEED,
    Content,
    Frame,
    flag,
    frame,
    integer,
    number,
    of,
    reasons,
    text,
    without,
)
from aebench.speed.ratios import ratios

FINDINGS = (
    text("what", "numbers, quality, speed or memory"),
    text("about", "what it is about"),
    text("weight", "how grave it is"),
    text("sentence", "by how much, how sure"),
    text("command", "what shows it again"),
)
SUBJECTS = (FRAMEWORK, text("base", "the subject that is base"), text("head", "the subject that is head"))
DIFFERENCES = (
    text("kind", "of thing that differs"),
    text("name", "which one"),
    text("base", "what it is in base"),
    text("head", "what it is in head"),
)
CLIMB = (AUTOENCODER, FRAMEWORK, DTYPE, SEED)
NUMBERS = (
    *CLIMB,
    text("verdict", "identical, moved, parted, failed, not compared"),
    text("parting", "the first place that parts"),
    text("both", "where both part from the reference alike"),
    text("failures", "why a subject did not climb"),
)
RUNGS = (
    *CLIMB,
    text("rung", "of the ladder"),
    text("verdict", "identical, moved, parted"),
    integer("arrays", "compared on the rung"),
    integer("moved", "of them differ at all"),
    text("place", "phase, step, array with the largest share of its bound"),
    number("relative", "largest difference there, over the largest magnitude of the reference"),
    number("share", "of the bound"),
    number("base", "how far base is from the reference, as a share of the bound"),
    number("head", "how far head is"),
    flag("vacuous", "the rung lets anything through"),
)
PAIR = (AUTOENCODER, text("base", "subject"), text("head", "subject"))
TRAININGS = (
    *PAIR,
    text("verdict", "the gravest of the metrics'"),
    text("seeds", "at which both were trained"),
    number("false_alarms", "rate that the verdicts hold"),
    number("misses", "rate that the verdicts hold"),
    text("failures", "why a subject's training failed"),
    text("reason", "why it is no better decided"),
)
QUALITY = (
    *PAIR,
    text("metric", "its name"),
    text("unit", "of the metric"),
    text("better_when", "lower, higher, or none"),
    text("verdict", "identical, not worse, better, worse, undecided, not compared, no margin"),
    number("margin", "how far it may move, in the unit or as a share"),
    flag("relative", "margin, difference, low and high are shares of the pair's mean"),
    integer("pairs", "seeds that the verdict is made from"),
    number("base_mean", "over these seeds"),
    number("head_mean", "over these seeds"),
    number("difference", "head less base"),
    number("low", "the truth lies above"),
    number("high", "the truth lies below"),
    number("p", "of: worse by the margin at most; adjusted"),
    text("reason", "what else there is to say"),
)
SPEED = (
    AUTOENCODER,
    FRAMEWORK,
    text("what", "speed or memory"),
    text("measure", "training, inference, first epoch, import, memory, device memory"),
    text("verdict", "of the blocks"),
    text("weight", "how grave it is; missing where there is nothing to say"),
    number("ratio", "head over base"),
    number("low", "lower limit that decided"),
    number("high", "upper limit that decided"),
    integer("blocks", "that decided"),
    flag("open", "more blocks may still decide it"),
    text("reason", "what made it unusable, or failed"),
)
RATIOS = (
    *BLOCK_OF,
    BLOCK,
    text("base", "the first process's subject"),
    text("head", "the second's"),
    text("measure", "of speed or memory"),
    number("log_ratio", "natural logarithm of the second process over the first"),
)


def comparison(content: Content) -> list[Frame]:
    """Base held against head: verdicts, and what they are made from."""
    found = checked(content, Comparison)
    return [
        told(findings(found)),
        *_numbers(content),
        *qualities(content["quality"]),
        frame("speed", "Speed and memory, head over base", SPEED, _speed(found)),
        frame("ratios", "Log ratios, block by block", RATIOS, _ratios(found)),
        *of_pairs(content["blocks"]),
        frame("differences", "How base and head differ", DIFFERENCES, content["differences"]),
        frame("subjects", "Who was compared with whom", SUBJECTS, content["pairs"]),
        options(_asked(content)),
        Sets(content["conditions"]).frame(),
    ]


def _asked(content: Content) -> dict[str, Any]:
    more = ("base", "head", "only", "left_out", "complete", "limits", "timed")
    return {**content["options"], **{name: content[name] for name in more}}


def told(every: Iterable[Finding]) -> Frame:
    """Findings, a row for each thing that one is about."""
    known = ("what", "weight", "sentence", "command")
    rows = ({"about": about, **{name: getattr(it, name) for name in known}} for it in every for about in it.abouts)
    return frame("findings", "What is to be known, the gravest first", FINDINGS, rows)


def _numbers(content: Content) -> Iterator[Frame]:
    rows = content["numbers"]
    climbs = ({**without(it, "rungs", "vacuous"), "failures": reasons(it["failures"])} for it in rows)
    yield frame("numbers", "Climbs of base and head", NUMBERS, climbs)
    rungs = ({**of(CLIMB, it), **rung, "vacuous": rung["rung"] in it["vacuous"]} for it in rows for rung in it["rungs"])
    yield frame("rungs", "Climbs of base and head, rung by rung", RUNGS, rungs)


def qualities(rows: Sequence[Content]) -> Iterator[Frame]:
    """Trainings of base and head, and their metrics."""
    trainings = (
        {**without(it, "rows"), "seeds": ", ".join(map(str, it["seeds"])), "failures": reasons(it["failures"])}
        for it in rows
    )
    yield frame("trainings", "Trainings of base and head", TRAININGS, trainings)
    metrics = ({**of(PAIR, it), **_metric(row)} for it in rows for row in it["rows"])
    yield frame("quality", "Metrics of base and head", QUALITY, metrics)


def _metric(row: Content) -> dict[str, Any]:
    return {**without(row, "base", "head"), "base_mean": row["base"], "head_mean": row["head"]}


def _speed(found: Comparison) -> Iterator[dict[str, Any]]:
    for sides in found.pairs:
        for row, verdict in speeds(found, sides).items():
            known = {name: getattr(verdict, name) for name in ("ratio", "low", "high", "blocks", "open", "reason")}
            yield {
                "autoencoder": row.autoencoder, "framework": sides.framework, "what": part_of(row),
                "measure": row.measure, "verdict": verdict.word, "weight": speed_weight(verdict), **known,
            }  # fmt: skip


def _ratios(found: Comparison) -> Iterator[dict[str, Any]]:
    """What every block that did not fail says of every measure."""
    for place, pair in enumerate(found.blocks, start=1):
        base, head = (subject.name for subject in pair.subjects)
        known = {"autoencoder": pair.autoencoder, "control": pair.control, "block": place, "base": base, "head": head}
        for measure, value in ratios(pair).items():
            yield {**known, "measure": measure, "log_ratio": value}
