"""What Python may say and a command line may not: each is refused in aebench's own words, and nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import OPTIONS, conditions, trial

from aebench import api
from aebench.api import asking
from aebench.errors import ResultError, UsageError
from aebench.records import documents

HOW: dict[str, Any] = {"frameworks": "reference", "agreement": False}


@pytest.fixture
def result(tmp_path: Path) -> api.Result:
    """What a run of `tied` left whose agreement was not asked for."""
    document = {
        "options": {**OPTIONS, "agreement": False}, "conditions": conditions(), "complete": True, "agreements": [],
        "failures": [], "trials": [trial(name, 0, 0.01) for name in ("tensorflow", "pytorch")],
    }  # fmt: skip
    documents.write(tmp_path / "run" / "result.json", "run", document)
    return api.result(tmp_path / "run")


@pytest.mark.parametrize("name", ["result.json", "report.txt", "report", ""])
def test_a_report_is_written_over_pages_only(result: api.Result, name: str) -> None:
    """A record that was named by mistake stays what it was."""
    before = (result.folder / "result.json").read_bytes()
    with pytest.raises(UsageError, match=r"a report ends in \.html"):
        result.report(result.folder / name)
    assert before == (result.folder / "result.json").read_bytes()


@pytest.mark.parametrize("name", ["notes", "agreements", "rungs", "blind"])
def test_an_empty_table_says_so(result: api.Result, name: str) -> None:
    """As text and in a notebook."""
    table = result.table(name)
    assert [] == table.rows
    assert repr(table).endswith(": no rows.")
    assert ": no rows." in table._repr_html_()


def test_a_table_of_one_autoencoder_is_of_autoencoders(result: api.Result) -> None:
    """One that has none of it is empty; one that speaks of something else refuses."""
    assert ([], True) == (result.metrics().of("sparse").rows, "no rows" in repr(result.metrics().of("sparse")))
    with pytest.raises(UsageError, match="the rows of 'conditions' are not of autoencoders"):
        result.table("conditions").of("tied")


@pytest.mark.parametrize("seeds", [np.arange(2), {0, 1}, range(2), iter((0, 1)), (0, 1, 0), [np.int64(0), True]])
def test_seeds_are_any_whole_numbers(seeds: Any) -> None:
    """Each once, whatever holds them."""
    assert (0, 1) == asking.whole(seeds, "seeds")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            lambda _: api.run("linear", seeds=10**30, **HOW),
            "seeds: numbers up to 1,000,000,000 are expected",
        ),
        (
            lambda _: api.run("linear", seeds="0", **HOW),
            "seeds: whole numbers are expected, such as (0, 1, 2)",
        ),
        (lambda _: api.agree("linear", steps=(1, 2)), "steps: whole numbers are expected, found (1, 2)"),
        (lambda _: api.agree("linear", steps=0), "steps: 0 is not in the range 1<=x<=1000000000"),
        (lambda place: api.run("linear", output=place / "file", **HOW), "file' can be no folder"),
        (lambda place: api.run("linear", output=place / ("a" * 300), **HOW), "can be no folder: File name too long"),
        (lambda _: api.run("linear", output="a\0b", **HOW), "'a\\x00b' can be no folder: no name holds a null"),
        (lambda _: api.run("linear", output=" ", **HOW), "a folder has no name"),
        (lambda place: api.agree("linear", output=place / "file"), "file' can be no folder"),
        (lambda place: api.resume(place / "file"), "file' can be no folder"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    call: Callable[[Path], object], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence, and the folder is as it was."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=re.escape(expected)):
        call(tmp_path)
    assert [tmp_path / "file"] == [*tmp_path.iterdir()]


@pytest.mark.parametrize("kind", ["pdf", "PNG", ""])
def test_a_picture_is_of_a_kind_that_there_is(kind: Any) -> None:
    """Its bytes, too."""
    picture = api.Picture("tied/none", "Title", "words", "caption", lambda: pytest.fail("it was drawn"))
    with pytest.raises(UsageError, match="a picture is of the kind png or svg, found"):
        picture.bytes(kind)


def test_a_run_that_has_not_ended_is_called_so(tmp_path: Path) -> None:
    """It may be under way in another process: nothing is claimed of what is finished."""
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(ResultError, match="has not ended; wait for it or, if it was broken off: aebench run"):
        api.result(tmp_path)
