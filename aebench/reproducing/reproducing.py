"""Making a reproduction: find, compute alone, shrink, write, and try what was written in both environments."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from aebench import registry
from aebench.agreement.bounds import representable
from aebench.errors import ReproductionError, UsageError
from aebench.processes.events import Listener
from aebench.processes.temporary import scratch
from aebench.records.store import is_empty
from aebench.registry import ARBITER
from aebench.reproducing.cases import Case
from aebench.reproducing.finding import Asked, Found, find
from aebench.reproducing.judging import Answers, Sides
from aebench.reproducing.scripts import Script, text_of
from aebench.reproducing.shrinking import shrunk
from aebench.reproducing.trying import Tried, first_operation, tried
from aebench.reproducing.wording import Words, labels, size
from aebench.running.options import Options, processes_of
from aebench.running.replaying import bundled

# Shrinking ends after so long; what it has found by then is as small as it gets.
SECONDS = 240.0


@dataclass(frozen=True)
class Reproduction:
    """What was made.

    before, after: the case as it was found and as it was written. differing: how the two sides differ in the latter.
    operation: the first that differs, or why that cannot be said. tries: of the script, by whose environment it ran in.
    """

    folder: Path
    found: Found
    before: Case
    after: Case
    differing: str
    operation: str
    tries: tuple[Tried, ...]

    @property
    def shows(self) -> bool:
        """Whether the script shows the difference where it is, and there alone."""
        return all(it.shows == (it.subject == self.found.bad) for it in self.tries)


def reproduce(asked: Asked, folder: Path, listener: Listener) -> Reproduction:
    """Make a reproduction in the folder, which is empty or not there.

    Raises:
        UsageError: the folder holds something.
        ReproductionError: there is nothing to reproduce, or the place cannot be computed on its own.
        AebenchError: someone cannot compute, or the folder cannot be written.
    """
    if not is_empty(folder):
        raise UsageError(f"{folder} is not empty; choose another --output, or empty it")
    here = tuple(name for name in asked.pair if name not in bundled(asked.pair))
    if not here:
        raise UsageError(f"{' and '.join(asked.pair)} are both of bundles, in which nothing is computed; name one here")
    if not any(_has_text(name) for name in here):
        text_of(here[-1])
    options, arbiter = Options((asked.autoencoder,), here, device=asked.device), ARBITER in asked.subjects
    with scratch() as inside, processes_of(options, None, arbiter=arbiter) as processes:
        found = find(asked, processes, inside, listener)
        needed = {name: it for name, it in processes.items() if name in (found.good, found.bad, ARBITER)}
        held = partial(found.climbed.held, found.place) if found.held else None
        sides = Sides(found.good, found.bad, found.criterion, held, needed, inside, count())
        before, answers = _alone(found, sides)
        # What is on record can be made no smaller.
        end = time.monotonic() + (0.0 if found.held else SECONDS)
        listener.begin(f"{asked.autoencoder}: shrinking", 1)
        after, answers = shrunk(before, answers, sides, lambda: time.monotonic() > end)
        listener.finished(f"{asked.autoencoder}: shrinking", f"{size(before)} → {size(after)}")
        return _written(found, before, after, answers, folder, inside)


def _has_text(subject: str) -> bool:
    with contextlib.suppress(ReproductionError):
        return bool(text_of(subject))
    return False


def _alone(found: Found, sides: Sides) -> tuple[Case, Answers]:
    """The case of the place, and what everyone gives for it.

    Of a training the last step alone, or all of it, where the difference has grown over the steps.
    """
    for whole in (False, True) if found.place.step > 1 else (False,):
        case = found.climbed.case(found.place, whole=whole)
        answers = sides.ask(case)
        if answers.shows:
            return case, answers
    raise ReproductionError(
        f"{found.place.key}: computed on its own, of the same arrays, this does not differ; what was found: "
        f"{found.words}"
    )


def _written(found: Found, before: Case, after: Case, answers: Answers, folder: Path, inside: Path) -> Reproduction:
    """Write the script, and try it; then say in it which operation the tries have shown."""
    called, bare = labels(answers.found), registry.bare(found.bad)
    expected = {called[name]: arrays[after.array] for name, arrays in answers.found.items()}
    if ARBITER in expected:
        expected[ARBITER] = representable(expected[ARBITER], after.dtype)
    alike = bare == registry.bare(found.good) and not found.held
    able = (found.good, found.bad) if alike else (found.bad,)
    words = Words(found, before, after, answers.words, called, able)

    def write(operation: str | None) -> None:
        limits, said = (answers.largest, answers.rms), words.said(operation)
        Script(after, bare, expected, called[found.good], *limits, said).write(folder)

    write(None)
    tries = tuple(tried(folder, name) for name in able)
    operation = _operation(found, folder, tries, inside)
    write(operation)
    return Reproduction(folder, found, before, after, answers.words, operation, tries)


def _operation(found: Found, folder: Path, tries: tuple[Tried, ...], inside: Path) -> str:
    """The first operation that differs; or why it cannot be said which."""
    if registry.variants()[registry.bare(found.bad)].mode != "eager":
        return "cannot be said, what is compiled is one operation"
    if len(tries) == 1:
        return f"cannot be said, {found.good} {'is not run' if found.held else 'runs other operations'}"
    return first_operation(folder, found.good, found.bad, inside)
