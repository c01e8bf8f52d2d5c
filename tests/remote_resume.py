"""Trials of narrow autoencoders that are stopped and taken up again, in whatever process this runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from aebench import registry
from aebench.data import Dataset, Split
from aebench.records import checkpoint
from aebench.streams import stream
from aebench.training import trial

Measured = dict[str, Any]


class Stopped(BaseException):
    """Stands for the signal that ends a process: nothing in a trial catches it."""


@contextmanager
def small_data() -> Iterator[Dataset]:
    """Within it every trial reads 60 images of 16 values, and writes a checkpoint after every epoch."""
    images = stream(0, "test/images").uniform((60, 16)).astype(np.float32)
    labels = (stream(0, "test/labels").uniform((60,)) * 10).astype(np.int64)
    split = Split(images, labels)
    dataset = Dataset("small", train=split, validation=split, test=split)
    with (
        mock.patch.object(trial, "dataset_of", return_value=dataset),
        mock.patch.object(trial, "SECONDS_BETWEEN_CHECKPOINTS", -1.0),
        mock.patch.object(trial, "STEPS_TOGETHER", 1),
    ):
        yield dataset


def made(name: str, folder: Path, *, framework: str = "reference", epochs: int = 3, **changes: object) -> trial.Trial:
    """A trial of a narrow autoencoder; what it starts from is trained in a folder beside its own."""
    autoencoder = registry.autoencoder(name).resized(width=0.02, n_inputs=16)
    autoencoder = autoencoder.with_schedule({p.name: epochs for p in autoencoder.phases}, batch_size=20)
    settings = {"dtype": "float64", "device": "cpu", "dataset": "small", "data_dir": None, "schedule": "source"}
    start = {"pretrained": folder.with_name("start")} if autoencoder.pretraining else {}
    return trial.Trial(autoencoder, framework, 0, folder=folder, **{**settings, **start, **changes})  # type: ignore[arg-type]


def run_until(asked: trial.Trial, checkpoints: int) -> None:
    """Train until so many checkpoints are written, and stop as a killed process does; or to the end."""
    save, written = trial.save, 0

    def counting(*arguments: Any) -> None:
        nonlocal written
        save(*arguments)
        written += 1
        if written == checkpoints:
            raise Stopped

    with mock.patch.object(trial, "save", counting):
        trial.run(asked)


def differences(name: str, framework: str, dtype: str, folder: Path, stops: Iterable[int] | None = None) -> list[str]:
    """What is not the same, to the bit, in a trial that was stopped after so many checkpoints and taken up again.

    stops: default all there are, one for each epoch and one for each phase.
    """
    with small_data():
        if pretraining := registry.autoencoder(name).pretraining:
            trial.run(made(pretraining, folder / "start", framework=framework, dtype=dtype))
        whole = made(name, folder / "whole", framework=framework, dtype=dtype)
        expected = _left(trial.run(whole), whole)
        found = []
        for stop in stops or range(1, 1 + sum(phase.epochs + 1 for phase in whole.autoencoder.phases)):
            broken = made(name, folder / f"stopped{stop}", framework=framework, dtype=dtype)
            try:
                run_until(broken, stop)
            except Stopped:
                actual = _left(trial.run(broken), broken)
                found += [f"{key}, stopped after {stop}" for key in expected if expected[key] != actual.get(key)]
            else:
                found.append(f"there is no checkpoint {stop}")
        return found


def _left(document: Measured, finished: trial.Trial) -> Measured:
    """All that the trial left, but for its times."""
    pictures, _ = checkpoint.read_arrays(finished.pictures)
    timeless = {
        phase: [{k: v for k, v in epoch.items() if k not in ("seconds", "cold")} for epoch in epochs]
        for phase, epochs in document["history"].items()
    }
    told = {key: document[key] for key in ("metrics", "invalid", "parameters", "started_from", "notes")}
    return {**told, "history": timeless, "pictures": checkpoint.digest(pictures)}
