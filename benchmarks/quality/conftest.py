"""One process per framework for the whole session, and the trainings whose quality is measured."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from aebench import registry
from aebench.cli.pytest_plugin import TRIALS, option, selected
from aebench.errors import AebenchError
from aebench.processes.events import Silent
from aebench.processes.worker import FrameworkProcess
from aebench.running.options import Options
from aebench.running.resume import planned
from aebench.running.run import Run
from aebench.speed.workloads import Training, seconds


class Clock:
    """Seconds that the frameworks' processes measured themselves: what pytest-benchmark reads before and after."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def __repr__(self) -> str:
        return "seconds measured in the framework's process"

    def round(self, process: FrameworkProcess, workload: Training) -> None:
        """One round there; the clock goes on by what it took, without the way there and back."""
        self.now += process.call(seconds, workload)


CLOCK = Clock()


def workload_options(options: Options) -> dict[str, Any]:
    """What a workload takes of the run's options."""
    return {key: getattr(options, key) for key in ("device", "dtype", "dataset", "data_dir", "schedule")}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every selected autoencoder in every selected framework; nothing is selected without `--benchmark`."""
    pairs = [("any", "any")]
    if metafunc.config.getoption("--benchmark"):
        options = selected(metafunc.config)
        pairs = [(name, f) for name in options.autoencoders for f in registry.offering(name, options.frameworks)]
    metafunc.parametrize(("name", "framework"), pairs)


@pytest.fixture(scope="session", autouse=True)
def asked_for(pytestconfig: pytest.Config) -> None:
    """Benchmarks take minutes: naming the folder alone does not start them."""
    if not pytestconfig.getoption("--benchmark"):
        pytest.skip("benchmarks run with: pytest --benchmark")


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Where the trials are kept: the folder of `--trials`, to go on from, else one that pytest removes in time."""
    kept, options = option(pytestconfig, "trials"), selected(pytestconfig)
    folder = Path(kept) if kept else tmp_path_factory.mktemp("trials")
    if (folder / "plan.json").exists():
        try:
            options = planned(folder, asdict(options))
        except AebenchError as error:
            pytest.fail(str(error), pytrace=False)
    return Run(options, folder, Silent())


@pytest.fixture(scope="session")
def processes(run: Run) -> Iterator[dict[str, FrameworkProcess]]:
    """Framework -> its process."""
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(run.opened(resume=True))
        except AebenchError as error:
            pytest.fail(str(error), pytrace=False)
        yield found


@pytest.fixture
def trained(
    run: Run, processes: dict[str, FrameworkProcess], pytestconfig: pytest.Config
) -> Callable[[str, str], list[dict[str, Any]]]:
    """Train and measure an autoencoder in a framework from every seed: the trials' documents."""

    def train(name: str, framework: str) -> list[dict[str, Any]]:
        found = [run.measure(name, seed, framework, processes[framework]) for seed in selected(pytestconfig).seeds]
        pytestconfig.stash[TRIALS].extend(found)
        return found

    return train


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """What a user can mend is one line, not a traceback."""
    try:
        return (yield)
    except AebenchError as error:
        pytest.fail(str(error), pytrace=False)
