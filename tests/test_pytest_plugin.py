"""`pytest --benchmark`, called as a user calls it: in a process of its own, at the root of the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aebench.records import documents

ROOT = Path(__file__).parents[1]
QUICK = ("--benchmark", "--autoencoders", "linear", "--frameworks", "reference", "--seeds", "0,1")


def call(*arguments: str, folder: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """pytest, without what this session's own pytest put into the environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AEBENCH_", "PYTEST_", "COLUMNS"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env={**kept, **variables}, timeout=300, check=False
    )


def test_benchmarks_print_quality_and_write_what_pytest_benchmark_writes(tmp_path: Path) -> None:
    """Timings, the table of quality, metrics in `extra_info`, the environment in `machine_info`; a file to compare."""
    file, trials = tmp_path / "benchmark.json", str(tmp_path / "trials")
    done = call(*QUICK, "--trials", trials, f"--benchmark-json={file}")
    assert done.returncode == 0, done.stdout
    assert "mse_over_pca" in done.stdout
    assert "benchmark 'linear': 1 tests" in done.stdout
    assert "benchmark 'linear: reconstruct, batch 10000': 1 tests" in done.stdout
    document = json.loads(file.read_text(encoding="utf-8"))
    assert {"machine", "packages", "variables", "device", "subjects"} <= set(document["machine_info"]["aebench"])
    (found,) = (it for it in document["benchmarks"] if it["name"].startswith("test_training"))
    metrics = found["extra_info"]["metrics"]
    assert {"0", "1"} == set(metrics)
    assert 1.0 <= metrics["1"]["mse_over_pca"] < 1.1
    assert (5, 10_000) == (found["stats"]["rounds"], found["extra_info"]["images_per_round"])
    plan = documents.read(tmp_path / "trials" / "plan.json", "plan")["options"]
    assert (["linear"], [0, 1]) == (plan["autoencoders"], plan["seeds"])
    again = call(*QUICK, "--trials", trials, f"--benchmark-compare={file}")
    assert again.returncode == 0, again.stdout
    assert "other conditions" not in again.stdout
    # Planted: what is finished is read, not trained again, so a mark in it survives into the table.
    mark(tmp_path / "trials" / "linear" / "seed0" / "reference" / "result.json", value=1234.5)
    assert "1234.5" not in done.stdout + again.stdout
    assert "617" in call(*QUICK, "--trials", trials).stdout
    # Planted: what was trained by another state of aebench is not shown as this one's.
    plan = documents.read(tmp_path / "trials" / "plan.json", "plan")
    plan["conditions"]["aebench"]["commit"] = "fedcba"
    documents.write(tmp_path / "trials" / "plan.json", "plan", plan)
    refused = call(*QUICK, "--trials", trials)
    assert (1, True) == (refused.returncode, "commit of aebench: fedcba then" in refused.stdout), refused.stdout
    assert "Traceback" not in refused.stdout
    assert "require_same_document" not in refused.stdout


def mark(path: Path, value: float, **changes: object) -> None:
    """Plant a value in a finished trial."""
    document = documents.read(path, "trial")
    document["metrics"]["mse_over_pca"]["value"] = value
    documents.write(path, "trial", {**document, **changes})


