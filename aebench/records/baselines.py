"""Baselines: accepted results, small enough to be committed. One file for each data set, schedule, dtype and device."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aebench.errors import UsageError
from aebench.records import documents
from aebench.records.documents import comparable
from aebench.records.reuse import require_alike
from aebench.records.store import locked

Content = Mapping[str, Any]
BASELINES = Path("results/baselines")
# What makes two runs one baseline.
SAME = ("dataset", "schedule", "dtype", "device")
DIGITS = 7  # significant digits of a point of a curve; metrics keep all of theirs
MEASURED = ("test_mse",)  # after an epoch, beside the losses of its last batch, where it says something
KEPT = ("autoencoder", "framework", "version", "seed", "metrics", "invalid")
SECONDS_FOR_ANOTHER = 60.0  # another `accept` has ended by then


def accept(runs: Sequence[Path], *, reason: str, folder: Path = BASELINES) -> Path:
    """Make the runs' trials the baseline, in place of what it held of the same autoencoders.

    runs: folders of complete runs with equal data set, schedule, dtype, device and conditions. reason: kept in the
    baseline's history. Returns the baseline's path.

    Raises:
        UsageError: runs that do not belong together, or that are incomplete, part, or failed; a trial that stands in
            two of them; or another process that accepts for longer than a minute.
        ResultError: a run or the present baseline is missing, damaged or of another format version.
    """
    read = [documents.read(_result_of(run), "run") for run in runs]
    kinds = [{key: document["options"][key] for key in SAME} for document in read]
    if any(kind != kinds[0] for kind in kinds):
        raise UsageError(f"these runs are no one baseline, they differ: {kinds}; accept them one after the other")
    for run, document in zip(runs, read, strict=True):
        _require_sound(run, document)
    trials = [trial for document in read for trial in document["trials"]]
    _require_once(trials, runs)
    named = ", ".join(map(str, runs))
    conditions = require_alike((t["conditions"] for t in trials), named, "accept them one after the other")
    with locked(folder, seconds=SECONDS_FOR_ANOTHER):
        return _renew(path_of(kinds[0], folder), kinds[0], read, conditions, reason)


def path_of(options: Content, folder: Path = BASELINES) -> Path:
    """The file of the baseline for a run with these options."""
    name = "-".join(str(options[key]) for key in SAME).replace(":", "-")
    return folder / f"{name}.json"


def _result_of(run: Path) -> Path:
    """The document of a run, which is named by its folder or by itself."""
    return run if run.name == "result.json" and not run.is_dir() else run / "result.json"


def _renew(
    path: Path,
    kind: Content,
    runs: Sequence[Content],
    conditions: dict[str, Any] | None,
    reason: str,
) -> Path:
    """Write the baseline anew, with the runs' trials and without those that they replace."""
    before = documents.read_if_there(path, "baseline") or {"trials": [], "history": [], "conditions": []}
    known = list(before["conditions"])
    if conditions is not None and conditions not in known:
        known.append(conditions)
    place = None if conditions is None else known.index(conditions)
    trials = [_compact(trial, place) for run in runs for trial in run["trials"]]
    renewed = {trial["autoencoder"] for trial in trials}
    entry = {
        "date": time.strftime("%Y-%m-%d"),
        "reason": reason,
        "autoencoders": sorted(renewed),
        "commands": [command(run["options"]) for run in runs],
        "conditions": [place for _ in runs],
    }
    kept = [trial for trial in before["trials"] if trial["autoencoder"] not in renewed]
    content = {**kind, "history": [*before["history"], entry], "conditions": known, "trials": [*kept, *trials]}
    documents.write(path, "baseline", comparable(content))
    return path


def trials_of(path: Path) -> list[dict[str, Any]]:
    """The trials of a run's folder, a run's result or a baseline, each with its conditions.

    Raises:
        ResultError: there is none, or it is damaged or of another format version.
    """
    file = path / "result.json" if path.is_dir() else path
    if documents.kind_of(file) != "baseline":
        trials: list[dict[str, Any]] = documents.read(file, "run")["trials"]
        return trials
    baseline = documents.read(file, "baseline")
    return [
        {**trial, "conditions": None if trial["conditions"] is None else baseline["conditions"][trial["conditions"]]}
        for trial in baseline["trials"]
    ]


