"""The command as a user calls it: a process of its own, its exit status and what it printed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from examples import OPTIONS, conditions, trial

from aebench.records import documents
from aebench.report.html.writing import library

Outcome = subprocess.CompletedProcess


@pytest.fixture(scope="session")
def plots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the script which draws a report's plots: bundling it takes seconds, each time."""
    folder = tmp_path_factory.mktemp("plots")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(folder))
        library()
    return folder / "aebench" / "report"


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory, plots: Path) -> dict[str, str]:
    """An environment without a terminal, colours, data folders or anyone's cache, but for `plots`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AEBENCH_", "COLUMNS"))}
    cache = tmp_path_factory.mktemp("cache")
    (cache / "aebench").mkdir()
    (cache / "aebench" / "report").symlink_to(plots)
    return {**kept, "NO_COLOR": "1", "XDG_CACHE_HOME": str(cache)}


@pytest.fixture
def command() -> list[str]:
    """How to start `aebench` from this interpreter."""
    return [sys.executable, "-m", "aebench"]


@pytest.fixture
def aebench(command: list[str], environment: dict[str, str], tmp_path: Path) -> Callable[..., Outcome]:
    """Call `aebench ARGUMENTS` in a scratch folder, or in another one."""

    def call(*arguments: str, cwd: Path = tmp_path, **variables: str) -> Outcome:
        return subprocess.run(
            [*command, *arguments],
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**environment, **variables},
            timeout=300,
            check=False,
        )

    return call


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Leaves a run in a folder of the present one."""
    monkeypatch.chdir(tmp_path)

    def leave(folder: str = "run", **changes: Any) -> Path:
        content = {"options": OPTIONS, "conditions": conditions(), "complete": True, "agreements": [], "failures": []}
        documents.write(
            Path(folder) / "result.json", "run", {**content, "trials": [trial("pytorch", 0, 0.5)], **changes}
        )
        return Path(folder)

    return leave
