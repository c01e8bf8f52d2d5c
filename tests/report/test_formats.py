"""Tables as files: what other programs read is what was written, whatever stands in it."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest
from examples import OPTIONS, conditions

from aebench.errors import ExportError
from aebench.records import documents
from aebench.report import formats
from aebench.report.formats import FORMATS, require, write
from aebench.report.frames import Frame
from aebench.report.frames.frame import flag, frame, integer, number, text

FIELDS = (text("name", "hostile"), integer("count", "large"), number("value", "any", "s"), flag("sound", "or not"))
HOSTILE = ["../x", 'a,b\n"c"', "x\r\ny", "| `x` | <script>", "ünïcode ☃", " ", "nan", "None", "a\x00b", "\ud800", "1e3"]
NUMBERS = [0.1, 1.0 / 3.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 1e22, 2.0, 7e-7]


def _table(names: list[str | None], values: list[float | None]) -> Frame:
    rows = [
        {"name": name, "count": 2**63 - 1, "value": value, "sound": n % 2 == 0}
        for n, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    return frame("things", "Things", FIELDS, [*rows, {}])


def _bits(value: float | None) -> bytes | None:
    """A number by its bits, of which NaN has its own."""
    return None if value is None else struct.pack("<d", value)


def _as_utf8(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def _read_csv(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes().decode("utf-8")
    return list(csv.DictReader(io.StringIO(content, newline=""), strict=True))


def test_csv_holds_every_bit_and_every_character(tmp_path: Path) -> None:
    """Of numbers, also those that are not finite, and of texts, also those that would end a cell or a line."""
    (path,) = write([_table([*HOSTILE], NUMBERS)], ["csv"], tmp_path)
    *rows, last = _read_csv(path)
    assert [*map(_as_utf8, HOSTILE)] == [row["name"] for row in rows]
    assert [*map(_bits, NUMBERS)] == [_bits(float(row["value"])) for row in rows]
    assert {str(2**63 - 1)} == {row["count"] for row in rows}
    assert ["true", "false"] == [row["sound"] for row in rows[:2]]
    assert {"name": "", "count": "", "value": "", "sound": ""} == last


def test_csv_s_lines_end_as_the_standard_says(tmp_path: Path) -> None:
    """RFC 4180: a header, then records, each ended by CR LF; no byte-order mark."""
    (path,) = write([_table(["a"], [0.5])], ["csv"], tmp_path)
    assert b"name,count,value,sound\r\na,9223372036854775807,0.5,true\r\n,,,\r\n" == path.read_bytes()


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_no_text_becomes_a_formula(tmp_path: Path, formula: str) -> None:
    """A spreadsheet is told that it is a text; Parquet and JSON, which none opens as formulas, hold it as it is."""
    paths = write([_table([formula], [-1.5])], ["csv", "json"], tmp_path)
    assert (f"'{formula}", "-1.5") == tuple(_read_csv(paths[0])[0][key] for key in ("name", "value"))
    assert formula == json.loads(paths[1].read_text(encoding="utf-8"))["data"][0]["name"]


def test_json_is_strict_and_says_the_types(tmp_path: Path) -> None:
    """What is not finite is a text, as in records; what is missing is null; the schema names type, unit and meaning."""

    def forbidden(name: str) -> None:
        raise AssertionError(name)

    (path,) = write([_table([*HOSTILE], NUMBERS)], ["json"], tmp_path)
    found = json.loads(path.read_text(encoding="utf-8"), parse_constant=forbidden)
    *rows, last = found["data"]
    assert [*map(_as_utf8, HOSTILE)] == [row["name"] for row in rows]
    assert [*map(_bits, NUMBERS)] == [_bits(float(row["value"])) for row in rows]
    assert ["inf", "-inf", "nan"] == [row["value"] for row in rows[5:8]]
    assert dict.fromkeys(("name", "count", "value", "sound")) == last
    assert {"name": "value", "type": "number", "unit": "s", "description": "any"} == found["schema"]["fields"][2]
    assert [None, "Int64", None, "boolean"] == [field.get("extDtype") for field in found["schema"]["fields"]]
    assert ["string", "integer", "number", "boolean"] == [field["type"] for field in found["schema"]["fields"]]


def test_parquet_is_typed_and_tells_missing_from_nan(tmp_path: Path) -> None:
    """Another program finds the types in the file, and what each column is."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra")
    (path,) = write([_table([*HOSTILE], NUMBERS)], ["parquet"], tmp_path)
    found = parquet.read_table(path)
    assert ["string", "int64", "double", "bool"] == [str(field.type) for field in found.schema]
    assert {b"unit": b"s", b"description": b"any"}.items() <= found.schema.field("value").metadata.items()
    *rows, last = found.to_pylist()
    assert [*map(_as_utf8, HOSTILE)] == [row["name"] for row in rows]
    assert [*map(_bits, NUMBERS)] == [_bits(row["value"]) for row in rows]
    assert dict.fromkeys(("name", "count", "value", "sound")) == last


def test_a_table_without_rows_keeps_its_types(tmp_path: Path) -> None:
    """Its columns are there, in every format."""
    pytest.importorskip("pyarrow", reason="pyarrow is an extra")
    from pyarrow import parquet

    paths = write([frame("none", "None", FIELDS, [])], [*FORMATS], tmp_path)
    assert {"none.csv", "none.parquet", "none.json", "none.md"} == {path.name for path in paths}
    assert "double" == str(parquet.read_schema(tmp_path / "none.parquet").field("value").type)
    assert [] == json.loads((tmp_path / "none.json").read_text())["data"]
    assert "name,count,value,sound\r\n" == (tmp_path / "none.csv").read_bytes().decode()


def test_markdown_is_one_row_a_line(tmp_path: Path) -> None:
    """Whatever a cell holds: no bar, no line break and no markup in it counts."""
    (path,) = write([_table([*HOSTILE], NUMBERS)], ["markdown"], tmp_path)
    heading, _, names, below, *rows = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    assert ("## Things", "| name | count | value | sound |", "|---|---:|---:|---|") == (heading, names, below)
    assert len(NUMBERS) + 1 == len(rows)
    assert "| \\| \\`x\\` \\| \\<script\\> | 9223372036854775807 | 5e-324 | false |" == rows[3]


def test_a_record_is_not_replaced(tmp_path: Path) -> None:
    """Planted: a table of that name beside a record; nothing at all is written."""
    content = {"options": OPTIONS, "conditions": conditions(), "begun": None}
    documents.write(tmp_path / "things.json", "plan", content)
    before = (tmp_path / "things.json").read_bytes()
    with pytest.raises(ExportError, match=r"things\.json is a record"):
        write([_table(["a"], [0.5])], ["csv", "json"], tmp_path)
    assert (["things.json"], before) == (
        [path.name for path in tmp_path.iterdir()],
        (tmp_path / "things.json").read_bytes(),
    )


def test_what_was_exported_before_is_replaced(tmp_path: Path) -> None:
    """As every file that a command can make again."""
    write([_table(["before"], [0.5])], ["csv", "json"], tmp_path)
    write([_table(["after"], [0.5])], ["csv", "json"], tmp_path)
    assert "after" == _read_csv(tmp_path / "things.csv")[0]["name"]


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it, before anything is written; other formats need none."""
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ExportError, match=r"pip install 'aebench\[parquet\]'"):
        require(["csv", "parquet"])
    require(["csv", "json", "markdown"])