def together(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The trials of several runs or baselines, to be read as one.

    Raises:
        UsageError: a file is named twice, a trial stands in two of them, or trials of one autoencoder were measured
            under other conditions; says which.
        ResultError: one is missing, damaged or of another format version.
    """
    named = list(paths)
    found = [trial for path in named for trial in trials_of(path)]
    _require_once(found, named)
    for name in dict.fromkeys(trial["autoencoder"] for trial in found):
        mine = [trial for trial in found if trial["autoencoder"] == name and "failure" not in trial]
        what, advice = f"{name} in {', '.join(map(str, named))}", "look at them one after the other"
        require_alike((t["conditions"] for t in mine), what, advice, matter="quality", same_data=True)
        _require_one_version(mine, what, advice)
    return found


def command(options: Content) -> str:
    """The command line of a run with these options, defaults left out."""
    words = ["aebench run", *options["autoencoders"], f"-d {options['dataset']} -p {options['schedule']}"]
    words += [f"-f {','.join(options['frameworks'])} -s {','.join(map(str, options['seeds']))}"]
    words += [f"--device {options['device']}"] if options["device"] != "cpu" else []
    words += [f"--dtype {options['dtype']}"] if options["dtype"] != "float32" else []
    samples = options.get("importance_samples")
    words += [f"--importance-samples {','.join(map(str, samples))}"] if samples else []
    return " ".join(words if options["agreement"] else [*words, "--no-agreement"])


def _require_sound(run: Path, document: Content) -> None:
    """What is incomplete, failed, parts or is not a number is no baseline.

    Raises:
        UsageError: names the first fault.
    """
    if not document["complete"]:
        raise UsageError(f"{run} is not complete; go on with: aebench run --resume --output {run}")
    wrong = [f"{row['autoencoder']}, {row['framework']}: {row['failure']}" for row in document["failures"]]
    parted = [row for row in document["agreements"] if row["parting"]]
    wrong += [f"{row['autoencoder']}, {row['dtype']}: {row['parting']}" for row in parted]
    for trial in document["trials"]:
        reasons = [trial["failure"]] if "failure" in trial else list(trial["invalid"].values())
        wrong += [f"{trial['autoencoder']}, {trial['framework']}, seed {trial['seed']}: {why}" for why in reasons]
    if wrong:
        raise UsageError(f"{run}: {wrong[0]}; what failed or parts is no baseline: run it again, or leave it out")
    if not document["trials"]:
        raise UsageError(f"{run} holds no finished trial; go on with: aebench run --resume --output {run}")


def _require_one_version(trials: Sequence[Content], what: str, advice: str) -> None:
    """Versions are on record also where the conditions are not.

    Raises:
        UsageError: a framework stands there in two versions.
    """
    versions: dict[str, str | None] = {}
    for trial in trials:
        framework, version = trial["framework"], trial["version"]
        if versions.setdefault(framework, version) != version:
            raise UsageError(f"{what}: {framework} {versions[framework]} and {version} are two subjects; {advice}")


def _require_once(trials: Sequence[Content], paths: Sequence[Path]) -> None:
    """A trial counts once: named twice it would look like two seeds.

    Raises:
        UsageError: the first one that stands twice.
    """
    seen = set()
    for trial in trials:
        key = f"{trial['autoencoder']}, {trial['framework']}, seed {trial['seed']}"
        if key in seen:
            raise UsageError(f"{key} stands twice in {', '.join(map(str, paths))}; name each run once")
        seen.add(key)


def _compact(trial: Content, conditions: int | None) -> dict[str, Any]:
    """A trial without what only its own folder needs: curves as columns, cut to the digits that a plot shows."""
    kept = {key: trial[key] for key in KEPT if key in trial}
    speed = {key: value for key, value in trial["speed"].items() if key != "trial_seconds"}
    curves = {phase: _curve(epochs) for phase, epochs in trial["history"].items()}
    return {**kept, "speed": speed, "curves": curves, "conditions": conditions}


def _curve(epochs: Sequence[Content]) -> dict[str, list[float]]:
    """Epoch numbers, the loss terms on each epoch's last batch, and the test error where it was measured."""
    points = [
        {"epoch": epoch["epoch"], **epoch["last_batch"], **{term: epoch[term] for term in MEASURED if term in epoch}}
        for epoch in epochs
    ]
    return {term: [float(f"{point[term]:.{DIGITS}g}") for point in points] for term in points[0]}
