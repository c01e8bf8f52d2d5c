"""Timings, verdicts and facts in the tables: each number in its own column, and counted as its column says."""

from __future__ import annotations

from typing import Any

import pytest
from calibrations import blocks as noisy
from calibrations import of_deviation
from calibrations import record as calibrated
from comparisons import block, blocks, climbed
from comparisons import record as compared
from examples import OPTIONS, conditions, trial
from filled import filled

from aebench.comparison.findings import Finding
from aebench.comparison.noise import noises
from aebench.records.fields import plain
from aebench.report.frames import Frame, frames
from aebench.report.frames.comparisons import told
from aebench.report.frames.conditions import options


def rows(kind: str, content: dict[str, Any], name: str, *fields: str) -> list[tuple[Any, ...]]:
    """Those fields of the rows of one table, in their order."""
    (table,) = (table for table in frames(kind, content) if table.name == name)
    return of(table, *fields)


def of(table: Frame, *fields: str) -> list[tuple[Any, ...]]:
    """The same of a table that is there already."""
    places = [[field.name for field in table.fields].index(field) for field in fields]
    return [tuple(row[place] for place in places) for row in table.rows]


def run(**changes: Any) -> dict[str, Any]:
    """A run's document that holds nothing but the changes."""
    content = {"options": OPTIONS, "conditions": conditions("pytorch"), "complete": True}
    return {**content, "agreements": [], "trials": [], "failures": [], **changes}


def timed(*seconds: float, **former: Any) -> dict[str, Any]:
    """A bench with a block for each of these seconds, which PyTorch took for 1,000 images."""
    every = [
        {"first": 0, "seconds": 9.0, "busy": {}, "subjects": [{"name": "pytorch", "kind": "framework", "works": {
            "training": {"images": 1000, "warm_up": [took, took], "rounds": [took, took]}}}]}
        for took in seconds
    ]  # fmt: skip
    asked = {
        "frameworks": ["pytorch"], "peers": [], "dataset": "digits", "schedule": "quick", "device": "cpu",
        "dtype": "float32",
    }  # fmt: skip
    case = {"autoencoder": "linear", "use": None, "batch": None, "width": 1.0, "blocks": every}
    return {"options": asked, "blocks": len(every), "conditions": conditions(), "cases": [case], **former}


def test_blocks_of_a_bench_are_counted_from_1_and_their_mean_lies_within_its_interval() -> None:
    """Literally: 2 and 8 seconds have the geometric mean 4; half their logarithms' difference, ln(4) / 2, times
    Student's t of one degree of freedom, 12.706, is 8.8073, so the interval begins at 4 / e^8.8073."""
    content = timed(2.0, 8.0)
    assert [(1, 9.0), (2, 9.0)] == rows("bench", content, "blocks", "block", "seconds")
    fields = ("seconds_low", "seconds_per_1000_images", "seconds_high")
    (found,) = rows("bench", content, "shares", *fields)
    assert pytest.approx((0.00059854, 4.0, 26731.5), rel=1e-4) == found
    assert [] == [name for (name,) in rows("bench", content, "options", "option") if name.startswith("rounds")]


def test_former_rounds_are_counted_from_1_beside_whom_they_are_of() -> None:
    """The ceiling is one of the subjects, with the fastest library of each part; what was lost is told in full."""
    former = filled("bench")["former"]
    (case,) = former["cases"]
    case["ceiling"] = {"libraries": {"products": "mkl", "traffic": "numpy"}, "seconds_per_1000_images": [0.5, 0.25]}
    (subject,) = case["subjects"]
    case["subjects"] = [
        {**subject, "name": "pytorch", "lost": ["round 3: killed", "round 4: hung"]},
        {**subject, "name": "tensorflow", "lost": []},
    ]
    content = timed(1.0, former=former)
    seconds = rows("bench", content, "former_rounds", "subject", "round", "seconds_per_1000_images")
    assert [("ceiling", 1, 0.5), ("ceiling", 2, 0.25)] == seconds[:2]
    assert [("pytorch", 1), ("tensorflow", 1)] == [it[:2] for it in seconds[2:]]
    assert [
        ("ceiling", "products by mkl, traffic by numpy", None), ("pytorch", None, "round 3: killed; round 4: hung"),
        ("tensorflow", None, None),
    ] == rows("bench", content, "former", "subject", "libraries", "lost")  # fmt: skip


