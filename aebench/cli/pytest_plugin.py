"""The pytest plug-in behind `pytest --benchmark`: the benchmarks instead of the tests, and a table of quality.

Installed through pytest's entry point, it stands in every pytest of the environment: there it brings one option, and
imports and does nothing. Only with that option do those exist that select among the benchmarks.
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TRIALS = pytest.StashKey[list[dict[str, Any]]]()
OPTIONS = pytest.StashKey[Any]()
SEEDS = "0,1,2"
SCHEDULES = ("quick", "source")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--benchmark`, which collides with nobody's."""
    group = parser.getgroup("aebench", "benchmarks of autoencoders (aebench)")
    help_text = "Run the benchmarks, in place of the tests, in a clone of aebench; see pytest --benchmark --help."
    group.addoption("--benchmark", action="store_true", help=help_text)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """With `--benchmark`, the options that select: after those of all other plug-ins, whose names stay theirs."""
    if not early_config.known_args_namespace.benchmark:
        return
    _let_warnings_pass(early_config)
    _add(parser, "autoencoders", metavar="NAME[,NAME]...", help="Default: all.")
    _add(parser, "frameworks", metavar="NAME[,NAME]...", help="Default: all but the reference.")
    _add(parser, "dataset", default="digits", help="See `aebench list`. Default: digits.")
    _add(parser, "data-dir", help="Folder with the data set's files; default: AEBENCH_DATA, a cache, a download.")
    _add(parser, "schedule", choices=SCHEDULES, default="quick", help="Schedule. Default: quick.")
    _add(parser, "profile", choices=SCHEDULES, help="What --schedule was called once.")
    _add(parser, "device", choices=["cpu", "gpu"], default="cpu", help="Default: cpu.")
    _add(parser, "seeds", metavar="N[,N]...", default=SEEDS, help=f"Default: {SEEDS}.")
    samples = "Also measure the importance-weighted bound: 50,5000."
    _add(parser, "importance-samples", metavar="K[,K]...", help=samples)
    _add(parser, "executor", help=argparse.SUPPRESS)  # as the commands that time, for the reason
    _add(parser, "trials", metavar="FOLDER", help="Keep what is trained there, and go on with what is there.")


def _let_warnings_pass(early_config: pytest.Config) -> None:
    """pytest-benchmark's own warnings are no errors, whatever the project or the caller say of warnings.

    What they tell is refused or printed by `pytest_timings`.
    """
    known = early_config.known_args_namespace
    if hasattr(known, "benchmark_compare"):
        known.pythonwarnings = [*(known.pythonwarnings or ()), "ignore::pytest_benchmark.logger.PytestBenchmarkWarning"]


def _add(parser: pytest.Parser, name: str, **settings: Any) -> None:
    """The option `--NAME`; where another plug-in has that, `--aebench-NAME`."""
    group = parser.getgroup("aebench")
    try:
        group.addoption(f"--{name}", dest=_key(name), **settings)
    except (ValueError, argparse.ArgumentError):
        group.addoption(f"--aebench-{name}", dest=_key(name), **settings)


def _key(name: str) -> str:
    return f"aebench_{name.replace('-', '_')}"


def option(config: pytest.Config, name: str) -> Any:
    """The value of one of the options that exist with `--benchmark`; None without it."""
    return config.getoption(_key(name), None)


def pytest_configure(config: pytest.Config) -> None:
    """With `--benchmark` the benchmarks are collected where nothing was named, and impossible options end here."""
    config.stash[TRIALS] = []
    if not config.getoption("--benchmark"):
        return
    if not hasattr(config.option, "benchmark_compare"):
        raise pytest.UsageError("--benchmark times with the plug-in pytest-benchmark: pip install 'aebench[test]'")
    if beside := _beside(config):
        raise pytest.UsageError(f"--benchmark times one thing after the other: {beside}")
    if config.args_source != pytest.Config.ArgsSource.ARGS:
        # An option's value that is an existing path, such as an earlier --benchmark-json, moves pytest's root there.
        roots = config.rootpath, config.invocation_params.dir
        folder = next(
            (f for f in (root / "benchmarks" for root in roots) if (f / "quality" / "conftest.py").is_file()), None
        )
        if folder is None:
            raise pytest.UsageError(f"--benchmark: no benchmarks in {config.rootpath}; run it in a clone of aebench")
        config.args = [str(folder)]
    _begin(config)


