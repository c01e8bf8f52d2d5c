"""Runs for tests of the gate: trainings whose errors are so many times those of what was accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from examples import OPTIONS, RUNG, conditions, trial

from aebench.records import documents

SEEDS = (0, 1, 2, 3, 4)


def agreement(**changes: Any) -> dict[str, Any]:
    """A pair that agrees."""
    row = {"autoencoder": "tied", "dtype": "float32", "left": "reference", "right": "pytorch", "parting": None}
    return {**row, "rungs": [RUNG], "vacuous": [], **changes}


def trials(factor: float = 1.0, seeds: tuple[int, ...] = SEEDS, framework: str = "pytorch") -> list[dict[str, Any]]:
    """Trainings whose errors are so many times those of the baseline."""
    return [trial(framework, seed, factor * (0.010 + 0.0001 * seed)) for seed in seeds]


def written(folder: Path, found: list[dict[str, Any]], **changes: Any) -> Path:
    """A run's folder with these trials, which agrees and is complete."""
    named = {"autoencoders": "autoencoder", "frameworks": "framework", "seeds": "seed"}
    asked = {name: list(dict.fromkeys(it[of] for it in found)) for name, of in named.items() if found}
    document = {
        "options": {**OPTIONS, **asked}, "conditions": conditions(), "complete": True, "trials": found,
        "agreements": [agreement()], "failures": [], **changes,
    }  # fmt: skip
    documents.write(folder / "result.json", "run", document)
    return folder
