"""How far a trial is, kept in its checkpoint: what an interrupted trial needs to end with the bits of one that was not.

Parameters and moments are kept as precise as the framework computes; the rest is a text in the checkpoint's metadata.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from aebench.arrays import Arrays
from aebench.errors import CheckpointError, DamagedError
from aebench.processes.inside import tell
from aebench.protocol import Model
from aebench.records import checkpoint, documents, trials
from aebench.records.fields import checked, encoded, plain
from aebench.spec import Autoencoder
from aebench.training.metrics import Metric, Metrics

# What lies in the folder of a trial.
CHECKPOINT, RESULT = "checkpoint.safetensors", "result.json"
ADVICE = "move it away, and the trial is trained anew"


@dataclass
class Progress:
    """Finished epochs of the phase under way, and what was seen on the way.

    phase: its number; behind the last one when all are trained. seconds: of the sessions before this one, which began
    at `began` on the clock of `time.perf_counter`. started_from: digest of the parameters that were copied from the
    trained autoencoder that a phase starts from. notes: what a reader of the result must know, in sentences.
    """

    phase: int = 0
    epoch: int = 0
    seconds: float = 0.0
    started_from: str | None = None
    notes: list[str] = field(default_factory=list)
    history: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    measured: Metrics = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    def elapsed(self) -> float:
        """Seconds of all sessions until now."""
        return self.seconds + time.perf_counter() - self.began

    def to_text(self) -> str:
        """As JSON, for the checkpoint's metadata."""
        measured = {name: vars(metric) for name, metric in self.measured.items()}
        content = {**vars(self), "measured": measured, "seconds": self.elapsed()}
        del content["began"]
        return json.dumps(encoded(content), allow_nan=False)

    @classmethod
    def from_text(cls, text: str) -> Progress:
        """From the checkpoint's metadata; a session begins now.

        Raises:
            ValueError: it is no JSON.
        msgspec.ValidationError: a field is missing, unknown or of another type; the message names it.
        """
        content = json.loads(text)
        found = plain(checked(content, trials.Progress))
        return cls(**{**found, "measured": {name: Metric(**values) for name, values in found["measured"].items()}})


def save(path: Path, who: str, model: Model, progress: Progress, optimizer: Arrays) -> None:
    """Write what is needed to go on; who: the trial's subject, as `load` expects it.

    In the middle of a phase numbers that are not finite are not written: no training goes on from them, and the
    checkpoint before leads to the same end.
    """
    parameters = model.parameters()
    if progress.epoch and not all(np.all(np.isfinite(array)) for array in (*parameters.values(), *optimizer.values())):
        return
    metadata = {"progress": progress.to_text(), "trial": who}
    checkpoint.save(path, model.autoencoder.name, parameters, optimizer=optimizer, metadata=metadata)


def taken_up(path: Path, who: str, model: Model, started_from: str | None) -> tuple[Progress, Arrays]:
    """Where a trial stands, its parameters in the model, and the optimiser's state; the beginning without a checkpoint.

    It is trained anew, and the user is told so, when the checkpoint is damaged (it is set aside), or when it started
    from other parameters than those of the digest `started_from`.

    Raises:
        CheckpointError: as of `load`, but for damage; what is there stays.
    """
    fresh = Progress(started_from=started_from)
    if not path.exists():
        return fresh, {}
    try:
        progress, parameters, optimizer = load(path, who, model.autoencoder)
    except DamagedError as error:
        aside = path.with_suffix(".damaged")
        os.replace(path, aside)
        note = f"trained anew: its checkpoint was damaged, and is now called {aside.name} ({error})"
    else:
        if progress.started_from == started_from:
            model.restore(parameters)
            return progress, optimizer
        note = f"trained anew: {model.autoencoder.pretraining}, from which it starts, was trained anew since"
    tell(note)
    fresh.notes.append(note)
    return fresh, {}


def origin(name: str, folder: Path | None) -> str:
    """Digest of the trained parameters of the autoencoder `name`, from the folder of the trial that trained it.

    Raises:
        ResultError: that trial is not finished.
        CheckpointError: no folder was named, or its checkpoint is not the one that its result was measured on.
    """
    if folder is None:
        raise CheckpointError(f"a phase starts from a trained {name}; name the folder of the trial that trains it")
    document = documents.read(folder / RESULT, "trial")
    found = checkpoint.digest(checkpoint.load(folder / CHECKPOINT, name))
    if document.get("parameters") != found:
        raise CheckpointError(
            f"{folder / CHECKPOINT} does not hold the parameters that {RESULT} beside it was measured on: {name} is "
            f"half-trained there, or another version wrote it; move the folder away, and {name} is trained anew"
        )
    return found


def load(path: Path, who: str, autoencoder: Autoencoder) -> tuple[Progress, Arrays, Arrays]:
    """Where an interrupted trial stood, its parameters and its optimiser's state.

    Raises:
        DamagedError: the file is truncated, or something else.
        CheckpointError: it cannot be read, is another trial's, or holds what no training of this autoencoder leaves.
    """
    parameters, optimizer, metadata = checkpoint.load_training(path, autoencoder.name)
    if metadata.get("trial") != who:
        raise CheckpointError(f"{path} is of the trial {metadata.get('trial', 'not stated')}, expected {who}; {ADVICE}")
    try:
        progress = Progress.from_text(metadata["progress"])
        _check(autoencoder, progress)
    except KeyError as error:
        raise CheckpointError(
            f"{path} does not say how far its training was: 'progress' is missing; {ADVICE}"
        ) from error
    except (ValueError, msgspec.ValidationError, RecursionError) as error:
        raise CheckpointError(f"{path}: its 'progress' is not what a training leaves ({error}); {ADVICE}") from error
    return progress, parameters, optimizer


def _check(autoencoder: Autoencoder, progress: Progress) -> None:
    """ValueError when the progress contradicts the autoencoder, or itself."""
    phases, history = autoencoder.phases, progress.history
    if not 0 <= progress.phase <= len(phases):
        raise ValueError(f"phase is {progress.phase}, expected 0 to {len(phases)}")
    most = phases[progress.phase].epochs if progress.phase < len(phases) else 0
    if not 0 <= progress.epoch <= most:
        raise ValueError(f"epoch is {progress.epoch}, expected 0 to {most}")
    done = {phase.name: phase.epochs for phase in phases[: progress.phase]}
    expected = {**done, **({phases[progress.phase].name: progress.epoch} if progress.epoch else {})}
    found = {name: epochs[-1]["epoch"] if epochs else 0 for name, epochs in history.items()}
    if found != expected:
        raise ValueError(f"its history ends at the epochs {found}, expected {expected}")
    if any("cold" not in epoch for epochs in history.values() for epoch in epochs):
        raise ValueError("an epoch of its history does not say whether it was cold")
    if unknown := [name for name in progress.measured if name.split(".")[0] not in done]:
        raise ValueError(f"it has measured {', '.join(unknown)}, which no finished phase is measured by")
