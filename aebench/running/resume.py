"""What was begun is gone on with under the same conditions, or not at all: numbers of two kinds would be mixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from msgspec import structs

from aebench import registry
from aebench.arrays import Dtype
from aebench.errors import ResultError, UsageError
from aebench.processes.subjects import subjects
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture, documents
from aebench.records.conditions import Conditions, Matter
from aebench.records.documents import comparable
from aebench.records.fields import plain
from aebench.records.reuse import require_same_document
from aebench.running.options import DTYPES, Options, dataset_name, ordered
from aebench.training.progress import RESULT
from aebench.training.trial import Trial, dataset_of

# Options that may grow when a run is taken up again: what is measured already stays as it is.
ADDED = ("autoencoders", "frameworks", "seeds")
MEASURE_ANEW = "move it away, and it is measured anew"


def planned(folder: Path, asked: Mapping[str, Any]) -> Options:
    """The options that the run in the folder was begun with, and what is asked for now besides.

    asked: options given anew. Autoencoders, frameworks and seeds are added to those of the run; `data_dir` replaces
    the run's, since data may have moved; others must be the same.

    Raises:
        UsageError: another option than then. ResultError: there is no run, or its plan is damaged.
    """
    plan = documents.read(folder / "plan.json", "plan")
    options, changed = _with_tuples(plan["options"]), []
    for key, value in _with_tuples(comparable(asked)).items():
        if key in ADDED:
            options[key] = tuple(dict.fromkeys((*options[key], *value)))
        elif key == "data_dir":
            options[key] = value
        elif options.get(key, value) != value:
            changed.append(f"{key}: {options[key]} then, {value} now")
    if changed:
        raise UsageError(
            f"{folder} was begun differently ({'; '.join(changed)}); leave these options out, or start anew"
        )
    return Options(**options)


def _with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Options as they were before they were written: JSON knows lists only."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def conditions(
    options: Options, processes: Mapping[str, FrameworkProcess], *, names: Sequence[str] | None = None,
    dtype: Dtype | None = None,
) -> Conditions:  # fmt: skip
    """The conditions of what is asked for, as the processes and the data are now.

    names: the autoencoders; default: those asked for and those that they start from. dtype: None where both are used.
    """
    autoencoders = [registry.autoencoder(name) for name in names or ordered(options)]
    sets = dict.fromkeys(dataset_name(options, autoencoder) for autoencoder in autoencoders)
    return capture.here(
        subjects=subjects(processes),
        autoencoders=autoencoders,
        data={name: dataset_of(name, options.data_dir, options.schedule).checksum for name in sets},
        schedule=options.schedule,
        device=options.device,
        dtype=dtype,
    )


def seen_by(process: FrameworkProcess, now: Conditions) -> Conditions:
    """The conditions as a trial of that process takes them down: another environment has packages and variables, and
    perhaps an aebench, of its own.

    Raises:
        FrameworkError: it cannot say.
    """
    if registry.environment(process.framework) == registry.HERE:
        return now
    there = process.call(capture.here)
    return structs.replace(now, aebench=there.aebench, variables=there.variables, packages=there.packages)


def known_trial(trial: Trial, now: Conditions) -> dict[str, Any] | None:
    """The trial's document; None where it has none yet, or started from other parameters than are trained now.

    Raises:
        UsageError: it is another trial's, or was measured under other conditions.
        ResultError: it is damaged.
    """
    document = documents.read_if_there(trial.result, "trial")
    if document is None:
        return None
    asked = {"autoencoder": trial.autoencoder.name, "framework": trial.framework, "seed": trial.seed}
    found = {key: document[key] for key in asked}
    if "failure" in document or found != asked:
        raise UsageError(f"{trial.result} is about {found}, expected a finished trial of {asked}; {MEASURE_ANEW}")
    one = structs.replace(now, device=trial.device, data={trial.dataset: now.data.get(trial.dataset)})
    if document["conditions"] and trial.dataset not in document["conditions"]["data"]:
        sets = ", ".join(document["conditions"]["data"]) or "unknown data"
        raise UsageError(f"{trial.result} was trained on {sets}, asked for: {trial.dataset}; {MEASURE_ANEW}")
    # Whose seconds are no measure anyway may be of a machine with another clock and memory.
    matter: Matter | None = None if document["speed"].get("alone", True) else "quality"
    require_same_document(trial.result, document, plain(one), MEASURE_ANEW, matter=matter)
    if trial.pretrained is not None:
        before = documents.read_if_there(trial.pretrained / RESULT, "trial")
        if before is None or document.get("started_from") != before.get("parameters"):
            return None
    return document


def known_agreement(path: Path, now: Conditions, frameworks: Iterable[str]) -> dict[str, Any] | None:
    """The agreement of an autoencoder; None where there is none, a damaged one, or one that does not cover every pair
    of these frameworks.

    Raises:
        UsageError: it was measured under other conditions.
    """
    try:
        document = documents.read_if_there(path, "agreement")
    except ResultError:
        return None
    if document is None or not covers(document["agreements"], frameworks, DTYPES):
        return None
    require_same_document(path, document, plain(now), MEASURE_ANEW)
    return document


def covers(agreements: Iterable[Mapping[str, Any]], frameworks: Iterable[str], dtypes: Iterable[Dtype]) -> bool:
    """Whether every pair of these frameworks was compared in each of the dtypes."""
    compared = {(row["dtype"], frozenset((row["left"], row["right"]))) for row in agreements}
    pairs = list(combinations(dict.fromkeys(frameworks), 2))
    return all((dtype, frozenset(pair)) in compared for dtype in dtypes for pair in pairs)
