"""Baselines: accepted results, small enough to be committed. One file for each data set, schedule, dtype and device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aebench.errors import UsageError
from aebench.records import documents
from aebench.records.reuse import require_alike

Content = Mapping[str, Any]
RESULTS = Path("results")
FOLDER = "baselines"
PAGE = "README.md"
# What makes two runs one baseline.
SAME = ("dataset", "schedule", "dtype", "device")
DIGITS = 7  # significant digits of a point of a curve; metrics keep all of theirs
MEASURED = ("test_mse",)  # after an epoch, beside the losses of its last batch, where it says something
KEPT = ("autoencoder", "framework", "version", "seed", "metrics", "invalid", "parameters")


def path_of(options: Content, folder: Path = RESULTS) -> Path:
    """The file of the baseline for a run with these options, below a folder of results."""
    name = "-".join(str(options[key]) for key in SAME).replace(":", "-")
    return folder / FOLDER / f"{name}.json"


def trials_of(path: Path) -> list[dict[str, Any]]:
    """The trials of a run's folder, a run's result or a baseline, each with its conditions.

    Raises:
        ResultError: there is none, or it is damaged or of another format version.
    """
    file = path / "result.json" if path.is_dir() else path
    if not is_baseline(file):
        trials: list[dict[str, Any]] = documents.read(file, "run")["trials"]
        return trials
    baseline = documents.read(file, "baseline")
    return [
        {**trial, "conditions": None if trial["conditions"] is None else baseline["conditions"][trial["conditions"]]}
        for trial in baseline["trials"]
    ]


def is_baseline(path: Path) -> bool:
    """Whether the file is a baseline, or lies where baselines do, and would be one if it could be read."""
    return path.is_file() and (documents.kind_of(path) == "baseline" or path.absolute().parent.name == FOLDER)


def together(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The trials of several runs or baselines, to be read as one.

    Raises:
        UsageError: a file is named twice, a trial stands in two of them, or trials of one autoencoder were measured
            under other conditions; says which.
        ResultError: one is missing, damaged or of another format version.
    """
    named = list(paths)
    found = [trial for path in named for trial in trials_of(path)]
    require_once(found, named)
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


def require_once(trials: Sequence[Content], paths: Sequence[Path]) -> None:
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


def compact(trial: Content, conditions: int | None) -> dict[str, Any]:
    """A trial without what only its own folder needs: curves as columns, cut to the digits that a plot shows."""
    kept = {key: trial[key] for key in KEPT if key in trial}
    speed = {key: value for key, value in trial["speed"].items() if key != "trial_seconds"}
    return {**kept, "speed": speed, "curves": curves(trial), "conditions": conditions}


def curves(trial: Content) -> dict[str, dict[str, list[float]]]:
    """A trial's curves as a baseline holds them, phase by phase."""
    if "curves" in trial:
        known: dict[str, dict[str, list[float]]] = trial["curves"]
        return known
    return {phase: _curve(epochs) for phase, epochs in trial["history"].items()}


def _curve(epochs: Sequence[Content]) -> dict[str, list[float]]:
    """Epoch numbers, the loss terms on each epoch's last batch, and the test error where it was measured."""
    points = [
        {"epoch": epoch["epoch"], **epoch["last_batch"], **{term: epoch[term] for term in MEASURED if term in epoch}}
        for epoch in epochs
    ]
    return {term: [float(f"{point[term]:.{DIGITS}g}") for point in points] for term in points[0]}
