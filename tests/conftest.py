"""One process per framework for the whole session, and what the tests ask of them remembered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from processes import Process

from aebench import registry


def pytest_configure(config: pytest.Config) -> None:
    """Plain `pytest` leaves the slow tests out; any `-m` of the caller's own is taken as it is."""
    config.option.markexpr = config.option.markexpr or "not slow"


@pytest.fixture(scope="session")
def processes() -> Iterator[dict[str, Process]]:
    """Framework -> its process, for those that are installed."""
    found = {name: Process(name) for name, f in registry.frameworks().items() if registry.version(f) is not None}
    yield found
    for process in found.values():
        process.close()


@pytest.fixture(params=registry.frameworks())
def process(request: pytest.FixtureRequest, processes: dict[str, Process]) -> Process:
    """The process of each registered framework in turn."""
    if request.param not in processes:
        pytest.skip(f"{request.param} is not installed: {registry.frameworks()[request.param].install}")
    return processes[request.param]


@pytest.fixture
def own_process(process: Process) -> Process:
    """As `process`, for tests that look behind the protocol: only the frameworks of this repository."""
    if not process.own:
        pytest.skip(f"{process.framework} comes from outside; how it is written inside is its own affair")
    return process


@pytest.fixture
def arbiter(processes: dict[str, Process]) -> Process:
    """The process of the reference."""
    return processes[registry.ARBITER]
