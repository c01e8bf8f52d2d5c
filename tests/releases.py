"""A local folder of wheels in the place of an index, as far as their names go; pip asks nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest


def offer(monkeypatch: pytest.MonkeyPatch, folder: Path, package: str, *versions: str) -> None:
    """From now on pip finds these releases of the package, and nothing else, whatever it is configured for."""
    folder.mkdir()
    for version in versions:
        (folder / f"{package.replace('-', '_')}-{version}-py3-none-any.whl").touch()
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
