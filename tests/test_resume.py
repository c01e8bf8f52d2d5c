"""A trial that is stopped at any moment and taken up again ends with the bits of one that was not."""

from __future__ import annotations

from pathlib import Path

import pytest
import remote_resume
from remote_resume import made, run_until, small_data

from aebench import registry
from aebench.arrays import Dtype
from aebench.implementations.reference import training as reference
from aebench.processes.worker import FrameworkProcess
from aebench.training import progress, trial
from aebench.training.timing import ROUNDS_TO_WARM

# In the second phase, which reads cached inputs, with moments that are not zero.
FAST = (5,)
SUBJECTS = [n for n in registry.installed(registry.variants()) if registry.plain(n) != registry.ARBITER]
# What is compiled is compiled anew in each session: minutes.
QUICK = [
    pytest.param(name, marks=pytest.mark.slow if registry.variants()[name].mode == "compiled" else ())
    for name in SUBJECTS
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", registry.autoencoders())
def test_the_reference_goes_on_to_the_bit(tmp_path: Path, name: str, dtype: Dtype) -> None:
    """Every autoencoder, stopped after each epoch and each phase: parameters, metrics, curves and pictures."""
    assert [] == remote_resume.differences(name, "reference", dtype, tmp_path)


@pytest.mark.parametrize("subject", QUICK)
def test_every_subject_goes_on_to_the_bit(tmp_path: Path, subject: str) -> None:
    """Beyond the first checkpoint, in a phase that reads cached inputs."""
    with FrameworkProcess(subject) as process:
        assert [] == process.call(remote_resume.differences, "layerwise_cached", subject, "float32", tmp_path, FAST)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["denoising_dropout", "layerwise_cached", "pretrained", "variational"])
@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_goes_on_to_the_bit_from_everywhere(
    tmp_path: Path, subject: str, name: str, dtype: Dtype
) -> None:
    """As the reference: in both dtypes, stopped after each epoch and each phase."""
    with FrameworkProcess(subject) as process:
        assert [] == process.call(remote_resume.differences, name, subject, dtype, tmp_path)


def test_a_rounding_on_the_way_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the float32 reference takes its float64 parameters up again rounded to float32."""
    monkeypatch.setattr(reference.ReferenceModel, "restore", reference.ReferenceModel.assign)
    assert "parameters, stopped after 1" in remote_resume.differences("tied", "reference", "float32", tmp_path, [1])


def test_lost_moments_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the moments begin at zero again."""
    monkeypatch.setattr(reference.ReferenceTrainer, "take_up", lambda *_: None)
    assert "parameters, stopped after 1" in remote_resume.differences("tied", "reference", "float64", tmp_path, [1])


class Clock:
    """A clock that goes on by one second whenever it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        """Seconds."""
        self.now += 1.0
        return self.now

    monotonic = perf_counter


def test_the_first_epochs_of_a_phase_are_cold(tmp_path: Path) -> None:
    """As many as are rounds to warm everywhere."""
    with small_data():
        document = trial.run(made("layerwise_joint", tmp_path))
    cold = {phase: [epoch["cold"] for epoch in epochs] for phase, epochs in document["history"].items()}
    expected = [True] * ROUNDS_TO_WARM + [False] * (len(cold["phase1"]) - ROUNDS_TO_WARM)
    assert {"phase1": expected, "phase2": expected} == cold


def test_a_session_begins_cold_and_its_time_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each session's first epochs of a phase are cold; the trial took as long as all its sessions together."""
    asked, clock, seconds = made("layerwise_joint", tmp_path), Clock(), 0.0
    monkeypatch.setattr(trial, "time", clock)
    monkeypatch.setattr(progress, "time", clock)
    monkeypatch.setattr(trial, "ROUNDS_TO_WARM", 1)
    with small_data():
        for checkpoints in (2, 3):
            began = clock.now + 1.0
            with pytest.raises(remote_resume.Stopped):
                run_until(asked, checkpoints)
            seconds += clock.now - began
        began = clock.now + 1.0
        document = trial.run(asked)
    cold = {phase: [epoch["cold"] for epoch in epochs] for phase, epochs in document["history"].items()}
    assert {"phase1": [True, False, True], "phase2": [True, True, False]} == cold, "with one round to warm"
    assert seconds + clock.now - began == document["speed"]["trial_seconds"]
