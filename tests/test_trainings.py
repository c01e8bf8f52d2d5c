"""Trainings of a folder: each is done once, under the conditions of the environment that it is done in."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import examples
import pytest

from aebench import registry
from aebench.comparison.quality import Asked, compare
from aebench.errors import FrameworkError, UnwritableError, UsageError
from aebench.processes.events import Silent, together
from aebench.records import capture, documents
from aebench.records.conditions import Conditions
from aebench.records.fields import checked, plain
from aebench.running import trainings
from aebench.running.options import Options
from aebench.running.resume import conditions
from aebench.running.trainings import Trainings
from aebench.training import trial as training
from aebench.training.trial import Trial, failure

OLD, NEW = "reference@old", "reference"
ASKED = Options(("linear",), (OLD, NEW), agreement=False)


class There(examples.Inline):
    """Stands for the process of an environment that has packages and variables of its own."""

    def __init__(self, framework: str) -> None:
        super().__init__(framework)
        self.conditions = plain(capture.here())
        if registry.environment(framework) != registry.HERE:
            self.conditions |= {"packages": {"numpy": "1.26"}, "variables": {"OMP_NUM_THREADS": "1"}}

    def call(self, function: Any, *arguments: Any, on_message: Any = None, **keywords: Any) -> Any:
        """The conditions of there; anything else as it is here."""
        if function is capture.here:
            return checked(self.conditions, Conditions)
        return super().call(function, *arguments, on_message=on_message, **keywords)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is trained, without training: each trial leaves its document with the conditions of its process."""
    found: list[str] = []

    def attempt(trial: Trial, process: There, *_: Any) -> dict[str, Any]:
        found.append(f"{trial.framework}, {trial.seed}")
        now = plain(training._conditions(trial, training.dataset_of(trial.dataset, trial.data_dir, trial.schedule)))
        own = {key: process.conditions[key] for key in ("aebench", "packages", "variables")}
        value = 1.0 + 0.01 * trial.seed
        document = {**examples.trial(trial.framework, trial.seed, value, autoencoder="linear", parameters="one"),
                    "conditions": {**now, **own}}  # fmt: skip
        documents.write(trial.result, "trial", document)
        return document

    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")  # as every process that shares the machine has it
    monkeypatch.setattr(trainings, "attempt", attempt)
    return found


def begun(folder: Path, processes: dict[str, There]) -> Trainings:
    """The folder's trainings, looked at anew."""
    return Trainings(ASKED, folder, Silent(), conditions=conditions(ASKED, processes, dtype=ASKED.dtype))


def test_a_comparison_is_taken_up_again(trained: list[str], tmp_path: Path) -> None:
    """The second call trains nothing, and finds the same."""
    processes = {name: There(name) for name in (OLD, NEW)}
    found = []
    for _ in range(2):
        known = begun(tmp_path, processes)
        found.append(compare(
            registry.autoencoder("linear"), OLD, NEW,
            lambda side, seed, known=known: known.measure("linear", seed, side, processes[side]), Asked(),
        ))  # fmt: skip
    assert [f"{OLD}, 0", f"{NEW}, 0"] == trained
    assert "identical" == found[0].verdict
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "part", "changed", "line"),
    [
        (OLD, "packages", {"numpy": "2.0"}, "package numpy: 1.26 then, 2.0 now"),
        (OLD, "variables", {}, "variable OMP_NUM_THREADS: 1 then, not set now"),
    ],
)
def test_what_was_trained_under_other_conditions_is_refused(
    trained: list[str], tmp_path: Path, name: str, part: str, changed: dict[str, str], line: str
) -> None:
    """Those of the environment count, not those of the harness."""
    processes = {name: There(name)}
    begun(tmp_path, processes).measure("linear", 0, name, processes[name])
    processes[name].conditions[part] = changed
    with pytest.raises(UsageError, match=line):
        begun(tmp_path, processes).measure("linear", 0, name, processes[name])


