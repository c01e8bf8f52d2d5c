"""Whether a trial's document is that of the trial that is asked for, and under which conditions it is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import examples
import pytest

from aebench import registry
from aebench.errors import UsageError
from aebench.records import documents
from aebench.records.conditions import Conditions
from aebench.records.fields import checked
from aebench.running.resume import known_trial
from aebench.training.progress import RESULT
from aebench.training.trial import Trial

FIRST = str(registry.autoencoder("pretrained").pretraining)
NOW = checked(examples.conditions("reference"), Conditions)


def asked(folder: Path, name: str = "tied", pretrained: Path | None = None) -> Trial:
    """The trial of the reference from seed 0 on the data of `examples.conditions`."""
    autoencoder = registry.autoencoder(name)
    return Trial(autoencoder, "reference", 0, "float32", "cpu", "mnist", None, "source", folder, pretrained)


def written(folder: Path, name: str = "tied", **changes: Any) -> Path:
    """The folder, with the trial's document."""
    documents.write(folder / RESULT, "trial", examples.trial("reference", 0, 1.0, autoencoder=name, **changes))
    return folder


@pytest.mark.parametrize(("first", "is_taken"), [("one", True), ("another", False), (None, False)])
def test_what_was_trained_from_other_parameters_is_trained_again(
    tmp_path: Path, first: str | None, is_taken: bool
) -> None:
    """Only where the trial that it starts from is there, and has the parameters that it started from."""
    trial = asked(written(tmp_path / "second", "pretrained", started_from="one"), "pretrained", tmp_path / "first")
    if first is not None:
        written(tmp_path / "first", FIRST, parameters=first)
    document = documents.read(trial.result, "trial")
    assert (document if is_taken else None) == known_trial(trial, NOW)


@pytest.mark.parametrize(
    ("speed", "condition", "line"),
    [
        ({}, "memory_gib", "memory"),
        ({"alone": True}, "memory_gib", "memory"),
        ({"alone": False}, "memory_gib", None),
        ({"alone": False}, "cores", "cores: 77 then, 2 now"),
    ],
)
def test_only_seconds_that_are_a_measure_need_the_same_memory(
    tmp_path: Path, speed: dict[str, bool], condition: str, line: str | None
) -> None:
    """What was trained beside others is taken on a machine with another one; what decides bits counts for all."""
    known = examples.planted(examples.conditions("reference"), "machine", condition, value=77)
    cost = examples.trial("reference", 0, 1.0)["speed"] | speed
    trial = asked(written(tmp_path, speed=cost, conditions=known))
    if line is None:
        assert documents.read(trial.result, "trial") == known_trial(trial, NOW)
        return
    with pytest.raises(UsageError, match=f"was measured differently .*{line}"):
        known_trial(trial, NOW)


def test_a_row_of_a_trial_that_failed_is_no_result(tmp_path: Path) -> None:
    """Planted: it lies where a finished trial belongs. It is refused in one line, though it is of that very trial."""
    row = {"autoencoder": "tied", "framework": "reference", "seed": 0, "failure": "killed"}
    documents.write(tmp_path / RESULT, "trial", row)
    with pytest.raises(UsageError, match=r"expected a finished trial of .*'tied'.*; move it away"):
        known_trial(asked(tmp_path), NOW)
