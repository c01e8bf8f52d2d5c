"""What the pictures of one autoencoder are made of: the arrays and the trials that a run left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from aebench.arrays import Arrays
from aebench.spec import Autoencoder

Array = npt.NDArray[Any]
Subjects = Mapping[str, tuple[Arrays, Mapping[str, str]]]
"""Subject -> arrays and text metadata of its pictures file, in the order in which they are shown."""


@dataclass(frozen=True)
class Material:
    """One autoencoder of a run.

    subjects: of the first seed; one that left nothing keeps its place, with no arrays. trials: documents, of all seeds.
    absent: subject -> why it left nothing.
    """

    autoencoder: Autoencoder
    subjects: Subjects
    trials: Sequence[Mapping[str, Any]] = ()
    absent: Mapping[str, str] = field(default_factory=dict)

    def each(self, name: str) -> dict[str, Array | None]:
        """The array of that name by subject; None where there is none or an empty one."""
        found = {subject: arrays.get(name) for subject, (arrays, _) in self.subjects.items()}
        return {subject: array if array is not None and array.size else None for subject, array in found.items()}

    def recorded(self, name: str) -> dict[str, Array]:
        """The array of that name by subject, for the subjects that have it."""
        return {subject: array for subject, array in self.each(name).items() if array is not None}

    def first(self, name: str) -> Array | None:
        """The array of the first subject that has it: what is given to all alike need not come from a certain one."""
        return next(iter(self.recorded(name).values()), None)

    def of_those_with(self, names: Sequence[str]) -> Material:
        """The same without these arrays of the subjects that lack one of them, as older versions of aebench left them.

        Such a subject keeps its place, and what it gives to all alike.
        """
        whole = [{s for s, array in self.each(name).items() if array is not None} for name in names]
        left = {
            subject: ({n: a for n, a in arrays.items() if n not in names or all(subject in s for s in whole)}, texts)
            for subject, (arrays, texts) in self.subjects.items()
        }
        return replace(self, subjects=left)

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width of an image as the files state it, such as "28x28"; None when a row is no picture."""
        text = next((m["image_shape"] for _, m in self.subjects.values() if m.get("image_shape")), "")
        height, _, width = text.partition("x")
        return (int(height), int(width)) if height.isdigit() and width.isdigit() else None

    def lacking(self, name: str) -> str:
        """A sentence that names the subjects without the array; empty where all have it."""
        without = [subject for subject, array in self.each(name).items() if array is None]
        return f" Not recorded: {listed(without)}." if without else ""


def listed(words: Iterable[str]) -> str:
    """As in "a, b and c"."""
    *most, last = [*words] or ["none"]
    return f"{', '.join(most)} and {last}" if most else last


def numbers(values: Mapping[str, float]) -> str:
    """As in "tensorflow 0.0312, pytorch 0.0298"."""
    return ", ".join(f"{name} {value:.3g}" for name, value in values.items())


def errors(material: Material, name: str) -> dict[str, float]:
    """Mean squared error of that array against the images that belong to it, by subject, in float64."""
    images = material.first("images")
    if images is None:
        return {}
    with np.errstate(all="ignore"):  # a subject whose training broke has errors that are not finite
        return {
            subject: float(np.mean(np.square(found.astype(np.float64) - images[: len(found)])))
            for subject, found in material.recorded(name).items()
        }


def apart(arrays: Mapping[str, Array]) -> str:
    """A sentence on how far the subjects are from the first of them, on average; empty for one subject alone."""
    (first, given), *others = arrays.items()
    if not others:
        return ""
    with np.errstate(all="ignore"):
        found = {name: float(np.mean(np.abs(array.astype(np.float64) - given))) for name, array in others}
    return f" Mean absolute difference from {first}: {numbers(found)}."
