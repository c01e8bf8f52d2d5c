"""Several environments held against one base: each pair a comparison of its own, and one table of what moved where."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import UNSET

from aebench import registry
from aebench.comparison import comparing
from aebench.comparison.comparing import Asked, Common, Plan
from aebench.comparison.deadline import Deadline
from aebench.comparison.findings import Finding
from aebench.comparison.marked import gone, marked
from aebench.comparison.outcomes import outcomes
from aebench.comparison.parts import PARTS
from aebench.comparison.sides import are_one, pairs, recorded, require_frameworks, side
from aebench.comparison.verdict import WEIGHTS, called, outcome, versions
from aebench.counted import counted
from aebench.errors import (
    AebenchError,
    FrameworkError,
    OtherClimbError,
    ResultError,
    UnwritableError,
    UsageError,
    nearest,
)
from aebench.processes.events import Listener
from aebench.processes.executors import Handed
from aebench.records import documents
from aebench.records.comparisons import Comparison
from aebench.records.fields import checked, plain
from aebench.records.known import Known
from aebench.records.matrices import Head, Matrix, Outcome
from aebench.records.opened import FILES
from aebench.records.reuse import require_same_options
from aebench.records.store import locked

FILE = FILES["matrix"]
NAMED = 3  # packages that a sentence names


@dataclass(frozen=True)
class Column:
    """One head, as the user named it, and what is to be compared with it; without a plan, the reason why nothing is."""

    said: str
    plan: Plan | None
    failure: str | None = None

    @property
    def name(self) -> str:
        """The environment's name; of one that does not start, what the user said."""
        return self.plan.asked.head.name if self.plan else self.said


def planned(asked: Asked, heads: Sequence[str]) -> list[Column]:
    """What will be compared with each of the heads, which are names, places or commits; an environment that is not
    there, or does not start, is a column with its reason.

    asked: with base on both sides.

    Raises:
        UsageError: no head can be compared; one is named twice, is base, or looks like an autoencoder that is misspelt;
            what is asked for makes no sense.
    """
    require_frameworks(asked.frameworks)
    found = [_column(asked, said) for said in heads]
    names = Counter(column.name for column in found)
    for column in found:
        if names[column.name] > 1:
            raise UsageError(f"{column.said} is named more than once; name each environment once")
    if not any(column.plan for column in found):
        raise UsageError("; ".join(dict.fromkeys(str(column.failure) for column in found)))
    return found


def _column(asked: Asked, said: str) -> Column:
    head = None
    try:
        head = side(said)
        pairs(asked.base, head, asked.frameworks)
    except AebenchError as error:
        if head is not None and are_one(asked.base, head):
            raise
        if head is None and (like := nearest(said, list(registry.autoencoders()))):
            raise UsageError(f"{error} Nor is '{said}' an autoencoder{like}") from error
        return Column(said, None, str(error))
    try:
        return Column(said, comparing.planned(replace(asked, head=head)))
    except OtherClimbError as error:
        return Column(said, None, str(error))


def compare(
    asked: Asked, columns: Sequence[Column], folder: Path, known: Sequence[Known], listener: Listener
) -> Matrix:  # fmt: skip
    """Compare base with each head in a folder of its own; the record, kept in `matrix.json` after each.

    A second call goes on, and may ask for other heads: their comparisons stand beside those that are there.

    Raises:
        UsageError: the folder holds another comparison, or one under other conditions.
        ExecutorError: the executor cannot be had, or is gone.
        ResultError: its document is damaged, or cannot be written.
    """
    deadline = Deadline(asked.limit)
    with contextlib.ExitStack() as opened:
        handed = opened.enter_context(Handed(asked.executor, listener)) if asked.executor else None
        opened.enter_context(locked(folder))
        common = opened.enter_context(common_to_all(folder, handed))
        before = documents.read_if_there(folder / FILE, "matrix")
        found = Matrix(base=recorded(asked.base), heads=[], gone=[])
        if before is not None:
            require_same_options(folder / FILE, {"base": before["base"]}, plain(found), comparing.ADVICE)
        for number, column in enumerate(columns):
            listener.note(f"{called(asked.base)} → {called(column)}")
            left = deadline.left()
            share = left and left / (len(columns) - number)
            head, lost = held(column, share, folder, known, listener, common)
            found.heads.append(head)
            found.gone += lost
            documents.write(folder / FILE, "matrix", plain(found))
    return found


