"""What a run that is taken up again may change, and when it is complete."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import pytest
from examples import conditions, trial

from aebench import registry
from aebench.errors import UsageError
from aebench.processes.events import Silent
from aebench.records import documents
from aebench.records.conditions import Conditions
from aebench.records.fields import checked
from aebench.running import options
from aebench.running.options import Options, with_defaults
from aebench.running.resume import planned
from aebench.running.run import Run

THEN = Options(("linear",), ("reference",), seeds=(0, 1), agreement=False)


def begun(folder: Path) -> Path:
    """The folder of a run that was begun."""
    plan = {"options": asdict(THEN), "conditions": conditions("reference"), "begun": "2026-01-01T00:00:00Z"}
    documents.write(folder / "plan.json", "plan", plan)
    return folder


def test_seeds_and_autoencoders_are_added(tmp_path: Path) -> None:
    """What is asked for now comes to what was asked for then, each once; nothing is left out."""
    asked = {"seeds": (1, 2), "autoencoders": ("tied",), "frameworks": (), "data_dir": "elsewhere"}
    found = planned(begun(tmp_path), asked)
    assert (("linear", "tied"), ("reference",), (0, 1, 2)) == (found.autoencoders, found.frameworks, found.seeds)
    assert "elsewhere" == found.data_dir
    assert planned(tmp_path, {}) == THEN


@pytest.mark.parametrize(("key", "value"), [("dataset", "mnist"), ("schedule", "source"), ("dtype", "float64")])
def test_what_is_measured_does_not_change(tmp_path: Path, key: str, value: str) -> None:
    """Another data set, schedule or dtype would mix results that do not belong together."""
    with pytest.raises(UsageError, match=f"begun differently \\({key}: .* then, {value} now\\)"):
        planned(begun(tmp_path), {key: value})


@pytest.mark.parametrize(
    "wrong", [{"seeds": ()}, {"seeds": (0, -1)}, {"importance_samples": (0,)}, {"importance_samples": (1, 10_001)}]
)
def test_options_that_nothing_can_be_drawn_from_are_refused(wrong: dict[str, tuple[int, ...]]) -> None:
    """Whoever makes them: the command line, pytest's options, or Python; the limits themselves are allowed."""
    with pytest.raises(UsageError, match="found"):
        Options(("linear",), ("reference",), **wrong)  # type: ignore[arg-type]
    assert Options(("linear",), ("reference",), importance_samples=(1, 10_000)).seeds == (0,)


def test_a_run_is_complete_when_no_trial_is_missing(tmp_path: Path) -> None:
    """Trials that an earlier call left are found again; a missing one makes it incomplete, a failed one does not."""
    known = conditions("reference", autoencoder="linear", data={"curve": "efgh"})
    run = Run(THEN, begun(tmp_path), Silent(), conditions=checked(known, Conditions))
    found = {**trial("reference", 0, 1.0), "autoencoder": "linear", "conditions": known}
    documents.write(run.trial("linear", 0, "reference").result, "trial", found)
    document = run.document()
    assert (False, [0]) == (document["complete"], [t["seed"] for t in document["trials"]])
    run.trials.append({"autoencoder": "linear", "framework": "reference", "seed": 1, "failure": "lost"})
    assert run.document()["complete"]


def test_the_newest_run_is_the_one_begun_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the date in its plan, whatever the folder is called and whenever its plan was written again."""
    monkeypatch.setattr(options, "RUNS", tmp_path)
    with pytest.raises(UsageError, match="there is no run under"):
        options.newest()
    for name, date in (("zebra", "2026-01-01T00:00:00Z"), ("20260102", "2026-01-02T00:00:00Z"), ("mnist", None)):
        plan = documents.read(begun(tmp_path / name) / "plan.json", "plan")
        documents.write(tmp_path / name / "plan.json", "plan", {**plan, "begun": date})
    os.utime(tmp_path / "mnist" / "plan.json", (0, 0))  # where no date is on record, the file's counts
    assert tmp_path / "20260102" == options.newest()


@pytest.mark.parametrize(
    ("installed", "arbiter", "expected"),
    [
        (["reference", "tensorflow", "pytorch"], True, ("reference", "tensorflow", "pytorch")),
        (["reference", "tensorflow", "pytorch"], False, ("tensorflow", "pytorch")),
        (["reference"], False, ("reference",)),
    ],
)
def test_the_reference_is_not_trained_by_default(
    monkeypatch: pytest.MonkeyPatch, installed: list[str], arbiter: bool, expected: tuple[str, ...]
) -> None:
    """It judges the ladder; it is trained where it is named, or where nothing else is installed."""
    monkeypatch.setattr(registry, "installed", lambda _: installed)
    assert expected == with_defaults(Options((), ()), arbiter=arbiter).frameworks
    named = ("reference", "pytorch")
    assert named == with_defaults(Options((), named), arbiter=arbiter).frameworks
