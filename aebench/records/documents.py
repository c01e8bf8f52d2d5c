"""The versioned documents that are left behind: written whole by one writer, read strictly by one reader.

A document is JSON: a line `format`, and the fields of its kind's class in `kinds.py`. It is checked against that class
when it is written and when it is read; in between it is plain data. Former versions are converted when they are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from aebench.errors import ResultError, SpecificationError, UnknownNameError
from aebench.records import former
from aebench.records.fields import checked, encoded, plain
from aebench.records.kinds import KINDS
from aebench.records.store import write_text

FORMATS = {kind: f"aebench-{kind}/{former.present(kind)}" for kind in KINDS}
FORMER_FORMATS = {kind: [f"aebench-{kind}/{n}" for n in range(1, former.present(kind))] for kind in KINDS}
# What makes a document of that kind.
MADE_BY = {
    "growth": "aebench agree --growth", "agreements": "aebench agree", "scale": "aebench scale",
    "bench": "aebench bench", "baseline": "aebench accept", "comparison": "aebench compare BASE HEAD",
    "audit": "aebench audit",
    "calibration": "aebench calibrate", "matrix": "aebench compare --base", "bundle": "aebench bundle",
}  # fmt: skip
# What to do about a damaged document: what holds measurements of its own is left to its owner.
MENDING = {
    "scale": "move it away, or choose another --output, and `aebench scale` measures again what it held",
    "bench": "move it away, or choose another --output, and `aebench bench` times again what it held",
    "growth": "move it away, or choose another --output, and `aebench agree --growth` measures again what it held",
    "agreements": "move it away, or choose another --output, and `aebench agree` climbs again",
    "comparison": "move it away, or choose another --output, and `aebench compare` measures again what it held",
    "audit": "move it away, or choose another --output, and `aebench audit` plants again what it held",
    "calibration": "move it away, or choose another --output, and `aebench calibrate` measures again what it held",
    "matrix": "remove it, and `aebench compare --base` makes it anew from the comparisons beside it",
    "baseline": "get it back from version control, or move it away and accept its runs again",
    "bundle": "get it once more from where it was made, or make it anew with `aebench bundle`",
}
RESUME = "`aebench run --resume` measures again what it held"


def write(path: Path, kind: str, content: Mapping[str, Any]) -> None:
    """Write a document of that kind; numbers that are not finite become the texts "nan", "inf", "-inf".

    Raises:
        ResultError: the folder cannot be written, or the disk is full.
        msgspec.ValidationError: the content is none of that kind, which is a fault of whoever writes it.
    """
    write_text(path, text(kind, content))


def text(kind: str, content: Mapping[str, Any]) -> str:
    """What `write` writes."""
    ready = encoded(dict(content))
    checked(ready, KINDS[kind])
    return json.dumps({"format": FORMATS[kind], **ready}, indent=1, allow_nan=False) + "\n"


def read(path: Path, kind: str) -> dict[str, Any]:
    """Read a document of that kind, of this version or a former one.

    Raises:
        ResultError: missing, truncated, of another format or version, or not what its kind must be; names the field.
    """
    return parsed(_text(path, kind), path, kind)


def parsed(text: str, path: Path, kind: str) -> dict[str, Any]:
    """The document of that kind that the text is, as of `read`; path: what messages call it."""
    content = _object(text, path, kind)
    found = content.pop("format", None)
    if found not in (FORMATS[kind], *FORMER_FORMATS[kind]):
        raise ResultError(
            f"{path} has format {found or 'not stated'}, expected {FORMATS[kind]}: it is of another kind, or "
            "was written by a newer aebench; name another file, or upgrade aebench"
        )
    try:
        if found in FORMER_FORMATS[kind]:
            content = former.converted(kind, content, 1 + FORMER_FORMATS[kind].index(found))
        return plain(checked(content, KINDS[kind]))
    except KeyError as error:
        raise damaged(path, kind, f"the field {error} is not there") from error
    except (TypeError, AttributeError, UnicodeError, msgspec.ValidationError, SpecificationError) as error:
        raise damaged(path, kind, error) from error


def kind_of(path: Path) -> str | None:
    """The kind that the document's format line states; None where there is no file, or it states none that is known."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    stated = content.get("format") if isinstance(content, dict) else None
    return next((kind for kind in KINDS if stated in (FORMATS[kind], *FORMER_FORMATS[kind])), None)


def read_if_there(path: Path, kind: str) -> dict[str, Any] | None:
    """Read a document of that kind; None where there is no file.

    Raises:
        ResultError: as of `read`.
    """
    return read(path, kind) if path.exists() else None


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of document.

    Raises:
        UnknownNameError: there is no such kind.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of record", kind, KINDS)
    found = msgspec.json.schema(KINDS[kind])
    name = found.pop("$ref").rpartition("/")[2]
    top = found["$defs"][name]
    top["properties"] = {"format": {"const": FORMATS[kind]}, **top["properties"]}
    top["required"] = ["format", *top["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMATS[kind],
        "$ref": f"#/$defs/{name}",
        **found,
    }


def damaged(path: Path, kind: str, why: object) -> ResultError:
    """The error for a document of that kind that cannot be read, or lacks what it must hold."""
    return ResultError(f"{path} is truncated or damaged ({why}); {MENDING.get(kind, RESUME)}")


def comparable(content: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data as it looks after being written and read."""
    found: dict[str, Any] = json.loads(json.dumps(encoded(dict(content))))
    return found


def _text(path: Path, kind: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        command = MADE_BY.get(kind, "aebench run")
        raise ResultError(f"no file {path}; `{command} --output {path.parent}` makes one") from error
    except OSError as error:
        raise ResultError(f"cannot read {path}: {error.strerror or error}; look at its permissions") from error
    except UnicodeDecodeError as error:
        raise damaged(path, kind, error) from error


def _object(text: str, path: Path, kind: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:  # not JSON, or a number of thousands of digits
        raise damaged(path, kind, error) from error
    if not isinstance(content, dict):
        raise damaged(path, kind, "it holds no object")
    return content
