"""Which release of a framework moved an autoencoder: releases between a good one and a bad one, each in an environment
of its own, are compared with the good one, half of those that are left at a time, as `git bisect` does with commits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aebench.comparison import comparing, matrix
from aebench.comparison.comparing import Asked, Common
from aebench.comparison.marked import OPEN
from aebench.comparison.matrix import Column
from aebench.comparison.sides import recorded
from aebench.errors import AebenchError, UnknownNameError, UnwritableError, UsageError
from aebench.processes import environments, making
from aebench.processes.environments import Environment
from aebench.processes.events import Listener
from aebench.records import documents
from aebench.records.fields import plain
from aebench.records.matrices import Head, Matrix
from aebench.records.reuse import require_same_options
from aebench.records.store import locked

# What is at least as bad; any other verdict is only as bad as itself.
AS_BAD = {"moved": {"moved", "mended", "parted", "failed"}, "parted": {"parted", "failed"}}
Key = tuple[str | None, str]
"""An autoencoder and a measure; of numbers no rung, since they may part at another one."""


@dataclass(frozen=True)
class Found:
    """What a bisection comes to. tried: the table of all that were compared. good: the last release that is as the
    first one. among: of these one is the first bad release; none where nothing moved, or where that is not decided."""

    tried: Matrix
    good: str
    among: tuple[str, ...] = ()
    reason: str = ""

    @property
    def first(self) -> str | None:
        """The first bad release, where it is found."""
        return self.among[0] if len(self.among) == 1 else None


@dataclass
class Bisection:
    """Releases of a package, the good one first and the bad one last. asked: what is compared, with whatever base."""

    package: str
    versions: Sequence[str]
    asked: Asked
    folder: Path
    listener: Listener
    heads: dict[str, Head] = field(default_factory=dict)
    _common: Common = field(init=False)

    def found(self) -> Found:
        """Bisect; every comparison is kept in a folder of its own, and a second call goes on.

        Raises:
            UsageError: the good release, or the bad one, cannot be compared; the folder holds another comparison.
        """
        good, bad = self.versions[0], self.versions[-1]
        with locked(self.folder), matrix.common_to_all(self.folder) as self._common:
            base = environment(self.package, good, self.listener)
            self.asked = replace(self.asked, base=base, head=base)
            self._require_same_base()
            head = self._head(bad)
            if head.failure is not None:
                raise UsageError(f"the bad release cannot be compared: {head.failure}")
            wanted = {key: verdict for key, (verdict, weight) in said(head).items() if weight not in (None, *OPEN)}
            if not wanted:
                undecided = any(it.weight in OPEN for it in head.outcomes) or not head.outcomes
                words = f"it is undecided whether {bad} differs" if undecided else f"{bad} does not differ"
                return Found(self._matrix(), good, reason=f"{words} from {good}")
            last, among = search(len(self.versions), lambda number: self._is_bad(number, wanted))
        return Found(self._matrix(), self.versions[last], tuple(self.versions[number] for number in among))

    def _is_bad(self, number: int, wanted: Mapping[Key, str]) -> bool | None:
        """Whether a release is as bad as the last one in some row; None where that cannot be said."""
        version = self.versions[number]
        head = self._head(version)
        bad = None if head.failure is not None else as_bad(said(head), wanted)
        words = {True: "bad", False: "good", None: "skipped"}[bad]
        self.listener.note(f"{self.package} {version}: {words}{f', {head.failure}' if head.failure else ''}")
        return bad

    def _head(self, version: str) -> Head:
        """Make its environment, where it is not there, and compare it with base; the table is kept."""
        column = self._column(version)
        head, _ = matrix.held(column, self.asked.limit, self.folder, (), self.listener, self._common)
        self.heads[version] = head
        documents.write(self.folder / matrix.FILE, "matrix", plain(self._matrix()))
        return head

    def _column(self, version: str) -> Column:
        name = called(self.package, version)
        try:
            head = environment(self.package, version, self.listener)
            return Column(name, comparing.planned(replace(self.asked, head=head)))
        except UnwritableError:
            raise
        except AebenchError as error:
            return Column(name, None, str(error))

    def _matrix(self) -> Matrix:
        """The releases that were tried, in their order."""
        heads = [self.heads[version] for version in self.versions if version in self.heads]
        return Matrix(base=recorded(self.asked.base), heads=heads, gone=[])

    def _require_same_base(self) -> None:
        before = documents.read_if_there(self.folder / matrix.FILE, "matrix")
        if before is not None:
            now = plain(self._matrix())
            require_same_options(self.folder / matrix.FILE, {"base": before["base"]}, now, comparing.ADVICE)


def called(package: str, version: str) -> str:
    """The name of the environment of a release."""
    return f"{package}-{version}"


def environment(package: str, version: str, listener: Listener) -> Environment:
    """The environment of a release, made where no file names it yet.

    Raises:
        UsageError: it cannot be made; the reason is the installer's.
    """
    name = called(package, version)
    try:
        return environments.find(name)
    except UnknownNameError:
        listener.note(f"installing {package} {version}, which takes minutes")
        making.make(name, [f"{package}=={version}"])
    return environments.find(name)


def said(head: Head) -> dict[Key, tuple[str, str | None]]:
    """The verdict on each row of a head, and how grave it is."""
    return {(it.autoencoder, "" if it.what == "numbers" else it.row): (it.verdict, it.weight) for it in head.outcomes}


def as_bad(rows: Mapping[Key, tuple[str, str | None]], wanted: Mapping[Key, str]) -> bool | None:
    """Whether some row is as bad as is wanted; False only where each of them is decided otherwise."""
    mine = {key: rows.get(key, ("", OPEN[0])) for key in wanted}
    if any(mine[key][0] in AS_BAD.get(verdict, {verdict}) for key, verdict in wanted.items()):
        return True
    return None if any(weight in OPEN for _, weight in mine.values()) else False


def search(count: int, is_bad: Callable[[int], bool | None]) -> tuple[int, list[int]]:
    """Of so many, the first of which is good and the last bad: the last that is known to be good, and those of which
    one is the first bad one. More than one are left where those before it cannot be judged.

    is_bad: None for one that is to be skipped.
    """
    good, bad, skipped = 0, count - 1, set[int]()
    while left := [number for number in range(good + 1, bad) if number not in skipped]:
        middle = min(left, key=lambda number: abs(2 * number - good - bad))
        judged = is_bad(middle)
        if judged is None:
            skipped.add(middle)
        elif judged:
            bad = middle
        else:
            good = middle
    return good, [*range(good + 1, bad + 1)]