def test_the_pace_is_that_of_the_first_round_alone() -> None:
    """Which compiles; no later round has one, nor the first of those that count."""
    content = plain(compared(climbed("float64"), blocks=[block(1.0, 0)]))
    for number, subject in enumerate(content["blocks"][0]["subjects"]):
        subject["works"]["training"]["pace"] = number + 0.5
    found = rows("comparison", content, "rounds", "process", "work", "warm", "round", "pace")
    known = [row for row in found if row[-1] is not None]
    assert [(1, "training", False, 1, 0.5), (2, "training", False, 1, 1.5)] == known


def test_the_clock_before_a_block_is_not_that_after_it() -> None:
    """And where none was read after it, because it failed, that column is empty."""
    content = plain(calibrated(noisy(of_deviation(0.04))))
    for number, it in enumerate(content["blocks"]):
        clock = [0.5, 0.75][: 2 - number % 2]
        it["circumstances"] = {"clock": clock, "held_back": 0.0, "waiting": 0.0, "available": 1.0}
    found = rows("calibration", content, "blocks", "clock_before", "clock_after")
    assert [(0.5, 0.75), (0.5, None)] * 4 == found


def test_what_calibrate_says_of_the_order_and_the_time_is_in_its_columns() -> None:
    """Ratios are counted from 1; a block takes as long as its record says, who begins and the rounds have their own."""
    known = calibrated(noisy(of_deviation(0.04)))
    content = plain(known)
    (it,) = (it for it in noises(known) if it.row.measure == "training")
    fields = ("measure", "block_seconds", "order", "order_matters", "within", "form")
    (found,) = (row for row in rows("calibration", content, "noise", *fields) if row[0] == "training")
    assert (10.0, it.order, it.order_matters, it.within, it.form) == found[1:]
    assert it.order != it.within
    places = [place for name, place in rows("calibration", content, "ratios", "measure", "block") if name == "training"]
    assert [1, 2, 3, 4, 5, 6, 7, 8] == places


def test_speed_and_memory_are_told_apart_with_their_weight() -> None:
    """Head is slower, and holds as much as before: times are worse, of memory there is nothing to say."""
    content = plain(compared(climbed("float64"), climbed("float32"), blocks=blocks(1.3)))
    found = rows("comparison", content, "speed", "what", "measure", "weight")
    assert ("speed", "training", "regression") in found
    assert ("memory", "memory", None) in found
    assert {"speed", "memory"} == {what for what, _, _ in found}


def test_a_ratio_s_first_process_is_base() -> None:
    """In a control base is both."""
    content = plain(compared(climbed("float64"), blocks=[block(2.0, 0), block(1.0, 0, control=True)]))
    found = rows("comparison", content, "ratios", "control", "base", "head")
    assert {(False, "pytorch@old", "pytorch"), (True, "pytorch@old", "pytorch@old")} == set(found)


def test_a_metric_s_mean_in_base_is_not_that_in_head() -> None:
    """Nor is a failure's reason its subject."""
    content = filled("comparison")
    (it,) = content["quality"]
    it["rows"][0] |= {"base": 0.25, "head": 0.75}
    it["failures"] = {"pytorch@old": "out of memory", "pytorch": "no such device"}
    assert [(0.25, 0.75)] == rows("comparison", content, "quality", "base_mean", "head_mean")
    expected = "pytorch@old: out of memory; pytorch: no such device"
    assert [(expected,)] == rows("comparison", content, "trainings", "failures")


def test_a_climb_s_vacuous_rung_alone_is_marked() -> None:
    """Planted fault: one of its two rungs lets anything through."""
    content = plain(compared(climbed("float64", vacuous=["gradients"])))
    assert [("init", False), ("gradients", True)] == rows("comparison", content, "rungs", "rung", "vacuous")


def test_each_thing_that_a_finding_is_about_has_a_row() -> None:
    """A regression of two rows is found under the name of either."""
    table = told([Finding("quality", ("tied, test_mse", "tied, accuracy"), "regression", "worse", "again")])
    expected = [("tied, test_mse", "quality", "again"), ("tied, accuracy", "quality", "again")]
    assert expected == of(table, "about", "what", "command")


