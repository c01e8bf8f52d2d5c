"""Tables of records: every kind has some, and nothing that stands in a record is lost on the way."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from examples import OPTIONS, RUNG, conditions, trial
from filled import Scalar, changed, filled, scalars, value_at

from aebench import registry
from aebench.errors import AebenchError, UnknownNameError
from aebench.records.kinds import KINDS
from aebench.report.frames import Frame, frames
from aebench.report.frames.frame import frame, text

ROOT = Path(__file__).parents[2]
TYPES = {"text": str, "integer": int, "number": float, "flag": bool}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_record_is_lost(kind: str) -> None:
    """Whatever scalar of a record is another, a table is another, too; so a field that is added later is not
    forgotten."""
    assert set() == _lost(kind, frames)


def test_a_table_that_is_forgotten_is_noticed() -> None:
    """Planted fault: the tables of a growth without the growth."""

    def most(kind: str, content: Any) -> list[Frame]:
        return [table for table in frames(kind, content) if table.name != "growth"]

    fields = ("autoencoder", "dtype", "left", "right", "steps", "relative")
    assert {("Grown", field) for field in fields} == _lost("growth", most)


def _lost(kind: str, made: Callable[[str, Any], list[Frame]]) -> set[tuple[str, str]]:
    """Class and field of every scalar that shows in no table."""
    content = filled(kind)
    tables = made(kind, content)
    cells = {str(cell) for table in tables for row in table.rows for cell in row}

    def shows(scalar: Scalar) -> bool:
        """Another value there makes other tables; where no other is allowed, a cell holds the value."""
        allowed = False
        for other in changed(content, scalar):
            with contextlib.suppress(msgspec.ValidationError, AebenchError):
                if repr(made(kind, other)) != repr(tables):
                    return True
                allowed = True
        return not allowed and str(value_at(content, scalar)) in cells

    return {scalar.label for scalar in scalars(kind, content) if not shows(scalar)}


@pytest.mark.parametrize("kind", KINDS)
def test_tables_are_what_their_fields_say(kind: str) -> None:
    """Names are stems of files, each once; every field says what it is; every cell is of its type, or missing."""
    tables = frames(kind, filled(kind))
    assert len(tables) == len({table.name for table in tables})
    for table in tables:
        assert re.fullmatch("[a-z_]+", table.name)
        assert [] == [field.name for field in table.fields if not field.about]
        assert len(table.fields) == len({field.name for field in table.fields})
        for row in table.rows:
            wrong = [
                (field.name, cell)
                for field, cell in zip(table.fields, row, strict=True)
                if cell is not None and type(cell) is not TYPES[field.kind]
            ]
            assert [] == wrong


@pytest.mark.parametrize("kind", KINDS)
def test_every_table_stands_in_the_documents(kind: str) -> None:
    """By its name, so that a reader finds what a file is."""
    named = re.findall("`([a-z_]+)`", (ROOT / "docs" / "exports.md").read_text(encoding="utf-8"))
    assert set() == {table.name for table in frames(kind, filled(kind))} - set(named)


def test_what_has_no_field_is_not_dropped() -> None:
    """Planted fault: a row with a value that its table has no field for."""
    with pytest.raises(ValueError, match="frame tied has no field colour"):
        frame("tied", "", (text("autoencoder", "its name"),), [{"autoencoder": "tied", "colour": "red"}])


def test_an_unknown_kind_is_named() -> None:
    """With the nearest."""
    with pytest.raises(UnknownNameError, match="did you mean 'trial'"):
        frames("trail", {})


def test_a_failed_trial_is_a_row_with_its_reason() -> None:
    """Among the trials, and among the metrics that it lacks."""
    failed = {"autoencoder": "tied", "framework": "pytorch", "seed": 1, "failure": "out of memory"}
    tables = by_name("run", _run(trials=[trial("tensorflow", 0, 0.5), failed]))
    assert [("tied", "pytorch", 1, "out of memory")] == [
        (row["autoencoder"], row["framework"], row["seed"], row["failure"]) for row in tables["trials"][1:]
    ]
    assert [(0.5, None), (None, "out of memory")] == [(row["value"], row["failure"]) for row in tables["metrics"]]


def test_a_subject_that_did_not_climb_is_a_row_among_the_pairs() -> None:
    """With the reason; beside it the pairs that did."""
    pair = {"autoencoder": "tied", "dtype": "float32", "left": "reference", "right": "pytorch", "parting": None}
    failed = {"autoencoder": "tied", "framework": "tensorflow", "failure": "no such device"}
    tables = by_name("run", _run(agreements=[{**pair, "rungs": [RUNG]}], failures=[failed]))
    rows = [(row["left"], row["right"], row["failure"]) for row in tables["agreements"]]
    assert [("reference", "pytorch", None), ("tensorflow", None, "no such device")] == rows


def test_equal_conditions_are_one_set() -> None:
    """Two trials under the run's conditions, and one under others; how busy the machine was stands with the trial."""
    busy = {"load": 0.5, "steal": 0.0, "others": 0.25}
    known = conditions("tensorflow", "pytorch")
    trials = [
        trial("pytorch", 0, 1.0, conditions={**known, "busy": busy}), trial("pytorch", 1, 1.0, conditions=known),
        trial("pytorch", 2, 1.0, conditions={**known, "dtype": "float64"}),
    ]  # fmt: skip
    tables = by_name("run", _run(trials=trials, conditions=known))
    assert [(0, 0.5), (0, None), (1, None)] == [(row["conditions"], row["load"]) for row in tables["trials"]]
    dtypes = [(row["conditions"], row["value"]) for row in tables["conditions"] if row["part"] == "dtype"]
    assert [(0, "float32"), (1, "float64")] == dtypes


def test_a_specification_stands_in_a_bundle_s_tables_whole() -> None:
    """Every number and name of it, under its path."""
    rows = by_name("bundle", filled("bundle"))["specifications"]
    known = {row["property"]: row["value"] for row in rows}
    linear = registry.autoencoder("linear")
    assert ("linear", str(linear.phases[0].optimizer.learning_rate)) == (
        known["name"],
        known["phases.optimizer.learning_rate"],
    )


def by_name(kind: str, content: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table, by field."""
    return {
        table.name: [dict(zip((field.name for field in table.fields), row, strict=True)) for row in table.rows]
        for table in frames(kind, content)
    }


def _run(**changes: Any) -> dict[str, Any]:
    known = {"options": OPTIONS, "conditions": conditions(), "complete": True}
    return {**known, "agreements": [], "trials": [], "failures": [], **changes}
