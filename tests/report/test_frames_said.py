"""Each value of a record stands in the column that names it, under the key that it is of, and counts begin at 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from comparisons import block, climbed
from comparisons import record as compared
from examples import OPTIONS, RUNG, conditions, trial
from filled import filled
from reports import parting

from aebench.records.fields import plain
from aebench.records.opened import Opened
from aebench.report.frames import frames
from aebench.report.html import everything
from aebench.report.html.content import Cell, Folded, Grid


def rows(kind: str, content: dict[str, Any], name: str, *fields: str) -> list[tuple[Any, ...]]:
    """Those fields of the rows of one table, in their order."""
    (table,) = (table for table in frames(kind, content) if table.name == name)
    places = [[field.name for field in table.fields].index(field) for field in fields]
    return [tuple(row[place] for place in places) for row in table.rows]


def run(**changes: Any) -> dict[str, Any]:
    """A run's document that holds nothing but the changes."""
    content = {"options": {**OPTIONS, "agreement": True}, "conditions": conditions(), "complete": True}
    return {**content, "agreements": [], "trials": [], "failures": [], **changes}


def test_base_s_version_is_not_head_s() -> None:
    """Of each framework and head both versions, base's first."""
    content = filled("matrix")
    (head,) = content["heads"]
    versions = {"pytorch": ["2.1", "2.9"], "tensorflow": ["2.20", "2.18"]}
    content["heads"] = [{**head, "name": "new", "versions": versions, "outcomes": []}]
    expected = [("new", "pytorch", "2.1", "2.9"), ("new", "tensorflow", "2.20", "2.18")]
    assert expected == rows("matrix", content, "versions", "head", "framework", "base_version", "head_version")
    content["heads"][0]["packages"] = {"numpy": ["2.0", "1.9"]}
    fields = ("head", "package", "base_version", "head_version")
    assert [("new", "numpy", "2.0", "1.9")] == rows("matrix", content, "packages", *fields)
    del content["heads"][0]["packages"]
    assert [] == rows("matrix", content, "packages", *fields), "former records do not say"


def test_a_mean_lies_within_its_interval() -> None:
    """Literally: 1, 2 and 3 have the mean 2 and the standard error 1 / sqrt(3); Student's t of two degrees of freedom
    leaves 2.5 % above 4.3027. Another framework's are four times as large."""
    trials = [
        trial(name, seed, by * (seed + 1)) for name, by in (("pytorch", 1.0), ("tensorflow", 4.0)) for seed in range(3)
    ]
    fields = ("framework", "seeds", "mean", "low", "high")
    expected = [("pytorch", 3, 2.0, -0.48414, 4.48414), ("tensorflow", 3, 8.0, -1.93655, 17.93655)]
    found = rows("run", run(trials=trials), "means", *fields)
    assert [it[:2] for it in expected] == [it[:2] for it in found]
    assert [pytest.approx(it[2:], abs=1e-4) for it in expected] == [it[2:] for it in found]


def test_leaps_are_a_share_with_its_interval() -> None:
    """Literally (Clopper and Pearson): of four trainings one leapt, which is 0.25 within 0.0063 and 0.8059; of the
    other framework's none, 0 within 0 and 0.6024. One seed at which only the right one leapt."""
    trials = [trial(name, seed, 0.1) for name in ("pytorch", "tensorflow") for seed in range(4)]
    for it in trials:
        leapt = (it["framework"], it["seed"]) == ("tensorflow", 2)
        for epoch in it["history"]["phase1"]:
            epoch["test_mse"] = 50.0 if leapt and epoch["epoch"] == 4 else 1.0 / epoch["epoch"]
    content = run(trials=trials)
    found = [
        it[1:] for it in rows("run", content, "means", "metric", "seeds", "mean", "low", "high") if it[0] == "leaps"
    ]
    expected = [(4, 0.0, 0.0, 0.6024), (4, 0.25, 0.0063, 0.8059)]
    assert [pytest.approx(it, abs=1e-4) for it in expected] == found
    pairs = rows("run", content, "equivalence", "metric", "left", "right", "left_leaps", "right_leaps")
    assert ("leaps", "pytorch", "tensorflow", 0, 1) == pairs[0]


def test_a_difference_is_left_less_right_within_its_interval() -> None:
    """Literally: by seed 0.010 to 0.014 apart in steps of 0.001, so 0.012 with the deviation 0.0015811, over the root
    of five times Student's t of four degrees of freedom, 2.1318, which leaves 5 % above: 0.0015075 to either side."""
    metric = {"unit": "share", "better": "higher"}
    trials = [
        trial(name, seed, 0.1, metrics={"test_accuracy": {**metric, "value": 0.9 + more * (0.010 + 0.001 * seed)}})
        for name, more in (("tensorflow", 1), ("pytorch", 0)) for seed in range(5)
    ]  # fmt: skip
    fields = ("left", "right", "verdict", "seeds", "difference", "deviation", "low", "high", "margin")
    (found,) = rows("run", run(trials=trials), "equivalence", *fields)
    assert ("tensorflow", "pytorch", "different", 5) == found[:4]
    assert pytest.approx((0.012, 0.0015811, 0.0104925, 0.0135075, 0.005), abs=1e-7) == found[4:]


