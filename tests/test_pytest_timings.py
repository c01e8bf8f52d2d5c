"""`pytest --benchmark` and pytest-benchmark: what would time, keep or compare nothing is refused in one line, and what
was timed under other conditions is compared with a line that names them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from test_pytest_plugin import ROOT, call

pytest_plugins = ["pytester"]
REFERENCE = ("--benchmark", "--autoencoders", "linear", "--frameworks", "reference", "--seeds", "0")
JUDGED = "--benchmark-compare-fail=min:5%"
Document = dict[str, Any]

# What pytester's pytest is the first to import is imported again by the next, and NumPy cannot be.
for module in ("cli.pytest_timings", "running.run", "report.quality"):
    import_module(f"aebench.{module}")


@pytest.fixture
def benchmark_here(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """pytest at the root of the repository with these arguments, in this process."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.chdir(ROOT)
    # Hypothesis takes seconds to import, and what is imported here already cannot be rewritten.
    without = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--assert=plain")
    # The benchmarks' files are called as files of the tests are, which this process may have imported.
    for name in ("conftest", "test_training"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return lambda *arguments: pytester.runpytest_inprocess(*REFERENCE, *without, *arguments)


@pytest.fixture
def refusal(benchmark_here: Callable[..., pytest.RunResult], tmp_path: Path) -> Callable[..., str]:
    """What pytest says with these arguments: one line and status 4, before anything is collected."""

    def refused(*arguments: str) -> str:
        done = benchmark_here(f"--benchmark-storage={tmp_path / 'storage'}", *arguments)
        lines = [line for line in (*done.outlines, *done.errlines) if line]
        assert (pytest.ExitCode.USAGE_ERROR, 1) == (done.ret, len(lines)), lines
        return lines[0]

    return refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--executor", "dask"], "one thing after the other: leave out --executor"),
        (["-n", "2"], "one thing after the other: leave out -n and other options of xdist"),
        (["-n", "2", "--dist=each"], "leave out -n"),
        (["--dist=each"], "leave out -n"),
        (["-d"], "leave out -n"),
        (["--tx", "2*popen"], "leave out -n"),
        (["--benchmark-disable", "--benchmark-autosave"], "--benchmark-disable: nothing is timed for --benchmark-auto"),
        (["--benchmark-skip", "--benchmark-json=x.json"], "--benchmark-skip: nothing is timed for --benchmark-json"),
        (["--benchmark-compare"], "--benchmark-compare: no file in "),
        (["--benchmark-compare", "-W", "default"], "--benchmark-compare: no file in "),
        (["--benchmark-compare=0001"], "--benchmark-compare: no file 0001 in "),
        (["--benchmark-compare=no/such/file.json"], "'no/such/file.json' isn't an existing file"),
        ([JUDGED], "--benchmark-compare-fail judges against a saved file: add --benchmark-compare"),
        (["--benchmark-json=no/such/file.json"], "--benchmark-json: 'no/such/file.json' can be no file"),
        (["--benchmark-json=docs"], "--benchmark-json: 'docs' can be no file"),
        (["--benchmark-storage=README.md", "--benchmark-save=x"], "README.md' can be no folder to write to"),
        (["--benchmark-group-by=size"], "--benchmark-group-by: 'size' is none of group, name"),
        (["--benchmark-storage=ftp://elsewhere"], "--benchmark-storage ftp://elsewhere: Storage must be"),
    ],
)
def test_what_would_come_to_nothing_is_refused(arguments: list[str], message: str, refusal: Callable[..., str]) -> None:
    """Nothing timed, nothing to compare with, or no place to keep it: one line that says what to do, and status 4."""
    assert message in refusal(*arguments)


def test_without_pytest_benchmark_there_is_no_clock(benchmark_here: Callable[..., pytest.RunResult]) -> None:
    """The command that installs it, and status 4."""
    done = benchmark_here("-p", "no:benchmark")
    assert pytest.ExitCode.USAGE_ERROR == done.ret
    assert "--benchmark times with the plug-in pytest-benchmark: pip install 'aebench[test]'" in done.stderr.str()


