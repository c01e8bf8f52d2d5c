"""`aebench export`, and `--export` of the commands that leave a record, as a user calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from examples import OPTIONS, RUNG, conditions, trial
from exporting import called, rows
from packing import placeholder

from aebench.records import documents
from aebench.report.exports import NAMES
from aebench.report.formats import FORMATS

Aebench = Callable[..., "subprocess.CompletedProcess[str]"]
SCRIPT = """
import sys
from aebench.cli import main
main(["export", "run", "--format", "csv,json,markdown,bmf,junit"], standalone_mode=False)
print(sorted({"torch", "tensorflow", "keras", "jax", "matplotlib.pyplot"} & set(sys.modules)))
"""


def test_a_run_s_tables_lie_in_its_folder(run: Callable[..., Path]) -> None:
    """As CSV where nothing else is said; each path is told; a second call replaces them."""
    folder = run()
    status, said = called("export", "run")
    assert (0, {"run/tables/metrics.csv", "run/tables/trials.csv"}) == (status, {*said.split()} & {
        "run/tables/metrics.csv", "run/tables/trials.csv"
    })  # fmt: skip
    assert {path.name for path in (folder / "tables").iterdir()} == {Path(line).name for line in said.splitlines()}
    assert [("tied", "0.5")] == [(row["autoencoder"], row["value"]) for row in rows(folder / "tables" / "metrics.csv")]
    run(trials=[trial("pytorch", 0, 0.25)])
    assert 0 == called("export", "run/result.json")[0]
    assert ["0.25"] == [row["value"] for row in rows(folder / "tables" / "metrics.csv")]


def test_no_framework_is_loaded(run: Callable[..., Path]) -> None:
    """Nor what draws: records are read, and no more."""
    run()
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=100, check=True)
    assert "[]" == done.stdout.splitlines()[-1]


def test_several_records_share_a_folder(run: Callable[..., Path]) -> None:
    """With a column that names the record; a record that is named twice counts once; without a folder it is refused."""
    run("one"), run("other", trials=[trial("pytorch", 1, 0.5)])
    assert 0 == called("export", "one", "other", "one/result.json", "-o", "out")[0]
    found = [(row["record"], row["seed"]) for row in rows(Path("out/trials.csv"))]
    assert [("one/result.json", "0"), ("other/result.json", "1")] == found
    status, said = called("export", "one", "other")
    assert (2, True) == (status, "several records need a folder for their tables: --output" in said)


@pytest.mark.parametrize("kind", ["plan", "trial", "bundle", "baseline"])
def test_any_record_s_file_will_do(kind: str, run: Callable[..., Path]) -> None:
    """Also one that is a part of a run, a bundle, and a baseline; its tables lie beside it."""
    run()
    content = {
        "plan": {"options": OPTIONS, "conditions": conditions(), "begun": None},
        "trial": trial("pytorch", 0, 0.5),
        "baseline": {
            "dataset": "mnist", "schedule": "source", "dtype": "float32", "device": "cpu", "history": [],
            "conditions": [], "trials": [],
        },
    }  # fmt: skip
    path = Path("there/golden.zip" if kind == "bundle" else "there/it.json")
    path.parent.mkdir()
    if kind == "bundle":
        placeholder(path, "pytorch")
    else:
        documents.write(path, kind, content[kind])
    status, said = called("export", str(path))
    assert (0, True) == (status, Path("there/tables/conditions.csv").is_file()), said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export", "nowhere"], "no file or folder nowhere"),
        (["export", "empty"], "empty holds no record"),
        (["export", "damaged"], "damaged/result.json is truncated or damaged"),
        (["export", "run", "damaged", "-o", "out"], "damaged/result.json is truncated or damaged"),
        (["export", "run", "--format", "xlsx"], "unknown format 'xlsx'"),
        (["export", "run", "--format", "parqet"], "did you mean 'parquet'?"),
        (["export", "run/plan.json", "--format", "bmf"], "a record of kind plan has none"),
        (["export", "run/plan.json", "--format", "csv,junit"], "a record of kind plan has none"),
        (["export", "outside"], r"Expected `str` matching regex"),
        (["run", "linear", "--export", "junit", "-o", "out"], "unknown format 'junit'"),
        (["agree", "linear", "--export", "csv"], "--export needs a folder to leave the tables in: --output"),
        (["replay", "golden.zip", "--export", "csv"], "--export needs a folder to leave the tables in: --output"),
        (["quality", "run", "--export", "csv"], "--export needs a folder to leave the tables in: --output"),
        (["quality", "run", "-o", "out"], "--output is for the tables of --export, which is not given"),
        (["gate", "run", "--export", "csv"], "--export needs a folder to leave the tables in: --report"),
    ],
)
def test_what_cannot_be_exported_is_one_line(words: list[str], message: str, run: Callable[..., Path]) -> None:
    """And nothing is written, not even of the records that could be."""
    documents.write(run() / "plan.json", "plan", {"options": OPTIONS, "conditions": conditions(), "begun": None})
    for folder in ("empty", "damaged", "outside"):
        Path(folder).mkdir()
    Path("damaged/result.json").write_text('{"format": "aebench-run/2"')
    outside = json.loads(Path("run/result.json").read_text())
    outside["trials"][0]["framework"] = "../../evil"
    Path("outside/result.json").write_text(json.dumps(outside))
    before = set(Path.cwd().rglob("*"))
    status, said = called(*words)
    assert (2, True) == (status, message in said), said
    assert before == set(Path.cwd().rglob("*"))


def test_the_help_names_every_format() -> None:
    """Of the command, and of the option that others take."""
    of_command, of_others = (called(name, "--help")[1] for name in ("export", "run"))
    assert [] == [name for name in NAMES if name not in of_command]
    assert [] == [name for name in FORMATS if name not in of_others]


def test_hostile_names_stay_in_their_cells(run: Callable[..., Path]) -> None:
    """Metrics, notes and reasons may be called anything: files are named after tables alone."""
    names = ["../../evil", 'a,b\n"c"', "=1+1", "<script>alert(1)</script>", "\x00", "\ud800"]
    metric = {"value": 0.5, "unit": "=cmd|' /C calc'!A0", "better": "lower"}
    hostile = trial("pytorch", 0, 0.5, metrics=dict.fromkeys(names, metric), notes=names)
    failed = {"autoencoder": "tied", "framework": "pytorch", "seed": 1, "failure": "../../evil\n=1+1"}
    run(trials=[hostile, failed])
    before = set(Path.cwd().rglob("*"))
    status, said = called("export", "run", "--format", "csv,json,markdown,bmf,junit", "-o", "out")
    assert 0 == status, said
    new = set(Path.cwd().rglob("*")) - before - {Path.cwd() / "out"}
    assert {Path.cwd() / "out"} == {path.parent for path in new}
    metrics = [row["metric"] for row in rows(Path("out/metrics.csv"))]
    assert ["../../evil", 'a,b\n"c"', "'=1+1", "<script>alert(1)</script>", "\x00", "?", ""] == metrics
    assert "<script>" not in Path("out/metrics.md").read_text(encoding="utf-8")


def test_a_table_does_not_replace_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A growth's table has its record's name: beside it as JSON it is refused, and the record is as it was."""
    monkeypatch.chdir(tmp_path)
    measured = {
        "frameworks": ["pytorch"], "dataset": "digits", "schedule": "quick", "device": "cpu", "seed": 0, "steps": 1,
    }  # fmt: skip
    content = {"measurement": measured, "conditions": conditions(), "growth": []}
    documents.write(Path("growth.json"), "growth", content)
    before = Path("growth.json").read_bytes()
    status, said = called("export", ".", "--format", "csv,json", "-o", ".")
    assert (2, True) == (status, "growth.json is a record, which a table would replace" in said)
    assert (before, ["growth.json"]) == (Path("growth.json").read_bytes(), [path.name for path in Path.cwd().iterdir()])
    assert 0 == called("export", ".", "--format", "csv,json")[0]


