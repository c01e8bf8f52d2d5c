"""What a trial makes of its checkpoint: goes on from a sound one, begins anew beside a damaged one, refuses others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from remote_resume import Stopped, made, run_until, small_data

from aebench import registry
from aebench.errors import CheckpointError, FrameworkError, ResultError
from aebench.processes.events import Silent
from aebench.records import capture, checkpoint
from aebench.running.options import Options
from aebench.running.run import Run
from aebench.training import progress, trial


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """The small data set for every test of this file."""
    with small_data():
        yield


def stopped(folder: Path, checkpoints: int = 2, name: str = "layerwise_joint") -> trial.Trial:
    """A trial stopped after so many checkpoints."""
    asked = made(name, folder)
    with pytest.raises(Stopped):
        run_until(asked, checkpoints)
    return asked


def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sentences that are told from now on."""
    told: list[str] = []
    monkeypatch.setattr(progress, "tell", told.append)
    return told


@pytest.mark.parametrize("kept", [0, 7, 300, -1])
def test_a_damaged_checkpoint_is_set_aside_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    """The user is told, the result says so, the file is kept, and the trial ends as one that was never stopped."""
    expected = trial.run(made("layerwise_joint", tmp_path / "whole"))["parameters"]
    broken, told = stopped(tmp_path / "broken"), heard(monkeypatch)
    damaged = broken.checkpoint.read_bytes()[:kept]
    broken.checkpoint.write_bytes(damaged)
    document = trial.run(broken)
    assert (expected, told) == (document["parameters"], document["notes"])
    assert told[0].startswith("trained anew: its checkpoint was damaged, and is now called checkpoint.damaged (")
    assert damaged == (broken.folder / "checkpoint.damaged").read_bytes()


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_a_checkpoint_that_cannot_be_read_is_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    """The trial stops with the reason; nothing is renamed, and once it can be read it is gone on with."""
    asked = stopped(tmp_path)
    before = asked.checkpoint.read_bytes()

    opened = Path.open

    def refuse(path: Path, *arguments: Any, **named: Any) -> Any:
        if path == asked.checkpoint:
            raise error
        return opened(path, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        with pytest.raises(CheckpointError, match=f"cannot read {asked.checkpoint}: {error.strerror}"):
            trial.run(asked)
    assert ([asked.checkpoint], before) == (list(tmp_path.iterdir()), asked.checkpoint.read_bytes())
    assert [] == trial.run(asked)["notes"]


def _epochs(content: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = content["history"]["phase1"]
    return found


Change = Callable[[dict[str, Any]], Any]
PROGRESS: dict[str, tuple[Change, str]] = {
    "no JSON": (lambda _: "half a", "its 'progress' is not what a training leaves (Expecting value"),
    "a list": (lambda _: "[]", "its 'progress' is not what a training leaves (Expected `object`"),
    "phase -1": (lambda p: {**p, "phase": -1}, "Expected `int` >= 0"),
    "phase 3": (lambda p: {**p, "phase": 3}, "phase is 3, expected 0 to 2"),
    "phase 2.5": (lambda p: {**p, "phase": 2.5}, "Expected `int`, got `float`"),
    "epoch 4": (lambda p: {**p, "epoch": 4}, "epoch is 4, expected 0 to 3"),
    "epoch 1": (lambda p: {**p, "epoch": 1}, "its history ends at the epochs {'phase1': 2}, expected {'phase1': 1}"),
    "no history": (lambda p: {**p, "history": {}}, "its history ends at the epochs {}, expected {'phase1': 2}"),
    "another's history": (lambda p: {**p, "history": {"x": []}}, "its history ends at the epochs {'x': 0}, expected"),
    "an epoch that does not say how warm it was": (
        lambda p: {**p, "history": {"phase1": [{k: v for k, v in e.items() if k != "cold"} for e in _epochs(p)]}},
        "an epoch of its history does not say whether it was cold",
    ),
    "no field": (lambda p: {k: v for k, v in p.items() if k != "seconds"}, "missing required field `seconds`"),
    "a field too many": (lambda p: {**p, "batch": 3}, "unknown field `batch`"),
    "a metric of no phase": (
        lambda p: {**p, "measured": {"beauty": {"value": 1.0, "unit": "", "better": "none"}}},
        "it has measured beauty, which no finished phase is measured by",
    ),
    "a metric that is none": (lambda p: {**p, "measured": {"phase1.mse": {"mean": 1.0}}}, "unknown field `mean`"),
}


@pytest.mark.parametrize("case", PROGRESS)
def test_progress_that_is_none_is_refused(tmp_path: Path, case: str) -> None:
    """Whatever stands in the place of the progress: an error that names the file, and the file stays as it is."""
    asked, (change, expected) = stopped(tmp_path), PROGRESS[case]
    parameters, optimizer, metadata = checkpoint.load_training(asked.checkpoint)
    changed = change(json.loads(metadata["progress"]))
    metadata["progress"] = changed if isinstance(changed, str) else json.dumps(changed)
    checkpoint.save(asked.checkpoint, "layerwise_joint", parameters, optimizer=optimizer, metadata=metadata)
    before = asked.checkpoint.read_bytes()
    with pytest.raises(CheckpointError) as caught:
        trial.run(asked)
    assert str(caught.value).startswith(str(asked.checkpoint))
    assert expected in str(caught.value)
    assert before == asked.checkpoint.read_bytes()


def test_a_checkpoint_without_its_parts_is_refused(tmp_path: Path) -> None:
    """No progress, no moments in the middle of a phase, or a parameter missing: named, and nothing is trained."""
    asked = stopped(tmp_path)
    parameters, optimizer, metadata = checkpoint.load_training(asked.checkpoint)
    name, one = "layerwise_joint", next(iter(parameters))
    without = {key: value for key, value in metadata.items() if key != "progress"}
    fewer = {key: value for key, value in parameters.items() if key != one}
    for arguments, expected in (
        ((parameters, optimizer, without), "'progress' is missing"),
        ((parameters, {}, metadata), "the optimiser's state lacks step"),
        ((fewer, optimizer, metadata), f"parameters are missing: {one}"),
    ):
        checkpoint.save(asked.checkpoint, name, arguments[0], optimizer=arguments[1], metadata=arguments[2])
        with pytest.raises(CheckpointError, match=expected):
            trial.run(asked)


@pytest.mark.parametrize("change", [{"dtype": "float32"}, {"schedule": "quick"}, {"images": 40}, {"dataset": "other"}])
def test_another_trials_checkpoint_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """What was begun in another dtype, on other data or for another schedule is not gone on with."""
    stopped(tmp_path)
    with pytest.raises(CheckpointError, match="is of the trial layerwise_joint, reference, seed 0, float64, cpu, "):
        trial.run(made("layerwise_joint", tmp_path, **change))


def test_what_is_not_finite_is_not_gone_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a phase the last finite checkpoint stays, and the trial fails as it would have."""
    asked = stopped(tmp_path)
    before = asked.checkpoint.read_bytes()
    model = registry.framework("reference").build(
        asked.autoencoder, checkpoint.load(asked.checkpoint), dtype="float64", device="cpu"
    )
    model.assign({"encoder1.bias": model.parameters()["encoder1.bias"] * float("nan")})
    progress.save(asked.checkpoint, asked.identity, model, progress.Progress(epoch=3), {})
    assert before == asked.checkpoint.read_bytes()


def test_an_arm_starts_from_a_finished_training_only(tmp_path: Path) -> None:
    """Neither from a half-trained checkpoint, nor from one that its result was not measured on, nor from none."""
    arms = made("pretrained", tmp_path / "arms")
    with pytest.raises(ResultError, match=r"result\.json"):
        trial.run(arms)
    half = stopped(tmp_path / "start", name="layerwise_cached")
    half_trained = half.checkpoint.read_bytes()
    with pytest.raises(ResultError, match=r"result\.json"):
        trial.run(arms)
    trial.run(half)
    half.checkpoint.write_bytes(half_trained)
    with pytest.raises(CheckpointError, match="layerwise_cached is half-trained there"):
        trial.run(arms)
    with pytest.raises(CheckpointError, match="name the folder of the trial that trains it"):
        trial.run(made("pretrained", tmp_path / "arms", pretrained=None))


class Here:
    """A framework's process that is this one; it is killed after so many checkpoints of each trial of that name."""

    framework = "reference"

    def __init__(self, killed: str = "", checkpoints: int = 0) -> None:
        self.killed, self.checkpoints = killed, checkpoints

    def call(self, function: Callable[..., Any], asked: trial.Trial, on_message: Callable[[Any], None]) -> Any:
        """Run the trial."""
        if asked.autoencoder.name != self.killed:
            return function(asked)
        try:
            run_until(asked, self.checkpoints)
        except Stopped:
            raise FrameworkError("reference: its process was ended by SIGKILL") from None
        raise AssertionError("it was not killed")

    def close(self) -> None:
        """Nothing is to be ended."""


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Here], list[dict[str, Any]]]:
    """Measures `pretrained` in a folder once more, as a new command does: both trials' documents."""

    def trial_of(run: Run, name: str, seed: int, framework: str) -> trial.Trial:
        return made(name, run.folder / ("start" if name == "layerwise_cached" else name))

    monkeypatch.setattr(Run, "trial", trial_of)

    def measured(folder: str, process: Here) -> list[dict[str, Any]]:
        run = Run(Options(("pretrained",), ("reference",), agreement=False), tmp_path / folder, Silent())
        run.conditions = capture.here(
            subjects={"reference": capture.subject("reference")},
            autoencoders=[made(name, tmp_path).autoencoder for name in ("layerwise_cached", "pretrained")],
            data={"small": trial.dataset_of("small", None, "source").checksum}, schedule="source", device="cpu",
            dtype="float64",
        )  # fmt: skip
        run.measure("pretrained", 0, "reference", process)  # type: ignore[arg-type]
        return run.trials

    return measured


