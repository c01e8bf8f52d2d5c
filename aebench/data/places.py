"""Where the files of an image set may lie: the folder given, else the folder in AEBENCH_DATA, else the cache.

Within a folder that somebody named, the sub-folder of the data set's name comes first: MNIST and Fashion-MNIST give
their files the same names, so one folder can hold both only in sub-folders.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from aebench.errors import DataError

DATA_VARIABLE = "AEBENCH_DATA"


def cache_dir(name: str) -> Path:
    """The folder where downloaded or computed files of the data set are kept; it may not exist yet.

    Raises:
        DataError: nobody knows where the user's cache is, as in a container that runs under a number without a name.
    """
    from platformdirs import user_cache_dir

    try:
        return Path(user_cache_dir("aebench", appauthor=False)) / name
    except RuntimeError as error:
        raise DataError(f"{name}: there is no place to keep its files: {error}. Set XDG_CACHE_HOME.") from error


def find(folder: Path, stem: str) -> Path | None:
    """The file, gzipped if there is one (its checksum is the published one), else uncompressed, else None."""
    candidates = (folder / f"{stem}.gz", folder / stem)
    return next((path for path in candidates if path.is_file()), None)


def missing(folder: Path, stems: Sequence[str]) -> list[str]:
    """Which of the files the folder lacks in either form."""
    return [stem for stem in stems if find(folder, stem) is None]


def locate(name: str, stems: Sequence[str], data_dir: Path | str | None) -> Path | None:
    """The folder that holds all files, or None when nobody named a folder and the cache is not complete.

    Raises:
        DataError: a folder was named and lacks files; a download in its place would surprise.
    """
    given, giver = _given(data_dir)
    if given is None:
        cache = cache_dir(name)
        return None if missing(cache, stems) else cache
    folders = (given / name, given)
    for folder in folders:
        if not missing(folder, stems):
            return folder
    looked = "; ".join(f"{folder} ({_lack(folder, stems)})" for folder in folders)
    raise DataError(
        f"{name}: not in the folder given by {giver}. Looked in {looked}. Expected all of {', '.join(stems)} "
        f"in one folder, each with or without .gz. Put them there, or {_without(giver)} to use the cache "
        "or download them."
    )


def _given(data_dir: Path | str | None) -> tuple[Path | None, str]:
    """The folder that somebody named, and how."""
    if data_dir is not None:
        return _expanded(data_dir, "--data-dir"), "--data-dir"
    variable = os.environ.get(DATA_VARIABLE, "")
    return (_expanded(variable, DATA_VARIABLE) if variable else None), DATA_VARIABLE


def _expanded(folder: Path | str, giver: str) -> Path:
    """The folder with `~` and `~user` in full; DataError when nobody is called so."""
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        raise DataError(f"{giver} is {folder}, and there is no such home: {error}. Give the whole path.") from error


def _lack(folder: Path, stems: Sequence[str]) -> str:
    if not folder.exists():
        return "no such folder"
    if not folder.is_dir():
        return "not a folder"
    return f"missing: {', '.join(missing(folder, stems))}"


def _without(giver: str) -> str:
    return f"unset {giver}" if giver == DATA_VARIABLE else f"leave {giver} out"
