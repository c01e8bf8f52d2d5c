"""Training under the protocol, held against every registered framework, autoencoder and phase."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import remote
import remote_compiled
from processes import PHASES, Process, apart, elu, same

from aebench.arrays import Arrays
from aebench.spec import Autoencoder

FLOAT64 = 1e-12


def _trial(process: Process, name: str, phase: str) -> dict[str, Arrays]:
    found: dict[str, Arrays] = process.recall(remote.trial, name, phase)
    return found


def _layers(it: Autoencoder, phase: str) -> tuple[set[str], set[str]]:
    trained = set(it.trained(it.phase(phase)))
    return trained, set(it.shapes) - trained


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_training_changes_what_the_phase_trains_and_nothing_else(process: Process, name: str, phase: str) -> None:
    """Frozen parameters keep their bits; every trained one moves. The data are read-only and stay as they were."""
    trained, frozen = _layers(remote.narrow(name), phase)
    found = _trial(process, name, phase)
    before, after = found["initial"], found["after four steps"]
    assert same({n: before[n] for n in sorted(frozen)}, {n: after[n] for n in sorted(frozen)})
    assert all(not np.array_equal(before[n], after[n]) for n in trained)
    assert np.array_equal(found["inputs"]["inputs"], found["inputs after four steps"]["inputs"])
    assert np.array_equal(remote.images(remote.narrow(name)), found["inputs"]["images"])


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_cached_inputs_are_computed_once_from_all_images(process: Process, name: str, phase: str) -> None:
    """A phase reads the images, or the named activation of all of them under the model as it was at the beginning."""
    found, specification = _trial(process, name, phase), remote.narrow(name).phase(phase)
    images, given = found["inputs"]["images"], found["initial"]
    expected = images
    if specification.inputs == "hidden1":
        expected = elu(images @ given["encoder1.weight"] + given["encoder1.bias"])
    assert apart({"x": expected}, {"x": found["inputs"]["inputs"]}) < FLOAT64


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_losses_are_those_before_each_step(process: Process, name: str, phase: str) -> None:
    """`run` gives one value per step and term; the first is the loss of the parameters it began with."""
    found = _trial(process, name, phase)
    history, before = found["losses of four steps"], found["losses"]
    assert set(before) == set(history)
    assert {(4,)} == {values.shape for values in history.values()}
    assert apart({k: np.asarray(v) for k, v in before.items()}, {k: v[0] for k, v in history.items()}) < FLOAT64


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_total_is_the_sum_of_its_terms(process: Process, name: str, phase: str) -> None:
    """`total` is the sum of the terms, the sparsity loss times its weight."""
    found = _trial(process, name, phase)["losses"]
    sparsity = remote.narrow(name).phase(phase).sparsity
    weights = {"sparsity": sparsity.weight if sparsity else 0.0, "total": 0.0}
    expected = sum(weights.get(term, 1.0) * float(value) for term, value in found.items())
    assert apart({"total": np.asarray(expected)}, {"total": np.asarray(found["total"])}) < FLOAT64


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_four_steps_are_two_and_two(process: Process, name: str, phase: str) -> None:
    """Where a run is cut makes no difference: the same bits of parameters, state and losses."""
    found = _trial(process, name, phase)
    assert same(found["after four steps"], found["after two and two steps"])
    assert same(found["state after four steps"], found["state after two and two steps"])
    assert same(found["losses of four steps"], found["losses of two and two steps"])


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_a_restored_state_goes_on_exactly(process: Process, name: str, phase: str) -> None:
    """Parameters and state taken after two steps and put back go on to the same bits; a state taken is a copy."""
    found = _trial(process, name, phase)
    assert same(found["losses not resumed"], found["losses resumed"])
    assert same(found["after two and two steps"], found["after resuming"])
    assert same(found["state after two and two steps"], found["state after resuming"])
    assert same(found["state after two steps"], found["same state later"])


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_moments_are_exchanged_in_the_layout_of_the_parameters(process: Process, name: str, phase: str) -> None:
    """Moments have the parameters' shapes; zero before, and after the steps those of the arbiter, not transposed."""
    it, found = remote.narrow(name), _trial(process, name, phase)
    names = [f"{n}.{moment}" for n in it.trained(it.phase(phase)) for moment in ("first_moment", "second_moment")]
    before, after = found["state before"], found["state after four steps"]
    assert sorted(["step", *names]) == sorted(before) == sorted(after)
    assert all(it.shapes[n.rsplit(".", 1)[0]] == before[n].shape == after[n].shape for n in names)
    assert not any(np.any(value) for value in before.values())
    assert np.dtype(np.int64) == after["step"].dtype
    assert after["step"].shape == ()
    expected = 4
    assert expected == int(after["step"])


@pytest.mark.parametrize(("name", "phase"), PHASES)
def test_moments_are_the_arbiter_s(process: Process, arbiter: Process, name: str, phase: str) -> None:
    """The optimiser's state after four steps is the arbiter's within 1e-12 in float64."""
    key = "state after four steps"
    assert apart(_trial(arbiter, name, phase)[key], _trial(process, name, phase)[key]) < FLOAT64


def test_tensorflow_compiles_a_phase_once(processes: dict[str, Process]) -> None:
    """Other trainers and fewer steps run the program that is there; only more steps than ever need another."""
    if "tensorflow" not in processes:
        pytest.skip("TensorFlow is not installed")
    assert [1, 1, 1, 2] == processes["tensorflow"].call(remote_compiled.times_compiled)


@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++"))), reason="compiled PyTorch needs a C++ compiler")
def test_pytorch_compiles_a_phase_once(processes: dict[str, Process]) -> None:
    """Other trainers run the step that is there."""
    if "pytorch" not in processes:
        pytest.skip("PyTorch is not installed")
    assert processes["pytorch"].call(remote_compiled.trainers_share_their_step)
