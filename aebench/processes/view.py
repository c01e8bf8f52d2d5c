"""This aebench as a folder that another interpreter imports it from, whatever is installed there besides.

The interpreter of another environment has packages of its own, perhaps an aebench, too. What measures is this one, on
both sides: the folder holds the package as it would be installed, by links, and the names it registers.
"""

from __future__ import annotations

import atexit
import importlib.util
import shutil
from functools import cache
from importlib import metadata
from pathlib import Path

from aebench import __version__
from aebench.plugins import OURS
from aebench.processes.temporary import folder
from aebench.records.capture import PACKAGE


@cache
def view() -> Path:
    """The folder, made once and there for as long as this process is."""
    made = folder()
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    package = made / OURS
    package.mkdir()
    # In a clone the implementations stand beside the package.
    spec = importlib.util.find_spec(f"{OURS}.implementations")
    beside = spec.submodule_search_locations if spec else None
    for path in (*PACKAGE.iterdir(), *map(Path, beside or ())):
        if path.name != "__pycache__" and not (package / path.name).exists():
            (package / path.name).symlink_to(path)
    registered = made / f"{OURS}-{__version__}.dist-info"
    registered.mkdir()
    (registered / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {OURS}\nVersion: {__version__}\n", "utf-8")
    entries = metadata.distribution(OURS).read_text("entry_points.txt") or ""
    (registered / "entry_points.txt").write_text(entries, "utf-8")
    return made
