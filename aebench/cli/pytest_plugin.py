"""The pytest plug-in behind `pytest --benchmark`: the benchmarks instead of the tests, and a table of quality.

Installed through pytest's entry point, it stands in every pytest of the environment: there it brings one option, and
imports and does nothing. Only with that option do those exist that select among the benchmarks.
"""

from __future__ import annotations

import argparse
import io
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
    _add(parser, "autoencoders", metavar="NAME[,NAME]...", default="", help="Default: all.")
    _add(parser, "frameworks", metavar="NAME[,NAME]...", default="", help="Default: all but the reference.")
    _add(parser, "dataset", default="digits", help="See `aebench list`. Default: digits.")
    _add(parser, "data-dir", help="Folder with the data set's files; default: AEBENCH_DATA, a cache, a download.")
    _add(parser, "schedule", choices=SCHEDULES, default="quick", help="Schedule. Default: quick.")
    _add(parser, "profile", choices=SCHEDULES, help="What --schedule was called once.")
    _add(parser, "device", choices=["cpu", "gpu"], default="cpu", help="Default: cpu.")
    _add(parser, "seeds", metavar="N[,N]...", default=SEEDS, help=f"Default: {SEEDS}.")
    samples = "Also measure the importance-weighted bound: 50,5000."
    _add(parser, "importance-samples", metavar="K[,K]...", default="", help=samples)
    _add(parser, "trials", metavar="FOLDER", help="Keep what is trained there, and go on with what is there.")


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
    if config.getoption("numprocesses", None) or config.getoption("tx", None):
        raise pytest.UsageError("--benchmark times one thing after the other: leave out -n and other options of xdist")
    if config.args_source != pytest.Config.ArgsSource.ARGS:
        # An option's value that is an existing path, such as an earlier --benchmark-json, moves pytest's root there.
        roots = config.rootpath, config.invocation_params.dir
        folder = next(
            (f for f in (root / "benchmarks" for root in roots) if (f / "quality" / "conftest.py").is_file()), None
        )
        if folder is None:
            raise pytest.UsageError(f"--benchmark: no benchmarks in {config.rootpath}; run it in a clone of aebench")
        config.args = [str(folder)]
    selected(config, checked=not hasattr(config, "workerinput"))


def selected(config: pytest.Config, *, checked: bool = False) -> Any:
    """The run's options as the command line selects them.

    checked: also look whether the data can be had and fit, which reads them.
    """
    if OPTIONS not in config.stash:
        from aebench.errors import AebenchError
        from aebench.running.options import check

        try:
            config.stash[OPTIONS] = _options(config)
            if checked:
                check(config.stash[OPTIONS])
        except AebenchError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[OPTIONS]


def _options(config: pytest.Config) -> Any:
    from aebench import registry
    from aebench.errors import UsageError
    from aebench.running.options import Options, with_defaults

    def names(name: str) -> tuple[str, ...]:
        return tuple(text for text in option(config, name).split(",") if text)

    def numbers(name: str) -> tuple[int, ...]:
        try:
            return tuple(dict.fromkeys(int(text) for text in names(name)))
        except (ValueError, argparse.ArgumentError):
            raise UsageError(f"--{name} {option(config, name)}: expected whole numbers, as in {SEEDS}") from None

    for name in names("autoencoders"):
        registry.autoencoder(name)
    asked = Options(
        autoencoders=names("autoencoders"),
        frameworks=names("frameworks"),
        dataset=option(config, "dataset"),
        data_dir=option(config, "data-dir"),
        schedule=option(config, "profile") or option(config, "schedule"),
        seeds=numbers("seeds"),
        device=option(config, "device"),
        agreement=False,
        importance_samples=numbers("importance-samples"),
    )
    return with_defaults(asked, arbiter=False)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """pytest-benchmark's files also say which frameworks, threads and GPU they were measured with."""
    if config.getoption("--benchmark"):
        from aebench import registry
        from aebench.records import capture
        from aebench.records.fields import plain

        # The commit has a place of its own in the file; here it would make every comparison warn of another machine.
        here = plain(capture.here(device=selected(config).device))
        versions = {name: registry.version(framework) for name, framework in registry.frameworks().items()}
        machine_info["aebench"] = {**{k: v for k, v in here.items() if k != "aebench"}, "frameworks": versions}


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
