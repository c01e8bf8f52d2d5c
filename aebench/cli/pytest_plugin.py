"""The pytest plug-in behind `pytest --benchmark`: the benchmarks instead of the tests, and a table of quality.

Installed through pytest's entry point, so that the option exists before any folder is looked at. Nothing heavy is
imported, and nothing happens, unless it is given.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

TRIALS = pytest.StashKey[list[dict[str, Any]]]()
OPTIONS = pytest.StashKey[Any]()
SEEDS = "0,1,2"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--benchmark` and what selects among the benchmarks."""
    group = parser.getgroup("aebench", "benchmarks of autoencoders (aebench)")
    group.addoption("--benchmark", action="store_true", help="Run the benchmarks, in place of the tests.")
    group.addoption("--autoencoders", metavar="NAME[,NAME]...", default="", help="Default: all.")
    group.addoption("--frameworks", metavar="NAME[,NAME]...", default="", help="Default: all but the reference.")
    group.addoption("--dataset", default="digits", help="See `aebench list`. Default: digits.")
    group.addoption("--data-dir", help="Folder with the data set's files; default: AEBENCH_DATA, a cache, a download.")
    group.addoption("--schedule", choices=["quick", "source"], default="quick", help="Schedule. Default: quick.")
    group.addoption("--device", choices=["cpu", "gpu"], default="cpu", help="Default: cpu.")
    group.addoption("--seeds", metavar="N[,N]...", default=SEEDS, help=f"Default: {SEEDS}.")
    group.addoption(
        "--importance-samples",
        metavar="K[,K]...",
        default="",
        help="Also measure the importance-weighted bound: 50,5000.",
    )
    group.addoption("--trials", metavar="FOLDER", help="Keep what is trained there, and go on with what is there.")


def pytest_configure(config: pytest.Config) -> None:
    """With `--benchmark` the benchmarks are collected where nothing was named, and impossible options end here."""
    config.stash[TRIALS] = []
    if not config.getoption("--benchmark"):
        return
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

    def names(option: str) -> tuple[str, ...]:
        return tuple(name for name in config.getoption(option).split(",") if name)

    for name in names("--autoencoders"):
        registry.autoencoder(name)

    def numbers(option: str) -> tuple[int, ...]:
        try:
            return tuple(dict.fromkeys(int(text) for text in config.getoption(option).split(",") if text))
        except ValueError:
            raise UsageError(f"{option} {config.getoption(option)}: expected whole numbers, as in {SEEDS}") from None

    asked = Options(
        autoencoders=names("--autoencoders"),
        frameworks=names("--frameworks"),
        dataset=config.getoption("--dataset"),
        data_dir=config.getoption("--data-dir"),
        schedule=config.getoption("--schedule"),
        seeds=numbers("--seeds"),
        device=config.getoption("--device"),
        agreement=False,
        importance_samples=numbers("--importance-samples"),
    )
    return with_defaults(asked, arbiter=False)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """pytest-benchmark's files also say which frameworks, threads and GPU they were measured with."""
    if config.getoption("--benchmark"):
        from aebench.records import capture
        from aebench.records.fields import plain

        # The commit has a place of its own in the file; here it would make every comparison warn of another machine.
        here = plain(capture.here(device=selected(config).device))
        machine_info["aebench"] = {name: value for name, value in here.items() if name != "aebench"}


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
        if folder := config.getoption("--trials"):
            terminalreporter.write_line(f"Trials: {Path(folder)}; see them again with: aebench quality {folder}")