def _beside(config: pytest.Config) -> str:
    """How not to run beside others, by pytest-xdist, where pytest-benchmark would time nothing, or by an executor; else
    empty."""
    if option(config, "executor") is not None:
        return "leave out --executor; `aebench run --executor NAME` trains elsewhere"
    if "PYTEST_XDIST_WORKER" in os.environ:
        return "it cannot run in a worker of xdist (PYTEST_XDIST_WORKER is set)"
    asked = config.getoption("numprocesses", None) or config.getoption("tx", None)
    return "leave out -n and other options of xdist" if asked or config.getoption("dist", "no") != "no" else ""


def _begin(config: pytest.Config) -> None:
    """Everything that can be known to be wrong before anything is measured."""
    from aebench.cli import pytest_timings
    from aebench.errors import AebenchError
    from aebench.running.options import check

    try:
        check(selected(config))
        pytest_timings.begin(config, selected(config))
        config.pluginmanager.register(pytest_timings, "aebench-timings")
    except AebenchError as error:
        raise pytest.UsageError(str(error)) from None


def selected(config: pytest.Config) -> Any:
    """The run's options as the command line selects them.

    Raises:
        AebenchError: names or numbers among them that nothing has.
    """
    if OPTIONS not in config.stash:
        config.stash[OPTIONS] = _options(config)
    return config.stash[OPTIONS]


def _options(config: pytest.Config) -> Any:
    from aebench.cli.values import named, whole_numbers
    from aebench.running.options import Options, with_defaults

    def read(name: str, reader: Callable[[str], tuple[Any, ...]]) -> tuple[Any, ...]:
        value = option(config, name)
        return () if value is None else _read(f"--{name}", reader, value)

    asked = Options(
        autoencoders=read("autoencoders", lambda value: named("autoencoder", [value])),
        frameworks=read("frameworks", lambda value: named("framework", [value])),
        dataset=option(config, "dataset"),
        data_dir=option(config, "data-dir"),
        schedule=option(config, "profile") or option(config, "schedule"),
        seeds=read("seeds", lambda value: whole_numbers(value, SEEDS)),
        device=option(config, "device"),
        agreement=False,
        importance_samples=read("importance-samples", lambda value: whole_numbers(value, "50,5000")),
    )
    return with_defaults(asked, arbiter=False)


def _read(name: str, reader: Callable[[str], tuple[Any, ...]], value: str) -> tuple[Any, ...]:
    """The option's value; UsageError with what the commands say of one that cannot be read."""
    import click

    from aebench.errors import UsageError

    try:
        return reader(value)
    except click.BadParameter as error:
        raise UsageError(f"{name}: {error.message}") from None


@pytest.hookimpl(tryfirst=True)  # before pytest-benchmark, which ends the call where it cannot group its rows
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The quality of whatever was trained."""
    if trials := config.stash.get(TRIALS, []):
        from rich.console import Console

        from aebench.quality.table import rows
        from aebench.report.quality import WIDTH, print_quality

        text = io.StringIO()
        width = max(terminalreporter._tw.fullwidth if terminalreporter.isatty else WIDTH, 100)
        print_quality(rows(trials), Console(file=text, width=width, force_terminal=terminalreporter.hasmarkup))
        terminalreporter.write_sep("=", "quality")
        terminalreporter.write(text.getvalue())
        if folder := option(config, "trials"):
            terminalreporter.write_line(f"Trials: {Path(folder)}; see them again with: aebench quality {folder}")
