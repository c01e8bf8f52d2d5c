"""A run against the accepted baseline: each row of either has its counterpart and its limit, or a sentence of its own.

The baseline's trainings are base and the run's are head, paired by seed. Quality is judged as in `aebench compare`,
each row within its limit in `limits.toml`. The run's own agreement has to hold. What the trainings cost counts on the
kind of machine that the baseline is from. A baseline held against itself shows whether it and its limits are whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.comparison import costs
from aebench.comparison.findings import Finding, judged
from aebench.comparison.limited import limited, margins
from aebench.comparison.metrics import Pair
from aebench.comparison.quality import Asked, judge
from aebench.comparison.unmatched import EVERYTHING, NOTHING, Missing, Scope, Trials, common, otherwise, unmatched
from aebench.comparison.verdict import WEIGHTS
from aebench.errors import ResultError, UsageError, nearest
from aebench.records import documents, limits
from aebench.records.baselines import FOLDER, RESULTS, SAME, command, is_baseline, path_of, trials_of
from aebench.records.limits import Entries
from aebench.records.qualities import Quality
from aebench.registry import ARBITER

Document = Mapping[str, Any]
TRIAL = ("autoencoder", "framework", "seed")
VERDICT = "gate.md"  # what a gate leaves beside what it trained


@dataclass(frozen=True)
class Accepted:
    """A baseline with its limits. faults: of the two as files, in words."""

    path: Path
    trials: Trials
    entries: Entries
    limits: Path
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Gated:
    """What the gate found. run: what was held, as the user names it. quality: one for each autoencoder and framework
    that could be compared. costs: what the seconds and peaks are called that were held against their limits, each
    with its framework."""

    run: str
    baseline: Path
    quality: tuple[Quality, ...]
    findings: tuple[Finding, ...]
    costs: Mapping[str, str] = field(default_factory=dict)


def held(run: Path, scope: Scope = EVERYTHING, folder: Path = RESULTS) -> Gated:
    """Hold a run, or a baseline itself, against the baseline of its data set, schedule, dtype and device.

    Raises:
        UsageError: there is no such baseline, or these are a gate's own trainings.
        ResultError: the run, the baseline or the limits are missing or damaged.
    """
    document = _document(run)
    if not document["complete"] and (run / VERDICT).exists():
        raise UsageError(
            f"{run} holds the trainings of a gate, as few as decided; hold them again with: aebench gate ENVIRONMENT "
            f"--output {run}"
        )
    found = accepted(document["options"], folder, scope)
    again = _again(document["options"], found) if "agreement" in document["options"] else None
    return judged_against(document, str(run), found, scope, again)


def _again(options: Document, found: Accepted) -> str:
    """The command of a run like it, from all seeds that were accepted: what is undecided from a few may not be then."""
    rows = [trials for (name, _), trials in found.trials.items() if name in options["autoencoders"]]
    seeds = [*options["seeds"], *(trial["seed"] for trials in rows for trial in trials)]
    return command({**options, "seeds": list(dict.fromkeys(seeds))})


def _document(run: Path) -> Document:
    """The run's document; of a baseline, what a run with its trials would hold: it was complete, and agreed."""
    if not is_baseline(run):
        return documents.read(run if run.is_file() else run / "result.json", "run")
    options = {key: documents.read(run, "baseline")[key] for key in SAME}
    return {"options": options, "complete": True, "agreements": None, "failures": [], "trials": trials_of(run)}


def accepted(options: Document, folder: Path, scope: Scope = EVERYTHING) -> Accepted:
    """The baseline of a run with these options, with its limits.

    Raises:
        UsageError: there is none. ResultError: it, or the file of limits, is missing, damaged or of another kind.
    """
    path = path_of(options, folder)
    there = sorted(each.stem for each in (folder / FOLDER).glob("*.json"))
    if not path.exists():
        others = f"others are {', '.join(there)}" if there else "none other"
        raise UsageError(
            f"there is no baseline {path}, and {others}; make one of a run with: aebench accept RUN -m REASON, or name "
            "another folder of results with --to"
        )
    content = documents.read(path, "baseline")
    if wrong := [key for key in SAME if content[key] != options[key]]:
        key = wrong[0]
        raise ResultError(
            f"{path} is a baseline of {key} {content[key]}, expected {options[key]}; give the file its right name back"
        )
    file = folder / limits.FILE
    known = limits.read(file)
    named = dict.fromkeys((*known.of, *known.digests))
    faults = [f"there is no baseline {name}{nearest(name, there)}" for name in named if name not in there]
    if path.stem in known.of and known.digests.get(path.stem) != limits.digest(path):
        faults.append(
            f"{path} is not the file that the limits were written for (its sha256 is another); get both back from "
            "version control, or accept its runs again"
        )
    return Accepted(path, _by_key(trials_of(path), scope), known.of.get(path.stem, {}), file, tuple(faults))


def _by_key(trials: Sequence[Document], scope: Scope) -> Trials:
    found: dict[tuple[str, str], list[Document]] = {}
    for trial in trials:
        if scope.holds(trial["autoencoder"], trial["framework"]):
            found.setdefault((trial["autoencoder"], trial["framework"]), []).append(trial)
    return found