def test_options_are_texts_a_row_for_each() -> None:
    """Literally: of several a row each under one path; yes and no as JSON writes them; what was not said is missing."""
    table = options({"seeds": [0, 1], "agreement": True, "forced": False, "data_dir": None, "climbing": {"steps": 7}})
    assert [
        ("seeds", "0"), ("seeds", "1"), ("agreement", "true"), ("forced", "false"), ("data_dir", None),
        ("climbing.steps", "7"),
    ] == table.rows  # fmt: skip


def test_a_condition_stands_under_its_part_and_name() -> None:
    """Of what there are several the name has a column of its own; of the others the property alone is told."""
    found = rows("run", run(), "conditions", "part", "name", "property", "value")
    assert {
        ("packages", "numpy", None, "2.0"), ("variables", "OMP_NUM_THREADS", None, "2"), ("device", None, None, "cpu"),
        ("subjects", "pytorch", "settings.build", "one"), ("machine", None, "cores", "2"),
        ("specifications", "tied", None, "abcd"), ("data", "mnist", None, "efgh"), ("machine", None, "quota", None),
    } <= set(found)  # fmt: skip


def test_every_head_that_could_not_be_compared_has_a_row() -> None:
    """Beside the outcomes of the others; what a known difference was about is not the sentence that it is gone."""
    content = filled("matrix")
    (head,) = content["heads"]
    content["heads"] = [
        {**head, "name": "new", "failure": None}, {**head, "name": "old", "failure": "no interpreter", "outcomes": []},
        {**head, "name": "older", "failure": "no NumPy", "outcomes": []},
    ]  # fmt: skip
    content["gone"] = [["tied, pytorch, step", "moved in 2.1"]]
    found = rows("matrix", content, "outcomes", "head", "verdict", "failure")
    verdict = head["outcomes"][0]["verdict"]
    assert [("new", verdict, None), ("old", None, "no interpreter"), ("older", None, "no NumPy")] == found
    assert [("tied, pytorch, step", "moved in 2.1")] == rows("matrix", content, "gone", "about", "sentence")


def test_a_difference_stands_beside_the_step_that_it_is_of() -> None:
    """Literally: as it was measured after no step, one and ten."""
    content = filled("growth")
    content["growth"][0] |= {"steps": [0, 1, 10], "relative": [0.0, 0.25, 0.5]}
    assert [(0, 0.0), (1, 0.25), (10, 0.5)] == rows("growth", content, "growth", "step", "relative")


def test_what_leapt_is_not_what_was_no_number() -> None:
    """Of four trainings one leapt and two gave no number, which leaves a mean over one."""
    trials = [trial("pytorch", seed, 0.1, metrics={}) for seed in range(4)]
    for it in trials:
        value = {0: 0.5, 1: float("nan"), 2: float("nan"), 3: 50.0}[it["seed"]]
        it["metrics"] = {"test_mse": {"value": value, "unit": "squared intensity", "better": "lower"}}
        for epoch in it["history"]["phase1"]:
            epoch["test_mse"] = 50.0 if it["seed"] == 3 and epoch["epoch"] == 4 else 1.0 / epoch["epoch"]
    found = rows("run", run(trials=trials), "means", "metric", "seeds", "invalid", "leapt")
    assert ("test_mse", 1, 2, 1) in found


def test_an_acceptance_has_a_row_for_each_run_that_was_accepted() -> None:
    """Counted from 1, each beside its own conditions; one that no command is known of has a row, too."""
    content = filled("baseline")
    (entry,) = content["history"]
    (change,) = entry["changes"]
    both = {"commands": ["aebench run tied", "aebench run linear"], "conditions": [1, 0]}
    content["conditions"] = [conditions("pytorch"), conditions("tensorflow")]
    content["history"] = [
        {**entry, **both, "reason": "first"}, {**entry, "commands": [], "conditions": [], "reason": "second"},
    ]  # fmt: skip
    assert [
        (1, "first", "aebench run tied", 1), (1, "first", "aebench run linear", 0), (2, "second", None, None),
    ] == rows("baseline", content, "history", "entry", "reason", "command", "conditions")  # fmt: skip
    changes = rows("baseline", content, "changes", "entry", "metric", "old", "new")
    assert [(number, change["metric"], change["old"], change["new"]) for number in (1, 2)] == changes