def test_a_baseline_s_losses_are_those_of_the_last_batch() -> None:
    """It holds no means: that column is empty, in a run it is not. The test error is of the epoch, and no loss."""
    content = filled("baseline")
    content["trials"][0]["curves"] = {
        "phase1": {"epoch": [1.0, 2.0], "total": [2.5, 1.5], "l2": [0.5, 0.25], "test_mse": [3.5, 3.0]},
        "phase2": {"epoch": [1.0], "total": [0.75], "l2": [0.125]},
    }
    expected = [
        ("phase1", 1, "total", None, 2.5), ("phase1", 1, "l2", None, 0.5), ("phase1", 2, "total", None, 1.5),
        ("phase1", 2, "l2", None, 0.25), ("phase2", 1, "total", None, 0.75), ("phase2", 1, "l2", None, 0.125),
    ]  # fmt: skip
    assert expected == rows("baseline", content, "losses", "phase", "epoch", "loss", "mean", "last_batch")
    measured = rows("baseline", content, "epochs", "phase", "epoch", "test_mse")
    assert [("phase1", 1, 3.5), ("phase1", 2, 3.0), ("phase2", 1, None)] == measured
    both = {"epoch": 7, "seconds": 0.5, "images": 10, "mean": {"total": 4.0}, "last_batch": {"total": 5.0}}
    trained = run(trials=[trial("pytorch", 0, 0.1, history={"phase1": [both]})])
    assert [("total", 4.0, 5.0)] == rows("run", trained, "losses", "loss", "mean", "last_batch")


def test_the_rung_that_lets_anything_through_is_marked() -> None:
    """And only that one, in its own pair."""
    rungs = [{**RUNG, "rung": name} for name in ("init", "inputs", "forward")]
    one, other = (
        parting(parting=None, rungs=rungs, vacuous=["inputs"]),
        parting(parting=None, rungs=rungs, dtype="float32"),
    )
    found = rows("run", run(agreements=[*one, *other]), "rungs", "dtype", "rung", "vacuous")
    expected = [("float64", "init", False), ("float64", "inputs", True), ("float64", "forward", False)]
    assert [*expected, *(("float32", name, False) for name in ("init", "inputs", "forward"))] == found


def test_blocks_processes_and_rounds_are_counted_from_1() -> None:
    """The process that began is named by its number in the block: block 1 was begun by base, which is 1, block 2 by
    head, which is 2 and took three times as long."""
    content = plain(compared(climbed("float64"), blocks=[block(3.0, 0), block(3.0, 3)]))
    assert [(1, 1), (2, 2)] == rows("comparison", content, "blocks", "block", "first")
    processes = rows("comparison", content, "processes", "block", "process", "subject", "import_seconds")
    expected = [(1, 1, "pytorch@old", 1.0), (1, 2, "pytorch", 3.0), (2, 1, "pytorch@old", 1.0), (2, 2, "pytorch", 3.0)]
    assert expected == processes
    rounds = rows("comparison", content, "rounds", "block", "process", "work", "warm", "round", "seconds")
    mine = [it[3:] for it in rounds if it[:3] == (2, 2, "training")]
    assert [(False, 1, 3.0), (False, 2, 3.0), *((True, number, 3.0) for number in (1, 2, 3, 4))] == mine


def test_who_climbed_stands_beside_the_member_with_its_trace() -> None:
    """And each member beside its own size."""
    content = filled("bundle")
    for number, name in enumerate(content["members"]):
        content["members"][name] = {"size": 100 + number, "sha256": f"{number:064x}"}
    expected = [("linear", "reference", "reference.safetensors"), ("linear", "pytorch", "pytorch.safetensors")]
    assert expected == rows("bundle", content, "traces", "autoencoder", "subject", "member")
    (climb,) = content["climbs"]
    names = (climb["data"], climb["drawn"], "reference.safetensors", "pytorch.safetensors")
    sizes = [(name, 100 + number, f"{number:064x}") for number, name in enumerate(names)]
    assert sorted(sizes) == sorted(rows("bundle", content, "members", "member", "size", "sha256"))
    assert [(climb["data"], climb["drawn"])] == rows("bundle", content, "climbs", "data", "drawn")


def test_epochs_of_a_sweep_are_counted_from_1() -> None:
    """In each phase anew, each with its own seconds and beside the size that was trained."""
    content = filled("scale")
    (row,) = content["rows"]
    content["rows"] = [
        {**row, "images": 500, "width": 0.5, "epoch_seconds": {"phase1": [4.5, 2.5], "phase2": [1.5]}},
        {**row, "images": 1000, "width": 2.0, "epoch_seconds": {"phase1": [9.5]}},
    ]
    expected = [
        (500, 0.5, "phase1", 1, 4.5), (500, 0.5, "phase1", 2, 2.5), (500, 0.5, "phase2", 1, 1.5),
        (1000, 2.0, "phase1", 1, 9.5),
    ]  # fmt: skip
    assert expected == rows("scale", content, "epochs", "images", "width", "phase", "epoch", "seconds")


def test_nought_and_no_are_shown_in_a_report_s_tables() -> None:
    """Only what is missing is an empty cell."""
    nothing = {**RUNG, "relative": 0.0, "headroom": 0.0, "arrays": 0}
    one, other = parting(rungs=[nothing], seed=0, vacuous=[]), parting(rungs=[RUNG], dtype="float32")
    section = everything.section([Opened(Path("run.json"), "run", run(agreements=[*one, *other]))])
    assert section is not None
    folds = [block for block in section.sections[0].blocks if isinstance(block, Folded)]
    (grid,) = (it for fold in folds for it in fold.blocks if isinstance(it, Grid) and it.anchor == "all-rungs-1")
    first, second = (dict(zip(grid.columns, row, strict=True)) for row in grid.rows)
    numbers = ("seed", "relative", "headroom", "arrays")
    assert [Cell("0", 0)] * 4 == [first[name] for name in numbers]
    assert ("False", "") == (first["vacuous"], second["seed"])
