"""A run's folder as `aebench run` leaves it, for tests of what is made of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from examples import OPTIONS, RUNG, conditions, trial

from aebench.records import documents


def run(folder: Path, **changes: Any) -> Path:
    """Write a run of `tied` in two frameworks that agree; changes: of its document. The folder."""
    agreements = [
        {
            "autoencoder": "tied", "dtype": dtype, "left": "tensorflow", "right": "pytorch", "parting": None,
            "rungs": [RUNG], "command": "aebench agree tied",
        }
        for dtype in ("float64", "float32")
    ]  # fmt: skip
    content = {
        "options": {**OPTIONS, "agreement": True}, "conditions": conditions("tensorflow", "pytorch"), "complete": True,
        "agreements": agreements, "failures": [],
        "trials": [trial(name, seed, 0.01) for name in ("tensorflow", "pytorch") for seed in (0, 1, 2)],
    }  # fmt: skip
    folder.mkdir(parents=True)
    documents.write(folder / "result.json", "run", {**content, **changes})
    return folder


def parting(**changes: Any) -> list[dict[str, Any]]:
    """An agreement that ended at its first rung."""
    rung = {**RUNG, "headroom": 0.5}
    return [
        {
            "autoencoder": "tied", "dtype": "float64", "left": "tensorflow", "right": "pytorch",
            "parting": "part at phase1/init", "rungs": [rung], "command": "aebench agree tied --dtype float64",
            **changes,
        }
    ]  # fmt: skip
