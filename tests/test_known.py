"""Known differences: strict data that explain what moved, and that fail once they no longer show."""

from __future__ import annotations

import re
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from comparisons import climbed, record
from msgspec import structs

from aebench.comparison.marked import gone, marked, require_rows
from aebench.comparison.outcomes import outcomes
from aebench.errors import ResultError
from aebench.records.known import FILE, Known, read
from aebench.records.matrices import Outcome
from aebench.report.known import page

VERSIONS = {"pytorch": ("2.13.0", "2.14.1")}
ENTRY = """\
[[known]]
framework = "pytorch"
versions = ">=2.14"
row = "linear/gradients"
verdict = "moved"
reason = "another kernel"
upstream = "https://example.org/1"
"""
FIELDS: dict[str, Any] = tomllib.loads(ENTRY)["known"][0]


def known(**changes: str) -> Known:
    """The entry above, or one that differs."""
    return Known(**{**FIELDS, **changes})


def numbers(verdict: str = "moved", rung: str = "gradients", climbs: int = 2) -> list[Outcome]:
    """The outcome of both climbs of `linear`, or of fewer."""
    rows = [climbed(dtype, verdict, rung) for dtype in ("float64", "float32")]
    return outcomes(record(*rows[:climbs], only=["numbers"]))


def test_a_difference_that_is_known_is_marked() -> None:
    """Its cell is no finding that fails, whatever it was, and says why it is so."""
    for verdict in ("moved", "parted"):
        (found,) = marked(numbers(verdict), VERSIONS, [known(verdict=verdict)])
        assert ("known", "another kernel (https://example.org/1)") == (found.weight, found.known)
        assert [] == list(gone(numbers(verdict), VERSIONS, [known(verdict=verdict)]))


OTHERS = {
    "another rung": {"row": "linear/losses"},
    "another verdict": {"verdict": "parted"},
    "a rung that is not": {"row": "linear/gradient"},
}


@pytest.mark.parametrize("case", OTHERS)
def test_one_that_does_not_show_is_gone(case: str) -> None:
    """Planted: the row was compared, and is not as the entry says: it marks nothing, and has its own sentence."""
    it = known(**OTHERS[case])
    assert [None] == [found.known for found in marked(numbers(), VERSIONS, [it])]
    ((about, words),) = gone(numbers(), VERSIONS, [it])
    assert f"pytorch >=2.14, {it.row}" == about
    assert words.startswith(
        f"known as {it.verdict} from 2.13.0 to 2.14.1, and now it is gradients moved; take its entry"
    )
    assert words.endswith("another kernel")


def test_what_is_as_before_again_is_gone() -> None:
    """The difference was mended upstream."""
    ((_, words),) = gone(numbers("identical"), VERSIONS, [known()])
    assert "and now it is identical; take its entry away" in words


SILENT = {
    "both have it": ({"versions": ">=2"}, numbers("identical")),
    "neither has it": ({"versions": ">=2.15"}, numbers("identical")),
    "another framework": ({"framework": "tensorflow"}, numbers("identical")),
    "another autoencoder": ({"row": "tied/gradients"}, numbers("identical")),
    "another part": ({"row": "linear/test_mse", "verdict": "worse"}, numbers("identical")),
    "not compared": ({}, numbers("not compared")),
    "undecided": ({}, numbers(climbs=1)),
    "nothing at all": ({}, []),
}


@pytest.mark.parametrize("case", SILENT)
def test_what_was_not_compared_is_not_called_gone(case: str) -> None:
    """An entry speaks only where one side has it and the other has not, and its row is decided."""
    changes, found = SILENT[case]
    assert [] == list(gone(found, VERSIONS, [known(**changes)]))
    assert [None] * len(found) == [it.known for it in marked(found, VERSIONS, [known(**changes)])]


def test_the_way_back_shows_it_too() -> None:
    """Base has it and head has not; a version that is none has nothing."""
    assert known().lies_between("2.14.1", "2.13.0")
    assert not known().lies_between("unknown", "2.14.1")
    assert known(versions="==2.14.0a1").lies_between("2.14.0a1", "2.14.0")


def test_what_may_yet_show_is_not_called_gone() -> None:
    """A metric that is not there, since its trainings are not decided, beside another one that is."""
    of = partial(structs.replace, numbers()[0], what="quality", weight=None)
    rows = [of(row="other", verdict="not worse"), of(row="training", verdict="undecided", weight="undecided")]
    entry = known(row="linear/test_mse", verdict="worse")
    assert [] == list(gone(rows, VERSIONS, [entry]))
    assert 1 == len(list(gone(rows[:1], VERSIONS, [entry])))


@pytest.mark.parametrize("head", ["2.15.0rc1", "2.15.0.dev20261101+cpu"])
def test_a_pre_release_is_a_version(head: str) -> None:
    """Nightly builds and candidates have what their series has, though pip passes over them unless it is asked."""
    assert known().lies_between("2.13.0", head)
    assert not known().lies_between("2.14.1", head)


