"""Tables of `aebench calibrate`: the noise of every row, and the blocks that it is seen in."""

from __future__ import annotations

from typing import Any

from aebench.comparison.noise import Noise, noises
from aebench.records.calibrations import Calibration
from aebench.records.fields import checked
from aebench.report.frames.blocks import CIRCUMSTANCES, of_pairs
from aebench.report.frames.conditions import Sets, options
from aebench.report.frames.frame import AUTOENCODER, Content, Frame, flag, frame, integer, number, text

NOISE = (
    text("subject", "who was timed against itself"),
    AUTOENCODER,
    text("measure", "of speed or memory"),
    integer("blocks", "that have its numbers"),
    number("block_seconds", "how long a block takes, mean", "s"),
    number("deviation", "standard deviation of a block's log ratio, but for who begins"),
    number("deviation_low", "lower end of its 95 % interval"),
    number("deviation_high", "upper end"),
    number("order", "log ratio of the process that began to the other"),
    flag("order_matters", "who begins surely matters"),
    number("within", "share of the variance that a process's rounds explain"),
    text("form", "how the noise looks where that would be rare among normal noise"),
)
RATIOS = (
    text("subject", "who was timed against itself"),
    AUTOENCODER,
    text("measure", "of speed or memory"),
    integer("block", "its place among the blocks of the row, counted from 1"),
    number("log_ratio", "natural logarithm of the second process over the first"),
)


def calibration(content: Content) -> list[Frame]:
    """How blocks of a subject against itself vary."""
    found = [*noises(checked(content, Calibration))]
    asked = {**content["options"], **{name: content[name] for name in ("timed", "wanted", "threads")}}
    ratios = (
        {**_key(it), "block": place, "log_ratio": value}
        for it in found
        for place, value in enumerate(it.values, start=1)
    )
    return [
        frame("noise", "How blocks of a subject against itself vary", NOISE, map(_noise, found)),
        frame("ratios", "Log ratios, block by block", RATIOS, ratios),
        *of_pairs(content["blocks"], *CIRCUMSTANCES),
        options(asked),
        Sets(content["conditions"]).frame(),
    ]


def _key(it: Noise) -> dict[str, Any]:
    return {"subject": it.subject, "autoencoder": it.row.autoencoder, "measure": it.row.measure}


def _noise(it: Noise) -> dict[str, Any]:
    """A row; of too few blocks nothing is said but how many they are."""
    known = {**_key(it), "blocks": len(it.values)}
    if not it.enough:
        return known
    low, high = it.interval
    return {
        **known, "block_seconds": it.seconds, "deviation": it.deviation, "deviation_low": low, "deviation_high": high,
        "order": it.order, "order_matters": it.order_matters, "within": it.within, "form": it.form,
    }  # fmt: skip