def judged_against(
    document: Document, run: str, found: Accepted, scope: Scope, again: str | None,
    quality: tuple[Quality, ...] | None = None, missing: Missing = NOTHING,
) -> Gated:  # fmt: skip
    """What there is to say of a run's document.

    run: as the user names it. again: the command that makes it again. quality: what was found while it was trained;
    default: it is judged now. missing: rows that the run has not, where it is known why.
    """
    measured = _by_key(document["trials"], scope)
    # What was trained for the gate is as few as decide.
    lost = tuple(_lost(document, scope)) if quality is None else ()
    quality = tuple(_compared(found, measured)) if quality is None else quality
    costly, held_costs = costs.judged(found.trials, measured, found.entries, again)
    findings = [
        *_unsound(document, scope),
        *lost,
        *unmatched(found.trials, measured, scope, missing),
        *limited(found.trials, found.entries, found.limits, found.path.stem, scope),
        *(Finding("quality", (str(found.limits),), "undone", words) for words in found.faults),
        *judged(quality, again),
        *costly,
    ]
    if not quality and not findings:
        findings.append(Finding("quality", ("the run",), "undone", "nothing stands in it that a baseline holds"))
    findings.sort(key=lambda finding: WEIGHTS.index(finding.weight))
    return Gated(run, found.path, quality, tuple(findings), held_costs)


def _lost(document: Document, scope: Scope) -> Iterator[Finding]:
    """Trainings that the run was asked for, and does not hold though it is complete. A baseline asks for none."""
    options, there = document["options"], {tuple(trial[key] for key in TRIAL) for trial in document["trials"]}
    wanted = product(options.get("autoencoders", ()), options.get("frameworks", ()), options.get("seeds", ()))
    for name, framework, seed in wanted if document["complete"] else ():
        asked = scope.holds(name, framework) and registry.offers(framework, name)
        if asked and (name, framework, seed) not in there:
            words = f"seed {seed} is asked for, and not in it; go on with aebench run --resume"
            yield Finding("quality", (f"{name}, {framework}",), "undone", words)


def _unsound(document: Document, scope: Scope) -> Iterator[Finding]:
    """What makes the run itself no run to be trusted."""
    if not document["complete"]:
        yield Finding("quality", ("the run",), "undone", "it is not complete; go on with aebench run --resume")
    if document["agreements"] is None:
        return
    comparable = [name for name in dict.fromkeys(trial["autoencoder"] for trial in document["trials"])
                  if scope.holds(name) and _stands_in_several(name, document["trials"])]  # fmt: skip
    if comparable and not document["agreements"]:
        climbed = document.get("options", {}).get("agreement", True)
        advice = "run another framework beside the reference" if climbed else "run it without --no-agreement"
        yield Finding("numbers", ("the run",), "undone", f"it holds no agreement; {advice}")
    agreed = {row["autoencoder"] for row in document["agreements"]}
    for name in comparable:
        if agreed and name not in agreed:
            yield Finding("numbers", (name,), "undone", "the run holds no agreement of it; resume it with agreement")
    for row in (row for row in document["agreements"] if scope.holds(row["autoencoder"])):
        about = (f"{row['autoencoder']}, {row['left']} and {row['right']}, {row['dtype']}",)
        if row["parting"]:
            yield Finding("numbers", about, "regression", row["parting"], row.get("command"))
        for rung in row.get("vacuous") or ():
            yield Finding("numbers", about, "undecided", f"rung {rung} is vacuous, it lets anything through")
    for failure in document["failures"]:
        yield Finding("numbers", (f"{failure['autoencoder']}, {failure['framework']}",), "undone", failure["failure"])


def _stands_in_several(autoencoder: str, trials: Sequence[Document]) -> bool:
    """Whether there is anything for its trainings to agree with: another framework of the run, or the reference."""
    frameworks = {trial["framework"] for trial in trials if trial["autoencoder"] == autoencoder}
    return len(registry.offering(autoencoder, {ARBITER, *frameworks})) > 1


def _compared(found: Accepted, measured: Trials) -> Iterator[Quality]:
    """The quality of each row that both have."""
    both = {key: common(found.trials[key], measured[key]) for key in found.trials if key in measured}
    able = {key: pairs for key, pairs in both.items() if pairs and not any(otherwise(*pair) for pair in pairs)}
    for (name, framework), pairs in able.items():
        asked = asked_of(found, (name, framework), [base["seed"] for base, _ in pairs], len(able))
        trials = [Pair(base["seed"], base, head) for base, head in pairs]
        judgement = judge(registry.autoencoder(name), named(framework), framework, trials, asked)
        if judgement.verdict == "undecided":
            seeds = "1 seed does" if len(pairs) == 1 else f"{len(pairs)} seeds do"
            more = "run it from more of those that are accepted"
            if len(pairs) == len(found.trials[name, framework]):
                more = "the baseline has no more: accept a run from five seeds or more, and run those"
            judgement.reason = f"{seeds} not decide it; {more}"
        yield judgement


def asked_of(found: Accepted, key: tuple[str, str], seeds: Sequence[int], parts: int) -> Asked:
    """What is asked of a row's trainings: within the limits of its metrics, at a share of the rate of false alarms."""
    return Asked(seeds=seeds, parts=parts, margins=margins(found.entries, *key))


def named(framework: str) -> str:
    """What the baseline's side of a framework is called."""
    return f"{framework}, accepted"
