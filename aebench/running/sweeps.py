"""How cost and quality go with the number of images and with the width: trainings along two lines that cross.

One line varies the number of training images at the autoencoder's own width, the other the width of every hidden layer
at the largest number of images. A point is a trial; a point that is measured is kept and not measured again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.data import Dataset
from aebench.errors import SpecificationError, UsageError
from aebench.processes.events import Listener
from aebench.processes.temporary import scratch
from aebench.processes.worker import FrameworkProcess
from aebench.records import documents
from aebench.records.documents import comparable
from aebench.records.fields import plain
from aebench.records.reuse import require_same_document, require_same_options
from aebench.records.store import locked
from aebench.running.options import Options, processes_of
from aebench.running.resume import conditions
from aebench.running.trainings import attempt, outcome
from aebench.spec import Autoencoder
from aebench.speed.ceiling import has_ceiling
from aebench.training.trial import Trial, dataset_of

Row = dict[str, Any]
POINT = ("autoencoder", "framework", "images", "width", "seed")
# Of a sweep's options: what its document states, what makes two points comparable, and what a later call may add.
OPTIONS = ("autoencoders", "frameworks", "seeds", "dataset", "device", "dtype")
SAME = ("dataset", "schedule", "epochs", "device", "dtype")
ADDED = ("autoencoders", "frameworks", "seeds", "images", "widths")
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

    `scale.json` in the folder holds these and whatever was measured there before. It is there before the first point,
    and written anew after each.

    Raises:
        UsageError: an autoencoder that cannot be scaled, more images than there are, or a folder of other settings,
            of another machine or of other versions.
        ResultError: the folder's document is damaged.
        AebenchError: a data set or a device is missing.
    """
    dataset = dataset_of(options.dataset, options.data_dir, "source")
    autoencoders = {name: _checked(name, lines, dataset) for name in options.autoencoders}
    path, asked = folder / "scale.json", _points(options, lines)
    with locked(folder), processes_of(options, folder / "logs", arbiter=False) as processes:
        now = conditions(replace(options, schedule="source"), processes, dtype=options.dtype)
        document = _continued(path, {"options": _asked(options, lines), "conditions": plain(now), "rows": []})
        rows = document["rows"] = [row for row in document["rows"] if not ("failure" in row and _point(row) in asked)]
        documents.write(path, "scale", document)
        done = [_point(row) for row in rows]
        missing = [point for point in asked if point not in done]
        for number, point in enumerate(missing, start=1):
            listener.begin(f"{number} of {len(missing)}: {named(point)}, {point['framework']}, seed {point['seed']}", 1)
            autoencoder = autoencoders[point["autoencoder"]]
            rows.append(_measured(point, autoencoder, options, processes[point["framework"]], listener))
            documents.write(path, "scale", document)
    return [row for row in rows if _point(row) in asked]


def _asked(options: Options, lines: Lines) -> dict[str, Any]:
    """The options that a document states; `source` is the schedule that sees all of a data set's images."""
    return {**{key: getattr(options, key) for key in OPTIONS}, "schedule": "source", **asdict(lines)}


def _points(options: Options, lines: Lines) -> list[Row]:
    """What is asked for, in the order in which it is measured: the frameworks take turns at each point."""
    return [
        {"autoencoder": name, "framework": framework, "images": images, "width": width, "seed": seed}
        for name, (images, width), seed in product(options.autoencoders, lines.points, options.seeds)
        for framework in registry.offering(name, options.frameworks)
    ]


def _point(row: Row) -> Row:
    return {key: row[key] for key in POINT}


def named(point: Mapping[str, Any]) -> str:
    """What is trained at the point, and on how much."""
    return f"{point['autoencoder']}, {point['images']:,} images, width {point['width']:g}"


def _continued(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    """The document with what was asked for and measured there before, and what that was measured on.

    Raises:
        UsageError: what was measured there was measured differently.
        ResultError: damaged, or of another version.
    """
    before = documents.read_if_there(path, "scale")
    if before is None or all("failure" in row for row in before["rows"]):
        return document
    now, advice = comparable(document), "measure as then, or choose another --output"
    require_same_options(path, {key: before["options"][key] for key in SAME}, now["options"], advice)
    known = require_same_document(path, before, now["conditions"], advice)
    options = {key: list(dict.fromkeys((*before["options"][key], *now["options"][key]))) for key in ADDED}
    return {"options": {**document["options"], **options}, "conditions": known, "rows": before["rows"]}


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
    """One point measured: its row, with the reason where it failed.

    epoch_seconds: of the training steps, every epoch of every phase. trial_seconds: with the measuring.
    """
    try:
        autoencoder = autoencoder.resized(point["width"])
    except SpecificationError as error:
        document: dict[str, Any] = {"failure": str(error)}
    else:
        document = _attempted(point, autoencoder, options, process, listener)
    listener.finished(f"{named(point)}, {point['framework']}, seed {point['seed']}", outcome(document))
    if "failure" in document:
        return {**point, "failure": document["failure"]}
    metric = autoencoder.measures.headline
    if metric not in document["metrics"]:
        return {**point, "failure": f"its headline {metric} is none of its metrics: {', '.join(document['metrics'])}"}
    return {
        **point,
        "version": document["version"],
        "metric": metric,
        "quality": document["metrics"][metric]["value"],
        "unit": document["metrics"][metric]["unit"],
        "seconds_per_1000_images": document["speed"]["seconds_per_1000_images"],
        "warm": document["speed"]["warm"],
        "epoch_seconds": {
            phase: [epoch["seconds"] for epoch in epochs] for phase, epochs in document["history"].items()
        },
        "trial_seconds": document["speed"]["trial_seconds"],
        "parameters": sum(math.prod(shape) for shape in autoencoder.shapes.values()),
        "multiply_adds_per_image": multiply_adds(autoencoder),
        "invalid": document["invalid"],
        "busy": document["conditions"]["busy"],
    }


def _attempted(
    point: Row, autoencoder: Autoencoder, options: Options, process: FrameworkProcess, listener: Listener
) -> dict[str, Any]:
    """What the trial at the point wrote, or why it failed."""
    with scratch() as folder:
        trial = Trial(
            autoencoder, point["framework"], point["seed"], options.dtype, options.device_of(point["framework"]),
            options.dataset, options.data_dir, "source", folder, images=point["images"],
        )  # fmt: skip
        return attempt(trial, process, listener)


def multiply_adds(autoencoder: Autoencoder) -> float | None:
    """Multiply-adds of a training step's matrix products for one image, mean over the phases.

    Every layer that a phase trains counts three times, which overstates the first one by the gradient of the images.
    None where the products are not known.
    """
    if not has_ceiling(autoencoder):
        return None
    layers = [[autoencoder.layer(name) for name in phase.trains] for phase in autoencoder.phases]
    return PASSES * sum(x.n_inputs * x.n_outputs for phase in layers for x in phase) / len(layers)
