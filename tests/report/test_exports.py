"""Records as files: several together, numbers for Bencher, verdicts for a CI."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from comparisons import blocks, climbed
from comparisons import record as compared
from examples import OPTIONS, RUNG, conditions, trial
from filled import filled

from aebench.comparison.findings import speeds
from aebench.errors import ExportError
from aebench.records import documents
from aebench.records.fields import plain
from aebench.records.kinds import KINDS
from aebench.records.opened import Opened
from aebench.report.bencher import OF, metrics
from aebench.report.exported import JUDGED
from aebench.report.exports import export, together

PAIR: dict[str, Any] = {
    "autoencoder": "tied", "dtype": "float32", "left": "reference", "right": "pytorch", "parting": None,
    "rungs": [RUNG, {**RUNG, "rung": "step", "headroom": 3.0}],
}  # fmt: skip


def _run(**changes: Any) -> dict[str, Any]:
    known = {"options": OPTIONS, "conditions": conditions(), "complete": True}
    return {**known, "agreements": [], "trials": [], "failures": [], **changes}


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., Opened]:
    """Leaves a record in a folder, and opens it."""

    def keep(kind: str, content: dict[str, Any], folder: str = "run") -> Opened:
        path = tmp_path / folder / "it.json"
        documents.write(path, kind, content)
        return Opened(path, kind, documents.read(path, kind))

    return keep


def _bmf(folder: Path, *records: Opened) -> dict[str, Any]:
    """What Bencher reads, as its schema has it."""
    (path,) = export(records, ["bmf"], folder)
    found: dict[str, Any] = json.loads(path.read_text(), parse_constant=pytest.fail)
    for measures in found.values():
        for value in measures.values():
            assert {"value"} <= value.keys() <= {"value", "lower_value", "upper_value"}
            assert all(type(number) is float for number in value.values())
    return found


def _junit(folder: Path, *records: Opened) -> ElementTree.Element:
    (path,) = export(records, ["junit"], folder)
    return ElementTree.parse(path).getroot()


def _cases(suite: ElementTree.Element) -> dict[str | None, list[str]]:
    return {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}


def test_a_run_s_numbers_are_means_over_the_seeds(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """With their interval; of costs the median, between the least and the greatest; what is cold is no cost."""
    speeds = [0.1, 0.4, 0.2]
    trials = [
        trial("pytorch", n, float(n), speed={"seconds_per_1000_images": s, "warm": True, "warm_up_seconds": None})
        for n, s in enumerate(speeds)
    ]
    cold = trial("pytorch", 3, 1.0)
    cold["speed"] = {"seconds_per_1000_images": 9.0, "warm": False, "warm_up_seconds": None}
    found = _bmf(tmp_path / "out", kept("run", _run(trials=[*trials, cold])))["tied, pytorch"]
    assert {"value": 0.2, "lower_value": 0.1, "upper_value": 0.4} == found["seconds_per_1000_images"]
    error = found["test_mse"]
    assert math.isclose(1.0, error["value"])
    assert error["lower_value"] < 1.0 < error["upper_value"]
    assert math.isclose(2.0, error["lower_value"] + error["upper_value"])


def test_a_number_that_is_not_finite_has_no_place(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """A metric of one seed has no limits; one that is not a number is left out."""
    metric = {"value": 0.5, "unit": "", "better": "lower"}
    known = {"test_mse": metric, "odd": {**metric, "value": math.nan}}
    found = _bmf(tmp_path / "out", kept("run", _run(trials=[trial("pytorch", 0, 0.5, metrics=known)])))
    assert {"test_mse", "seconds_per_1000_images"} == found["tied, pytorch"].keys()
    assert {"value": 0.5} == found["tied, pytorch"]["test_mse"]


def test_a_comparison_s_speed_is_what_was_decided(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """Ratio and limits of the verdicts, bit by bit."""
    comparison = compared(climbed("float64"), climbed("float32"), blocks=blocks(1.3))
    found = _bmf(tmp_path / "out", kept("comparison", plain(comparison)))
    row, verdict = next(iter(speeds(comparison, comparison.pairs[0]).items()))
    expected = {"value": verdict.ratio, "lower_value": verdict.low, "upper_value": verdict.high}
    assert expected == found["linear, pytorch"][f"{row.measure} ratio"]


def test_climbs_have_their_least_headroom(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """Of all rungs."""
    content = {"options": OPTIONS, "climbing": None, "conditions": conditions(), "agreements": [PAIR], "failures": []}
    found = _bmf(tmp_path / "out", kept("agreements", content))
    assert {"tied, reference and pytorch, float32": {"headroom": {"value": 3.0}}} == found


@pytest.mark.parametrize("kind", OF)
def test_every_kind_with_numbers_has_some(kind: str, tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """Of a record in which everything is there, and nothing failed."""
    content = filled(kind)
    for each in (*content.get("rows", ()), *content.get("trials", ())):
        each.pop("failure", None)
    if kind == "calibration":
        content["blocks"] = content["blocks"][:1] * 4
    assert _bmf(tmp_path / "out", kept(kind, content))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in OF])
def test_a_kind_without_numbers_is_refused(kind: str) -> None:
    """With the kinds that have some."""
    with pytest.raises(ExportError, match=f"a record of kind {kind} has none; run and .* have some"):
        metrics(kind, {})


def test_two_records_of_one_benchmark_are_refused(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """Planted: the second would replace the first. Records of different things go together."""
    one = kept("run", _run(trials=[trial("pytorch", 0, 0.5)]))
    other = kept("run", _run(trials=[trial("tensorflow", 0, 0.5)]), "other")
    assert {"tied, pytorch", "tied, tensorflow"} == _bmf(tmp_path / "out", one, other).keys()
    with pytest.raises(ExportError, match="both have numbers of tied, pytorch"):
        export([one, one], ["bmf"], tmp_path / "out")


def test_nothing_finite_is_said(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """Planted: a run in which everything failed; nothing is written."""
    failed = {"autoencoder": "tied", "framework": "pytorch", "seed": 0, "failure": "out of memory"}
    with pytest.raises(ExportError, match="no number that is finite"):
        export([kept("run", _run(trials=[failed]))], ["bmf", "csv"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_s_pairs_and_trainings_are_cases(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """What agrees and what ends passes; what parts, fails, is vacuous or no number does not."""
    parted = {**PAIR, "right": "tensorflow", "parting": "step 0 parts\x0b", "command": "aebench agree tied"}
    vacuous = {**PAIR, "dtype": "float64", "vacuous": ["step"]}
    trials = [
        trial("pytorch", 0, 0.5), trial("pytorch", 1, 0.5, invalid={"test_mse": "not a number"}),
        {"autoencoder": "tied", "framework": "pytorch", "seed": 2, "failure": "out of memory"},
    ]  # fmt: skip
    failures = [{"autoencoder": "tied", "framework": "other", "failure": "no such device"}]
    content = _run(agreements=[PAIR, parted, vacuous], trials=trials, failures=failures)
    suite = _junit(tmp_path / "out", kept("run", content))
    assert {
        "tied, reference and pytorch, float32": [],
        "tied, reference and tensorflow, float32": ["failure"],
        "tied, reference and pytorch, float64": ["skipped"],
        "tied, pytorch, seed 0, training": [],
        "tied, pytorch, seed 1, training": ["failure"],
        "tied, pytorch, seed 2, training": ["error"],
        "tied, other": ["error"],
    } == _cases(suite)
    assert ("7", "2", "2", "1") == tuple(suite.get(name) for name in ("tests", "failures", "errors", "skipped"))
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert ("step 0 parts�", "aebench agree tied") == (failure.get("message"), failure.text)


def test_several_records_are_several_suites(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """Of different kinds, too."""
    comparison = compared(climbed("float64", "parted"), climbed("float32"))
    records = kept("run", _run(agreements=[PAIR])), kept("comparison", plain(comparison), "compared")
    suites = _junit(tmp_path / "out", *records)
    assert ["testsuite", "testsuite"] == [suite.tag for suite in suites]
    assert [["0", "1"], ["1", "2"]] == [[suite.get("failures"), suite.get("tests")] for suite in suites]


def test_a_matrix_counts_its_comparisons_once(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """They lie in folders below it, and their verdicts are the matrix's."""
    comparison = plain(compared(climbed("float64"), climbed("float32")))
    one = kept("matrix", {"base": comparison["base"], "heads": [], "gone": []}, "matrix")
    below, elsewhere = (kept("comparison", comparison, folder) for folder in ("matrix/here", "elsewhere"))
    assert "testsuite" == _junit(tmp_path / "out", one, below).tag
    assert 2 == len(_junit(tmp_path / "out", one, below, elsewhere))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in JUDGED])
