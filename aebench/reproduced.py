"""What the script of a reproduction has beside a network's text: what it is given, and what it says.

`aebench reproduce` copies this text into the script, and itself measures with it how far two arrays are apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from aebench.arrays import Array, Arrays

# What the script's arrays are called: what was computed elsewhere, what is to be computed with.
EXPECTED, PARAMETERS, STATE = "expected/", "parameters/", "state/"
SHOWS, SHOWS_NOT = "The difference shows here.", "The difference does not show here."


class Values:
    """Numbers and names, by attribute."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


class Specification(Values):
    """Which layers there are, and what is trained how."""

    def layer(self, name: str) -> Any:
        """The layer of that name."""
        return next(layer for layer in self.layers if layer.name == name)  # type: ignore[attr-defined]

    def terms(self, phase: Any) -> Any:
        """Names of the loss terms beside `total`."""
        return phase.terms

    def trained(self, phase: Any) -> Any:
        """Names of the parameters that are trained."""
        return phase.trained


def under(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Those whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def differences(one: Array, other: Array) -> Array:
    """Element by element, in float64; 0 where neither is finite, infinite where only one is."""
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    finite = np.isfinite(one), np.isfinite(other)
    apart = np.abs(np.where(finite[0], one, 0.0) - np.where(finite[1], other, 0.0))
    return np.where(finite[0] == finite[1], apart, np.inf)


def furthest(apart: Array) -> tuple[Any, str]:
    """The index of the largest difference, and the same in words; of a single number there are none."""
    index = np.unravel_index(int(np.argmax(apart)), apart.shape)
    return index, f"[{', '.join(map(str, index))}]" if index else ""


def report(asked: Any, arrays: Arrays, found: Mapping[str, Arrays], versions: str) -> int:
    """Print how far what was computed here is from what was computed elsewhere; 1 where that is a difference, else 0.

    found: what was computed here, by how.
    """
    print(f"{versions}: {asked.array}, {asked.dtype} on the {asked.device}")
    for way, computed in found.items():
        here = computed[asked.array]
        for name, there in under(EXPECTED, arrays).items():
            apart = differences(here, there)
            index, place = furthest(apart)
            at = f" at {place}" if place else ""
            values = f"{np.asarray(here)[index]:.17g} here, {np.asarray(there)[index]:.17g} there"
            print(f"  {way}, from {name}: {np.max(apart, initial=0.0):.3g}{at}: {values}")
    apart = differences(found[asked.way][asked.array], arrays[EXPECTED + asked.against])
    largest, rms = float(np.max(apart, initial=0.0)), float(np.sqrt(np.mean(np.square(apart))))
    shows = largest > asked.largest or rms > asked.rms
    print(f"Expected within {asked.largest:.3g} (root mean square {asked.rms:.3g}) of {asked.against}.")
    print(SHOWS if shows else SHOWS_NOT)
    return int(shows)


def shown(
    asked: Any, ways: Mapping[str, Callable[[Arrays], Callable[[], Arrays]]], versions: str,
    operations: Callable[[Callable[[], Arrays]], Arrays],
) -> int:  # fmt: skip
    """What the script does: compute in each of the ways, and report; 1 where the difference shows, else 0."""
    parser = argparse.ArgumentParser(description="Show the difference: status 1 where it shows, 0 where it does not.")
    words = "leave what each single operation gives, run eagerly, in FILE, and say nothing"
    parser.add_argument("--operations", metavar="FILE", help=words)
    file = parser.parse_args().operations
    arrays = load_file(Path(__file__).with_name("arrays.safetensors"))
    given = {name: array for name, array in arrays.items() if not name.startswith(EXPECTED)}
    if file is not None:
        save_file(operations(ways["eager"](given)), file)
        return 0
    return report(asked, arrays, {way: prepared(given)() for way, prepared in ways.items()}, versions)
