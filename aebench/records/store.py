"""Files are written whole, to a temporary name beside the target that is then renamed, and folders by one at a time."""

from __future__ import annotations

import errno
import os
import shlex
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from aebench.errors import UnwritableError, UsageError

LOCK, HOLDER, WANTED = ".aebench.lock", ".aebench.holder", ".aebench.wanted"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path to write to, renamed to `path` on success and removed on failure.

    Raises:
        UnwritableError: the folder cannot be written or the disk is full; what was there before stays.
    """
    path = Path(os.path.realpath(path))  # through a link, which stays one
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        # Where the folder itself is what fails, there is nothing to remove, and the first error is the one to tell.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError | NotImplementedError) -> UnwritableError:
    why = getattr(error, "strerror", None) or error
    return UnwritableError(
        f"cannot write {path}: {why}. Free space or permissions are missing, or something else is in its place; choose "
        "another folder. What was finished before is kept."
    )


def is_empty(folder: Path) -> bool:
    """Whether nothing was measured in the folder yet: it is missing, or holds no more than logs and a lock."""
    return not folder.exists() or all(path.name in ("logs", LOCK, HOLDER, WANTED) for path in folder.iterdir())


def write_text(path: Path, text: str) -> None:
    """Write text whole, in UTF-8; bytes of a file's name that are no text, as a command line may hold, are replaced."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")


def require_folder(path: Path) -> None:
    """Refuse a path that is no folder and cannot become one, or in which nothing can be written.

    Raises:
        UsageError: says why.
    """
    if "\0" in str(path):
        raise UsageError(f"{str(path)!r} can be no folder: no name holds a null character")
    try:
        nearest = next(it for it in (path, *path.absolute().parents) if it.exists())
        longest = os.pathconf(nearest, "PC_NAME_MAX")
        if any(len(os.fsencode(part)) > longest for part in path.parts):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    except OSError as error:
        raise UsageError(f"'{path}' can be no folder: {error.strerror}") from error
    if not nearest.is_dir():
        raise UsageError(f"'{path}' can be no folder: {nearest} is a file")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(f"nothing can be written in '{nearest}': it is read-only, or of somebody else")


@contextmanager
def locked(folder: Path, *, seconds: float = 0.0) -> Iterator[None]:
    """The folder for this process alone, so that no two write into it at once.

    The lock ends with the process that holds it, however that ends. seconds: wait so long for another's to end.

    Raises:
        UsageError: another process writes there; says which, with what command, and since when.
        UnwritableError: the folder cannot be written.
    """
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=seconds)
    except Timeout as error:
        raise UsageError(
            f"{folder} is being written by {_holder(folder)}; wait until it has ended, or choose another --output"
        ) from error
    except (OSError, NotImplementedError) as error:
        raise _unwritable(folder, error) from error
    try:
        # What a killed process has handed in elsewhere nobody waits for any more.
        (folder / WANTED).unlink(missing_ok=True)
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        write_text(folder / HOLDER, f"process {os.getpid()} (`{_command()}`) since {since}")
        yield
    finally:
        # Removed while the lock is still ours: afterwards it may be another's. The lock's own file stays: a process
        # that waits for it holds it open, and a third one would make a new file and lock that.
        with suppress(OSError):
            (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


@contextmanager
def wanted(folder: Path) -> Iterator[str]:
    """A token of this block in the folder: whoever works for it elsewhere goes on as long as the folder holds it.

    What a killed process has left there is replaced by the next one's.

    Raises:
        UnwritableError: the folder cannot be written.
    """
    token = uuid.uuid4().hex
    write_text(folder / WANTED, token)
    try:
        yield token
    finally:
        with suppress(OSError):
            (folder / WANTED).unlink(missing_ok=True)


def is_wanted(folder: Path, token: str) -> bool:
    """Whether the folder holds the token of whoever works there."""
    try:
        return (folder / WANTED).read_text(encoding="utf-8") == token
    except OSError:
        return False


def _holder(folder: Path) -> str:
    """Who wrote that the folder is theirs."""
    with suppress(OSError):
        return (folder / HOLDER).read_text(encoding="utf-8").strip() or "another process"
    return "another process"


def _command() -> str:
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