def test_an_environment_that_cannot_say_is_asked_to_train(trained: list[str], tmp_path: Path) -> None:
    """A broken one then has a row with the reason, as any training that fails."""
    processes = {OLD: There(OLD)}
    begun(tmp_path, processes).measure("linear", 0, OLD, processes[OLD])
    known, sound = begun(tmp_path, processes), There.call

    def call(self: There, function: Any, *arguments: Any, **keywords: Any) -> Any:
        if function is capture.here:
            raise FrameworkError("lost")
        return sound(self, function, *arguments, **keywords)

    processes[OLD].call = call.__get__(processes[OLD])  # type: ignore[method-assign]
    known.measure("linear", 0, OLD, processes[OLD])
    assert [f"{OLD}, 0"] * 2 == trained


@pytest.mark.parametrize(
    ("attempts", "errors", "expected"),
    [
        (1, [FrameworkError("killed")], "killed"),
        (2, [FrameworkError("killed")], None),
        (2, [FrameworkError("killed"), FrameworkError("killed again")], "killed again"),
    ],
)
def test_what_fails_is_tried_as_often_as_asked_for(
    trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    attempts: int, errors: list[FrameworkError], expected: str | None,
) -> None:  # fmt: skip
    """Once in a run, whose row then says why; twice in a comparison, where bad luck would be a regression."""
    left, sound, processes = list(errors), trainings.attempt, {NEW: There(NEW)}

    def attempt(trial: Trial, process: There, *others: Any) -> dict[str, Any]:
        return failure(trial, left.pop(0)) if left else sound(trial, process, *others)

    monkeypatch.setattr(trainings, "attempt", attempt)
    known = begun(tmp_path, processes)
    known.attempts = attempts
    assert expected == known.measure("linear", 0, NEW, processes[NEW]).get("failure")


def test_a_full_disk_is_no_failure_of_a_training(tmp_path: Path) -> None:
    """Planted: nothing can be written any more. That ends the command, and is no row that says that head fails."""

    class Full(There):
        def call(self, function: Any, *_: Any, **__: Any) -> Any:
            raise UnwritableError("cannot write result.json: No space left on device")

    known = begun(tmp_path, {NEW: There(NEW)})
    with pytest.raises(UnwritableError, match="No space left"):
        known.measure("linear", 0, NEW, Full(NEW))  # type: ignore[arg-type]  # all that is called of a process
    assert [] == known.trials


