"""A run against the accepted baseline: every row of either has its counterpart, or a sentence of its own.

What is compared is quality: the baseline's trainings are base and the run's are head, paired by seed, judged as in
`aebench compare`. The run's own agreement has to hold. Speed is no part of it: seconds of another day, and of another
machine, say little; `aebench compare` times both sides side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.comparison.findings import Finding, judged
from aebench.comparison.metrics import Pair
from aebench.comparison.quality import Asked, judge
from aebench.errors import UsageError
from aebench.records import documents
from aebench.records.baselines import BASELINES, command, path_of, trials_of
from aebench.records.qualities import Quality

Document = Mapping[str, Any]
Key = tuple[str, str]
"""An autoencoder and a framework."""
Trials = Mapping[Key, Sequence[Document]]


@dataclass(frozen=True)
class Gated:
    """What the gate found. quality: one for each autoencoder and framework that could be compared."""

    run: Path
    baseline: Path
    quality: tuple[Quality, ...]
    findings: tuple[Finding, ...]


def held(run: Path, names: Sequence[str] = (), folder: Path = BASELINES) -> Gated:
    """Hold the run against the baseline of its data set, schedule, dtype and device.

    names: the autoencoders to be held against it; default: all of either.

    Raises:
        UsageError: there is no such baseline. ResultError: one of the two is missing or damaged.
    """
    document = documents.read(run if run.is_file() else run / "result.json", "run")
    path = path_of(document["options"], folder)
    if not path.exists():
        raise UsageError(f"there is no baseline {path}; make one with: aebench accept {run} -m REASON")
    accepted, measured = (_by_key(trials, names) for trials in (trials_of(path), document["trials"]))
    again = command(document["options"])
    quality = tuple(_compared(accepted, measured))
    found = [*_unsound(document, names), *_unmatched(accepted, measured, names), *judged(quality, again)]
    if not quality and not found:
        found.append(Finding("quality", ("the run",), "undone", "nothing stands in it that a baseline holds"))
    return Gated(run, path, quality, tuple(found))


def _by_key(trials: Sequence[Document], names: Sequence[str]) -> dict[Key, list[Document]]:
    found: dict[Key, list[Document]] = {}
    for trial in trials:
        if not names or trial["autoencoder"] in names:
            found.setdefault((trial["autoencoder"], trial["framework"]), []).append(trial)
    return found


def _unsound(document: Document, names: Sequence[str]) -> Iterator[Finding]:
    """What makes the run itself no run to be trusted."""
    if not document["complete"]:
        yield Finding("quality", ("the run",), "undone", "it is not complete; go on with aebench run --resume")
    if not document["agreements"]:
        yield Finding("numbers", ("the run",), "undone", "it holds no agreement; run it without --no-agreement")
    agreed = {row["autoencoder"] for row in document["agreements"]}
    for name in dict.fromkeys(trial["autoencoder"] for trial in document["trials"]):
        if agreed and name not in agreed and (not names or name in names):
            yield Finding("numbers", (name,), "undone", "the run holds no agreement of it; resume it with agreement")
    for row in (row for row in document["agreements"] if not names or row["autoencoder"] in names):
        about = (f"{row['autoencoder']}, {row['left']} and {row['right']}, {row['dtype']}",)
        if row["parting"]:
            yield Finding("numbers", about, "regression", row["parting"], row.get("command"))
        for rung in row.get("vacuous") or ():
            yield Finding("numbers", about, "undecided", f"rung {rung} is vacuous, it lets anything through")
    for failure in document["failures"]:
        yield Finding("numbers", (f"{failure['autoencoder']}, {failure['framework']}",), "undone", failure["failure"])


def _unmatched(accepted: Trials, measured: Trials, names: Sequence[str]) -> Iterator[Finding]:
    """Rows that only one side has, and rows that cannot be compared."""
    known = {name for name, _ in (*accepted, *measured)}
    for name in (name for name in names if name not in known):
        yield Finding("quality", (name,), "undone", "neither the run nor the baseline has it")
    for key in dict.fromkeys((*accepted, *measured)):
        words = None
        if key not in measured:
            words = "the baseline has it and the run has not; run it, or name the autoencoders to be held against it"
        elif key not in accepted:
            words = "it has no baseline; accept one, or name the autoencoders to be held against it"
        elif not (common := _common(accepted[key], measured[key])):
            seeds = [", ".join(str(trial["seed"]) for trial in trials) for trials in (accepted[key], measured[key])]
            words = f"no seed is in both: {seeds[0]} in the baseline, {seeds[1]} in the run"
        else:
            words = next(filter(None, (_otherwise(*pair) for pair in common)), None)
        if words:
            yield Finding("quality", (", ".join(key),), "undone", words)


def _common(accepted: Sequence[Document], measured: Sequence[Document]) -> list[tuple[Document, Document]]:
    """The trials of both, by seed."""
    by_seed = {trial["seed"]: trial for trial in measured}
    return [(trial, by_seed[trial["seed"]]) for trial in accepted if trial["seed"] in by_seed]


def _otherwise(base: Document, head: Document) -> str | None:
    """Why the two are no pair: they were trained on other data, or to another specification; None where they are."""
    for part, what in (("data", "bytes of {}"), ("specifications", "specification of {}")):
        then, now = (((trial.get("conditions") or {}).get(part) or {}) for trial in (base, head))
        for name in sorted(then.keys() & now.keys()):
            if None not in (then[name], now[name]) and then[name] != now[name]:
                return f"{what.format(name)}: {then[name]} in the baseline, {now[name]} in the run; accept a new one"
    return None


def _compared(accepted: Trials, measured: Trials) -> Iterator[Quality]:
    """The quality of each row that both have."""
    both = {key: _common(accepted[key], measured[key]) for key in accepted if key in measured}
    able = {key: pairs for key, pairs in both.items() if pairs and not any(_otherwise(*pair) for pair in pairs)}
    for (name, framework), pairs in able.items():
        asked = Asked(seeds=[base["seed"] for base, _ in pairs], parts=len(able))
        trials = [Pair(base["seed"], base, head) for base, head in pairs]
        found = judge(registry.autoencoder(name), f"{framework}, accepted", framework, trials, asked)
        if found.verdict == "undecided":
            seeds = "1 seed does" if len(pairs) == 1 else f"{len(pairs)} seeds do"
            found.reason = f"{seeds} not decide it; run it from more of those that are accepted"
        yield found
