"""One process per framework for the whole session, and what the tests ask of them remembered.

Plain `pytest` works on two things at once, where pytest-xdist is installed: a climb has one thread, and the tests that
share climbs stay together, so that none is climbed twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from processes import Process
from together import shared

from aebench import registry
from aebench.processes import environments
from aebench.records import capture
from aebench.records.machine import cores

AT_ONCE = 2
TOGETHER = "loadscope"


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist's own, which looks at how many processes are asked for
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Without arguments that select or look into tests, they run in as many processes as there are cores, at most 2."""
    option = config.option
    chosen = config.args_source is not pytest.Config.ArgsSource.TESTPATHS or option.markexpr or option.keyword
    watched = option.collectonly or option.usepdb or option.capture == "no" or config.getoption("benchmark", False)
    spread = config.getoption("numprocesses", 0) is not None or hasattr(config, "workerinput")
    if cores() >= AT_ONCE and not (chosen or watched or spread):
        option.numprocesses, option.dist = AT_ONCE, TOGETHER
        option.benchmark_disable = True  # pytest-benchmark does so by itself, with a warning


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Who decides which process a test runs in: here its file does, and all files of the ladder are as one.

    pytest-xdist 3.8 has groups for that, which pytest 9.2 does not let it write behind a test's name.
    """
    if config.option.dist != TOGETHER:
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return shared(nodeid)

    return Together(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Plain `pytest` leaves the slow tests out; any `-m` of the caller's own is taken as it is."""
    config.option.markexpr = config.option.markexpr or "not slow"


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    """What is started after a test computes as what was started before it: with as many threads, above all."""
    before = capture.variables()
    yield
    assert before == capture.variables()


@pytest.fixture(autouse=True)
def told(undisturbed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test tells of environments and bundles, another does not know."""
    monkeypatch.setattr(environments, "_told", dict(environments._told))


@pytest.fixture(scope="session")
def processes() -> Iterator[dict[str, Process]]:
    """Framework -> its process, for those that are installed."""
    found = {name: Process(name) for name, f in registry.frameworks().items() if registry.version(f) is not None}
    yield found
    for process in found.values():
        process.close()


@pytest.fixture(scope="session")
def pytorch() -> None:
    """For tests that take PyTorch as the framework beside the reference."""
    _require("pytorch")


@pytest.fixture(scope="session")
def both(pytorch: None) -> None:
    """For tests of what takes TensorFlow and PyTorch."""
    _require("tensorflow")


def _require(framework: str) -> None:
    """The test is skipped where it is not installed."""
    found = registry.frameworks()[framework]
    if registry.version(found) is None:
        pytest.skip(f"{framework} is not installed: {found.install}")


@pytest.fixture(params=registry.frameworks())
def process(request: pytest.FixtureRequest, processes: dict[str, Process]) -> Process:
    """The process of each registered framework in turn."""
    _require(request.param)
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