def test_a_worker_of_xdist_times_nothing(refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where `pytest --benchmark` is started by a test that runs in one."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert "it cannot run in a worker of xdist" in refusal()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where trials and one saved file lie: of one row, `test_training`."""
    found = tmp_path_factory.mktemp("timings")
    done = call(*REFERENCE, *training(found), "--benchmark-save=one")
    assert done.returncode == 0, done.stdout + done.stderr
    return found


def training(folder: Path) -> tuple[str, ...]:
    """Only the training is timed, its trials kept in the folder; a path as a word of its own moves pytest's root."""
    return ("-k", "test_training[", f"--benchmark-storage={folder}", "--trials", str(folder / "trials"))


@pytest.fixture
def saved(folder: Path, tmp_path: Path) -> Callable[[Callable[[Document], object]], str]:
    """The option that compares with a copy of the saved file in which something was changed."""

    def changed(change: Callable[[Document], object]) -> str:
        (path,) = folder.glob("*/0001_one.json")
        document = json.loads(path.read_text(encoding="utf-8"))
        change(document)
        (tmp_path / "changed.json").write_text(json.dumps(document), encoding="utf-8")
        return f"--benchmark-compare={tmp_path / 'changed.json'}"

    return changed


def stats(document: Document) -> Document:
    """The figures of the one row."""
    return document["benchmarks"][0]["stats"]


def other_version(document: Document) -> None:
    """As if it had been timed with another NumPy, which the reference is made of, on a host of another name."""
    document["machine_info"]["node"] = "elsewhere"
    document["machine_info"]["aebench"]["subjects"]["reference"]["version"] = "1.0"


def elsewhere(document: Document) -> None:
    """And with other threads."""
    other_version(document)
    document["machine_info"]["aebench"]["variables"]["OMP_NUM_THREADS"] = "64"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: stats(it).update(mean=float("nan")), "mean is nan, expected a finite number"),
        (lambda it: stats(it).update(min=None), "Expected `float`, got `null` - at `$.benchmarks[0].stats.min`"),
        (lambda it: it.update(version="9.0", benchmarks=[{}]), "Failed to load"),
        (lambda it: stats(it).pop("iqr"), "missing required field `iqr` - at `$.benchmarks[0].stats` (written by"),
        (lambda it: it.pop("machine_info"), "missing required field `machine_info`"),
        (lambda it: it.clear(), "Failed to load"),
    ],
)
def test_a_damaged_file_is_named(
    change: Callable[[Document], object], message: str, saved: Callable[..., str], refusal: Callable[..., str]
) -> None:
    """Another version's file, or one whose figures are not numbers, which would lie beyond no limit, is not used."""
    said = refusal(saved(change))
    assert message in said
    assert "changed.json" in said


def test_a_file_that_is_no_json_is_named(tmp_path: Path, refusal: Callable[..., str]) -> None:
    """A write that was cut off; pytest-benchmark would go on without it."""
    (tmp_path / "cut.json").write_text('{"machine_info": {', encoding="utf-8")
    assert "cut.json" in refusal(f"--benchmark-compare={tmp_path / 'cut.json'}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: it["machine_info"]["aebench"]["machine"].update(cores=64), "cores: 64 then, "),
        (elsewhere, "OMP_NUM_THREADS: 64 then"),
        (lambda it: it["machine_info"]["aebench"].update(data={"curve": "other"}), "bytes of curve: other then"),
        (lambda it: it["machine_info"].pop("aebench"), "does not say how it was timed"),
    ],
)
def test_other_machines_and_other_work_are_not_judged(
    change: Callable[[Document], object], message: str, saved: Callable[..., str], refusal: Callable[..., str]
) -> None:
    """With `--benchmark-compare-fail` a slower row is a regression only on the same machine and at the same work."""
    assert message in refusal(saved(change), JUDGED)


def test_other_conditions_are_one_line(
    folder: Path, saved: Callable[..., str], benchmark_here: Callable[..., pytest.RunResult]
) -> None:
    """Threads, host and versions that were others stand in a line by the table, and both rows in the table."""
    done = benchmark_here(*training(folder), saved(elsewhere), "-W", "error")
    assert pytest.ExitCode.OK == done.ret
    (line,) = (line for line in done.outlines if "other conditions" in line)
    assert "host: elsewhere then, " in line
    assert "reference: version: 1.0 then, " in line
    assert "variable OMP_NUM_THREADS: 64 then, " in line
    assert ("(NOW)" in done.stdout.str(), "machine_info" in done.stdout.str()) == (True, False)


