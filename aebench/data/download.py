"""Downloads one file from the first mirror that gives it whole, with the `pooch` library.

A file lands under a temporary name, is verified, and only then gets its own: what stands in the cache is right.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aebench.errors import DataError

MIRROR_VARIABLE = "AEBENCH_MIRROR"
INSTALL = "pip install pooch"
PAUSES = (0.5, 2.0)
"""Seconds before the second and the third attempt at one mirror; only for faults that may pass."""

refused = False
"""Whether what is not here is an error: see `without_downloads`."""

_TIMEOUT = (10.0, 30.0)  # seconds to connect, and between two pieces
_CHUNK = 2**16
_ABANDONED = 24 * 3600.0  # seconds after which nobody goes on with a part
# Bytes as they are: a server that labels a .gz "Content-Encoding: gzip" would have it unpacked on the way.
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "aebench"}


@contextlib.contextmanager
def without_downloads() -> Iterator[None]:
    """In this process nothing is downloaded in the block."""
    global refused
    before, refused = refused, True
    try:
        yield
    finally:
        refused = before


def mirrors_for(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """Base URLs to try in order: those known, or what AEBENCH_MIRROR replaces them with.

    A replacement is tried with the data set's name first, then as it is, because MNIST and Fashion-MNIST give
    their files the same names.

    Raises:
        DataError: AEBENCH_MIRROR is no http or https URL.
    """
    replacement = os.environ.get(MIRROR_VARIABLE, "")
    if not replacement:
        return tuple(known)
    try:
        parts = urlsplit(replacement)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an address between them, a port that is no number
        sound = False
    if not sound:
        raise DataError(
            f"{name}: {MIRROR_VARIABLE} is '{replacement}'; expected a base URL that begins with http:// or https://."
        )
    base = replacement.rstrip("/") + "/"
    return (f"{base}{name}/", base)


def fetch(name: str, target: Path, mirrors: Sequence[str], verify: Callable[[Path], object]) -> str:
    """Download `target.name` from the first mirror that has it right, put it at `target`, and return that mirror.

    name: the data set, for messages.
    verify: raises DataError with the reason when the downloaded file is not the one expected.

    Raises:
        DataError: every mirror failed (the message has a line for each), pooch is missing, or the folder cannot be
            written.
    """
    reasons = []
    for mirror in mirrors:
        reason = _from_mirror(mirror + target.name, target, verify)
        if reason is None:
            return mirror
        reasons.append(f"  {mirror}{target.name}: {reason}")
    lines = "\n".join(reasons)
    raise DataError(
        f"{name}: {target.name} could not be downloaded from any mirror:\n{lines}\n"
        "Try again with a network, or name another mirror in AEBENCH_MIRROR, or get the files by hand and give their "
        "folder with --data-dir or in AEBENCH_DATA. `--dataset digits` needs no network."
    )


def _from_mirror(url: str, target: Path, verify: Callable[[Path], object]) -> str | None:
    """Why the mirror failed, or None once the file is at `target`."""
    attempts = len(PAUSES) + 1
    for attempt in range(1, attempts + 1):
        reason, may_pass = _attempt(url, target, verify)
        if reason is None or not may_pass:
            return reason
        if attempt < attempts:
            time.sleep(PAUSES[attempt - 1])
    return f"{reason} ({attempts} attempts)"


def _attempt(url: str, target: Path, verify: Callable[[Path], object]) -> tuple[str | None, bool]:
    """(reason of the failure or None, whether another attempt may succeed)."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.partial")
    pooch, request_error = _import("pooch"), _import("requests").exceptions.RequestException
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _download(pooch, url, temporary)
        verify(temporary)
        temporary.replace(target)
        _sweep(target)
    except request_error as error:  # before OSError, which it is a kind of
        return _reason(error)
    except DataError as error:
        return f"the file {error}", False
    except OSError as error:
        raise DataError(
            f"cannot write {target}: {error.strerror or error}. Make room, or set XDG_CACHE_HOME to a folder that can "
            "be written."
        ) from error
    finally:
        with contextlib.suppress(OSError):  # the fault being reported may be the folder itself
            temporary.unlink(missing_ok=True)
    return None, False


def _sweep(target: Path) -> None:
    """Remove what killed processes have left of the same file; what is younger may still be written, elsewhere too."""
    for left in target.parent.glob(f".{target.name}.*.partial"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()


def _download(pooch: Any, url: str, file: Path) -> None:
    progress = Progress(url.rpartition("/")[2]) if sys.stderr.isatty() else None
    downloader = pooch.HTTPDownloader(
        progressbar=progress or False, chunk_size=_CHUNK, timeout=_TIMEOUT, headers=_HEADERS
    )
    try:
        downloader(url, str(file), None)
    finally:
        if progress is not None:
            progress.close()


def _import(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(
            f"downloads need the library pooch ({error}). Install it with: {INSTALL}, or give --data-dir."
        ) from error


def _reason(error: Any) -> tuple[str, bool]:
    """The reason in a few words, and whether it may pass: a status from 500 on or a lost connection may, 404 not."""
    response = getattr(error, "response", None)
    if response is not None:
        status = int(response.status_code)
        return f"HTTP {status} {response.reason}", status >= 500 or status == 429
    # requests wraps urllib3, which wraps the cause; the chain of contexts would lead out into the caller's own.
    inner = error.args[0] if error.args else error
    text = f"{type(error).__name__}: {getattr(inner, 'reason', None) or inner}"
    return text[:300], not isinstance(error, ValueError)


class Progress:
    """A line on the terminal that grows with the download; its four public names are what pooch asks for."""

    def __init__(self, label: str) -> None:
        self.total = 0
        self._label, self._done, self._open = label, 0, True

    def update(self, count: int) -> None:
        """Count more bytes and redraw the line."""
        self._done += count
        if self.total:
            text = f"{min(self._done / self.total, 1.0):4.0%} of {self.total / 1e6:.1f} MB"
        else:
            text = f"{self._done / 1e6:.1f} MB"
        print(f"\r{self._label} {text}", end="", file=sys.stderr, flush=True)

    def reset(self) -> None:
        """Start counting anew."""
        self._done = 0

    def close(self) -> None:
        """End the line, once."""
        if self._open:
            print(file=sys.stderr)
        self._open = False
