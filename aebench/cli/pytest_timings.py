"""What pytest-benchmark times, keeps and compares under `pytest --benchmark`: with its conditions, or one line why not.

By itself it warns where nothing is timed, read or kept, and goes on; where warnings are errors, it breaks off with a
traceback. Here a call that would come to nothing ends with status 4 before anything is timed, and a file that was saved
under other conditions is compared with a line that names them. `--benchmark-compare-fail` judges another version of a
framework or of aebench, on the same machine and at the same work only.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import platform
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
from msgspec import structs
from pytest_benchmark.session import PerformanceRegression
from pytest_benchmark.utils import get_machine_id, load_storage

from aebench.processes.probing import described
from aebench.records.conditions import MOST_SENTENCES, Conditions, Difference, differences, in_words
from aebench.records.fields import checked, plain
from aebench.running.options import Options
from aebench.running.resume import conditions

# The conditions that two versions of what is timed may differ in: that is what a comparison is for.
VERSIONS = ("aebench", "packages", "subjects")
NEED_TIMES = ("compare", "compare_fail", "save", "autosave", "json", "histogram")
KEEP = ("save", "autosave", "json")
GROUPINGS = ("group", "name", "func", "fullname", "fullfunc", "param", "param:NAME")


class _Stats(msgspec.Struct):
    """A row's figures, as far as the table shows and `--benchmark-compare-fail` judges them."""

    min: float
    max: float
    mean: float
    stddev: float
    median: float
    iqr: float
    ops: float
    outliers: str
    rounds: int
    iterations: int

    def __post_init__(self) -> None:
        """Refuse what is beyond no limit, whatever the limit is.

        Raises:
            ValueError: a figure is not finite.
        """
        for name, value in structs.asdict(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} is {value}, expected a finite number")


class _Row(msgspec.Struct):
    fullname: str
    stats: _Stats


class _Saved(msgspec.Struct):
    """A file that pytest-benchmark saved, as far as it is read here; another version's may hold more."""

    machine_info: dict[str, Any]
    benchmarks: list[_Row]


class _Refusing:
    """pytest-benchmark's log while files are read: one that cannot be read is not passed over, it ends the call."""

    def warning(self, text: str, **_: object) -> NoReturn:
        """As of pytest-benchmark's.

        Raises:
            pytest.UsageError: always, with the text.
        """
        raise pytest.UsageError(f"--benchmark-compare: {text}; remove the file, or name another")


NOW = pytest.StashKey[Conditions]()
SAVED = pytest.StashKey[dict[str, _Saved]]()
NOTES = pytest.StashKey[list[str]]()
KEPT = pytest.StashKey[bool]()


def begin(config: pytest.Config, options: Options) -> None:
    """Look what is asked of pytest-benchmark, read what is compared with, and note how its conditions were others.

    Raises:
        pytest.UsageError: nothing would be timed, kept or compared; or a comparison that may fail has nothing that it
            could judge.
    """
    _require_times(config)
    _require_table(config)
    storage = _storage(config)
    now = structs.replace(
        conditions(options, {}, dtype=options.dtype),
        subjects={name: described(name) for name in options.frameworks},
    )
    saved = _read(storage, config.getoption("benchmark_compare"))
    notes = [_note(name, file, now, judged=bool(config.getoption("benchmark_compare_fail"))) for name, file in saved]
    config.stash[NOW], config.stash[SAVED], config.stash[KEPT] = now, dict(saved), False
    config.stash[NOTES] = [note for note in notes if note]


def _asked(config: pytest.Config, among: Iterable[str]) -> list[str]:
    """Those of pytest-benchmark's options that were given, as they are written."""
    return [f"--benchmark-{name.replace('_', '-')}" for name in among if config.getoption(f"benchmark_{name}")]


