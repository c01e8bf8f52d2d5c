"""A case made smaller for as long as it shows what was found: fewer steps, rows, units and pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from aebench.arrays import Array, Arrays
from aebench.errors import SpecificationError
from aebench.reproduced import PARAMETERS, STATE
from aebench.reproducing.cases import Case, after, compacted
from aebench.reproducing.judging import Answers, Sides
from aebench.spec import Autoencoder

Move = Callable[[Case], Iterator[Case]]


def shrunk(case: Case, answers: Answers, sides: Sides, over: Callable[[], bool]) -> tuple[Case, Answers]:
    """The smallest case found, and the answers to it. over: whether to stop.

    One kind of move after the other is made as long as one shows the difference, until none does: each leaves about
    half, so there are few.
    """
    case, answers = _one_step(case, answers, sides, over)
    moves: tuple[Move, ...] = (_fewer_images, _fewer_rows, _fewer_units, _fewer_pixels)
    moved = True
    while moved and not over():
        moved = False
        for move in moves:
            while found := next(_that_show(move(case), sides, over), None):
                case, answers, moved = *found, True
    return case, answers


def _that_show(cases: Iterator[Case], sides: Sides, over: Callable[[], bool]) -> Iterator[tuple[Case, Answers]]:
    for case in cases:
        if over():
            return
        answers = sides.shown(case)
        if answers is not None:
            yield case, answers


def _one_step(case: Case, answers: Answers, sides: Sides, over: Callable[[], bool]) -> tuple[Case, Answers]:
    """One of its steps alone, from what the steps before it have left; the case itself where none shows it."""

    def alone() -> Iterator[Case]:
        rest = case
        while rest.steps > 1:
            first = _steps(rest, slice(1))
            yield first
            rest = after(_steps(rest, slice(1, None)), sides.ask(first).found[sides.bad])
        yield rest

    if case.steps < 2:
        return case, answers
    return next(_that_show(alone(), sides, over), (case, answers))


def _steps(case: Case, chosen: slice) -> Case:
    return case.with_arrays({name: case.arrays[name][chosen] for name in ("order", "noise") if name in case.arrays})


def _fewer_images(case: Case) -> Iterator[Case]:
    """Without the images that no step reads."""
    if case.kind == "steps":
        smaller = compacted(case)
        if len(smaller.arrays["images"]) < len(case.arrays["images"]):
            yield smaller


def _fewer_rows(case: Case) -> Iterator[Case]:
    """The first half of the rows, or the second."""
    half = case.rows // 2
    for chosen in (slice(half), slice(half, None)) if half else ():
        if case.kind == "steps":
            some = case.with_arrays({n: case.arrays[n][:, chosen] for n in ("order", "noise") if n in case.arrays})
            yield compacted(some) if case.phase.inputs == "images" else some
        else:
            names = [name for name in (case.read, "noise", "labels") if name in case.arrays]
            yield case.with_arrays({name: case.arrays[name][chosen] for name in names})


def _fewer_units(case: Case) -> Iterator[Case]:
    """Half the units of every hidden layer: the first ones, or the last."""
    yield from _resized(case, lambda size: max(1, size // 2), case.autoencoder.n_inputs)


def _fewer_pixels(case: Case) -> Iterator[Case]:
    """Half the pixels: the first ones, or the last."""
    yield from _resized(case, lambda size: size, max(1, case.autoencoder.n_inputs // 2))


def _resized(case: Case, hidden: Callable[[int], int], n_inputs: int) -> Iterator[Case]:
    """With other sizes, and so many numbers of every array; nothing where sizes are a layer's own, or small enough."""
    try:
        smaller = case.autoencoder.with_sizes(hidden, n_inputs)
    except SpecificationError:
        return
    if smaller.shapes != case.autoencoder.shapes:
        for last in (False, True):
            yield replace(case, autoencoder=smaller, arrays=_cut(case, smaller, last=last))


def _cut(case: Case, smaller: Autoencoder, *, last: bool) -> Arrays:
    """The arrays of a smaller autoencoder: of every one its first or last numbers along each axis that is shorter."""
    images, codings = smaller.n_inputs, smaller.n_codings
    first = smaller.passed(smaller.phase(case.place.phase))[0].n_inputs
    inputs = {"decode": codings, "encode": images, "reconstruct": images}.get(case.kind, first)
    widths = {"images": images, "inputs": inputs, "noise": codings if smaller.kind == "variational" else images}

    def cut(name: str, array: Array) -> Array:
        owner = name.removeprefix(PARAMETERS).removeprefix(STATE).removesuffix(".first_moment")
        shape = smaller.shapes.get(owner.removesuffix(".second_moment"))
        if shape is None:
            shape = (*array.shape[:-1], widths[name]) if name in widths else array.shape
        return array[tuple(slice(-size, None) if last else slice(size) for size in shape)]

    return {name: cut(name, array).copy() for name, array in case.arrays.items()}