def test_of_measures_only_the_row_itself_counts() -> None:
    """Another metric that is worse is no sign of this one."""
    of = partial(structs.replace, numbers()[0], what="quality", weight=None)
    rows = [of(row="a", verdict="worse"), of(row="b", verdict="not worse")]
    entries = [known(row=f"linear/{row}", verdict="worse") for row in "ab"]
    assert [True, False] == [it.known is not None for it in marked(rows, VERSIONS, entries)]
    assert ["pytorch >=2.14, linear/b"] == [about for about, _ in gone(rows, VERSIONS, entries)]


def test_the_file_is_read(tmp_path: Path) -> None:
    """What stands in it; an empty one holds nothing."""
    (tmp_path / "known.toml").write_text(ENTRY)
    assert [known()] == read(tmp_path / "known.toml")
    (tmp_path / "known.toml").write_text("# nothing\n")
    assert [] == read(tmp_path / "known.toml")


FAULTS = {
    "an unknown field": ("reason =", "why ="),
    "no reason": ("another kernel", " "),
    "no version": (">=2.14", "2.14 or so"),
    "every version": (">=2.14", ""),
    "an unknown framework": ('"pytorch"', '"torch"'),
    "an unknown autoencoder": ("linear/", "liner/"),
    "no rung": ("linear/gradients", "linear/"),
    "no autoencoder": ("linear/gradients", "gradients"),
    "an import of one autoencoder": ("linear/gradients", "linear/import"),
    "an unknown verdict": ('"moved"', '"different"'),
    "an address that is none": ("https://example.org/1", "issue 1"),
    "no TOML": ("[[known]]", "[[known"),
    "another table": ("[[known]]", "[[kwnon]]"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_in_the_file_is_one_line(tmp_path: Path, case: str) -> None:
    """Planted: it names the file, and nothing is compared."""
    faulty = ENTRY.replace(*FAULTS[case])
    assert faulty != ENTRY
    (tmp_path / "known.toml").write_text(faulty)
    with pytest.raises(ResultError, match=r"known\.toml") as caught:
        read(tmp_path / "known.toml")
    assert 1 == len(str(caught.value).splitlines())


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    """Never taken for an empty one."""
    with pytest.raises(ResultError, match=r"there is no .*known\.toml"):
        read(tmp_path / "known.toml")


ROOT = Path(__file__).parents[1]


def test_the_page_in_the_documents_is_made_of_the_file() -> None:
    """`python -m aebench.report.known > docs/known.md` was run after the last change."""
    assert page(read(ROOT / "results" / FILE)) == (ROOT / "docs" / "known.md").read_text(encoding="utf-8")


def test_the_page_has_a_row_for_each_difference() -> None:
    """What comes from outside is escaped; without an issue it says so, and without entries that there are none."""
    lines = page([known(reason="a|b"), Known(**{**FIELDS, "upstream": None})]).splitlines()
    row = "| pytorch | \\>=2.14 | linear/gradients | moved |"
    assert [f"{row} a\\|b | https://example.org/1 |", f"{row} another kernel | not reported |"] == lines[-2:]
    assert "There are none." == page([]).splitlines()[-1]


NO_ROWS = {
    "a misspelt rung": ({"row": "linear/forwrd"}, "can be moved; did you mean 'forward'?"),
    "a rung that is worse": ({"row": "linear/forward", "verdict": "worse"}, "can be worse; expected a metric"),
    "a rung that is slower": ({"row": "linear/forward", "verdict": "slower"}, "can be slower; expected training, inf"),
    "an import that moved": ({"row": "import"}, "'import' can be moved; expected init, "),
    "an import that is worse": ({"row": "import", "verdict": "worse"}, "can be worse; expected a metric"),
    "a climb that moved": ({"row": "linear/climb"}, "can be moved; expected init, "),
    "a rung that failed": ({"row": "linear/forward", "verdict": "failed"}, "can be failed; expected climb"),
    "speed of memory": ({"row": "linear/training", "verdict": "more"}, "can be more; expected peak memory, peak"),
}


@pytest.mark.parametrize("case", NO_ROWS)
def test_an_entry_of_no_row_is_refused(case: str) -> None:
    """It would excuse nothing, and never be called gone."""
    changes, words = NO_ROWS[case]
    with pytest.raises(ResultError, match=re.escape(words)):
        require_rows([known(), known(**changes)], "known.toml")


def test_entries_of_every_part_are_taken() -> None:
    fitting = {
        "linear/program": "parted", "linear/climb": "failed", "linear/test_mse": "better",
        "linear/first epoch": "slower", "import": "faster", "linear/peak memory": "less",
    }  # fmt: skip
    require_rows([known(row=row, verdict=verdict) for row, verdict in fitting.items()], "known.toml")
