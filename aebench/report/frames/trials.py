"""Tables of training: trials and their cost, metrics, epochs, losses; runs and baselines, which are made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from aebench.report.frames.agreements import ladders
from aebench.report.frames.conditions import Sets, options
from aebench.report.frames.frame import (
    AUTOENCODER,
    BUSY,
    DTYPE,
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
    text,
    without,
)
from aebench.report.frames.qualities import over_seeds

TRIAL = (AUTOENCODER, FRAMEWORK, SEED)
CONDITIONS = integer("conditions", "number of the set in the table of conditions; missing where they are unknown")
TRIALS = (
    *TRIAL,
    text("version", "of the framework"),
    DTYPE,
    text("device", "cpu or gpu"),
    FAILURE,
    number("seconds_per_1000_images", "training steps, median of the warm epochs", "s"),
    flag("warm", "some epoch was warm; if none was, the seconds are of cold ones"),
    number("warm_up_seconds", "what the first epochs took beyond warm ones", "s"),
    number("trial_seconds", "all of it, with the measuring", "s"),
    integer("peak_bytes", "most memory that its process held", "bytes"),
    flag("alone", "false: an executor trained others at the same time"),
    *BUSY,
    text("parameters", "SHA-256 of what was trained"),
    text("started_from", "SHA-256 of the trained parameters that a phase started from"),
    CONDITIONS,
)
METRICS = (
    *TRIAL,
    text("metric", "its name; missing where the trial failed"),
    number("value", "in its unit"),
    text("unit", "of the value"),
    text("better", "lower, higher, or none"),
    integer("version", "of the metric's formula"),
    text("invalid", "why the value is no number to be used"),
    FAILURE,
)
EPOCH = (*TRIAL, text("phase", "of the training"), integer("epoch", "its number, counted from 1"))
EPOCHS = (
    *EPOCH,
    number("seconds", "of its training steps", "s"),
    integer("images", "that were trained on"),
    flag("cold", "one of the first of its phase in a session, which compile"),
    number("test_mse", "reconstruction error on the test images after it, where it was measured"),
)
LOSSES = (
    *EPOCH,
    text("loss", "term of the loss"),
    number("mean", "over the epoch's batches"),
    number("last_batch", "on the last batch"),
)
NOTES = (*TRIAL, text("note", "what happened on the way"))
HISTORY = (
    integer("entry", "its number, counted from 1"),
    text("date", "of the acceptance"),
    text("reason", "why the baseline changed"),
    text("autoencoders", "that were accepted"),
    text("command", "of a run that was accepted"),
    CONDITIONS,
)
CHANGES = (
    integer("entry", "of the history"),
    AUTOENCODER,
    FRAMEWORK,
    text("metric", "the row's name"),
    number("old", "value before; missing where there was no such row"),
    number("new", "value after; missing where there is none"),
)


def plan(content: Content) -> list[Frame]:
    """What a run is to do."""
    return [options({**content["options"], "begun": content["begun"]}), Sets(content["conditions"]).frame()]


def one(content: Content) -> list[Frame]:
    """Of one trial."""
    sets = Sets()
    return [*_trials([content], sets), sets.frame()]


def run(content: Content) -> list[Frame]:
    """Of a run: trials and agreement."""
    sets = Sets(content["conditions"])
    return [
        *_trials(content["trials"], sets),
        *over_seeds(content["trials"]),
        *ladders(content["agreements"], content["failures"]),
        options({**content["options"], "complete": content["complete"]}),
        sets.frame(),
    ]


def baseline(content: Content) -> list[Frame]:
    """Of a baseline: its trials, and how it came to be what it is."""
    sets, entries = Sets(*content["conditions"]), [*enumerate(content["history"], start=1)]
    changes = ({"entry": number, **row} for number, entry in entries for row in entry.get("changes", ()))
    return [
        *_trials(content["trials"], sets),
        *over_seeds(content["trials"]),
        frame("history", "What was accepted when, and why", HISTORY, (row for it in entries for row in _entry(*it))),
        frame("changes", "Which rows of the baseline changed", CHANGES, changes),
        options({name: content[name] for name in ("dataset", "schedule", "dtype", "device")}),
        sets.frame(),
    ]


def _entry(number: int, entry: Content) -> Iterator[dict[str, Any]]:
    """A row for each command that was accepted, one at least."""
    known = {"entry": number, "date": entry["date"], "reason": entry["reason"]}
    known["autoencoders"] = ", ".join(entry["autoencoders"])
    commands = [*zip(entry["commands"], entry["conditions"], strict=True)] or [(None, None)]
    yield from ({**known, "command": command, "conditions": conditions} for command, conditions in commands)


def _trials(trials: Sequence[Content], sets: Sets) -> Iterator[Frame]:
    """Of trials as they ended, or as a baseline holds them."""
    yield frame("trials", "Trials, and what they cost", TRIALS, (_trial(it, sets) for it in trials))
    yield frame("metrics", "Metrics of every trial", METRICS, (row for it in trials for row in _metrics(it)))
    every = [(it, *epoch) for it in trials for epoch in _epochs(it)]
    epochs = ({**of(TRIAL, it), "phase": phase, **without(epoch, "mean", "last_batch")} for it, phase, epoch in every)
    yield frame("epochs", "Epochs of every trial", EPOCHS, epochs)
    losses = ({**of(TRIAL, it), "phase": phase, **row} for it, phase, epoch in every for row in _losses(epoch))
    yield frame("losses", "Losses, epoch by epoch", LOSSES, losses)
    notes = ({**of(TRIAL, it), "note": note} for it in trials for note in it.get("notes", ()))
    yield frame("notes", "What happened while training", NOTES, notes)


def _trial(it: Content, sets: Sets) -> dict[str, Any]:
    known, conditions = without(it, "metrics", "invalid", "speed", "history", "curves", "notes"), it.get("conditions")
    if isinstance(conditions, dict):  # a baseline has their number here
        known |= {**busy(conditions["busy"]), "conditions": sets.number(conditions)}
    return {**known, **it.get("speed", {})}


def _metrics(it: Content) -> Iterator[dict[str, Any]]:
    """A row for each metric, and one for whatever else was not a number."""
    if "failure" in it:
        yield {**of(TRIAL, it), "failure": it["failure"]}
    metrics, invalid = it.get("metrics", {}), it.get("invalid", {})
    for name in dict.fromkeys((*metrics, *invalid)):
        yield {**of(TRIAL, it), "metric": name, **metrics.get(name, {}), "invalid": invalid.get(name)}


def _epochs(it: Content) -> Iterator[tuple[str, dict[str, Any]]]:
    """The epochs of a trial by phase; a baseline holds curves, from which they are put together."""
    for phase, epochs in it.get("history", {}).items():
        yield from ((phase, epoch) for epoch in epochs)
    for phase, curves in it.get("curves", {}).items():
        for values in zip(*curves.values(), strict=True):
            point = dict(zip(curves, values, strict=True))
            known = {name: point.pop(name) for name in ("epoch", "test_mse") if name in point}
            yield phase, {**known, "mean": {}, "last_batch": point}


def _losses(epoch: Content) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys((*epoch["mean"], *epoch["last_batch"])):
        values = {part: epoch[part].get(name) for part in ("mean", "last_batch")}
        yield {"epoch": epoch.get("epoch"), "loss": name, **values}
