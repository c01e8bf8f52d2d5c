"""Other environments for tests: virtual ones that see the packages of this, or none at all."""

from __future__ import annotations

import sys
import venv
from pathlib import Path


def make(folder: Path, *, packages: bool = True) -> Path:
    """A virtual environment whose interpreter imports what this one does; packages: False, nothing."""
    venv.create(folder, symlinks=True, with_pip=False)
    if packages:
        (site,) = folder.glob("lib/python*/site-packages")
        places = [place for place in sys.path if place.endswith(("site-packages", "dist-packages"))]
        (site / "others.pth").write_text("\n".join([*places, *_paths_of(places)]))
    return folder


def distribution(folder: Path, name: str, version: str) -> None:
    """A package in the environment, as far as its metadata goes."""
    (site,) = folder.glob("lib/python*/site-packages")
    (site / f"{name}-{version}.dist-info").mkdir()
    (site / f"{name}-{version}.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")


def _paths_of(places: list[str]) -> list[str]:
    """The folders that path files in those places name: a virtual environment reads path files of its own only."""
    lines = [line for place in places for path in Path(place).glob("*.pth") for line in path.read_text().splitlines()]
    return [line for line in lines if Path(line).is_dir()]
