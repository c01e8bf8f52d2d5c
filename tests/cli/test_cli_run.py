"""`aebench run` for real: what it leaves, how it is resumed, and how failures become rows."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from aebench import registry
from aebench.cli import main, running
from aebench.errors import ExecutorError
from aebench.report.gallery import Picture
from aebench.running.run import Run

# Doubles PyTorch's squared error once the module that uses it is looked for; runs in every process started from here.
WRONG_LOSS = """
import importlib.abc, importlib.util, sys

class Plant(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "aebench.implementations.pytorch.linear":
            sys.meta_path.remove(self)
            from aebench.implementations.pytorch import losses
            honest = losses.mse_loss
            losses.mse_loss = lambda outputs, target: 2 * honest(outputs, target)

sys.meta_path.insert(0, Plant())
"""

# So many seeds that some are left when the first is seen, also on a machine that is busy.
RUN = ("run", "linear", "-s", "0,1,2,3,4,5,6,7", "-f", "reference", "--no-agreement", "-o", "out")


def results(folder: Path) -> dict[str, object]:
    """The metrics of every finished trial of a run."""
    document = json.loads((folder / "result.json").read_text())
    trials = [trial for trial in document["trials"] if "metrics" in trial]
    return {f"{t['autoencoder']}/{t['seed']}/{t['framework']}": t["metrics"] for t in trials}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> dict[str, object]:
    """Metrics of the same run without an interruption."""
    import sys

    folder = tmp_path_factory.mktemp("uninterrupted")
    call = [sys.executable, "-c", "from aebench.cli import main; main()", *RUN]
    subprocess.run(call, cwd=folder, check=True, capture_output=True, timeout=300)
    return results(folder / "out")


def test_run_leaves_a_table_results_and_figures(aebench, pytorch, tmp_path) -> None:
    """The verdict, a table, the versioned document with its conditions, a figure; a line for each piece; status 0."""
    outcome = aebench("run", "linear", "-f", "reference,pytorch", "-o", "out")
    assert 0 == outcome.returncode
    assert ["linear, agreement: ", "linear, reference, seed 0: ", "linear, pytorch, seed 0: "] == [
        re.fullmatch(r"\[ +\d+:\d\d\] (.*: ).+", line)[1] for line in outcome.stderr.splitlines()
    ]
    verdict, *lines = outcome.stdout.splitlines()
    assert verdict.startswith("linear agrees in float64 and float32; least headroom ×")
    assert "agree" in next(line for line in lines if line.startswith("linear"))
    document = json.loads((tmp_path / "out" / "result.json").read_text())
    assert ("aebench-run/2", True) == (document["format"], document["complete"])
    assert ["reference", "pytorch"] == list(document["conditions"]["subjects"])
    assert [["curve"]] * 2 == [list(trial["conditions"]["data"]) for trial in document["trials"]]
    assert [t["framework"] for t in document["trials"]] == ["reference", "pytorch"]
    assert {a["parting"] for a in document["agreements"]} == {None}
    assert (tmp_path / "out" / "linear" / "curve.png").stat().st_size > 1000
    assert list((tmp_path / "out").rglob("*.partial")) == []
    assert list((tmp_path / "out" / "linear").glob("*.safetensors")) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_is_resumed(aebench, command, environment, tmp_path, uninterrupted, how) -> None:
    """Ctrl-C or a kill in the middle loses no finished trial; resumed, the run ends with the uninterrupted numbers."""
    # What a shell starts in the background, such as these tests, hands on that it ignores Ctrl-C.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    arguments = {"cwd": tmp_path, "env": environment, "stdout": -1, "stderr": -1, "text": True, "preexec_fn": heed}
    process = subprocess.Popen([*command, *RUN], **arguments)
    first = tmp_path / "out" / "linear" / "seed0" / "reference" / "result.json"
    deadline = time.monotonic() + 120
    while not first.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(how)
    shown, _ = process.communicate(timeout=60)
    kept = first.stat().st_mtime_ns
    if how is signal.SIGINT:
        assert (130, True) == (process.returncode, "aebench run --resume --output out" in shown)
        assert json.loads((tmp_path / "out" / "result.json").read_text())["complete"] is False
    resumed = aebench("run", "--resume", "--output", "out")
    assert (0, kept) == (resumed.returncode, first.stat().st_mtime_ns)
    assert results(tmp_path / "out") == uninterrupted


def test_ctrl_c_while_figures_are_drawn_keeps_the_results(tmp_path, monkeypatch) -> None:
    """The table is shown, the document says complete, and the line says how to have the figures; status 130."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Picture, "save", interrupted)
    out = tmp_path / "out"
    outcome = CliRunner().invoke(main, ["run", "linear", "-f", "reference", "--no-agreement", "-o", str(out)])
    assert 130 == outcome.exit_code
    assert "MSE / PCA's" in outcome.stdout
    assert f"draw them again with: aebench run --resume --output {out}" in outcome.stdout
    assert json.loads((out / "result.json").read_text())["complete"] is True


def test_ctrl_c_while_the_report_is_written_says_how_to_have_it(tmp_path, monkeypatch) -> None:
    """All is measured and drawn; status 130."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "_report", interrupted)
    out = tmp_path / "out"
    outcome = CliRunner().invoke(main, ["run", "linear", "-f", "reference", "--no-agreement", "-o", str(out)])
    assert (130, True) == (outcome.exit_code, f"with: aebench report {out} -o report.html" in outcome.stdout)


def test_resuming_with_other_options_is_refused(aebench, tmp_path) -> None:
    """A run is resumed as it was begun: another option is named, with both values."""
    assert aebench("run", "linear", "-f", "reference", "--no-agreement", "-o", "out").returncode == 0
    outcome = aebench("run", "--resume", "-o", "out", "--schedule", "source")
    assert (2, True) == (outcome.returncode, "schedule: quick then, source now" in outcome.stderr)


def test_a_truncated_result_is_measured_again(aebench, tmp_path) -> None:
    """A trial's document that was cut off does not count as finished."""
    assert aebench("run", "linear", "-f", "reference", "--no-agreement", "-o", "out").returncode == 0
    before, result = results(tmp_path / "out"), tmp_path / "out" / "linear" / "seed0" / "reference" / "result.json"
    result.write_text(result.read_text()[:100])
    (result.parent / "checkpoint.safetensors").write_bytes(b"damaged")
    assert aebench("run", "--resume", "-o", "out").returncode == 0
    assert results(tmp_path / "out") == before


def test_one_failing_framework_is_a_row(aebench, pytorch, tmp_path) -> None:
    """A framework whose process dies is a failed row with its reason; the others' results stand; exit status 2."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("import os; os._exit(3)")
    outcome = aebench("run", "linear", "-f", "reference,pytorch", "-o", "out", PYTHONPATH=str(tmp_path))
    assert (2, False) == (outcome.returncode, "Traceback" in outcome.stderr)
    assert "pytorch: its process ended in the middle of its work" in outcome.stdout
    assert list(results(tmp_path / "out")) == ["linear/0/reference"]


def test_agree_says_where_frameworks_part(aebench, pytorch, tmp_path) -> None:
    """`aebench agree` exits 0 on agreement; with a wrong loss planted it exits 1 and names rung, array and values."""
    honest = aebench("agree", "linear", "-f", "reference,pytorch", "-o", "out")
    assert (0, True) == (honest.returncode, "Compared: reference, pytorch" in honest.stdout)
    assert ["agreements.json"] == [path.name for path in (tmp_path / "out").iterdir() if path.name[0] != "."]
    (tmp_path / "sitecustomize.py").write_text(WRONG_LOSS)
    parted = aebench("agree", "linear", "-f", "reference,pytorch", PYTHONPATH=str(tmp_path))
    assert parted.returncode == 1
    assert "phase1, rung losses, step 0: reconstruction: reference" in parted.stdout
    assert "pytorch parts from the reference" in parted.stdout


def test_growth_is_measured_and_drawn(aebench, pytorch, tmp_path) -> None:
    """`aebench agree --growth` prints the difference by step and leaves its numbers and a plot."""
    outcome = aebench("agree", "linear", "-f", "reference,pytorch", "--growth", "--steps", "100", "-o", "out")
    assert (0, True) == (outcome.returncode, "float32" in outcome.stdout)
    rows = json.loads((tmp_path / "out" / "growth.json").read_text())["growth"]
    assert {(r["dtype"], r["steps"][-1]) for r in rows} == {("float64", 100), ("float32", 100)}
    assert (tmp_path / "out" / "growth.png").stat().st_size > 1000


@pytest.mark.parametrize("begun", [False, True])
def test_where_the_executor_is_gone_it_says_how_to_go_on(monkeypatch, tmp_path, begun) -> None:
    """Planted: an executor that goes away in the middle; where it was never there, there is nothing to go on with."""

    def execute(run, **_) -> None:
        run.conditions = object() if begun else None
        raise ExecutorError("executor 'dask' takes no work")

    monkeypatch.setattr(Run, "execute", execute)
    told = CliRunner().invoke(main, ["run", "linear", "-f", "reference", "-o", str(tmp_path / "out")])
    assert (2, True) == (told.exit_code, "executor 'dask' takes no work" in told.output)
    assert begun == (f"Go on with: aebench run --resume --output {tmp_path / 'out'}" in told.output)


def test_a_rehearsal_says_what_would_be_done(aebench, tmp_path) -> None:
    """How many trainings, of what, and how many are there; nothing is written, and no framework is started."""
    words = ("run", "linear", "-f", "reference", "-s", "0,1", "-o", "out")
    first = aebench(*words, "--dry-run")
    assert (0, "") == (first.returncode, first.stderr)
    assert [
        "2 trainings: linear in reference on curve, schedule quick, cpu, in float32, from 2 seeds.",
        "It would be kept in out. Nothing was begun.",
    ] == first.stdout.splitlines()
    assert not (tmp_path / "out").exists()
    assert 0 == aebench(*words[:4], "-s", "0", "-o", "out", "--no-agreement").returncode
    again = aebench("run", "--resume", "-s", "1", "-o", "out", "--dry-run")
    assert "2 trainings, 1 of them done before: linear in reference" in again.stdout
    assert "agreement" not in again.stdout
    if "pytorch" not in registry.installed(registry.frameworks()):
        pytest.skip("pytorch is not installed, and the reference alone agrees with nothing")
    climbs = aebench("agree", "linear", "-f", "pytorch", "--dtype", "float64", "--dry-run")
    assert "1 climb: linear in " in climbs.stdout
    assert "Nothing would be kept. Nothing was begun." in climbs.stdout
