"""Bundles, made once in a session, and a reference that does not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from aebench import registry
from aebench.processes.events import Silent
from aebench.processes.worker import FrameworkProcess
from aebench.registry import ARBITER
from aebench.running import options
from aebench.running.bundling import make
from aebench.running.options import Options


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of `linear` with the reference alone."""
    path = tmp_path_factory.mktemp("bundles") / "small.zip"
    make(Options(("linear",), (registry.ARBITER,)), path, Silent())
    return path


@pytest.fixture(scope="session")
def golden(pytorch: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of `linear` and `tied` with what PyTorch computes."""
    path = tmp_path_factory.mktemp("bundles") / "golden.zip"
    make(Options(("linear", "tied"), ("pytorch",)), path, Silent())
    return path


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: a reference that does not start."""

    class Alone(FrameworkProcess):
        def __init__(self, framework: str, log: Path | None = None) -> None:
            assert registry.plain(framework) != ARBITER
            super().__init__(framework, log)

    monkeypatch.setattr(options, "FrameworkProcess", Alone)
