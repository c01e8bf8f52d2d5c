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


def call(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """pytest, without what this session's own pytest put into the environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AEBENCH_", "PYTEST_", "COLUMNS"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=kept, timeout=300, check=False)


def test_benchmarks_print_quality_and_write_what_pytest_benchmark_writes(tmp_path: Path) -> None:
    """Timings, the table of quality, metrics in `extra_info`, the environment in `machine_info`; a file to compare."""
    file, trials = tmp_path / "benchmark.json", str(tmp_path / "trials")
    done = call(*QUICK, "--trials", trials, f"--benchmark-json={file}")
    assert done.returncode == 0, done.stdout
    assert "mse_over_pca" in done.stdout
    assert "benchmark 'linear': 1 tests" in done.stdout
    assert "benchmark 'linear: reconstruct, batch 10000': 1 tests" in done.stdout
    document = json.loads(file.read_text(encoding="utf-8"))
    assert {"gpus", "cores", "frameworks", "variables", "device"} <= set(document["machine_info"]["aebench"])
    (found,) = (it for it in document["benchmarks"] if it["name"].startswith("test_training"))
    metrics = found["extra_info"]["metrics"]
    assert {"0", "1"} == set(metrics)
    assert 1.0 <= metrics["1"]["mse_over_pca"] < 1.1
    assert (5, 10_000) == (found["stats"]["rounds"], found["extra_info"]["images_per_round"])
    plan = documents.read(tmp_path / "trials" / "plan.json", "plan")["options"]
    assert (["linear"], [0, 1]) == (plan["autoencoders"], plan["seeds"])
    again = call(*QUICK, "--trials", trials, f"--benchmark-compare={file}")
    assert again.returncode == 0, again.stdout
    assert "Benchmark machine_info is different" not in again.stdout
    # Planted: what is finished is read, not trained again, so a mark in it survives into the table.
    mark(tmp_path / "trials" / "linear" / "seed0" / "reference" / "result.json", value=1234.5)
    assert "1234.5" not in done.stdout + again.stdout
    assert "617" in call(*QUICK, "--trials", trials).stdout


def mark(path: Path, value: float, **changes: object) -> None:
    """Plant a value in a finished trial."""
    document = documents.read(path, "trial")
    document["metrics"]["mse_over_pca"]["value"] = value
    documents.write(path, "trial", {**document, **changes})


def test_a_metric_that_is_not_a_number_fails_its_row_only(tmp_path: Path) -> None:
    """Exit status 1 with the reason; the other framework's row passes and stands in the table."""
    quick = [*QUICK[:3], "--seeds", "0", "--trials", str(tmp_path), "--frameworks", "reference"]
    assert call(*quick).returncode == 0
    why = "mse_over_pca is nan: planted"
    mark(tmp_path / "linear" / "seed0" / "reference" / "result.json", float("nan"), invalid={"mse_over_pca": why})
    done = call(*quick)
    assert (1, True) == (done.returncode, f"seed 0: {why}" in done.stdout)
    assert "Traceback" not in done.stdout
    assert "not a number: seed 0" in done.stdout
    assert "principal_angle" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--autoencoders", "linaer"], "did you mean 'linear'?"),
        (["--frameworks", "tensorflw"], "did you mean 'tensorflow'?"),
        (["--dataset", "nmist"], "did you mean 'mnist'?"),
        (["--seeds", "one"], "expected whole numbers"),
        (["--seeds", "-1"], "seeds are whole numbers from 0, one at least; found -1"),
        (["--seeds", ","], "one at least; found none"),
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


def test_other_projects_are_left_alone(tmp_path: Path) -> None:
    """Installed beside another project, the plug-in does nothing there, and says so when it is asked to."""
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n", encoding="utf-8")
    assert "1 passed" in call(folder=tmp_path).stdout
    done = call("--benchmark", folder=tmp_path)
    assert (4, True) == (done.returncode, "run it in a clone of aebench" in done.stderr)
