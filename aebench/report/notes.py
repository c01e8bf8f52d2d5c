"""Sentences about trainings, made from what is on record of them: what a reader of the page would stumble over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from aebench.quality import leaps
from aebench.spec import Autoencoder

Trials = Sequence[Mapping[str, Any]]
Training = tuple[str, int]
"""Framework and seed."""


def notes(autoencoder: Autoencoder, trials: Trials) -> Iterator[str]:
    """What is to be said of an autoencoder's trainings, one paragraph each."""
    if autoencoder.label_budgets:
        yield _budgets(autoencoder)
    curves = {(trial["framework"], trial["seed"]): curve for trial in trials if (curve := leaps.errors(trial))}
    leapt = {key: epoch for key, curve in curves.items() if (epoch := leaps.leap(curve)) is not None}
    if leapt:
        yield " ".join(_leaps(curves, leapt))


def _budgets(autoencoder: Autoencoder) -> str:
    phase, least = autoencoder.phases[0], min(autoencoder.label_budgets)
    why = f" At {least} labels the {phase.epochs} epochs of the schedule would be no batch of {phase.batch_size}."
    return (
        f"At a budget of n labels every phase takes as many steps as at {phase.n_labels:,}, in batches of at most n."
        f"{why if least < phase.batch_size else ''}"
    )


def _leaps(curves: Mapping[Training, Mapping[int, float]], leapt: Mapping[Training, int]) -> Iterator[str]:
    frameworks, seeds = ([*dict.fromkeys(key[place] for key in curves)] for place in (0, 1))
    counts = {name: (_count(name, leapt), _count(name, curves)) for name in frameworks}
    yield f"Trainings leap: {', '.join(f'{some} of {all_} in {name}' for name, (some, all_) in counts.items())}."
    if len(frameworks) > 1:
        parted = [seed for seed in seeds if 0 < _count(seed, leapt) < _count(seed, curves)]
        yield f"At {len(parted)} of the {len(seeds)} seeds they do in some of the frameworks only."
    yield f"The first leap comes after {_range(leapt.values(), '', 'epoch ', 'epochs ')};"
    ends = [curve[max(curve)] for key, curve in curves.items() if key in leapt]
    # What ends in no number is named with its metrics; the least and the largest of NaN would be any.
    others = [c[max(c)] for key, c in curves.items() if key not in leapt and leaps.ends_in_a_number(c)]
    yield f"the trainings that leapt end at a test MSE of {_range(ends, '.4g')},"
    yield f"the others at {_range(others, '.4g')}." if others else "and there are no others."


def _count(of: str | int, trainings: Collection[Training]) -> int:
    """How many of the trainings are of that framework, or seed."""
    return sum(of in training for training in trainings)


def _range(values: Collection[float], form: str, one: str = "", many: str = "") -> str:
    """The smallest and the largest, or the only value."""
    low, high = min(values), max(values)
    return f"{one}{low:{form}}" if low == high else f"{many}{low:{form}} to {high:{form}}"
