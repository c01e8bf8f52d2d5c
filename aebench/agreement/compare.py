"""Holding two traces against each other and the reference: every place compared, the first that parts named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from aebench.agreement.bounds import (
    BLIND,
    UNDERFLOW,
    Bound,
    Spread,
    bound,
    difference,
    fits,
    magnitudes,
    representable,
    root_mean_square,
)
from aebench.agreement.ladder import RUNGS
from aebench.agreement.undirected import reach, undirected
from aebench.arrays import Array
from aebench.records.trace import Place, Trace
from aebench.registry import ARBITER, bare
from aebench.spec import Autoencoder

# Digits that tell any two numbers of the dtype apart; with fewer the two values of a parting can look the same.
DIGITS = {"float32": 9, "float64": 17}


@dataclass(frozen=True)
class Comparison:
    """One array of two frameworks. `problem` says why they part; None when they agree.

    relative: largest difference over the reference's largest magnitude. share: the larger of the two quotients
    difference / bound (largest, root mean square); above 1 they part, its reciprocal is the headroom. sensitivity: the
    smallest relative fault of the array that its bound would show: a fault s moves the largest magnitude M by s M and
    the root mean square R by s R, and is seen when s M or s R exceeds its bound. judged: whether the array is there
    for its values at all, as whole numbers, zeros and numbers that the dtype may lose are not.
    """

    place: Place
    relative: float
    share: float
    bound: Bound
    problem: str | None = None
    sensitivity: float = 0.0
    judged: bool = True

    @property
    def blind(self) -> bool:
        """Whether the bound lets through what the array is there to show."""
        return self.judged and not self.problem and self.sensitivity > BLIND

    @property
    def headroom(self) -> float:
        """How many times larger the difference could be; infinite where there is none."""
        return float("inf") if self.share == 0.0 else 1.0 / self.share


@dataclass(frozen=True)
class Agreement:
    """All comparisons of one pair of frameworks, in the order of the ladder."""

    autoencoder: str
    dtype: str
    left: str
    right: str
    comparisons: tuple[Comparison, ...]
    arbiter: bool = True

    @property
    def blind(self) -> list[Comparison]:
        """The arrays that cannot be judged: a fault of a tenth of them would pass."""
        return [c for c in self.comparisons if c.blind]

    def sensitivity(self, rung: str) -> float:
        """The smallest relative fault that the rung would show, in the array of it that shows it best."""
        return min((c.sensitivity for c in self.comparisons if c.place.rung == rung and c.judged), default=0.0)

    def vacuous(self) -> list[str]:
        """The rungs that would let through any fault of a tenth: what stands there was not compared."""
        return [rung for rung in RUNGS if self.sensitivity(rung) > BLIND]

    @property
    def first_parting(self) -> Comparison | None:
        """The first place where the two part, None when they agree."""
        return next((c for c in self.comparisons if c.problem), None)

    def worst(self, rung: str | None = None) -> Comparison | None:
        """The comparison with the least headroom, of one rung or of all."""
        chosen = [c for c in self.comparisons if rung is None or c.place.rung == rung]
        return max(chosen, key=lambda c: c.share, default=None)


# What a bound calls the judge whose strays make it; another framework may be that.
DISTURBED = "the disturbed reference"


class Judge:
    """What pairs are held against, worked out once for all of them: the reference, or one of the two themselves.

    spreads: how far the judge itself strays when it is disturbed. forced: the climb was teacher-forced, so no phase
    continues from trained parameters.
    """

    def __init__(
        self, trace: Trace, spreads: Mapping[Place, Spread], autoencoder: Autoencoder, *, forced: bool = False
    ) -> None:
        self.trace, self.spreads, self.autoencoder = trace, spreads, autoencoder
        self.disturbed = DISTURBED if trace.framework == ARBITER else f"disturbed {trace.framework}"
        self.continuing = {p.name for p in autoencoder.phases[1:] if p.starts_from == "previous" and not forced}
        self.bound, self.magnitudes, self.undirected = cache(self._bound), cache(self._magnitudes), cache(self._free)

    def compare(self, left: Trace, right: Trace) -> Agreement:
        """Compare two traces of the judge's climb, one of which may be its own."""
        both = ARBITER not in (left.framework, right.framework)
        comparisons = []
        for place in _places(left, right, self.trace):
            expected = self.trace.arrays.get(place)
            missing = _missing(place, left, right, expected)
            if missing or expected is None:
                comparisons.append(Comparison(place, np.inf, np.inf, Bound(0.0, 0.0, "no array to compare"), missing))
            else:
                comparisons.append(_compared(place, left, right, self, self.bound(place, both)))
        names, arbiter = (left.framework, right.framework), self.trace.framework == ARBITER
        return Agreement(self.autoencoder.name, left.dtype, *names, tuple(comparisons), arbiter)

    def _bound(self, place: Place, both: bool) -> Bound:
        """The bound at a place; both: neither side is the reference."""
        spread, continued = self.spreads.get(place, Spread(0.0, 0.0)), place.phase in self.continuing
        found = bound(place, self.trace.arrays[place], spread, self.trace.dtype, continued=continued, both=both)
        return replace(found, reason=found.reason.replace(DISTURBED, self.disturbed))

    def _magnitudes(self, place: Place) -> tuple[float, float]:
        """Largest magnitude and root mean square of its array."""
        return magnitudes(self.trace.arrays[place], self.trace.dtype)

    def _free(self, place: Place) -> Array | None:
        """Which elements may go either way, None where none may."""
        free = undirected(place, self.trace, self.autoencoder)
        return free if free is not None and free.any() else None


