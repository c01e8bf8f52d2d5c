"""A bisection from end to end, with stand-ins for the installer and the comparisons: which releases it tries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from comparisons import climbed, record

from aebench.comparison import comparing
from aebench.comparison.bisecting import Bisection, Found
from aebench.comparison.comparing import Asked, Plan
from aebench.errors import AebenchError, FrameworkError, UnwritableError, UsageError
from aebench.processes import environments, making
from aebench.processes.environments import Environment
from aebench.processes.events import Silent
from aebench.records import documents
from aebench.records.comparisons import Comparison
from aebench.running.options import Options

HERE = Environment("here", None, "here")


def numbers(verdict: str, rung: str = "gradients") -> Comparison:
    """A comparison of numbers alone, both climbs of which are so from that rung on."""
    return record(*(climbed(dtype, verdict, rung) for dtype in ("float64", "float32")), only=["numbers"])


PARTS = ["numbers", "speed"]
SAME, MOVED = numbers("identical"), numbers("moved")
BROKEN = UsageError("error: no wheel for this interpreter")

Release = Comparison | AebenchError
"""What comparing a release with the good one finds; an error that installing it, or comparing it, ends with."""


class Bisected:
    """Bisects releases of `torch`, 1.0 first, whose comparisons find what is said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requirements: list[str] = []
        self.compared: list[tuple[str, str]] = []
        self.releases: dict[str, Release] = {}

    def __call__(self, *releases: Release, good: str = "1.0") -> Found:
        """What is found; releases: those after the good one, 2.0, 3.0 and so on."""
        self.releases = {"1.0": SAME, "1.5": SAME} | {f"{number}.0": it for number, it in enumerate(releases, 2)}
        versions = [good, *list(self.releases)[2:]]
        asked = Asked(HERE, HERE, Options(("linear",), ()))
        return Bisection("torch", versions, asked, self.folder, Silent()).found()

    def make(self, name: str, requirements: Sequence[str]) -> None:
        """Stands for `making.make`."""
        self.requirements += requirements
        release = self.releases[name.removeprefix("torch-")]
        if isinstance(release, (UsageError, UnwritableError)):
            raise release
        environments.tell(Environment(name, Path(name) / "python", name))

    def compare(self, plan: Plan, *_: object) -> Comparison:
        """Stands for `comparing.compare`."""
        self.compared.append((plan.asked.base.name, plan.asked.head.name))
        release = self.releases[plan.asked.head.name.removeprefix("torch-")]
        if isinstance(release, AebenchError):
            raise release
        return release


@pytest.fixture
def bisected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bisected:
    """Bisect without pip and without comparing anything."""
    monkeypatch.chdir(tmp_path)  # where no file names an environment
    found = Bisected(tmp_path / "out")
    monkeypatch.setattr(making, "make", found.make)
    monkeypatch.setattr(comparing, "planned", lambda asked: Plan(asked, (), (), asked.options))
    monkeypatch.setattr(comparing, "compare", found.compare)
    return found


def test_each_release_is_installed_in_its_version_and_compared_with_the_good_one(bisected: Bisected) -> None:
    """Not with the environment that aebench itself runs in, whatever release of the package that holds."""
    assert "3.0" == bisected(SAME, MOVED, MOVED).first
    assert ["torch==1.0", "torch==4.0", "torch==2.0", "torch==3.0"] == bisected.requirements
    assert [("torch-1.0", f"torch-{version}") for version in ("4.0", "2.0", "3.0")] == bisected.compared
    assert "torch-1.0" == documents.read(bisected.folder / "matrix.json", "matrix")["base"]["name"]


@pytest.mark.parametrize("between", ["moved", "parted", "mended"])
def test_a_release_that_moves_otherwise_is_bad_where_the_last_one_moves(bisected: Bisected, between: str) -> None:
    """In either direction; and at whichever rung it moves first."""
    assert "2.0" == bisected(numbers(between), MOVED).first
    assert "2.0" == bisected(numbers(between, "forward"), MOVED, MOVED).first


def test_what_the_bad_release_leaves_undecided_is_not_looked_for(bisected: Bisected) -> None:
    """Its numbers moved, and its speed was not decided; a release whose speed is not decided either is good."""
    between = record(*SAME.numbers, only=PARTS)
    assert "3.0" == bisected(between, record(*MOVED.numbers, only=PARTS)).first


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(only=["numbers"]), "it is undecided whether 3.0 differs from 1.0"),
        (record(only=["quality"], pairs=[]), "it is undecided whether 3.0 differs from 1.0"),
        (SAME, "3.0 does not differ from 1.0"),
    ],
    ids=["undecided", "without any row", "identical"],
)
def test_where_nothing_moved_no_other_release_is_tried(bisected: Bisected, bad: Comparison, reason: str) -> None:
    """The reason tells what does not differ from what nobody knows."""
    found = bisected(SAME, bad)
    assert ((), reason) == (found.among, found.reason)
    assert [("torch-1.0", "torch-3.0")] == bisected.compared


FAILURES = pytest.mark.parametrize("error", [BROKEN, FrameworkError("sees no gpu")], ids=["installing", "comparing"])


@FAILURES
def test_a_release_that_fails_is_skipped(bisected: Bisected, error: AebenchError) -> None:
    """Whether it does not install or cannot be compared, it is neither good nor bad; the table says why."""
    found = bisected(SAME, error, MOVED)
    assert ("2.0", ("3.0", "4.0")) == (found.good, found.among)
    assert [None, str(error), None] == [head.failure for head in found.tried.heads]


@FAILURES
def test_a_bad_release_that_fails_is_refused(bisected: Bisected, error: AebenchError) -> None:
    """There would be nothing to look for, and nothing between is tried."""
    with pytest.raises(UsageError, match=f"the bad release cannot be compared: {error}"):
        bisected(SAME, error)
    assert ["torch==1.0", "torch==3.0"] == bisected.requirements


def test_a_full_disk_is_no_release_that_fails(bisected: Bisected) -> None:
    """Planted: an environment cannot be written. That ends the command, and no release is skipped for it."""
    with pytest.raises(UnwritableError, match="No space left"):
        bisected(UnwritableError("cannot write torch-2.0.lock: No space left on device"), MOVED)


def test_a_folder_of_another_good_release_is_refused(bisected: Bisected) -> None:
    """Its table is left as it is; with the same good release a second call goes on in it."""
    for _ in range(2):
        assert "3.0" == bisected(SAME, MOVED).first
    before = (bisected.folder / "matrix.json").read_bytes()
    with pytest.raises(UsageError, match=r"matrix.json was measured differently \(base: .*torch-1.0.*torch-1.5.* now"):
        bisected(SAME, MOVED, good="1.5")
    assert before == (bisected.folder / "matrix.json").read_bytes()