def _require_times(config: pytest.Config) -> None:
    """UsageError where what is asked for needs times, and there will be none."""
    asked, get = _asked(config, NEED_TIMES), config.getoption
    off = _asked(config, [name for name, on in (("disable", "enable"), ("skip", "only"))
                          if get(f"benchmark_{name}") and not get(f"benchmark_{on}")])  # fmt: skip
    if off and asked:
        raise pytest.UsageError(
            f"{', '.join(off)}: nothing is timed for {', '.join(asked)}; leave out the one or the other"
        )
    if get("benchmark_compare_fail") and not get("benchmark_compare"):
        raise pytest.UsageError("--benchmark-compare-fail judges against a saved file: add --benchmark-compare")
    file = get("benchmark_json")
    if file is not None and (file.is_dir() or not _open(file.absolute().parent)):
        raise pytest.UsageError(f"--benchmark-json: '{file}' can be no file; name one in a folder that is there")


def _require_table(config: pytest.Config) -> None:
    """UsageError where pytest-benchmark could not show what it timed."""
    if config.getoption("benchmark_histogram") and not all(map(importlib.util.find_spec, ("pygal", "pygaljs"))):
        raise pytest.UsageError("--benchmark-histogram draws with pygal: pip install 'pytest-benchmark[histogram]'")
    for label in config.getoption("benchmark_group_by").split(","):
        if label not in GROUPINGS[:-1] and not label.startswith("param:"):
            raise pytest.UsageError(f"--benchmark-group-by: '{label}' is none of {', '.join(GROUPINGS)}")


def _open(folder: Path) -> bool:
    """Whether files can be written to the folder."""
    return folder.is_dir() and os.access(folder, os.W_OK)


def _storage(config: pytest.Config) -> Any:
    """Where pytest-benchmark saves; UsageError where it cannot."""
    place, netrc = config.getoption("benchmark_storage"), config.getoption("benchmark_netrc")
    try:
        storage = load_storage(place, logger=_Refusing(), default_machine_id=get_machine_id(), netrc=netrc)  # type: ignore[no-untyped-call]
    except (argparse.ArgumentTypeError, ImportError) as error:
        raise pytest.UsageError(f"--benchmark-storage {place}: {error}") from None
    folder = getattr(storage, "path", None)
    if _asked(config, ("save", "autosave")) and folder is not None and not _open(folder):
        raise pytest.UsageError(f"--benchmark-storage: '{folder}' can be no folder to write to")
    return storage


def _read(storage: Any, number: str | bool | Sequence[str]) -> list[tuple[str, _Saved]]:
    """The saved files that are compared with, by name. number: True stands for the last, empty for none."""
    if not number:
        return []
    try:
        files = list(storage.load())[-1:] if number is True else list(storage.load(number))
    except ValueError as error:
        raise pytest.UsageError(f"--benchmark-compare: {error}") from None
    if not files:
        which = "no file" if number is True else f"no file {number}"
        raise pytest.UsageError(f"--benchmark-compare: {which} in {storage}; save one with --benchmark-save=NAME")
    return [(str(path), _checked(path, content)) for path, content in files]


def _checked(path: Path, content: Any) -> _Saved:
    """The file as far as it is read; UsageError for one that lacks something, or whose figures are not numbers."""
    try:
        return msgspec.convert(content, _Saved)
    except msgspec.ValidationError as error:
        writer = f"pytest-benchmark {content.get('version', 'of an unknown version')}"
        raise pytest.UsageError(
            f"--benchmark-compare: {path} cannot be compared with: {error} (written by {writer}); name another file"
        ) from None


