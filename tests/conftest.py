"""One process per framework for the whole session, and what the tests ask of them remembered.

Plain `pytest` works on two things at once, where pytest-xdist is installed: a climb has one thread, and the tests that
share climbs stay together, so that none is climbed twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from processes import Process

from aebench import registry
from aebench.records.machine import cores

AT_ONCE = 2


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist's own, which looks at how many processes are asked for
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Without arguments that select or look into tests, they run in as many processes as there are cores, at most 2."""
    option = config.option
    chosen = config.args_source is not pytest.Config.ArgsSource.TESTPATHS or option.markexpr or option.keyword
    watched = option.collectonly or option.usepdb or option.capture == "no" or config.getoption("benchmark", False)
    spread = config.getoption("numprocesses", 0) is not None or hasattr(config, "workerinput")
    if cores() >= AT_ONCE and not (chosen or watched or spread):
        option.numprocesses, option.dist = AT_ONCE, "loadgroup"
        option.benchmark_disable = True  # pytest-benchmark does so by itself, with a warning


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist's own, which reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What remembers the same climbs, or the same trainings, runs in one process; everything else file by file."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            item.add_marker(pytest.mark.xdist_group(_shared(item)))


def _shared(item: pytest.Item) -> str:
    """What the test shares with those that have to run in the same process."""
    if "agreement" in item.path.parts:
        return "climbs"
    return "trainings" if "processes" in getattr(item, "fixturenames", ()) else item.path.stem


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
