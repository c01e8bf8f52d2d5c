"""Whether a case shows what was found: both sides compute it, and the reference where it has the autoencoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Literal

import numpy as np

from aebench.agreement.bounds import Spread, difference, n_draws, root_mean_square
from aebench.agreement.compare import Judge
from aebench.arrays import Array, Arrays
from aebench.errors import AebenchError
from aebench.processes.lanes import at_once
from aebench.processes.worker import FrameworkProcess
from aebench.records.checkpoint import read_arrays, write_arrays
from aebench.records.trace import Place, Trace
from aebench.registry import ARBITER
from aebench.reproduced import PARAMETERS, differences, furthest, under
from aebench.reproducing.cases import Case, answer

# parts: beyond its bound, which is drawn for the case itself. moves: in any bit.
Criterion = Literal["parts", "moves"]


@dataclass(frozen=True)
class Answers:
    """What everyone gives for a case, by name, and what follows.

    shows: whether there is the difference that was found. largest, rms: how far the two sides may be apart. words: the
    place and both values.
    """

    found: Mapping[str, Arrays]
    shows: bool
    largest: float
    rms: float
    words: str


@dataclass(frozen=True)
class Sides:
    """Who computes.

    good: who is held to be right; bad: whose script it is. held: where the good one does not compute, what makes of the
    bad one's array that which is on record of the good one. processes: of both, and of the reference where it has the
    autoencoder. folder: for arrays on their way.
    """

    good: str
    bad: str
    criterion: Criterion
    held: Callable[[Array], Array] | None
    processes: Mapping[str, FrameworkProcess]
    folder: Path
    numbers: count[int]

    def ask(self, case: Case) -> Answers:
        """Let all compute the case.

        Raises:
            AebenchError: someone cannot.
        """
        place = self.folder / f"{next(self.numbers)}"
        given, found = place / "given.safetensors", {name: place / f"{name}.safetensors" for name in self.processes}
        write_arrays(given, case.arrays, {})
        n_parameters = sum(array.size for array in under(PARAMETERS, case.arrays).values())
        bare, draws = replace(case, arrays={}), n_draws(n_parameters) if self.criterion == "parts" else 0
        calls = {
            name: (answer, name, bare, given, path, draws if name == self.judge else 0) for name, path in found.items()
        }
        for error in at_once(self.processes, calls).values():
            raise error
        answers = {name: read_arrays(path)[0] for name, path in found.items()}
        if self.held is not None:
            answers[self.good] = {case.array: self.held(answers[self.bad][case.array])}
        for path in (given, *found.values()):
            path.unlink()
        return self._moved(case, answers) if self.criterion == "moves" else self._parted(case, answers)

    def shown(self, case: Case) -> Answers | None:
        """The answers where the case shows the difference; None where not, or where someone cannot compute it."""
        try:
            answers = self.ask(case)
        except AebenchError:
            return None
        return answers if answers.shows else None

    @property
    def judge(self) -> str:
        """Whose strays make the bound."""
        return ARBITER if ARBITER in self.processes else self.good

    def _moved(self, case: Case, answers: Mapping[str, Arrays]) -> Answers:
        """Whether the two sides differ in any value."""
        apart = differences(*(answers[name][case.array] for name in (self.good, self.bad)))
        largest = float(np.max(apart, initial=0.0))
        index, at = furthest(apart)
        values = ", ".join(f"{name} {float(found[case.array][index]):.17g}" for name, found in answers.items())
        words = f"{case.array}{at}: {values}; the largest difference is {largest:.3g}"
        return Answers(answers, largest > 0.0, 0.0, 0.0, words)

    def _parted(self, case: Case, answers: Mapping[str, Arrays]) -> Answers:
        """Whether the two sides are further apart than disturbances of the judge explain."""
        place, judge = case.place._replace(array=case.array), answers[self.judge]
        strays = [difference(stray, judge[case.array], place, case.dtype) for stray in under("stray/", judge).values()]
        spread = Spread(
            max(float(np.max(stray, initial=0.0)) for stray in strays), max(map(root_mean_square, strays))
        )  # fmt: skip
        arrays = {name: {place: found[case.array]} for name, found in answers.items()}
        for name, array in under("gradient/", judge).items():
            arrays[self.judge][Place(place.phase, "gradients", 0, name)] = array
        traces = {name: Trace(name, case.autoencoder.name, case.dtype, its) for name, its in arrays.items()}
        judging = Judge(traces[self.judge], {place: spread}, case.autoencoder, forced=True)
        pair = judging.compare(traces[self.good], traces[self.bad])
        found = next(comparison for comparison in pair.comparisons if comparison.place == place)
        return Answers(answers, found.problem is not None, found.bound.largest, found.bound.rms, found.problem or "")
