"""What a phase's trainer reads: all training images at once on its device, or one window of an epoch after the other.

Images that fit into memory are resident. Larger ones lie in a file: the rows that the next steps read are gathered from
it, front to back, and put on the device in place of those before, so that memory does not grow with the data set. The
numbers are the same either way. A phase with cached inputs computes them anew for each window.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

import numpy as np

from aebench.data import Split
from aebench.data.synthetic import MEMORY_LIMIT
from aebench.metrics import blocks
from aebench.protocol import Array, Arrays, Batch, Model
from aebench.spec import Phase
from aebench.streams import Int64

RESIDENT = MEMORY_LIMIT
"""Bytes of training images above which they are fed window by window."""
WINDOW = 2**24
"""Bytes of the images in a window, about. From memory as much as this, an allocator gives again what it had."""


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
        parts, seconds, started = [], 0.0, time.perf_counter()
        for window, rows in self._windows(order):
            seconds += time.perf_counter() - started
            steps = self.trainer.ready(rows, noise_of(window))
            started = time.perf_counter()
            parts.append(steps())
        seconds += time.perf_counter() - started
        return {term: np.concatenate([part[term] for part in parts]) for term in parts[0]}, seconds

    def batch(self, rows: Int64) -> Batch:
        """What the last step read, its rows (batch_size,) of the split, without noise."""
        labels = None if self.labels is None else self.labels[rows]
        inputs = self.trainer.inputs()[np.searchsorted(self.fed, rows)] if self.streamed else self.inputs[rows]
        return Batch(inputs, None, labels)

    def _windows(self, order: Int64) -> Iterator[tuple[slice, Int64]]:
        """Slices of the steps, each with the row numbers that it reads of what is on the device by then."""
        if not self.streamed:
            yield slice(0, len(order)), order
            return
        windows = list(blocks(len(order), max(1, WINDOW // (order.shape[1] * self.split.inputs[0].nbytes))))
        # A window is read from the file while the one before is trained on.
        with ThreadPoolExecutor(1) as reader:
            ahead = reader.submit(self._read, order[windows[0]])
            for window, following in zip_longest(windows, windows[1:]):
                self.fed, rows, inputs, labels = ahead.result()
                self.trainer.feed(inputs, labels)
                if following:
                    ahead = reader.submit(self._read, order[following])
                yield window, rows

    def _read(self, order: Int64) -> tuple[Int64, Int64, Array, Array | None]:
        """What these steps read, in the file's order: its row numbers there, those of `order` in it, images, labels."""
        # Rows drawn twice are fed twice: a window's size is that of its steps, and compiled code meets one shape.
        front_to_back = np.argsort(order, axis=None, kind="stable")
        fed, rows = order.ravel()[front_to_back], np.empty(order.size, np.int64)
        rows[front_to_back] = np.arange(order.size)
        return fed, rows.reshape(order.shape), self.split.inputs[fed], None if self.labels is None else self.labels[fed]
