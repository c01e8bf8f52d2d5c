"""How far the disturbed reference strays at each place: drawn once, and kept.

The spreads of the shipped specifications on the default data come with the package
(`python -m aebench.agreement.calibrate` makes them); others are kept in the user's cache folder. Both stand under a
digest of everything that they depend on, so that a spread of anything else is never found.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from importlib import resources
from pathlib import Path

import numpy as np
import platformdirs

from aebench.agreement.bounds import (
    DRAWS,
    SEVERAL,
    UNIT_ROUNDOFF,
    Spread,
    difference,
    n_draws,
    n_leaps,
    root_mean_square,
    with_leaps,
)
from aebench.agreement.ladder import Climb, record
from aebench.arrays import Array, Arrays
from aebench.data import Dataset
from aebench.errors import ResultError
from aebench.parameters import initial_parameters
from aebench.protocol import Framework
from aebench.records.store import write_text
from aebench.records.trace import Place, Trace
from aebench.registry import ARBITER
from aebench.streams import stream

FORMAT = "aebench-spreads/1"
Spreads = dict[Place, Spread]
NETWORKS = "aebench.implementations.reference"
# The text that decides what is climbed and how it is disturbed.
TEXTS = (
    (NETWORKS, ""),
    ("aebench.agreement", "ladder extremes rows program spreads bounds"),
    ("aebench", "streams parameters protocol"),
    ("aebench.training", "schedule"),
)


def spreads(arbiter: Framework, climb: Climb, dataset: Dataset, base: Trace, teacher: Trace | None = None) -> Spreads:
    """The spreads of a climb: those that are kept, else drawn and kept.

    Never kept are those of a teacher-forced climb, and of a network that another package brings: its text is in no key.
    """
    place = arbiter.place(climb.autoencoder.name) or ""
    if teacher is not None or not place.startswith(f"{NETWORKS}."):
        return draw(arbiter, climb, dataset, base, teacher)
    digest = key(climb, dataset)
    found = kept(shipped(climb), digest) or kept(cached(digest), digest)
    if found is None or found.keys() != base.arrays.keys():
        found = draw(arbiter, climb, dataset, base)
        # A cache folder that cannot be written costs time only.
        with suppress(ResultError):
            keep(cached(digest), digest, found)
    return found


def draw(
    framework: Framework, climb: Climb, dataset: Dataset, base: Trace, teacher: Trace | None = None, first: int = 0
) -> Spreads:
    """Climb disturbed a few times and take the largest stray from the undisturbed climb at each place; after the
    first step also that of climbs disturbed more, where they leap.

    In the arbiter every operation is disturbed, in another framework, which takes no disturbance, the initial
    parameters are: each by one rounding, which moves a sum of products about as far as rounding each product does.
    first: number of the first disturbance; other numbers are other draws.
    """
    n_parameters = sum(math.prod(shape) for shape in climb.autoencoder.shapes.values())
    draws, leaps, unit = n_draws(n_parameters), n_leaps(n_parameters, climb.dtype), UNIT_ROUNDOFF[climb.dtype]
    disturbed = partial(_strays, framework, climb, dataset, base, teacher)
    found = _widest(disturbed(unit, range(first, first + draws)))
    leaping = _widest(disturbed(SEVERAL * unit, range(first + draws, first + draws + leaps)), SEVERAL)
    widest: dict[tuple[str, str, str], Spread] = {}
    for place, spread in found.items():
        if place.step > 0:
            if place.rung != "step":
                # What the first step itself may do is known without draws: see `undirected`.
                spread = with_leaps(spread, leaping.get(place, spread))
            # How far an array strayed at an earlier step it may stray again: a few draws of one number, such as a
            # loss, may all lie close by chance.
            way = (place.phase, "trajectory" if place.rung == "step" else place.rung, place.array)
            found[place] = widest[way] = wider(widest.get(way, Spread(0.0, 0.0)), spread)
    # As a file holds them: whether they were kept or drawn just now, a bound is the same to the bit.
    return {place: Spread(_upwards(spread.largest), _upwards(spread.rms)) for place, spread in found.items()}


def _widest(strays: Iterable[tuple[Place, Array]], over: float = 1.0) -> Spreads:
    """The largest stray at each place, over that number."""
    found: Spreads = {}
    for place, stray in strays:
        spread = Spread(float(np.max(stray, initial=0.0)) / over, root_mean_square(stray) / over)
        found[place] = wider(found.get(place, Spread(0.0, 0.0)), spread)
    return found


def wider(one: Spread, other: Spread) -> Spread:
    """The larger of each; np.maximum, unlike max, keeps a NaN, which must not pass for a small stray."""
    return Spread(float(np.maximum(one.largest, other.largest)), float(np.maximum(one.rms, other.rms)))


def _strays(
    framework: Framework, climb: Climb, dataset: Dataset, base: Trace, teacher: Trace | None, unit: float,
    numbers: Iterable[int],
) -> Iterator[tuple[Place, Array]]:  # fmt: skip
    arbiter = framework.name == ARBITER

    def disturbed(number: int) -> Trace:
        seed = 1000 * climb.seed + number
        if arbiter:
            with framework.perturbed(unit, seed=seed):
                return record(framework, climb, dataset, teacher)
        return record(framework, climb, dataset, teacher, _disturbed(climb, unit, seed))

    # Side by side where each computes on one thread.
    with ThreadPoolExecutor(DRAWS if arbiter else 1) as threads:
        for trace in threads.map(disturbed, numbers):
            for place, array in trace.arrays.items():
                yield place, difference(array, base.arrays[place], place, climb.dtype)


def _disturbed(climb: Climb, unit: float, seed: int) -> Arrays:
    """The initial parameters, each moved by a whole unit of rounding up or down, so that casting keeps it."""
    parameters = initial_parameters(climb.autoencoder, climb.seed)
    return {name: moved(name, np.asarray(value, climb.dtype), unit, seed) for name, value in parameters.items()}


def moved(name: str, value: Array, unit: float, seed: int) -> Array:
    """A parameter, each of its numbers a whole unit of rounding up or down."""
    up = stream(seed, f"disturbance/{name}").keep_mask(value.shape, 0.5)
    return value * (1.0 + 2.0 * unit * np.where(up, 1.0, -1.0))


def key(climb: Climb, dataset: Dataset) -> str:
    """A digest of everything that the spreads of a climb depend on."""
    content = {
        "climb": dataclasses.asdict(dataclasses.replace(climb, device="cpu")),
        "data": {part: _digest(split.inputs, split.labels) for part, split in dataset.splits().items()},
        "text": reference_text(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _digest(*arrays: Array | None) -> str:
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays if a is not None)).hexdigest()


@cache
def reference_text() -> str:
    """A digest of the code that is climbed and disturbed, without docstrings and comments."""
    digest = hashlib.sha256()
    for package, names in TEXTS:
        folder = resources.files(package)
        files = [folder / f"{n}.py" for n in names.split()] or sorted(folder.iterdir(), key=lambda file: file.name)
        for file in files:
            if file.name.endswith(".py"):
                digest.update(f"{package}/{file.name}\n{_code(file.read_text(encoding='utf-8'))}\n".encode())
    return digest.hexdigest()


def _code(text: str) -> str:
    """The lines that are no docstring, no comment and not empty: alike in every Python, as a printed tree is not."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            left_out.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = [line.rstrip() for number, line in enumerate(text.splitlines(), start=1) if number not in left_out]
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))