def test_a_metric_that_is_not_a_number_fails_its_row_only(tmp_path: Path) -> None:
    """Exit status 1 with the reason; the other metrics stand in the table. In the files, strict JSON, it is null."""
    quick = [*QUICK[:3], "--seeds", "0", "--trials", str(tmp_path), "--frameworks", "reference"]
    assert call(*quick).returncode == 0
    why = "mse_over_pca is nan: planted"
    mark(tmp_path / "linear" / "seed0" / "reference" / "result.json", float("nan"), invalid={"mse_over_pca": why})
    file, storage = tmp_path / "benchmark.json", tmp_path / "storage"
    done = call(*quick, f"--benchmark-json={file}", f"--benchmark-storage={storage}", "--benchmark-autosave")
    assert (1, True) == (done.returncode, f"seed 0: {why}" in done.stdout)
    (saved,) = storage.glob("*/0001_*.json")
    for path in (file, saved):
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
        (found,) = (it for it in document["benchmarks"] if it["name"].startswith("test_training"))
        assert found["extra_info"]["metrics"]["0"]["mse_over_pca"] is None
    assert "Traceback" not in done.stdout
    assert "not a number: seed 0" in done.stdout
    assert "principal_angle" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--autoencoders", "linaer"], "did you mean 'linear'?"),
        (["--frameworks", "tensorflw"], "did you mean 'tensorflow'?"),
        (["--dataset", "nmist"], "did you mean 'mnist'?"),
        (["--seeds", "one"], "--seeds: 'one' is no list of whole numbers such as 0,1,2"),
        (["--seeds", "1_0"], "--seeds: '1_0' is no list of whole numbers such as 0,1,2"),
        (["--seeds", "-1"], "seeds are whole numbers from 0, one at least; found -1"),
        (["--seeds", ","], "--seeds: ',' is no list of whole numbers"),
        (["--autoencoders", ""], "--autoencoders: there is nothing where a value is expected"),
        (["--importance-samples", "0"], "an image takes 1 to 10,000 importance samples, found 0"),
        (["--dataset", "synthetic:500x5", "--autoencoders", "tied"], "tied takes 784 inputs"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str) -> None:
    """pytest's usage error, exit status 4, no traceback, before anything is measured."""
    done = call("--benchmark", "--frameworks", "reference", *arguments)
    assert (4, True) == (done.returncode, message in done.stderr), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_what_is_collected() -> None:
    """Plain pytest collects tests alone, `--benchmark` benchmarks alone, and the folder alone is skipped."""
    tests, benchmarks = (call("--collect-only", "-q", *extra).stdout for extra in ([], ["--benchmark"]))
    assert ("\ntests/" in f"\n{tests}", "\nbenchmarks/" in f"\n{tests}") == (True, False)
    assert ("\ntests/" in f"\n{benchmarks}", "test_training[stacked-" in benchmarks) == (False, True)
    named = call("benchmarks", "-q")
    assert (0, True) == (named.returncode, "benchmarks run with: pytest --benchmark" in named.stdout)
    assert "collected 5 items" in call("benchmarks", "--collect-only", *QUICK).stdout


OPTIONS = ("device", "seeds", "profile", "schedule", "dataset", "data-dir", "autoencoders", "frameworks", "trials")
OTHER = f"""
def pytest_addoption(parser):
    for name in {OPTIONS}:
        parser.addoption(f"--{{name}}", default="theirs")
"""


@pytest.fixture
def another(tmp_path: Path) -> Path:
    """A folder to put before Python's path: an installed pytest plug-in that has the names of our options."""
    folder = tmp_path / "site" / "pytest_another-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-another\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[pytest11]\nanother = another_plugin\n")
    (folder.parent / "another_plugin.py").write_text(OTHER)
    return folder.parent


def test_other_projects_are_left_alone(tmp_path: Path, another: Path) -> None:
    """Installed beside another project and its plug-ins, ours takes no name of theirs, and says so when it is asked to
    benchmark there."""
    project = tmp_path / "project"
    project.mkdir()
    seen = ", ".join(f"config.getoption('--{name}') == 'mine'" for name in OPTIONS)
    (project / "test_it.py").write_text(
        f"def test_it(pytestconfig):\n    config = pytestconfig\n    assert all([{seen}])\n"
    )
    theirs = [f"--{name}=mine" for name in OPTIONS]
    assert "1 passed" in call(*theirs, folder=project, PYTHONPATH=str(another)).stdout
    done = call("--benchmark", folder=project, PYTHONPATH=str(another))
    assert (4, True) == (done.returncode, "run it in a clone of aebench" in done.stderr)


def test_without_benchmark_there_is_one_option(tmp_path: Path) -> None:
    """`pytest --help` of any project shows `--benchmark` alone; with it, also what selects."""
    alone, benchmarking = (call(*extra, "--help", folder=tmp_path).stdout for extra in ([], ["--benchmark"]))
    assert "--benchmark " in alone
    assert [] == [name for name in OPTIONS if f"--{name}" in alone]
    assert [] == [name for name in OPTIONS if f"--{name}" not in benchmarking]


def test_names_that_are_taken_are_told_apart(another: Path) -> None:
    """In a clone, beside that plug-in, our options are `--aebench-NAME`, and theirs stay theirs."""
    ours = [f"--aebench-{argument[2:]}" if argument[2:] in OPTIONS else argument for argument in QUICK]
    done = call("--collect-only", "-q", *ours, "--device=mine", PYTHONPATH=str(another))
    assert (0, True) == (done.returncode, "test_training[linear-reference]" in done.stdout), done.stdout + done.stderr
    assert "[stacked-" not in done.stdout


def test_the_former_name_of_the_schedule_is_taken() -> None:
    """`--profile` says what `--schedule` does."""
    assert 4 == call(*QUICK, "--collect-only", "--profile", "slow").returncode
    assert 0 == call(*QUICK, "--collect-only", "--profile", "source").returncode
