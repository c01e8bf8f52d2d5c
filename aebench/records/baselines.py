"""Baselines: accepted results, small enough to be committed. One file for each data set, schedule, dtype and device."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aebench.errors import ResultError, UsageError
from aebench.records import documents
from aebench.records.documents import comparable

BASELINES = Path("results/baselines")
# What makes two runs one baseline.
SAME = ("dataset", "schedule", "dtype", "device")
DIGITS = 7  # significant digits of a point of a curve; metrics keep all of theirs
MEASURED = ("test_mse",)  # after an epoch, beside the losses of its last batch, where it says something
KEPT = ("autoencoder", "framework", "version", "seed", "metrics", "invalid")


def accept(runs: Sequence[Path], *, reason: str, folder: Path = BASELINES) -> Path:
    """Make the runs' finished trials the baseline, in place of what it held of the same autoencoders.

    runs: folders of runs with equal data set, schedule, dtype and device. reason: kept in the baseline's history.
    Returns the baseline's path.

    Raises:
        UsageError: runs that do not belong together, a run with failed or invalid trials, or nothing to accept.
        ResultError: a run or the present baseline is missing, damaged or of another format version.
    """
    runs_read = [documents.read(run / "result.json", "run") for run in runs]
    kinds = [{key: document["options"][key] for key in SAME} for document in runs_read]
    if any(kind != kinds[0] for kind in kinds):
        raise UsageError(f"these runs are no one baseline, they differ: {kinds}; accept them one after the other")
    trials = [_compact(trial) for document in runs_read for trial in document["trials"] if _sound(trial)]
    if not trials:
        raise UsageError(f"no finished trial in {', '.join(map(str, runs))}; go on with: aebench run --resume")
    path = folder / f"{'-'.join(str(kinds[0][key]) for key in SAME).replace(':', '-')}.json"
    before: Mapping[str, Any] = documents.read(path, "baseline") if path.exists() else {"trials": [], "history": []}
    renewed = {trial["autoencoder"] for trial in trials}
    kept = [trial for trial in before["trials"] if trial["autoencoder"] not in renewed]
    entry = {
        "date": time.strftime("%Y-%m-%d"),
        "reason": reason,
        "autoencoders": sorted(renewed),
        "commands": [command(document["options"]) for document in runs_read],
        "environments": [document["environment"] for document in runs_read],
    }
    history = [*before["history"], entry]
    documents.write(path, "baseline", comparable({**kinds[0], "history": history, "trials": [*kept, *trials]}))
    return path


def trials_of(path: Path) -> list[dict[str, Any]]:
    """The trials of a run's folder, a run's result or a baseline.

    Raises:
        ResultError: there is none, or it is damaged or of another format version.
    """
    file = path / "result.json" if path.is_dir() else path
    try:
        document = documents.read(file, "run")
    except ResultError:
        if path.is_dir() or not path.exists():
            raise
        document = documents.read(file, "baseline")
    trials: list[dict[str, Any]] = document["trials"]
    return trials


def command(options: Mapping[str, Any]) -> str:
    """The command line of a run with these options, defaults left out."""
    words = ["aebench run", *options["autoencoders"], f"-d {options['dataset']} -p {options['schedule']}"]
    words += [f"-f {','.join(options['frameworks'])} -s {','.join(map(str, options['seeds']))}"]
    words += [f"--device {options['device']}"] if options["device"] != "cpu" else []
    words += [f"--dtype {options['dtype']}"] if options["dtype"] != "float32" else []
    samples = options.get("importance_samples")
    words += [f"--importance-samples {','.join(map(str, samples))}"] if samples else []
    return " ".join(words if options["agreement"] else [*words, "--no-agreement"])


def _sound(trial: Mapping[str, Any]) -> bool:
    """Whether the trial finished; a failed or invalid one is no baseline.

    Raises:
        UsageError: it failed, or a metric of it is not a number.
    """
    wrong = [trial["failure"]] if "failure" in trial else list(trial.get("invalid", {}).values())
    if wrong:
        name = f"{trial['autoencoder']}, {trial['framework']}, seed {trial['seed']}"
        raise UsageError(f"{name}: {wrong[0]}; what failed is no baseline: run it again, or leave it out")
    return "metrics" in trial


def _compact(trial: Mapping[str, Any]) -> dict[str, Any]:
    """A trial without what only its own folder needs: curves as columns, cut to the digits that a plot shows."""
    kept = {key: trial[key] for key in KEPT if key in trial}
    speed = {key: value for key, value in trial["speed"].items() if key != "trial_seconds"}
    return {**kept, "speed": speed, "curves": {phase: _curve(epochs) for phase, epochs in trial["history"].items()}}


def _curve(epochs: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Epoch numbers, the loss terms on each epoch's last batch, and the test error where it was measured."""
    points = [
        {"epoch": epoch["epoch"], **epoch["last_batch"], **{term: epoch[term] for term in MEASURED if term in epoch}}
        for epoch in epochs
    ]
    return {term: [float(f"{point[term]:.{DIGITS}g}") for point in points] for term in points[0]}