def test_a_kind_without_verdicts_is_refused(kind: str, tmp_path: Path) -> None:
    """With the kinds that have some."""
    with pytest.raises(ExportError, match=f"a record of kind {kind} has none; run and .* have some"):
        export([Opened(tmp_path, kind, {})], ["junit"], tmp_path)


def test_tables_of_several_records_name_them(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """A first column, and the rows of one below those of the other."""
    one, other = (kept("run", _run(trials=[trial("pytorch", n, 0.5)]), f"run{n}") for n in (0, 1))
    tables = {table.name: table for table in together([one, other])}
    assert ("record", "autoencoder") == tuple(field.name for field in tables["trials"].fields[:2])
    rows = [(row[0], row[3]) for row in tables["trials"].rows]
    assert [(str(one.path), 0), (str(other.path), 1)] == rows
    assert "autoencoder" == together([one])[0].fields[0].name


def test_records_of_several_kinds_have_a_folder_each(tmp_path: Path, kept: Callable[..., Opened]) -> None:
    """What has one name in both, such as the conditions, is not mixed up."""
    climbs = {"options": OPTIONS, "climbing": None, "conditions": conditions(), "agreements": [], "failures": []}
    files = export([kept("run", _run()), kept("agreements", climbs, "climbs")], ["csv"], tmp_path / "out")
    names = {path.relative_to(tmp_path / "out").as_posix() for path in files}
    assert {"run/conditions.csv", "agreements/conditions.csv", "run/trials.csv"} <= names
    assert all(path.is_file() for path in files)
