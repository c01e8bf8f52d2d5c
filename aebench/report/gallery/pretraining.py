"""What pretraining gains, by the number of labels: the arms of a pretrained classifier, over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from aebench.quality.equivalence import confidence
from aebench.report.gallery.material import Material, listed
from aebench.report.gallery.picture import Picture
from aebench.report.plots import COLOURS, SMALL, grid
from aebench.report.sheet import INK, LABEL, PALE
from aebench.spec import Autoencoder

Trials = Sequence[Mapping[str, Any]]
Points = dict[int, list[float]]
"""Number of labels -> percent or percentage points, one for each seed."""

ACCURACY, GAIN = "test_accuracy", "accuracy_gain"
STYLES = (("o", "-"), ("s", "--"), ("^", ":"), ("D", "-."))
LEGEND = 44  # pixels
CLOSE = 1.6  # as many times as many labels, and their numbers overlap


def finished(material: Material) -> Trials:
    """The trainings that measured what an arm gains."""
    return [t for t in material.trials if any(name.endswith(f".{GAIN}") for name in t.get("metrics", ()))]


def pretraining(material: Material) -> Picture:
    """Accuracy of every arm, and the gain over the arm from scratch, over the number of labels, for each subject.

    Needs a training of `finished`. A band is the 95 % confidence interval of the mean over the seeds, paired by seed
    for gains; one seed has none.
    """
    autoencoder, trials = material.autoencoder, finished(material)
    subjects = list(dict.fromkeys(t["framework"] for t in trials))
    seeds = sorted({t["seed"] for t in trials})
    said = "; ".join(
        f"{subject}, {arm}: {_said(_points(autoencoder, _of(trials, subject), arm, GAIN))}"
        for subject in subjects
        for arm in _gaining(autoencoder)
    )
    over = "one seed, so without bands" if len(seeds) == 1 else f"{len(seeds)} seeds"
    alt = (
        f"Accuracy of {listed(phase.name for phase in autoencoder.phases)} over the number of labels, and the gain "
        f"over the arm from scratch, by {listed(subjects)}, over {over}. Gains in percentage points: {said}."
    )
    caption = f"Pretraining should help most where labels are few: a line above 0 gains. Mean over {over}" + (
        "." if len(seeds) == 1 else "; a band is its 95 % confidence interval."
    )
    title = f"{autoencoder.title}: gain by labels"
    draw = partial(_drawn, title, autoencoder, subjects, trials)
    return Picture(f"{autoencoder.name}/pretraining", title, alt, caption, draw)


def _gaining(autoencoder: Autoencoder) -> list[str]:
    """The arms that are compared with another."""
    return [phase.name for phase in autoencoder.phases if phase.gains_over]


def _of(trials: Trials, subject: str) -> Trials:
    return [trial for trial in trials if trial["framework"] == subject]


def _points(autoencoder: Autoencoder, trials: Trials, arm: str, metric: str) -> Points:
    """The metric of an arm, times 100, at every number of labels at which it was measured."""
    found: Points = {}
    for trial in trials:
        for labels, phase in _phases(autoencoder, trial, arm):
            metrics = trial["metrics"]
            if (value := metrics.get(f"{phase}.{metric}")) and math.isfinite(float(value["value"])):
                found.setdefault(labels, []).append(100 * float(value["value"]))
    return dict(sorted(found.items()))


def _phases(autoencoder: Autoencoder, trial: Mapping[str, Any], arm: str) -> Iterator[tuple[int, str]]:
    """The number of labels and the name of an arm's phases. With all labels it takes the images of an epoch: all but
    the incomplete last batch."""
    yield from ((labels, f"{arm}_{labels}") for labels in autoencoder.label_budgets)
    if epochs := trial["history"].get(arm):
        yield round(epochs[0]["images"] / max(epochs[0]["epoch"], 1)), arm


def _said(points: Points) -> str:
    return ", ".join(f"{np.mean(values):+.1f} at {labels:,}" for labels, values in points.items()) or "not measured"


def _drawn(title: str, autoencoder: Autoencoder, subjects: Sequence[str], trials: Trials) -> Figure:
    drawn, (above, below) = grid(title, subjects, 2, below=LEGEND)
    arms = {phase.name: i for i, phase in enumerate(autoencoder.phases)}
    for column, subject in enumerate(subjects):
        mine = _of(trials, subject)
        for axes, metric, names in (
            (above[column], ACCURACY, list(arms)),
            (below[column], GAIN, _gaining(autoencoder)),
        ):
            for arm in names:
                _line(axes, _points(autoencoder, mine, arm, metric), arm, arms[arm])
            _labelled(axes, sorted({n for arm in names for n in _points(autoencoder, mine, arm, metric)}))
        below[column].axhline(0, color=PALE, linewidth=0.8, zorder=0)
    above[0].set_ylabel("accuracy on test images, %", fontsize=SMALL, color=INK)
    below[0].set_ylabel("gain, percentage points", fontsize=SMALL, color=INK)
    drawn.legend(
        *above[0].get_legend_handles_labels(), loc="lower center", ncols=len(arms), frameon=False, fontsize=LABEL
    )
    return drawn


def _line(axes: Axes, points: Points, arm: str, number: int) -> None:
    """One arm: its means and, where there are several seeds, their interval."""
    labels = list(points)
    means = np.array([np.mean(values) for values in points.values()])
    half = np.array([confidence(values) for values in points.values()])
    marker, line = STYLES[number % len(STYLES)]
    colour = COLOURS[number % len(COLOURS)]
    axes.plot(labels, means, marker=marker, linestyle=line, color=colour, markersize=4.5, linewidth=1.5, label=arm)
    shown = np.isfinite(half)
    axes.fill_between(labels, means - half, means + half, where=shown.tolist(), color=colour, alpha=0.18, linewidth=0)


def _labelled(axes: Axes, labels: Sequence[int]) -> None:
    """A tick at each number of labels, written out where the next one leaves room."""
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    room = [*(after > CLOSE * n for n, after in pairwise(labels)), True]
    axes.set_xticks(labels, [f"{n:,}" if free else "" for n, free in zip(labels, room, strict=True)])
    axes.set_xlabel("labelled images", fontsize=SMALL, color=INK)