def compare(
    left: Trace, right: Trace, reference: Trace | None, spreads: Mapping[Place, Spread], autoencoder: Autoencoder,
    *, forced: bool = False,
) -> Agreement:  # fmt: skip
    """Compare two traces of the same climb (one of them may be the reference's own).

    reference: None where no arbiter took part: the two are held against each other, with the left's own spreads.
    """
    judge = left if reference is None else reference
    return Judge(judge, spreads, autoencoder, forced=forced).compare(left, right)


def _places(*traces: Trace) -> list[Place]:
    """Every place of any of the traces, in the order of the ladder, so that one that only a single trace has stands
    among its neighbours and not at the end."""
    seen = dict.fromkeys(place for trace in traces for place in trace.arrays)
    phases = {phase: i for i, phase in enumerate(dict.fromkeys(place.phase for place in seen))}
    return sorted(seen, key=lambda place: (phases[place.phase], place.step, RUNGS.index(place.rung)))


def _missing(place: Place, left: Trace, right: Trace, expected: Array | None) -> str | None:
    where = f"{place.phase}, rung {place.rung}, step {place.step}: {place.array}"
    for trace in (left, right):
        if place not in trace.arrays:
            return f"{where}: {trace.framework} offers no such array"
    if expected is None:
        return f"{where}: the reference has no such array"
    shapes = {trace.framework: trace.arrays[place].shape for trace in (left, right)}
    wrong = [f"{name} has shape {shape}" for name, shape in shapes.items() if shape != expected.shape]
    if wrong:
        return f"{where}: {' and '.join(wrong)}, expected {expected.shape} (shapes are never made to fit)"
    for trace in (left, right):
        dtype = trace.arrays[place].dtype
        if bare(trace.framework) != ARBITER and dtype != trace.dtype and np.issubdtype(dtype, np.floating):
            return f"{where}: {trace.framework} computes in {dtype}, expected {trace.dtype}"
    return None


