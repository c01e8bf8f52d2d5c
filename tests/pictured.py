"""A run's folder with a document and pictures of a few narrow images, made without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from examples import OPTIONS, conditions, trial

from aebench.records import documents
from aebench.records.checkpoint import write_arrays

SUBJECTS = ("tensorflow", "pytorch")


def arrays(subject: str) -> dict[str, np.ndarray]:
    """What a training of images of 36 pixels leaves: random, other numbers for each subject."""
    shared, own = np.random.default_rng(0), np.random.default_rng(len(subject))
    labels = np.repeat([3.0, 7.0], 6)
    return {
        "images": shared.random((4, 36)),
        "reconstructions": own.random((4, 36)),
        "features": own.normal(size=(36, 5)),
        "coding_map": own.normal(size=(12, 2)) + 9.0 * (labels[:, None] == 7),
        "coding_map_variance": np.array([0.6, 0.2]),
        "labels": labels,
        "coding_means": own.uniform(0.05, 0.15, 20),
        "activations": own.integers(1, 9, 50),
        "activation_range": np.array([0.0, 1.0]),
    }


def run(
    folder: Path, *names: str, trials: Sequence[Mapping[str, Any]] = (), lacking: Sequence[str] = (),
    of: Sequence[str] = SUBJECTS,
) -> Path:  # fmt: skip
    """A run of these autoencoders in both subjects; the folder. trials: in place of its own. lacking: arrays that are
    not there, of the subjects in `of`."""
    own = [trial(subject, 0, 0.1, autoencoder=name) for name in names for subject in SUBJECTS]
    for name in names:
        for subject in SUBJECTS:
            found = {
                k: np.asarray(a, np.float32)
                for k, a in arrays(subject).items()
                if subject not in of or k not in lacking
            }
            path = folder / name / "seed0" / subject / "pictures.safetensors"
            write_arrays(path, found, {"autoencoder": name, "framework": subject, "image_shape": "6x6"})
    document = {
        "options": {**OPTIONS, "autoencoders": list(names)}, "conditions": conditions(), "complete": True,
        "agreements": [], "trials": list(trials) or own, "failures": [],
    }  # fmt: skip
    documents.write(folder / "result.json", "run", document)
    return folder
