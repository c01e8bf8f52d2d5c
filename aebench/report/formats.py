"""Tables as files that other programs read: CSV, Parquet, JSON and Markdown, every number at full precision."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aebench.errors import ExportError
from aebench.records import documents
from aebench.records.fields import encoded
from aebench.records.store import whole, write_text
from aebench.report.exported import escaped
from aebench.report.frames import Field, Frame

FOLDER = "tables"
# A text that begins so is a formula to a spreadsheet, which may run programs. The apostrophe says that it is a text.
FORMULA, AS_TEXT = ("=", "+", "-", "@", "\t", "\r"), "'"
# The types of a Table Schema, https://specs.frictionlessdata.io/table-schema.
SCHEMA = {"text": "string", "integer": "integer", "number": "number", "flag": "boolean"}
# The types in which pandas can miss something; without them its `read_json` refuses what is missing.
NULLABLE = {"integer": "Int64", "flag": "boolean"}
INSTALL = "pip install 'aebench[parquet]'"


class Format(NamedTuple):
    """How a table is written, and how its file's name ends."""

    suffix: str
    write: Callable[[Frame, Path], None]


def require(formats: Sequence[str]) -> None:
    """See that these can be written here, before anything is measured.

    Raises:
        ExportError: a package is missing; says how to get it.
    """
    if "parquet" in formats and importlib.util.find_spec("pyarrow") is None:
        raise ExportError(f"Parquet needs the package pyarrow, which is not installed: {INSTALL}")


def write(tables: Sequence[Frame], formats: Sequence[str], folder: Path) -> list[Path]:
    """Write each table in each format into the folder, under the table's name; the files. Former ones are replaced.

    Raises:
        ExportError: a file would take the place of a record, or a package is missing.
        UnwritableError: the folder cannot be written.
    """
    require(formats)
    files = [(folder / f"{table.name}.{FORMATS[it].suffix}", FORMATS[it], table) for it in formats for table in tables]
    require_no_record([path for path, _, _ in files])
    for path, form, table in files:
        form.write(table, path)
    return [path for path, _, _ in files]


def require_no_record(paths: Sequence[Path]) -> None:
    """ExportError where one of the files is a record: what is written in its place cannot be measured again."""
    for path in paths:
        if documents.kind_of(path) is not None:
            raise ExportError(f"{path} is a record, which a table would replace; choose another --output")


def _csv(table: Frame, path: Path) -> None:
    """RFC 4180, in UTF-8: lines end with CR LF, what is missing is empty, and so is an empty text."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow([field.name for field in table.fields])
    lines.writerows([_in_csv(cell) for cell in row] for row in table.rows)
    with whole(path) as temporary:
        temporary.write_bytes(text.getvalue().encode("utf-8", "replace"))


def _in_csv(cell: Any) -> str:
    text = shown(cell)
    return f"{AS_TEXT}{text}" if isinstance(cell, str) and text.startswith(FORMULA) else text


def shown(cell: Any) -> str:
    """A cell as text: numbers with as many digits as tell them from all others; nothing where it is missing."""
    if isinstance(cell, bool):
        return str(cell).lower()
    return "" if cell is None else repr(cell) if isinstance(cell, float) else str(cell)


def _json(table: Frame, path: Path) -> None:
    """A Table Schema, and the rows as objects; numbers that are not finite are texts, as in records."""
    head = {"name": table.name, "title": table.title, "schema": {"fields": [*map(_in_schema, table.fields)]}}
    names = [field.name for field in table.fields]
    rows = ",\n".join(_strict(dict(zip(names, row, strict=True))) for row in table.rows)
    write_text(path, f'{_strict(head)[:-1]}, "data": [\n{rows}\n]}}\n')


def _strict(value: dict[str, Any]) -> str:
    return json.dumps(encoded(value), allow_nan=False, ensure_ascii=False)


def _in_schema(field: Field) -> dict[str, str]:
    return _described(field) | ({"extDtype": NULLABLE[field.kind]} if field.kind in NULLABLE else {})


def _described(field: Field) -> dict[str, str]:
    unit = {"unit": field.unit} if field.unit else {}
    return {"name": field.name, "type": SCHEMA[field.kind], **unit, "description": field.about}


def _markdown(table: Frame, path: Path) -> None:
    write_text(path, "\n".join(_lines(table)) + "\n")


def _lines(table: Frame) -> Iterator[str]:
    """A heading and a table, with numbers flushed right."""
    yield from (f"## {table.title}", "")
    yield f"| {' | '.join(escaped(field.name) for field in table.fields)} |"
    yield f"|{'|'.join('---:' if field.kind in ('integer', 'number') else '---' for field in table.fields)}|"
    yield from (f"| {' | '.join(escaped(shown(cell)) for cell in row)} |" for row in table.rows)


def _parquet(table: Frame, path: Path) -> None:
    """Typed columns; what a column is stands in its metadata."""
    import pyarrow
    from pyarrow import parquet

    types = {"text": pyarrow.string(), "integer": pyarrow.int64(), "number": pyarrow.float64(), "flag": pyarrow.bool_()}
    schema = pyarrow.schema(
        [pyarrow.field(it.name, types[it.kind], metadata=_described(it)) for it in table.fields],
        metadata={"title": table.title},
    )
    columns = [[_in_utf8(row[place]) for row in table.rows] for place in range(len(table.fields))]
    arrays = [pyarrow.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    with whole(path) as temporary:
        parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), temporary)


def _in_utf8(cell: Any) -> Any:
    """A text without what UTF-8 cannot hold: half of a pair of surrogates, as JSON may write it."""
    return cell.encode("utf-8", "replace").decode() if isinstance(cell, str) else cell


FORMATS = {
    "csv": Format("csv", _csv), "parquet": Format("parquet", _parquet), "json": Format("json", _json),
    "markdown": Format("md", _markdown),
}  # fmt: skip
