"""One trial: one autoencoder trained and measured in one framework from one seed. Runs inside the framework's process.

An epoch is the unit of progress. About every ten seconds, and at the end of each phase, everything needed to go on is
written to the trial's checkpoint; a trial that is taken up again goes on from there and ends with the same numbers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from aebench import registry
from aebench.arrays import Array, Arrays, Dtype
from aebench.data import Dataset
from aebench.data import load as load_dataset
from aebench.errors import AebenchError, DataError
from aebench.given import require_finite
from aebench.parameters import initial_parameters
from aebench.processes.inside import tell
from aebench.protocol import Model
from aebench.records import capture, checkpoint
from aebench.records.conditions import Conditions
from aebench.records.documents import write
from aebench.records.fields import plain
from aebench.records.machine import Watch, forget_peak, peak_resident
from aebench.spec import Autoencoder, Phase
from aebench.training import measuring, metrics, pictures, schedule
from aebench.training.feeding import Feeder
from aebench.training.metrics import Metrics, Trained
from aebench.training.progress import CHECKPOINT, RESULT, Progress, origin, save, taken_up
from aebench.training.schedule import training_split
from aebench.training.timing import ROUNDS_TO_WARM, speed

SECONDS_BETWEEN_CHECKPOINTS = 10.0
QUICK_IMAGES = 10_000
# Epochs of one or two steps (a full batch, a small label budget) are run and recorded together, about so many steps.
STEPS_TOGETHER = 100


@dataclass(frozen=True)
class Trial:
    """What to train and where to leave it.

    folder: the trial's own. pretrained: folder of the trial to start from. images: train on so many of the data set's
    first. importance_samples: numbers of samples an image at which a variational autoencoder's bound is measured.
    alone: false where others train at the same time, which the result says of its seconds.
    """

    autoencoder: Autoencoder
    framework: str
    seed: int
    dtype: Dtype
    device: str
    dataset: str
    data_dir: str | None
    schedule: str
    folder: Path
    pretrained: Path | None = None
    images: int | None = None
    importance_samples: tuple[int, ...] = ()
    alone: bool = True

    @property
    def identity(self) -> str:
        """Which training it is, in words: what a checkpoint must be of to be gone on with."""
        images = "all" if self.images is None else f"{self.images:,}"
        return (
            f"{self.autoencoder.name}, {self.framework}, seed {self.seed}, {self.dtype}, {self.device}, schedule "
            f"{self.schedule}, {images} images of {self.dataset}"
        )

    @property
    def checkpoint(self) -> Path:
        """Parameters, optimiser state and history: to go on from, and the trained model in the end."""
        return self.folder / CHECKPOINT

    @property
    def result(self) -> Path:
        """The finished trial's document; its presence says that the trial is finished."""
        return self.folder / RESULT

    @property
    def pictures(self) -> Path:
        """The arrays behind the trial's figures."""
        return self.folder / "pictures.safetensors"


@cache
def dataset_of(name: str, data_dir: str | None, schedule: str) -> Dataset:
    """The data set as a schedule sees it, loaded once a process: `quick` takes the first 10,000 training images."""
    dataset = load_dataset(name, data_dir=data_dir)
    return dataset.first(min(QUICK_IMAGES, len(dataset.train))) if schedule == "quick" else dataset


def scheduled(autoencoder: Autoencoder, dataset: Dataset, schedule: str) -> Autoencoder:
    """The autoencoder with the epochs of the schedule, after its width was held against the data set's."""
    if autoencoder.n_inputs != dataset.n_inputs:
        raise DataError(
            f"{autoencoder.name} takes {autoencoder.n_inputs} inputs, {dataset.name} has {dataset.n_inputs}; "
            f"choose a data set of that width"
        )
    if schedule == "source":
        return autoencoder
    epochs = {
        phase.name: phase.quick_epochs(len(training_split(phase, dataset)), dataset.n_inputs)
        for phase in autoencoder.phases
    }
    return autoencoder.with_schedule(epochs)


def run(trial: Trial) -> dict[str, Any]:
    """Train, measure, write; the trial's document. Told: (epochs done, epochs in all), and sentences to know of."""
    started, watch, peak_is_own = time.perf_counter(), Watch(), forget_peak()
    whole = dataset_of(trial.dataset, trial.data_dir, trial.schedule)
    dataset = whole if trial.images is None else whole.first(trial.images)
    autoencoder = scheduled(trial.autoencoder, dataset, trial.schedule).at_label_budgets(len(dataset.train))
    measuring.check(autoencoder)
    pictures.check(autoencoder)
    framework = registry.framework(trial.framework)
    initial = initial_parameters(autoencoder, trial.seed)
    model = framework.build(autoencoder, initial, dtype=trial.dtype, device=trial.device)
    start = origin(autoencoder.pretraining, trial.pretrained) if autoencoder.pretraining else None
    progress, optimizer = taken_up(trial.checkpoint, trial.identity, model, start)
    progress.began = started
    for number in range(progress.phase, len(autoencoder.phases)):
        phase = autoencoder.phases[number]
        if progress.epoch == 0:
            _begin(trial, model, phase, initial)
        _train_phase(trial, model, phase, dataset, progress, optimizer)
        progress.measured |= measuring.after_phase(model, phase, dataset, trial.seed)
        progress.phase, progress.epoch, optimizer = number + 1, 0, {}
        save(trial.checkpoint, trial.identity, model, progress, {})
    measured = {**progress.measured, **measuring.gains(autoencoder, progress.measured)}
    curve_end = progress.history[autoencoder.phases[-1].name][-1].get("test_mse", float("nan"))
    trained = Trained(model, dataset, trial.seed, curve_end)
    measured |= measuring.after_training(trained, trial.importance_samples)
    pictures.record(trial.pictures, trial.framework, model, dataset, trial.seed)
    conditions = structs.replace(_conditions(trial, whole), busy=watch.busy())
    return _document(trial, model, progress, measured, conditions, peak_resident() if peak_is_own else None)


