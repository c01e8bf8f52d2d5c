"""The data sets by name: what an autoencoder learns from, checked before it is handed out.

`digits` (default, bundled with scikit-learn), `mnist`, `fashion-mnist`, `curve` (three dimensions, for the linear
autoencoder) and `synthetic` or `synthetic:NxD` (computed, any size). Arrays are read-only: a run that changed its
data could not be compared with another.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from aebench.data import curve, digits, images, synthetic
from aebench.data.dataset import Dataset, DatasetStatus, Split, check_values
from aebench.errors import UnknownNameError

__all__ = ["Dataset", "DatasetStatus", "Split", "check", "load", "locate", "names", "status"]

_COMPUTED: dict[str, Callable[[str], Dataset]] = {
    "digits": digits.load,
    "curve": curve.load,
    "synthetic": synthetic.load,
}


def names() -> tuple[str, ...]:
    """The known names, the default first; `synthetic` also takes a size, `synthetic:NxD`."""
    return ("digits", *images.IMAGE_SETS, "curve", "synthetic")


def load(name: str, *, data_dir: Path | str | None = None) -> Dataset:
    """The data set of that name, its shapes, dtypes, values and labels checked.

    data_dir: where the files of mnist or fashion-mnist lie, in itself or in a sub-folder of the set's name; without
        it the environment's AEBENCH_DATA, then the cache, then a download. The other data sets need no files.

    Raises:
        UnknownNameError: no data set has that name.
        DataError: the data cannot be had or are not what they should be; the message says what to do.
    """
    kind = _kind(name)
    dataset = images.load(name, data_dir) if kind in images.IMAGE_SETS else _COMPUTED[kind](name)
    return check_values(dataset, bounds=None if kind == "curve" else (0.0, 1.0))


def locate(name: str, data_dir: Path | str | None = None) -> Path | None:
    """The folder that holds the files of the data set; None if it has no files or they are not here yet.

    Raises:
        UnknownNameError: no data set has that name.
        DataError: a folder was given (argument or AEBENCH_DATA) and lacks some of the files.
    """
    return images.locate(name, data_dir) if _kind(name) in images.IMAGE_SETS else None


def status(name: str, data_dir: Path | str | None = None) -> DatasetStatus:
    """Whether `load` would work without a download, and where the data lie or how to get them.

    Looks at names of files and packages only: nothing is downloaded, imported or read.

    Raises:
        UnknownNameError: no data set has that name.
        DataError: the size of a synthetic set is malformed.
    """
    kind = _kind(name)
    if kind in images.IMAGE_SETS:
        return images.status(name, data_dir)
    if kind == "digits" and importlib.util.find_spec("sklearn") is None:
        return DatasetStatus(name, available=False, detail=f"needs scikit-learn: {digits.INSTALL}")
    if kind == "synthetic":
        n, width = synthetic.size(name)
        return DatasetStatus(name, available=True, detail=f"computed: {n:,} training rows of {width:,} values")
    detail = "bundled with scikit-learn" if kind == "digits" else "computed"
    return DatasetStatus(name, available=True, detail=detail)


def check(name: str) -> None:
    """Nothing for the name of a data set; neither a file nor a package is looked at.

    Raises:
        UnknownNameError: no data set has that name.
        DataError: the size of a synthetic set is malformed.
    """
    if _kind(name) == "synthetic":
        synthetic.size(name)


def _kind(name: str) -> str:
    """The known name that `name` is, or is a size of.

    Raises:
        UnknownNameError: there is none.
    """
    kind = "synthetic" if name.startswith("synthetic:") else name
    if kind not in names():
        raise UnknownNameError("data set", name, names())
    return kind