def test_both_sides_train_at_the_same_time(trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither ends before the other has begun; what is trained from comes first, and seconds are no measure."""
    sound, begun_by, alone = trainings.attempt, {name: threading.Event() for name in (OLD, NEW)}, []

    def attempt(trial: Trial, process: There, *others: Any) -> dict[str, Any]:
        alone.append(trial.alone)
        begun_by[trial.framework].set()
        assert all(begun.wait(10.0) for begun in begun_by.values()), "the other one waits"
        return sound(trial, process, *others)

    monkeypatch.setattr(trainings, "attempt", attempt)
    processes = {name: There(name) for name in (OLD, NEW)}
    known = begun(tmp_path, processes)
    found = known.at_once("linear", 0, processes)
    assert {OLD: OLD, NEW: NEW} == {name: document["framework"] for name, document in found.items()}
    assert [False, False] == alone
    assert found == known.at_once("linear", 0, processes)
    assert 2 == len(trained)
    assert found == begun(tmp_path, processes).at_once("linear", 0, processes)
    assert 2 == len(trained)


def test_what_both_start_from_is_trained_before(trained: list[str], tmp_path: Path) -> None:
    """A classifier's pretraining, by both, and then the classifier."""
    asked, order = replace(ASKED, autoencoders=("pretrained",)), []
    processes = {name: There(name) for name in (OLD, NEW)}
    known = Trainings(asked, tmp_path, Silent(), conditions=conditions(asked, processes, dtype=asked.dtype))
    known._train = lambda name, seed, due: order.append((name, list(due)))  # type: ignore[method-assign, assignment]
    known.at_once("pretrained", 0, processes)  # type: ignore[arg-type]  # all that is called of a process
    assert [("layerwise_cached", [OLD, NEW]), ("pretrained", [OLD, NEW])] == order
    assert [] == trained


def test_what_starts_from_a_failed_training_is_not_trained(
    trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a classifier's pretraining fails. The classifier is a row that says so."""
    first, processes = str(registry.autoencoder("pretrained").pretraining), {NEW: There(NEW)}

    def attempt(trial: Trial, process: There, *_: Any) -> dict[str, Any]:
        trained.append(trial.autoencoder.name)
        return failure(trial, FrameworkError("killed"))

    monkeypatch.setattr(trainings, "attempt", attempt)
    found = begun(tmp_path, processes).measure("pretrained", 0, NEW, processes[NEW])
    assert f"{first}, from which it starts, failed: killed" == found["failure"]
    assert [first] == trained


@pytest.mark.parametrize("name", registry.autoencoders())
def test_a_bound_is_measured_where_there_is_one(tmp_path: Path, name: str) -> None:
    """With as many importance samples as are asked for, of a variational autoencoder and of no other."""
    known = Trainings(replace(ASKED, importance_samples=(5, 50)), tmp_path, Silent())
    expected = (5, 50) if registry.autoencoder(name).kind == "variational" else ()
    assert expected == known.trial(name, 0, NEW).importance_samples


def test_where_one_side_is_trained_the_other_is_alone(
    trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its seconds are a measure then."""
    sound, alone = trainings.attempt, []

    def attempt(trial: Trial, process: There, *others: Any) -> dict[str, Any]:
        alone.append(trial.alone)
        return sound(trial, process, *others)

    processes = {name: There(name) for name in (OLD, NEW)}
    begun(tmp_path, processes).measure("linear", 0, OLD, processes[OLD])
    monkeypatch.setattr(trainings, "attempt", attempt)
    begun(tmp_path, processes).at_once("linear", 0, processes)
    assert [True] == alone
    assert [f"{OLD}, 0", f"{NEW}, 0"] == trained


class Noting(Silent):
    """A listener that remembers notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Remember it."""
        self.notes.append(text)


def test_a_full_disk_ends_the_training_beside_it(tmp_path: Path) -> None:
    """Planted: one side cannot write. The other one's process is ended, and the reason goes up."""

    class Full(There):
        def call(self, function: Any, *_: Any, **__: Any) -> Any:
            raise UnwritableError("cannot write result.json: No space left on device")

    class Endless(There):
        ended = threading.Event()

        def call(self, function: Any, *arguments: Any, **keywords: Any) -> Any:
            if function is not training.run:  # it says what it is, and then trains
                return super().call(function, *arguments, **keywords)
            self.ended.wait(30.0)
            raise FrameworkError("its process has ended")

        def close(self) -> None:
            self.ended.set()

    processes = {OLD: Endless(OLD), NEW: Full(NEW)}
    known, heard = begun(tmp_path, processes), Noting()
    known.attempts, known.listener = 2, heard
    with pytest.raises(UnwritableError, match="No space left"):
        known.at_once("linear", 0, processes)  # type: ignore[arg-type]  # all that is called of a process
    assert Endless.ended.is_set()
    assert [] == heard.notes, "what was ended with the others is not tried again"


def test_one_bar_moves_with_both() -> None:
    """Half of one of two is a quarter of both; notes go up as they are."""
    told: list[Any] = []

    class Heard(Silent):
        def advance(self, done: int, total: int) -> None:
            told.append((done, total))

        def note(self, text: str) -> None:
            told.append(text)

    one, other = together(Heard(), 2)
    one.advance(5, 10)
    other.advance(3, 3)
    other.note("again")
    one.advance(0, 0)
    assert [(50, 200), (150, 200), "again", (100, 200)] == told