def _conditions(trial: Trial, dataset: Dataset) -> Conditions:
    """Under which conditions this process, which is the framework's own, trains."""
    return capture.here(
        subjects={trial.framework: capture.subject(trial.framework)},
        autoencoders=(trial.autoencoder,),
        data={trial.dataset: dataset.checksum},
        schedule=trial.schedule,
        device=trial.device,
        dtype=trial.dtype,
    )


def _begin(trial: Trial, model: Model, phase: Phase, initial: Arrays) -> None:
    """Put the model where the phase starts from."""
    if phase.starts_from == "previous":
        return
    model.assign(initial)
    if phase.copies and trial.pretrained is not None:
        checkpoint.load_model(model, trial.pretrained / CHECKPOINT, layers=phase.copies)


def _train_phase(
    trial: Trial, model: Model, phase: Phase, dataset: Dataset, progress: Progress, optimizer: Arrays
) -> None:
    """Train what is left of a phase's epochs."""
    split = schedule.training_split(phase, dataset)
    feeder = Feeder(model, phase, split)
    if progress.epoch:
        feeder.trainer.restore(optimizer)
    history = progress.history.setdefault(phase.name, [])
    epochs_in_all = sum(p.epochs for p in model.autoencoder.phases)
    epochs_before = sum(p.epochs for p in model.autoencoder.phases[: progress.phase])
    together, saved, begun = epochs_together(phase, len(split)), time.monotonic(), len(history)
    while progress.epoch < phase.epochs:
        epochs = range(progress.epoch, min(progress.epoch + together, phase.epochs))
        order = np.concatenate([schedule.epoch_order(phase, trial.seed, len(split), epoch) for epoch in epochs])
        record = _train_epochs(trial, model, feeder, phase, epochs, order)
        last_batch = metrics.last_batch(model, phase, feeder.batch(order[-1]), trial.seed, epochs[-1])
        measured = {"last_batch": last_batch, **measuring.after_epoch(model, phase, dataset)}
        history.append({**record, "cold": len(history) < begun + ROUNDS_TO_WARM, **measured})
        progress.epoch = epochs.stop
        tell((epochs_before + epochs.stop, epochs_in_all))
        if time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
            save(trial.checkpoint, trial.identity, model, progress, feeder.trainer.state())
            saved = time.monotonic()


def epochs_together(phase: Phase, n_images: int) -> int:
    """How many epochs are run as one: equal parts of the phase, since compiled code is compiled for a number of steps.

    One where an epoch is a pass over the images, whose curve is recorded.
    """
    most = 1 if phase.sampling == "epoch" else max(1, STEPS_TOGETHER // phase.n_batches(n_images))
    return max(n for n in range(1, most + 1) if phase.epochs % n == 0)


def _train_epochs(
    trial: Trial, model: Model, feeder: Feeder, phase: Phase, epochs: range, order: Array
) -> dict[str, Any]:
    """Run the steps of `order`: the seconds they took, and their mean loss terms."""
    steps = range(epochs.start * len(order) // len(epochs), epochs.stop * len(order) // len(epochs))
    losses, seconds = feeder.train(
        order,
        lambda window: schedule.noise(model.autoencoder, phase, trial.seed, steps[window], order.shape[1]),
    )
    context = f"{trial.autoencoder.name} in {trial.framework}, phase {phase.name}, epoch {epochs.start + 1}"
    require_finite(losses, context=context, first_step=steps.start)
    means = {term: float(np.mean(values)) for term, values in losses.items()}
    return {"epoch": epochs.stop, "seconds": seconds, "images": int(order.size), "mean": means}


def _document(
    trial: Trial, model: Model, progress: Progress, measured: Metrics, conditions: Conditions, peak: int | None
) -> dict[str, Any]:
    """The trial as plain data, written as its result. peak: bytes; None where another trial's may be among them."""
    cost = speed(progress.history, progress.elapsed()) | ({} if trial.alone else {"alone": False})
    document = {
        "autoencoder": trial.autoencoder.name,
        "framework": trial.framework,
        "version": registry.version(registry.framework(trial.framework)),
        "seed": trial.seed,
        "dtype": trial.dtype,
        "device": trial.device,
        "metrics": {name: vars(metric) for name, metric in measured.items()},
        "invalid": measuring.invalid(measured, model),
        "speed": cost if peak is None else {**cost, "peak_bytes": peak},
        "parameters": checkpoint.digest(model.parameters()),
        "started_from": progress.started_from,
        "notes": progress.notes,
        "history": progress.history,
        "conditions": plain(conditions),
    }
    write(trial.result, "trial", document)
    return document


def failure(trial: Trial, error: AebenchError) -> dict[str, Any]:
    """A trial that could not be done, as a row like the others."""
    return {
        "autoencoder": trial.autoencoder.name,
        "framework": trial.framework,
        "seed": trial.seed,
        "failure": str(error),
    }
