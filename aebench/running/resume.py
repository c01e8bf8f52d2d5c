"""What was begun is gone on with under the same conditions, or not at all: numbers of two kinds would be mixed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.errors import UsageError
from aebench.records import documents
from aebench.records.conditions import versions_changed
from aebench.records.documents import comparable
from aebench.running.options import Options

# Options that may grow when a run is taken up again: what is measured already stays as it is.
ADDED = ("autoencoders", "frameworks", "seeds")


def planned(folder: Path, asked: Mapping[str, Any]) -> Options:
    """The options that the run in the folder was begun with, and what is asked for now besides.

    asked: options given anew. Autoencoders, frameworks and seeds are added to those of the run; `data_dir` replaces
    the run's, since data may have moved; others must be the same.

    Raises:
        UsageError: another option, or another version of a framework, than then.
        ResultError: there is no run, or its plan is damaged.
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
    now = {name: registry.version(registry.framework(name)) for name in options["frameworks"]}
    changed += versions_changed(plan["environment"]["frameworks"], now)
    if changed:
        raise UsageError(
            f"{folder} was begun differently ({'; '.join(changed)}); leave these options out, or start anew"
        )
    return Options(**options)


def _with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Options as they were before they were written: JSON knows lists only."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
