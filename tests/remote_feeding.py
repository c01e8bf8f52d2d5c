"""What runs in a framework's process to see that images fed in windows give what resident images give."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np
import remote

from aebench.arrays import Array, Arrays
from aebench.data import Split
from aebench.data.synthetic import synthetic_memmap
from aebench.training import feeding


def _windows(steps: int | None) -> mock._patch_dict:
    """Windows of so many steps of the narrow autoencoders' batches, or resident images."""
    row = remote.images(remote.narrow("stacked"))[0].nbytes
    sizes = {"RESIDENT": 0, "WINDOW": steps * remote.BATCH_SIZE * row} if steps else {}
    return mock.patch.dict(vars(feeding), sizes)


def fed(name: str, phase_name: str, steps_in_a_window: int | None, stale: bool = False) -> dict[str, Arrays]:
    """Four steps on resident images (None) or on windows. stale: a planted fault, no window replaces the first."""
    model = remote.model_of(name)
    phase, data = model.autoencoder.phase(phase_name), remote.images(model.autoencoder)
    classes, (order, noise) = remote.labels(model.autoencoder), remote.orders_and_noise(model.autoencoder, phase)
    with _windows(steps_in_a_window):
        feeder = feeding.Feeder(model, phase, Split(data, classes))
        if stale:
            feeder.trainer.feed(data, classes)
            feeder.trainer.feed = mock.Mock()  # type: ignore[method-assign]
        losses, seconds = feeder.train(order, lambda steps: None if noise is None else noise[steps])
        batch = feeder.batch(order[-1])
    last = {"inputs": np.asarray(batch.inputs)} | ({} if batch.labels is None else {"labels": batch.labels})
    state = feeder.trainer.state()
    return {"losses": losses, "parameters": model.parameters(), "state": state, "last batch": last,
            "seconds": {"seconds": np.asarray(seconds)}}  # fmt: skip


def rows_on_the_device(file: Path, steps_in_a_window: int, different: int) -> list[int]:
    """How many rows are there at once in 20 steps that read so many different images, mapped from a file."""
    model = remote.model_of("stacked")
    split, seen = synthetic_memmap(file, 20 * remote.BATCH_SIZE, model.autoencoder.n_inputs), list[int]()
    with _windows(steps_in_a_window):
        # Those of the test are float64, those of a file float32.
        feeder = feeding.Feeder(model, model.autoencoder.phases[0], Split(split.inputs))
        feed = feeder.trainer.feed

        def counted(images: Array, labels: Array | None = None) -> None:
            feed(images, labels)
            seen.append(len(feeder.trainer.inputs()))

        seen.append(len(feeder.trainer.inputs()))
        feeder.trainer.feed = counted  # type: ignore[method-assign]
        feeder.train(np.arange(len(split)).reshape(20, -1) % different, lambda steps: None)
    return seen
