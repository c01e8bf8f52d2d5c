"""Tables of `aebench scale`: cost and quality by images and width."""

from __future__ import annotations

from typing import Any

from aebench.report.frames.conditions import Sets, options
from aebench.report.frames.frame import (
    AUTOENCODER,
    BUSY,
    FAILURE,
    FRAMEWORK,
    SEED,
    Content,
    Frame,
    busy,
    flag,
    frame,
    integer,
    number,
    of,
    reasons,
    text,
    without,
)

POINT = (
    AUTOENCODER, FRAMEWORK, integer("images", "that were trained on"), number("width", "factor on every hidden layer"),
    SEED,
)  # fmt: skip
POINTS = (
    *POINT,
    text("version", "of the framework"),
    text("metric", "the autoencoder's headline"),
    number("quality", "the metric's value, in its unit"),
    text("unit", "of the quality"),
    number("seconds_per_1000_images", "training steps, median of the warm epochs", "s"),
    flag("warm", "some epoch was warm; if none was, the seconds are of cold ones"),
    number("trial_seconds", "all of it, with the measuring", "s"),
    integer("parameters", "that are trained"),
    number("multiply_adds_per_image", "of a training step's matrix products"),
    text("invalid", "what was measured and is no number to be used"),
    *BUSY,
    FAILURE,
)
EPOCHS = (
    *POINT,
    text("phase", "of the training"),
    integer("epoch", "its number, counted from 1"),
    number("seconds", "of its training steps", "s"),
)


def scale(content: Content) -> list[Frame]:
    """A row for each training of the sweep, and for each of its epochs."""
    epochs = (
        {**of(POINT, it), "phase": phase, "epoch": place, "seconds": seconds}
        for it in content["rows"]
        for phase, every in it.get("epoch_seconds", {}).items()
        for place, seconds in enumerate(every, start=1)
    )
    return [
        frame("points", "Cost and quality by images and width", POINTS, map(_point, content["rows"])),
        frame("epochs", "Epochs of every training", EPOCHS, epochs),
        options(content["options"]),
        Sets(content["conditions"]).frame(),
    ]


def _point(it: Content) -> dict[str, Any]:
    return {**without(it, "epoch_seconds", "busy"), **busy(it.get("busy")), "invalid": reasons(it.get("invalid"))}
