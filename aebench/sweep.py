"""How cost and quality go with the number of images and with the width: trainings along two lines that cross.

One line varies the number of training images at the autoencoder's own width, the other the width of every hidden layer
at the largest number of images. A point is a trial; a point that is measured is kept and not measured again.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from aebench import registry, results
from aebench.climbing import Listener
from aebench.data import Dataset
from aebench.environment import environment
from aebench.errors import UsageError
from aebench.metrics import headline
from aebench.results import comparable
from aebench.runner import Options, attempt, processes_of
from aebench.spec import Autoencoder
from aebench.trial import Trial, dataset_of
from aebench.worker import FrameworkProcess

Row = dict[str, Any]
# A training step multiplies once forwards, and backwards once for the weights and once for the layer below.
PASSES = 3


@dataclass(frozen=True)
class Lines:
    """The two lines.

    images: numbers of training images. widths: factors on every hidden size. epochs: of each phase.
    """

    images: tuple[int, ...]
    widths: tuple[float, ...]
    epochs: int

    @property
    def points(self) -> list[tuple[int, float]]:
        """(images, width) of every point, each once."""
        across = [(n, 1.0) for n in sorted(self.images)]
        return list(dict.fromkeys([*across, *((max(self.images), width) for width in sorted(self.widths))]))


def measure(options: Options, lines: Lines, folder: Path, listener: Listener) -> list[Row]:
    """Train every point in every framework from every seed; the rows asked for.

    `scale.json` in the folder holds these and whatever was measured there before; it is written after each point.

    Raises:
        UsageError: an autoencoder that cannot be scaled, more images than there are, or a folder of other settings.
        AebenchError: a data set or a device is missing.
    """
    dataset = dataset_of(options.dataset, options.data_dir, "source")
    autoencoders = {name: _checked(name, lines, dataset) for name in options.autoencoders}
    settings = {"dataset": options.dataset, "device": options.device, "dtype": options.dtype, "epochs": lines.epochs}
    path = folder / "scale.json"
    rows, here = _before(path, settings), environment()
    with processes_of(options, folder / "logs", arbiter=False) as processes:
        for name, (images, width), seed in product(autoencoders, lines.points, options.seeds):
            for framework, process in processes.items():
                point = {"autoencoder": name, "framework": framework, "images": images, "width": width, "seed": seed}
                if not any(point.items() <= row.items() for row in rows):
                    listener.begin(f"{name}: {framework}, {images:,} images, width {width:g}, seed {seed}", 1)
                    rows.append(_measured(point, autoencoders[name].resized(width), options, process, listener))
                    results.write(path, "scale", {"settings": settings, "environment": here, "rows": rows})
    wanted = set(product(options.autoencoders, options.frameworks, lines.points, options.seeds))
    return [row for row in rows if _key(row) in wanted]


def _key(row: Row) -> tuple[str, str, tuple[int, float], int]:
    return row["autoencoder"], row["framework"], (row["images"], row["width"]), row["seed"]


def _before(path: Path, settings: Mapping[str, Any]) -> list[Row]:
    """What was measured there before with the same settings; failures are tried again."""
    if not path.exists():
        return []
    found = results.read(path, "scale")
    if found["settings"] != comparable(settings):
        raise UsageError(f"{path} was measured with {found['settings']}, now {settings}; choose another --output")
    return [row for row in found["rows"] if "failure" not in row]


def _checked(name: str, lines: Lines, dataset: Dataset) -> Autoencoder:
    """The autoencoder for images of that width, with the epochs of the lines, if it can be scaled."""
    autoencoder = registry.autoencoder(name)
    if autoencoder.dataset or autoencoder.pretraining:
        why = "has a data set of its own" if autoencoder.dataset else f"starts from a trained {autoencoder.pretraining}"
        raise UsageError(f"{name} cannot be scaled, it {why}; choose another, such as stacked")
    smallest = max(phase.batch_size for phase in autoencoder.phases)
    if min(lines.images) < smallest or max(lines.images) > len(dataset.train):
        raise UsageError(
            f"{name} on {dataset.name} takes {smallest:,} (a batch) to {len(dataset.train):,} images, "
            f"found {min(lines.images):,} to {max(lines.images):,}; choose other --images or another --dataset"
        )
    epochs = {phase.name: lines.epochs for phase in autoencoder.phases}
    return autoencoder.resized(n_inputs=dataset.n_inputs).with_schedule(epochs)


def _measured(
    point: Row, autoencoder: Autoencoder, options: Options, process: FrameworkProcess, listener: Listener
) -> Row:
    """One point measured: its row, with the reason where it failed."""
    with tempfile.TemporaryDirectory(prefix="aebench-") as folder:
        trial = Trial(
            autoencoder, point["framework"], point["seed"], options.dtype, options.device_of(point["framework"]),
            options.dataset, options.data_dir, "source", Path(folder), images=point["images"],
        )  # fmt: skip
        document = attempt(trial, process, listener)
    listener.finished(document)
    if "failure" in document:
        return {**point, "failure": document["failure"]}
    metric = headline(autoencoder)[0]
    return {
        **point,
        "metric": metric,
        "quality": document["metrics"][metric]["value"],
        "unit": document["metrics"][metric]["unit"],
        "seconds_per_1000_images": document["speed"]["seconds_per_1000_images"],
        "warm": document["speed"]["warm"],
        "parameters": sum(math.prod(shape) for shape in autoencoder.shapes.values()),
        "multiply_adds_per_image": multiply_adds(autoencoder),
        "invalid": document["invalid"],
    }


def multiply_adds(autoencoder: Autoencoder) -> float:
    """Multiply-adds of a training step's matrix products for one image, mean over the phases.

    Every layer that a phase trains counts three times, which overstates the first one by the gradient of the images.
    """
    layers = [[autoencoder.layer(name) for name in phase.trains] for phase in autoencoder.phases]
    return PASSES * sum(x.n_inputs * x.n_outputs for phase in layers for x in phase) / len(layers)
