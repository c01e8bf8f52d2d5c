"""One bundle, made once in a session, and copies of it that are damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from aebench import registry
from aebench.errors import FrameworkError
from aebench.processes.events import Silent
from aebench.running.bundling import make
from aebench.running.options import Options


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of `linear` with the reference alone."""
    path = tmp_path_factory.mktemp("bundles") / "small.zip"
    make(Options(("linear",), (registry.ARBITER,)), path, Silent())
    return path


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of `linear` and `tied` with what PyTorch computes."""
    try:
        registry.framework("pytorch")
    except FrameworkError as error:
        pytest.skip(str(error))
    path = tmp_path_factory.mktemp("bundles") / "golden.zip"
    make(Options(("linear", "tied"), ("pytorch",)), path, Silent())
    return path
