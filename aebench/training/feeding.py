"""What a phase's trainer reads: all training images at once on its device, or one window of an epoch after the other.

Images that fit into memory are resident. Larger ones lie in a file: the rows that the next steps read are gathered from
it, front to back, while the steps before run, and put on the device in place of those before, so that memory does not
grow with the data set. The numbers are the same either way. A phase with cached inputs computes them anew for each
window.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from aebench.arrays import Array, Arrays
from aebench.data import Split
from aebench.data.synthetic import MEMORY_LIMIT
from aebench.protocol import Batch, Model
from aebench.spec import Phase
from aebench.streams import Int64
from aebench.training.metrics import blocks

RESIDENT = MEMORY_LIMIT
"""Bytes of training images above which they are fed window by window."""
WINDOW = 2**24
"""Bytes of the images in a window, about. From memory as much as this, an allocator gives again what it had."""


class Window(NamedTuple):
    """Some steps: the rows (n_steps, batch_size) that they read of what is on the device.

    fed: which rows of the split are put there for them, with their images and labels; None: it is all there.
    """

    rows: Int64
    fed: Int64 | None = None
    inputs: Array | None = None
    labels: Array | None = None


class Feeder:
    """The trainer of a phase, and what it trains on."""

    def __init__(self, model: Model, phase: Phase, split: Split) -> None:
        self.split = split
        self.labels = split.labels if model.autoencoder.kind == "classifier" else None
        self.streamed = split.inputs.nbytes > RESIDENT
        self.fed = np.empty(0, np.int64)
        # A trainer is made with images; where it is fed, one is enough.
        resident = slice(0, 1 if self.streamed else None)
        labels = None if self.labels is None else self.labels[resident]
        self.trainer = model.trainer(phase.name, split.inputs[resident], labels)
        self.inputs = split.inputs if phase.inputs == "images" else self.trainer.inputs()

    def train(self, order: Int64, noise_of: Callable[[slice], Array | None]) -> tuple[Arrays, float]:
        """Train one step per row of `order` (n_steps, batch_size), row numbers of the split.

        noise_of: the noise of a slice of these steps, or None.

        Returns:
            Loss term -> (n_steps,) values before each step's update, and the seconds that the steps took, feeding
            included.
        """
        windows = list(blocks(len(order), self._steps_in_a_window(order)))
        parts, seconds, started = [], 0.0, time.perf_counter()
        with ThreadPoolExecutor(1) as reader:
            ahead = reader.submit(self._read, order[windows[0]])
            for window, following in zip_longest(windows, windows[1:]):
                rows = self._feed(ahead.result())
                seconds += time.perf_counter() - started
                steps = self.trainer.ready(rows, noise_of(window))
                started = time.perf_counter()
                if following:
                    # While these steps run, and not before: what the clock does not see hides no reading.
                    ahead = reader.submit(self._read, order[following])
                parts.append(steps())
            seconds += time.perf_counter() - started
        return {term: np.concatenate([part[term] for part in parts]) for term in parts[0]}, seconds

    def batch(self, rows: Int64) -> Batch:
        """What the last step read, its rows (batch_size,) of the split, without noise."""
        labels = None if self.labels is None else self.labels[rows]
        inputs = self.trainer.inputs()[np.searchsorted(self.fed, rows)] if self.streamed else self.inputs[rows]
        return Batch(inputs, None, labels)

    def _steps_in_a_window(self, order: Int64) -> int:
        bytes_a_step = order.shape[1] * self.split.inputs[0].nbytes
        return max(1, WINDOW // bytes_a_step) if self.streamed else len(order)

    def _read(self, order: Int64) -> Window:
        """What these steps read: from the file, front to back, or as it is resident."""
        if not self.streamed:
            return Window(order)
        # Rows drawn twice are fed twice: a window's size is that of its steps, and compiled code meets one shape.
        front_to_back = np.argsort(order, axis=None, kind="stable")
        fed, rows = order.ravel()[front_to_back], np.empty(order.size, np.int64)
        rows[front_to_back] = np.arange(order.size)
        labels = None if self.labels is None else self.labels[fed]
        return Window(rows.reshape(order.shape), fed, self.split.inputs[fed], labels)

    def _feed(self, window: Window) -> Int64:
        """Put the window on the device, in place of the one before; the rows that its steps read there."""
        if window.fed is not None and window.inputs is not None:
            self.fed = window.fed
            self.trainer.feed(window.inputs, window.labels)
        return window.rows
