"""What a trial trains, step by step, and what it tells of each epoch: the same as its schedule run by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aebench import registry
from aebench.data import Dataset, Split
from aebench.parameters import initial_parameters
from aebench.protocol import Batch
from aebench.records import checkpoint
from aebench.streams import stream
from aebench.training import metrics, schedule, trial

EPOCHS, BATCH_SIZE = 3, 20


def images(name: str) -> Split:
    """60 images of 16 values, other ones under every name."""
    return Split(stream(0, f"test/{name}").uniform((60, 16)).astype(np.float32))


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """What every trial here reads, epoch by epoch: other images to train on than to test on."""
    dataset = Dataset("small", images("train"), images("validation"), images("test"))
    monkeypatch.setattr(trial, "dataset_of", lambda *_: dataset)
    monkeypatch.setattr(trial, "STEPS_TOGETHER", 1)
    return dataset


def made(name: str, folder: Path, seed: int) -> trial.Trial:
    """A trial of a narrow autoencoder in the reference."""
    it = registry.autoencoder(name).resized(width=0.02, n_inputs=16)
    it = it.with_schedule({phase.name: EPOCHS for phase in it.phases}, batch_size=BATCH_SIZE)
    return trial.Trial(it, "reference", seed, "float64", "cpu", "small", None, "source", folder)


def by_hand(asked: trial.Trial, data: Dataset) -> dict[str, Any]:
    """Digest of the parameters in the end, and what is told of each epoch, from the schedule of all steps at once."""
    it, seed, history = asked.autoencoder, asked.seed, dict[str, list[dict[str, Any]]]()
    initial = initial_parameters(it, seed)
    model = registry.framework("reference").build(it, initial, dtype=asked.dtype, device="cpu")
    for phase in it.phases:
        trainer, told = model.trainer(phase.name, data.train.inputs), history.setdefault(phase.name, [])
        an_epoch = phase.n_batches(len(data.train))
        order = schedule.first_orders(phase, seed, len(data.train), phase.epochs * an_epoch)
        noise = schedule.noise(it, phase, seed, range(len(order)), order.shape[1])
        for epoch in range(phase.epochs):
            steps = slice(epoch * an_epoch, (epoch + 1) * an_epoch)
            losses = trainer.run(order[steps], None if noise is None else noise[steps])
            last = Batch(trainer.inputs()[order[steps][-1]])
            told.append({
                "mean": {term: float(np.mean(values)) for term, values in losses.items()},
                "last_batch": metrics.last_batch(model, phase, last, seed, epoch),
            })  # fmt: skip
            if phase is it.phases[-1] and "test_error" in it.measures.names:
                told[-1]["test_mse"] = metrics.reconstruction_mse(model, data.test)
    return {"parameters": checkpoint.digest(model.parameters()), "history": history}


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("name", ["stacked", "layerwise_cached", "denoising_dropout", "sparse", "variational"])
def test_a_trial_is_its_schedule(data: Dataset, tmp_path: Path, name: str, seed: int) -> None:
    """Each epoch reads its own rows and noise and tells its own losses; the errors are those of the test images."""
    asked = made(name, tmp_path, seed)
    expected, found = by_hand(asked, data), trial.run(asked)
    told = {phase: [{k: e[k] for k in ("mean", "last_batch", "test_mse") if k in e} for e in epochs]
            for phase, epochs in found["history"].items()}  # fmt: skip
    assert expected["history"] == told
    assert expected["parameters"] == found["parameters"]
