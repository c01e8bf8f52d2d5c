"""Bisecting releases: which there are, in what order they are tried, what is bad, and what is only skipped."""

from __future__ import annotations

import socket
import subprocess
from itertools import product
from pathlib import Path

import pytest
import releases as wheels

from aebench.comparison.bisecting import Found, as_bad, search
from aebench.errors import UsageError
from aebench.processes import releases
from aebench.processes.releases import between
from aebench.records.comparisons import Side
from aebench.records.matrices import Head, Matrix
from aebench.report.bisecting import besides, sentence, status

VERSIONS = ("2.9.1", "2.11.0", "2.12.0", "2.12.1", "2.13.0rc1", "2.13.0", "2.14.0rc2", "2.14.0", "2.15.0")


def test_the_releases_between_two_are_asked_of_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, as numbers; pre-releases and builds of a release only where they are named."""
    wheels.offer(monkeypatch, tmp_path / "wheels", "torch", *VERSIONS)
    assert ["2.11.0", "2.12.0", "2.12.1", "2.13.0", "2.14.0"] == between("torch", "2.11", "2.14")
    assert ["2.13.0rc1", "2.13.0", "2.14.0rc2"] == between("torch", "2.13rc1", "2.14rc2")
    wheels.offer(monkeypatch, tmp_path / "builds", "torch", "2.12.0+cpu", "2.13.0", "2.13.0+cpu", "2.14.0")
    assert ["2.12.0", "2.13.0", "2.14.0"] == between("torch", "2.12", "2.14")
    assert ["2.13.0+cpu", "2.14.0"] == between("torch", "2.13+cpu", "2.14")


@pytest.mark.parametrize(
    ("package", "first", "last", "problem"),
    [
        ("torch", "2.14", "2.11", "2.14 is no release before 2.11; name the earlier one first"),
        ("torch", "2.11", "2.11.0", "is no release before"),
        ("torch", "2.10", "2.14", "the index has no release 2.10 of torch for this interpreter; it has 2.9.1, 2.11.0"),
        ("torch", "2.11", "2.14.7", "the index has no release 2.14.7 of torch"),
        ("tensorflow", "2.11", "2.14", "pip cannot say which releases of tensorflow there are: ERROR: No matching"),
    ],
)
def test_releases_that_there_are_not_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, first: str, last: str, problem: str
) -> None:
    """Each with its own sentence."""
    wheels.offer(monkeypatch, tmp_path / "wheels", "torch", *VERSIONS)
    with pytest.raises(UsageError) as caught:
        between(package, first, last)
    assert (True, 1) == (problem in str(caught.value), len(str(caught.value).splitlines()))


def test_an_index_that_does_not_answer_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip lists what the others have; which releases there are is then not known."""
    wheels.offer(monkeypatch, tmp_path / "wheels", "torch", *VERSIONS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and nobody listens
        monkeypatch.setenv("PIP_NO_INDEX", "0")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{free.getsockname()[1]}/simple")
        monkeypatch.setenv("PIP_RETRIES", "0")
        for last in ("2.14", "2.17"):  # also where both are there: between them may be others
            with pytest.raises(UsageError, match=r"an index did not answer \(\[Errno .*nobody knows which releases of"):
                between("torch", "2.11", last)


RETRYING = "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (f"{RETRYING} 'NewConnectionError('<x>: Failed to establish it: [Errno 111] Connection refused')': /simple/a/",
         "[Errno 111] Connection refused"),
        (f"{RETRYING} 'ConnectTimeoutError(<x>, 'Connection to host timed out. (connect timeout=15)')': /simple/a/",
         "ConnectTimeoutError"),
        ("WARNING: Retrying somehow", "WARNING: Retrying somehow"),
    ],
)  # fmt: skip
def test_why_an_index_does_not_answer_is_in_pip_s_words(
    monkeypatch: pytest.MonkeyPatch, said: str, expected: str
) -> None:
    """The system's own reason where pip tells it, else the kind of error, else all that it says."""
    ended = subprocess.CompletedProcess((), 0, "Available versions: 2.0, 1.0\n", f"WARNING: other\n{said}\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ended)
    with pytest.raises(UsageError) as caught:
        between("torch", "1.0", "2.0")
    assert str(caught.value).startswith(f"an index did not answer ({expected}), so nobody knows")


def test_a_list_of_a_pip_that_fails_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have said what it found before it failed; why it did is told."""
    ended = subprocess.CompletedProcess((), 1, "Available versions: 2.0, 1.0\n", "ERROR: broken\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ended)
    with pytest.raises(UsageError, match="pip cannot say which releases of torch there are: ERROR: broken"):
        between("torch", "1.0", "2.0")


def test_names_that_are_no_versions_are_passed_over() -> None:
    """Very old releases of some packages are called so; pip itself hides most of them."""
    assert (None, "1.0") == (releases._version("dev-r12"), str(releases._version("1.0")))


@pytest.mark.parametrize("count", range(2, 9))
def test_every_first_bad_release_is_found(count: int) -> None:
    """Wherever it is, in as many steps as halving takes."""
    for first in range(1, count):
        asked: list[int] = []

        def is_bad(number: int, first: int = first, asked: list[int] = asked) -> bool:
            asked.append(number)
            return number >= first

        assert (first - 1, [first]) == search(count, is_bad)
        assert len(asked) <= (count - 2).bit_length()
        assert set() == set(asked) & {0, count - 1}


@pytest.mark.parametrize("skipped", list(product((False, True), repeat=4)))
def test_what_is_skipped_leaves_only_those_that_it_hides(skipped: tuple[bool, ...]) -> None:
    """The first bad one is always among what is left, all but the last of which were skipped."""
    for first in range(1, 6):

        def is_bad(number: int, first: int = first) -> bool | None:
            return None if skipped[number - 1] else number >= first

        good, among = search(6, is_bad)
        assert good < first
        assert first in among
        assert [*range(good + 1, among[-1] + 1)] == among
        assert all(skipped[number - 1] for number in among[:-1])


NUMBERS = ("linear", "")
SPEED = {("linear", "training"): "slower", (None, "import"): "slower"}


@pytest.mark.parametrize(
    ("verdict", "weight", "wanted", "expected"),
    [
        ("moved", "moved", "moved", True),
        ("parted", "regression", "moved", True),
        ("identical", None, "moved", False),
        ("moved", "moved", "parted", False),
        ("failed", "regression", "moved", True),
        ("parted", "regression", "parted", True),
        ("failed", "regression", "parted", True),
        ("parted", "regression", "failed", False),
        ("undecided", "undecided", "moved", None),
        ("not compared", "undone", "moved", None),
    ],
)
def test_numbers_are_bad_where_they_moved_as_far(
    verdict: str, weight: str | None, wanted: str, expected: bool | None
) -> None:
    """What only moves is good where the bad release parts; what is not decided is skipped."""
    assert expected is as_bad({NUMBERS: (verdict, weight)}, {NUMBERS: wanted})


def test_speed_is_bad_where_one_of_its_rows_is() -> None:
    """Good only where every one is decided; another row says nothing."""
    slower, as_fast, open_ = ("slower", "regression"), ("not slower", None), ("undecided", "undecided")
    training, whole = SPEED
    assert True is as_bad({training: slower, whole: open_}, SPEED)
    assert None is as_bad({training: as_fast, whole: open_}, SPEED)
    assert None is as_bad({training: as_fast}, SPEED)
    assert False is as_bad({training: as_fast, whole: as_fast, ("linear", "inference"): slower}, SPEED)


def test_the_answer_is_worded_as_git_words_it() -> None:
    """Each end has its sentence and its status."""
    tried = Matrix(base=Side(name="torch-1", said="torch-1", python=None, variables={}), heads=[], gone=[])
    answers = [
        (("2",), "", 0, "torch 2 is the first bad release; 1 is good."),
        (("2", "3"), "", 125,
         "There are only skipped releases left: the first bad release of torch is one of 2, 3; 1 is good."),
        ((), "3 does not differ from 1", 2, "There is nothing to look for: 3 does not differ from 1."),
        ((), "it is undecided whether 3 differs from 1", 125,
         "There is nothing to look for: it is undecided whether 3 differs from 1."),
    ]  # fmt: skip
    for among, reason, *expected in answers:
        found = Found(tried, "1", among, reason)
        assert expected == [status(found), sentence(found, "torch")]


def test_what_changed_with_the_first_bad_release_is_named() -> None:
    """Between the last good one, which may be the very first, and it: other packages may be what moved it."""

    def head(version: str, **packages: tuple[str, str]) -> Head:
        return Head(name=f"torch-{version}", said=f"torch-{version}", packages=packages)

    base = Side(name="torch-1", said="torch-1", python=None, variables={})
    heads = [
        head("2", numpy=("2.0", "2.1")),
        head("3", numpy=("2.0", "2.1"), six=("1", "2")),
        head("4", six=("1", "2")),
    ]
    tried = Matrix(base=base, heads=heads, gone=[])
    said = {pair: besides(Found(tried, pair[0], (pair[1],)), "torch") for pair in ("12", "23", "34", "44")}
    assert {
        "12": "With it changed numpy 2.0 → 2.1: what moved may be theirs.",
        "23": "With it changed six 1 → 2: what moved may be theirs.",
        "34": "With it changed numpy 2.1 → 2.0: what moved may be theirs.",
        "44": None,
    } == said
    assert besides(Found(tried, "1", ("2", "3")), "torch") is None, "which it was is not known"