def test_a_run_leaves_its_tables(aebench: Aebench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--export` writes what `aebench export` does, and says where."""
    words = ("run", "linear", "-f", "reference", "--no-agreement", "-o", "out", "--export", "csv,json")
    outcome = aebench(*words)
    assert (0, True) == (outcome.returncode, "Tables: out/tables (" in outcome.stdout), outcome.stderr
    monkeypatch.chdir(tmp_path)
    assert 0 == called("export", "out", "--format", "csv,json", "-o", "again")[0]
    of_run = {path.name: path.read_bytes() for path in Path("out/tables").iterdir()}
    assert of_run == {path.name: path.read_bytes() for path in Path("again").iterdir()}
    assert {"metrics.csv", "metrics.json"} <= of_run.keys()


def test_several_runs_that_are_read_as_one_leave_their_tables(run: Callable[..., Path]) -> None:
    """Of `aebench quality`: the mean is over the seeds of both, which `aebench export` tells apart."""
    run("one"), run("other", trials=[trial("pytorch", 1, 0.25)])
    assert 0 == called("quality", "one", "other", "--export", "csv", "-o", "out")[0]
    assert [("2", "0.375")] == [(row["seeds"], row["mean"]) for row in rows(Path("out/tables/means.csv"))]


def test_a_gate_leaves_its_tables(run: Callable[..., Path]) -> None:
    """The findings that it prints, with their weight, beside gate.md and gate.xml."""
    assert 0 == called("accept", str(run()), "-m", "first")[0]
    asked = {**OPTIONS, "autoencoders": ["tied"], "frameworks": ["pytorch"], "seeds": [0]}
    run(trials=[trial("pytorch", 0, 5.0)], options=asked)
    status, said = called("gate", "run", "--report", "out", "--export", "csv")
    assert 2 == status, said
    findings = [(row["weight"], row["about"]) for row in rows(Path("out/tables/findings.csv"))]
    assert [
        ("undone", "the run"), ("undecided", "tied, pytorch, test_mse"), ("undecided", "tied, pytorch, quality")
    ] == findings  # fmt: skip
    (metric,) = rows(Path("out/tables/quality.csv"))
    assert ("test_mse", "undecided", "0.5", "5.0") == tuple(
        metric[name] for name in ("metric", "verdict", "base_mean", "head_mean")
    )


def test_what_a_project_fixes_needs_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytorch: None
) -> None:  # fmt: skip
    """Tables are left where there is a folder to leave them in; where there is none, climbs are no error."""
    pair = {"autoencoder": "linear", "dtype": "float32", "left": "reference", "right": "pytorch", "parting": None}
    content = {
        "options": OPTIONS, "climbing": None, "conditions": conditions(), "failures": [],
        "agreements": [{**pair, "rungs": [RUNG]}],
    }  # fmt: skip

    def climbed(_: Any, __: Any, ___: Any, folder: Path, *____: Any, **_____: Any) -> dict[str, Any]:
        documents.write(folder / "agreements.json", "agreements", content)
        return content

    monkeypatch.setattr("aebench.running.ladders.agreements", climbed)
    monkeypatch.chdir(tmp_path)
    Path("aebench.toml").write_text('[options]\nexport = "csv"\n')
    words = ("agree", "linear", "-f", "pytorch")
    assert (0, True) == (called(*words, "-o", "out")[0], Path("out/tables/rungs.csv").is_file())
    status, said = called(*words)
    assert (0, False) == (status, "Tables:" in said)
