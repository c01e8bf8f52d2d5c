"""Files are written whole: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aebench.errors import ResultError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path to write to, renamed to `path` on success and removed on failure.

    Raises:
        ResultError: the folder cannot be written or the disk is full; what was there before stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise ResultError(
            f"cannot write {path}: {error.strerror or error}. Free space or permissions are missing; choose another "
            "folder with --output. What was finished before is kept."
        ) from error
    finally:
        # Where the folder itself is what fails, there is nothing to remove, and the first error is the one to tell.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write text whole, in UTF-8."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