@contextlib.contextmanager
def common_to_all(folder: Path, handed: Handed | None = None) -> Iterator[Common]:
    """What comparisons in folders below this one share, called as no environment is. Traces, which are large and hold
    for one call, are removed, also those of a call that was killed."""
    common = Common(folder / ".common" / "traces", folder / ".common" / "trials", handed)
    shutil.rmtree(common.traces, ignore_errors=True)
    try:
        yield common
    finally:
        shutil.rmtree(common.traces, ignore_errors=True)


def held(
    column: Column, limit: float | None, folder: Path, known: Sequence[Known], listener: Listener, common: Common
) -> tuple[Head, list[tuple[str, str]]]:  # fmt: skip
    """Compare base with one head, in so many seconds, in a folder below this one; and the known differences that no
    longer show.

    Raises:
        UsageError, ResultError: as of `compare`.
    """
    plan = column.plan
    if plan is None:
        return Head(name=column.name, said=column.said, failure=column.failure), []
    plan = replace(plan, asked=replace(plan.asked, limit=limit))
    try:
        compared = comparing.compare(plan, folder / column.name, listener, common)
    except UnwritableError:
        raise
    except (FrameworkError, ResultError) as error:
        return Head(name=column.name, said=column.said, failure=str(error)), []
    between, rows = versions(compared), outcomes(compared)
    subjects = compared.conditions.subjects
    own = {subjects[name].package for sides in compared.pairs for name in sides.names if name in subjects}
    # One of its builds, such as tensorflow-cpu, is the framework, too.
    own |= {
        it.name
        for it in compared.differences
        if it.name.startswith(tuple(f"{name}-" for name in own)) and (it.base, it.head) in between.values()
    }
    head = Head(
        name=column.name, said=column.said, versions=between, outcomes=marked(rows, between, known),
        packages={it.name: (it.base, it.head) for it in compared.differences if it.of_both and it.name not in own},
    )  # fmt: skip
    return head, list(gone(rows, between, known))


def comparisons(found: Matrix, folder: Path) -> Iterator[tuple[str, Comparison]]:
    """The heads that were compared, by the name of their folder below this one, and the record of each."""
    for head in found.heads:
        if head.failure is None:
            yield head.name, checked(documents.read(folder / head.name / FILES["comparison"], "comparison"), Comparison)


def findings(found: Matrix) -> list[Finding]:
    """Everything that got worse, could not be compared or decided, got better or moved, head by head; the gravest
    first."""
    every = [finding for head in found.heads for finding in _findings(head)]
    every += [Finding("numbers", (about,), "gone", words) for about, words in found.gone]
    return sorted(every, key=lambda finding: WEIGHTS.index(finding.weight))


def _findings(head: Head) -> Iterator[Finding]:
    if head.failure is not None or not head.outcomes:
        yield Finding("numbers", (called(head),), "undone", head.failure or "nothing was compared")
    for it in head.outcomes:
        if it.weight is not None:
            why = f"; known: {it.known}" if it.known else ""
            yield Finding(it.what, (about(head, it),), it.weight, f"{it.sentence}{why}", it.command)


def about(head: Head, outcome: Outcome) -> str:
    """What an outcome is about: the framework in both versions, the autoencoder, the rung, metric or measure."""
    base, version = head.versions[outcome.framework]
    moved = f"{outcome.framework} {base}" + ("" if base == version else f" → {version}")
    return ", ".join(filter(None, (f"{called(head)}: {moved}", outcome.autoencoder, outcome.row)))


def sentence(found: Matrix) -> str:
    """The verdict in one line."""
    heads = ", ".join(called(head) for head in found.heads)
    return f"{called(found.base)} → {heads}: {outcome(findings(found))}."


def compared(found: Matrix) -> Iterator[str]:
    """A sentence a head: its versions, how many rows of each part became what, and which other packages differ."""
    for head in found.heads:
        versions = ", ".join(f"{name} {' → '.join(dict.fromkeys(both))}" for name, both in head.versions.items())
        parts = [_counted(head, what) for what in PARTS if any(it.what == what for it in head.outcomes)]
        said = f"{called(head)}{versions and f' ({versions})'}"
        yield f"{said}: {'; '.join(parts) or 'nothing was compared'}.{_besides(head)}"


def _besides(head: Head) -> str:
    """The packages that are of another version than base's, the first few by name."""
    packages = {} if head.packages is UNSET else head.packages
    others = [f"{name} {' → '.join(both)}" for name, both in packages.items()]
    if not others:
        return ""
    more = f" and {counted(len(others) - NAMED, 'more package')}" if len(others) > NAMED else ""
    return f" Other versions, too: {', '.join(others[:NAMED])}{more}."


def _counted(head: Head, what: str) -> str:
    counts = Counter(it.verdict for it in head.outcomes if it.what == what)
    return f"{what}: " + ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
