"""Rows of a run and of a baseline that have no counterpart, or that are no pair though they have one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aebench.comparison.findings import Finding, Weight

Document = Mapping[str, Any]
Key = tuple[str, str]
"""An autoencoder and a framework."""
Trials = Mapping[Key, Sequence[Document]]
Missing = Mapping[Key, tuple[Weight, str]]
"""Rows that a run has not, with how grave that is, and why."""
NOTHING: Missing = {}
HAS_NOT = "the baseline has it and the run has not; run it, or name what is to be held against it"


@dataclass(frozen=True)
class Scope:
    """What is held against the baseline: of these autoencoders and frameworks; none named: all of either."""

    autoencoders: Sequence[str] = ()
    frameworks: Sequence[str] = ()

    def holds(self, autoencoder: str | None = None, framework: str | None = None) -> bool:
        """Whether that autoencoder and that framework, as far as they are given, are asked for."""
        inside = framework is None or not self.frameworks or framework in self.frameworks
        return inside and (autoencoder is None or not self.autoencoders or autoencoder in self.autoencoders)


EVERYTHING = Scope()


def unmatched(accepted: Trials, measured: Trials, scope: Scope, missing: Missing = NOTHING) -> Iterator[Finding]:
    """Rows that only one side has, and rows that cannot be compared.

    missing: rows that the run has not, where it is known why.
    """
    known = {name for key in (*accepted, *measured) for name in key}
    for name in (name for name in (*scope.autoencoders, *scope.frameworks) if name not in known):
        yield Finding("quality", (name,), "undone", "neither the run nor the baseline has it")
    for key in dict.fromkeys((*accepted, *measured)):
        words: str | None = None
        weight: Weight = "undone"
        if key not in measured:
            weight, words = missing.get(key, ("undone", HAS_NOT))
        elif key not in accepted:
            words = "it has no baseline; accept one, or name what is to be held against it"
        elif not (both := common(accepted[key], measured[key])):
            seeds = [", ".join(str(trial["seed"]) for trial in trials) for trials in (accepted[key], measured[key])]
            words = f"no seed is in both: {seeds[0]} in the baseline, {seeds[1]} in the run"
        else:
            words = next(filter(None, (otherwise(*pair) for pair in both)), None)
        if words:
            yield Finding("quality", (", ".join(key),), weight, words)
    for key, trials in accepted.items():
        yield from (Finding("quality", (", ".join(key),), "undone", words) for words in _no_numbers(trials))
    if not all(_on_record(trial) for key, trials in accepted.items() if key in measured for trial in trials):
        words = "on which data and to which specifications it was trained is not on record, so nobody can say whether "
        yield Finding("quality", ("the baseline",), "undone", f"{words}they are those of the run; accept a new one")


def _on_record(trial: Document) -> bool:
    """Whether it says on which data it was trained, and to which specification."""
    conditions = trial["conditions"] or {}
    return bool(conditions.get("data")) and trial["autoencoder"] in (conditions.get("specifications") or {})


def common(accepted: Sequence[Document], measured: Sequence[Document]) -> list[tuple[Document, Document]]:
    """The trials of both, by seed."""
    by_seed = {trial["seed"]: trial for trial in measured}
    return [(trial, by_seed[trial["seed"]]) for trial in accepted if trial["seed"] in by_seed]


def otherwise(base: Document, head: Document) -> str | None:
    """Why the two are no pair: they were trained on other data, or to another specification; None where they are.

    The texts that compute to a specification may differ: what that changes is what a comparison is for.
    """
    for part, what in (("data", "bytes of {}"), ("specifications", "specification of {}")):
        then, now = (((trial.get("conditions") or {}).get(part) or {}) for trial in (base, head))
        for name in sorted(then.keys() & now.keys()):
            before, after = ((each[name] or "").partition("+")[0] for each in (then, now))
            if before and after and before != after:
                return f"{what.format(name)}: {before} in the baseline, {after} in the run; accept a new one"
    return None


def _no_numbers(trials: Sequence[Document]) -> Iterator[str]:
    """Every metric of an accepted trial that is not a number, since nothing can be held against it."""
    for trial in trials:
        for name, metric in trial["metrics"].items():
            if not math.isfinite(metric["value"]):
                yield f"{name} is {metric['value']} in the baseline, at seed {trial['seed']}; accept a sound run"
