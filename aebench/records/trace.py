"""A trace: the named arrays of one climb of the agreement ladder, kept and read without any framework."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aebench.alive import alive
from aebench.arrays import Array, Arrays
from aebench.errors import ResultError
from aebench.records.checkpoint import read_arrays, write_arrays

FORMAT = "aebench-trace/1"


class Place(NamedTuple):
    """Where on the ladder an array stands; step 0 is before the first training step of the phase."""

    phase: str
    rung: str
    step: int
    array: str

    @property
    def key(self) -> str:
        """The place as one text, such as `phase1/trajectory/7/encoder1.weight`."""
        return f"{self.phase}/{self.rung}/{self.step}/{self.array}"

    @classmethod
    def parse(cls, key: str) -> Place:
        """The place that a key names."""
        phase, rung, step, array = key.split("/", 3)
        return cls(phase, rung, int(step), array)


@dataclass
class Trace:
    """Arrays by place, in the order in which the ladder is climbed."""

    framework: str
    autoencoder: str
    dtype: str
    arrays: dict[Place, Array] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def add(self, phase: str, rung: str, step: int, arrays: Arrays) -> None:
        """Record copies of the arrays at that rung: a sign of life, too, of a climb that takes long."""
        alive()
        for name, array in arrays.items():
            self.arrays[Place(phase, rung, step, name)] = np.array(array)

    def at(self, phase: str, rung: str, step: int) -> Arrays:
        """The arrays of one rung by name."""
        return {p.array: a for p, a in self.arrays.items() if p[:3] == (phase, rung, step)}

    def save(self, path: Path) -> None:
        """Write the trace, whole."""
        metadata = {
            "format": FORMAT,
            "framework": self.framework,
            "autoencoder": self.autoencoder,
            "dtype": self.dtype,
            "order": json.dumps([place.key for place in self.arrays]),
            "metadata": json.dumps(self.metadata),
        }
        write_arrays(path, {place.key: array for place, array in self.arrays.items()}, metadata)

    @classmethod
    def read(cls, path: Path) -> Trace:
        """Read a trace; CheckpointError when damaged, ResultError when it is of another format."""
        arrays, metadata = read_arrays(path)
        if metadata.get("format") != FORMAT:
            raise ResultError(f"{path} is no {FORMAT} file (its format: {metadata.get('format', 'not stated')})")
        ordered = {Place.parse(key): arrays[key] for key in json.loads(metadata["order"])}
        names = metadata["framework"], metadata["autoencoder"], metadata["dtype"]
        return cls(*names, ordered, json.loads(metadata["metadata"]))
