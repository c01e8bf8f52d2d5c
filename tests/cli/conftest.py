"""The command as a user calls it: a process of its own, its exit status and what it printed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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