@pytest.mark.parametrize(("factor", "status"), [(1e4, pytest.ExitCode.OK), (1e-4, pytest.ExitCode.TESTS_FAILED)])
def test_a_slower_version_fails(
    factor: float,
    status: pytest.ExitCode,
    folder: Path,
    saved: Callable[..., str],
    benchmark_here: Callable[..., pytest.RunResult],
) -> None:
    """Status 1 and no traceback, and the table of quality is printed, too; a faster one passes."""

    def scaled(document: Document) -> None:
        other_version(document)
        stats(document).update({name: stats(document)[name] * factor for name in ("min", "mean", "median", "max")})

    done = benchmark_here(*training(folder), saved(scaled), JUDGED)
    assert (status, factor < 1) == (done.ret, "has regressed" in done.stderr.str())
    assert "mse_over_pca" in done.stdout.str()
    assert "Traceback" not in done.stderr.str()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), pytest.ExitCode.OK),
        (("-k", "test_reconstruction"), pytest.ExitCode.USAGE_ERROR),
        ((JUDGED,), pytest.ExitCode.USAGE_ERROR),
    ],
)
def test_rows_that_the_file_lacks(
    arguments: tuple[str, ...],
    status: pytest.ExitCode,
    saved: Callable[..., str],
    benchmark_here: Callable[..., pytest.RunResult],
) -> None:
    """Some of them are named; where none is there, or a slower one should fail, nothing is timed."""
    done = benchmark_here("--collect-only", saved(lambda document: None), *arguments)
    message = "has nothing to compare with for test_reconstruction[linear-reference-1]"
    assert (status, True) == (done.ret, message in done.stdout.str() + done.stderr.str())


def test_rows_without_the_parameter_that_groups_them(benchmark_here: Callable[..., pytest.RunResult]) -> None:
    """Only `test_reconstruction` has a batch; pytest-benchmark would find out when all is timed."""
    of_both, of_one = ([], ["-k", "test_reconstruction"])
    grouped = [benchmark_here("--collect-only", "--benchmark-group-by=param:batch", *a) for a in (of_both, of_one)]
    assert [pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.OK] == [done.ret for done in grouped]
    assert "test_training[linear-reference] has no parameter batch, only name, framework" in grouped[0].stderr.str()


def test_without_pygal_no_histogram_is_promised(
    refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command that installs it, before anything is timed."""
    monkeypatch.setitem(sys.modules, "pygal", None)
    said = refusal(f"--benchmark-histogram={tmp_path / 'it'}")
    assert "--benchmark-histogram draws with pygal: pip install 'pytest-benchmark[histogram]'" in said


def test_nothing_timed_is_said(benchmark_here: Callable[..., pytest.RunResult], tmp_path: Path) -> None:
    """A file that was asked for and is not written is named; the status is pytest's for nothing selected."""
    done = benchmark_here("-k", "nothing", f"--benchmark-json={tmp_path / 'it.json'}")
    assert pytest.ExitCode.NO_TESTS_COLLECTED == done.ret
    assert "--benchmark-json: nothing was timed, nothing is written" in done.outlines


@pytest.mark.parametrize("settings", [("-W", "error"), ("-o", "filterwarnings=error")])
def test_warnings_of_others_stay_errors(
    settings: tuple[str, ...], pytester: pytest.Pytester, benchmark_here: Callable[..., pytest.RunResult]
) -> None:
    """With `--benchmark` only pytest-benchmark's own warnings pass, also where the caller makes all of them errors."""
    pytester.makepyfile("""
        import warnings
        from pytest_benchmark.logger import PytestBenchmarkWarning

        def test_own():
            warnings.warn(PytestBenchmarkWarning("own"))

        def test_other():
            warnings.warn("other")
    """)
    benchmark_here(*settings, str(pytester.path)).assert_outcomes(passed=1, failed=1)
