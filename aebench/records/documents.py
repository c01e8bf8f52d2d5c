"""The versioned format of what a run leaves behind, written whole and read with checks."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aebench.errors import ResultError
from aebench.records.store import write_text

KINDS = ("plan", "trial", "agreement", "agreements", "growth", "run", "scale", "bench", "baseline")
FORMATS = {kind: f"aebench-{kind}/1" for kind in KINDS}
# What to do about a document of another version: a baseline can be made anew from what it was made of.
CONVERSIONS = {
    "baseline": "convert it by moving it aside and accepting the runs it was made of again, with this version: aebench "
    "accept RUN... --reason 'new format' (their commands stand in its history); if it is newer, upgrade aebench"
}
MEASURE_AGAIN = "measure again into a new folder, or read it with that version"
# What to do about a damaged document: what holds measurements of its own is left to its owner.
MENDING = {
    "scale": "move it away, or choose another --output, and `aebench scale` measures again what it held",
    "bench": "move it away, or choose another --output, and `aebench bench` times again what it held",
    "baseline": "get it back from version control, or move it away and accept its runs again",
}
RESUME = "`aebench run --resume` measures again what it held"


def write(path: Path, kind: str, content: dict[str, Any]) -> None:
    """Write a document of that kind; numbers that are not finite become the texts "nan", "inf", "-inf"."""
    document = {"format": FORMATS[kind], **content}
    write_text(path, json.dumps(_encoded(document), indent=1, allow_nan=False) + "\n")


def read(path: Path, kind: str) -> dict[str, Any]:
    """Read a document of that kind.

    Raises:
        ResultError: missing, truncated, or of another format or version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ResultError(f"no file {path}; run `aebench run --output {path.parent}` to make one") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise damaged(path, kind, error) from error
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMATS[kind]:
        raise ResultError(
            f"{path} has format {found or 'not stated'}, expected {FORMATS[kind]}; it was written by another version "
            f"of aebench: {CONVERSIONS.get(kind, MEASURE_AGAIN)}"
        )
    decoded: dict[str, Any] = _renamed(_decoded(document))
    return decoded


def _renamed(value: Any) -> Any:
    """With what was called `profile` once under its present name, `schedule`."""
    if isinstance(value, dict):
        return {"schedule" if key == "profile" else key: _renamed(item) for key, item in value.items()}
    return [_renamed(item) for item in value] if isinstance(value, list) else value


def damaged(path: Path, kind: str, why: object) -> ResultError:
    """The error for a document of that kind that cannot be read, or lacks what it must hold."""
    return ResultError(f"{path} is truncated or damaged ({why}); {MENDING.get(kind, RESUME)}")


def _encoded(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _encoded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encoded(item) for item in value]
    return value


def _decoded(value: Any) -> Any:
    if value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(value, dict):
        return {key: _decoded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    return value


def comparable(content: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data as it looks after being written and read."""
    decoded: dict[str, Any] = _decoded(json.loads(json.dumps(_encoded(dict(content)))))
    return decoded