def shipped(climb: Climb) -> Path:
    """Where the package keeps the spreads of this autoencoder and dtype, if it does."""
    return Path(str(resources.files("aebench.agreement"))) / "kept" / f"{climb.autoencoder.name}-{climb.dtype}.json"


def cached(digest: str) -> Path:
    """Where the user's cache folder keeps the spreads of that digest."""
    return Path(platformdirs.user_cache_dir("aebench")) / "spreads" / f"{digest}.json"


def keep(path: Path, digest: str, found: Mapping[Place, Spread]) -> None:
    """Write spreads, whole.

    Raises:
        ResultError: the folder cannot be written.
    """
    rows = ",\n".join(
        f"{json.dumps(place.key)}: [{_written(spread.largest)}, {_written(spread.rms)}]"
        for place, spread in found.items()
    )
    write_text(path, f'{{"format": "{FORMAT}", "key": "{digest}", "spreads": {{\n{rows}\n}}}}\n')


def _upwards(number: float) -> float:
    """With four digits and never smaller."""
    return float(f"{number * 1.0005:.3e}") if math.isfinite(number) else number


def _written(number: float) -> str:
    """The four digits that it has; what is not finite as the text that `float` reads."""
    return f"{number:.3e}" if math.isfinite(number) else f'"{number}"'


def kept(path: Path, digest: str) -> Spreads | None:
    """The spreads in a file; None where it is missing, damaged or of another key, so that they are drawn anew."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if (content["format"], content["key"]) != (FORMAT, digest):
            return None
        return {Place.parse(k): Spread(float(a), float(b)) for k, (a, b) in content["spreads"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