def test_a_killed_pretraining_is_trained_to_its_end_before_an_arm(session) -> None:
    """Killed with a checkpoint there, the arm's row says why it failed; taken up again both end as if nothing was."""
    expected = session("whole", Here())
    failed = session("broken", Here("layerwise_cached", 2))
    why = "layerwise_cached, from which it starts, failed: reference: its process was ended by SIGKILL"
    assert ["reference: its process was ended by SIGKILL", why] == [document["failure"] for document in failed]
    actual = session("broken", Here())
    assert [d["metrics"] for d in expected] == [d["metrics"] for d in actual]
    assert [d["parameters"] for d in expected] == [d["parameters"] for d in actual]
    assert actual[0]["parameters"] == actual[1]["started_from"]


def test_an_arm_is_trained_anew_when_its_pretraining_was(session, tmp_path: Path, monkeypatch) -> None:
    """Finished or half-finished: what started from other parameters does not stay beside the new ones."""
    first = session("run", Here())
    again = session("run", Here())
    assert [d["conditions"]["busy"] for d in first] == [d["conditions"]["busy"] for d in again], "measured once only"
    start = tmp_path / "run" / "start"
    for path in start.iterdir():
        path.unlink()
    drawn = trial.initial_parameters
    monkeypatch.setattr(trial, "initial_parameters", lambda *a: {n: 1.5 * v for n, v in drawn(*a).items()})
    redone = session("run", Here())
    assert first[0]["parameters"] != redone[0]["parameters"] == redone[1]["started_from"]
    note = "trained anew: layerwise_cached, from which it starts, was trained anew since"
    assert [[], [note]] == [document["notes"] for document in redone]