def _note(name: str, file: _Saved, now: Conditions, *, judged: bool) -> str:
    """How the file's conditions were others, in a line; empty where they were the same.

    judged: a slower row fails, which is no verdict about another machine or other work.
    """
    try:
        then = checked(file.machine_info.get("aebench"), Conditions)
    except msgspec.ValidationError:
        if judged:
            raise pytest.UsageError(
                f"--benchmark-compare-fail: {name} does not say how it was timed; save it anew"
            ) from None
        return f"{name} does not say under which conditions it was timed"
    if judged and (others := differences(then, now, but=VERSIONS)):
        raise pytest.UsageError(
            f"--benchmark-compare-fail: {name} was timed on another machine or at other work ({in_words(others)}); "
            "save one here, or leave the option out to see both"
        )
    host = [file.machine_info.get("node"), platform.node()]
    found = [] if host[0] == host[1] else [Difference(f"host: {host[0]} then, {host[1]} now", ("speed",))]
    found += differences(then, now, but=("aebench",))
    return f"{name} was timed under other conditions: {in_words(found)}" if found else ""


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is to be timed can be grouped as asked for, and compared with the saved files."""
    items = [item for item in session.items if "benchmark" in getattr(item, "fixturenames", ())]
    _require_groups(session.config, items)
    _require_rows(session.config, [_row(item) for item in items])


def _require_groups(config: pytest.Config, items: Iterable[Any]) -> None:
    """Every row has the parameters that the rows are grouped by."""
    wanted = [label[6:] for label in config.getoption("benchmark_group_by").split(",") if label.startswith("param:")]
    for item in items:
        if lacking := [name for name in wanted if name not in item.callspec.params]:
            found = ", ".join(item.callspec.params)
            raise pytest.UsageError(f"--benchmark-group-by: {item.name} has no parameter {lacking[0]}, only {found}")


def _require_rows(config: pytest.Config, rows: Sequence[str]) -> None:
    """A saved file holds the rows that are compared with it: all of them where one may fail, else some."""
    for name, file in config.stash[SAVED].items():
        known = {row.fullname for row in file.benchmarks}
        if not (missing := [row for row in rows if row not in known]):
            continue
        listed = ", ".join(row.rpartition("::")[2] for row in missing[:MOST_SENTENCES])
        listed += f" and {len(missing) - MOST_SENTENCES} more" if len(missing) > MOST_SENTENCES else ""
        note = f"{name} has nothing to compare with for {listed}"
        if config.getoption("benchmark_compare_fail") or len(missing) == len(rows):
            raise pytest.UsageError(f"--benchmark-compare: {note}; select other rows, or save these")
        config.stash[NOTES].append(note)


def _row(item: pytest.Item) -> str:
    """The benchmark's name in files, from the clone's root. Pytest's root is another where an option names a path."""
    return f"{Path(*item.path.parts[-3:]).as_posix()}::{item.name}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """The row has one name in all files; without, a later call would compare nothing and pass."""
    if benchmark := getattr(item, "funcargs", {}).get("benchmark"):
        benchmark.fullname = _row(item)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """The files also say what the times depend on: versions, threads, processor, data."""
    machine_info["aebench"] = plain(config.stash[NOW])


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_benchmark_compare_machine_info(machine_info: dict[str, Any], compared_benchmark: dict[str, Any]) -> None:
    """Leave nothing for pytest-benchmark's own comparison, which comes next.

    It would print all of both, for the processor's momentary clock alone, and fails where the file lies elsewhere.
    """
    compared_benchmark["machine_info"] = machine_info


@pytest.hookimpl(optionalhook=True, trylast=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """JSON for every reader: null in the place of what is not finite."""
    output_json.update({name: _strict(value) for name, value in output_json.items()})
    config.stash[KEPT] = True


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _strict(item) for name, item in value.items()}
    return [_strict(item) for item in value] if isinstance(value, (list, tuple)) else value


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Generator[None]:
    """What is to be known of the table, before it; a row that got slower makes the status 1, not a traceback."""
    keeping = _asked(config, KEEP)
    notes = (
        [f"{', '.join(keeping)}: nothing was timed, nothing is written"] if keeping and not config.stash[KEPT] else []
    )
    for note in [*config.stash[NOTES], *notes]:
        terminalreporter.write_line(note, yellow=True)
    try:
        yield
    except PerformanceRegression:
        session: Any = config.pluginmanager.get_plugin("session")
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