def _compared(place: Place, left: Trace, right: Trace, judge: Judge, limit: Bound) -> Comparison:
    traces = left, right, judge.trace
    arrays = {trace.framework: np.asarray(trace.arrays[place], np.float64) for trace in traces}
    unlike = _not_finite(place, arrays, judge.trace.framework, left.dtype)
    if unlike:
        return Comparison(place, np.inf, np.inf, limit, unlike)
    if not np.isfinite((limit.largest, limit.rms)).all():
        # A quotient by NaN is never above 1, so without this the two would silently agree.
        found = f"{_where(place, ())}: {judge.disturbed} is not finite, so there is no bound to hold"
        return Comparison(place, np.inf, np.inf, limit, found)
    apart = difference(arrays[left.framework], arrays[right.framework], place, left.dtype)
    apart, limit = _directed(place, judge, apart, limit)
    largest, rms = float(np.max(apart, initial=0.0)), root_mean_square(apart)
    scale, scale_rms = judge.magnitudes(place)
    relative = largest / scale if scale else (0.0 if largest == 0.0 else np.inf)
    share = max(_quotient(largest, limit.largest), _quotient(rms, limit.rms))
    problem: str | None = None
    if share > 1.0:
        index = tuple(int(i) for i in np.unravel_index(int(np.argmax(apart)), apart.shape))
        values = {name: float(array[index]) for name, array in arrays.items()}
        shown = ", ".join(f"{name} {value:.{DIGITS[left.dtype]}g}" for name, value in values.items())
        differences = f"Largest difference {largest:.3g} ({relative:.3g} of the largest magnitude"
        problem = (
            f"{_where(place, index)}: {shown}; {_verdict(values)}. {differences}, bound {limit.largest:.3g}), "
            f"root mean square {rms:.3g} (bound {limit.rms:.3g}): {limit.reason}"
        )
    judged = scale > UNDERFLOW[left.dtype] and not np.issubdtype(judge.trace.arrays[place].dtype, np.integer)
    sensitivity = min(_quotient(limit.largest, scale), _quotient(limit.rms, scale_rms))
    return Comparison(place, relative, share, limit, problem, sensitivity, judged)


def _directed(place: Place, judge: Judge, apart: Array, limit: Bound) -> tuple[Array, Bound]:
    """The differences without those of elements that had no direction, as far as Adam may have moved these apart."""
    free = judge.undirected(place)
    if free is None:
        return apart, limit
    why = f"{limit.reason}; {int(free.sum()):,} of {free.size:,} elements may go either way, rounding decides"
    within = apart <= reach(judge.autoencoder.phase(place.phase).optimizer, place.step)
    return np.where(free & within, 0.0, apart), replace(limit, reason=why)


def _not_finite(place: Place, arrays: Mapping[str, Array], judge: str, dtype: str) -> str | None:
    """The first place where one is not finite; at the extremes the first where only some are.

    What exceeds the dtype's largest number counts as infinite, in the float64 reference, too.
    """
    if all(fits(array, dtype) for array in arrays.values()):
        return None
    extreme = place.rung == "extremes"
    lost = {name: ~np.isfinite(representable(a, dtype) if extreme else a) for name, a in arrays.items()}
    for name, found in lost.items():
        unlike = found != (lost[judge] if extreme else np.zeros_like(found))
        if unlike.any():
            index = tuple(int(i) for i in np.argwhere(unlike)[0])
            beside = "" if name == judge else f", the {judge} {arrays[judge][index]:.{DIGITS[dtype]}g}"
            return f"{_where(place, index)} is {arrays[name][index]} in {name}{beside}"
    return None


def _quotient(difference: float, limit: float) -> float:
    return 0.0 if difference == 0.0 else np.inf if limit == 0.0 else difference / limit


def _where(place: Place, index: tuple[int, ...]) -> str:
    position = f"[{', '.join(map(str, index))}]" if index else ""
    return f"{place.phase}, rung {place.rung}, step {place.step}: {place.array}{position}"


def _verdict(values: dict[str, float]) -> str:
    """Which framework is further from the reference."""
    if ARBITER not in values:
        return "no arbiter took part, so either may be wrong"
    distances = {name: abs(value - values[ARBITER]) for name, value in values.items() if name != ARBITER}
    further = max(distances, key=lambda name: distances[name])
    return f"{further} is further from the reference" if len(distances) > 1 else f"{further} parts from the reference"
