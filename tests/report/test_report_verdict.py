"""The sentences before the table: what was not compared does not agree, what is unfinished is not done."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from aebench import registry
from aebench.registry import ARBITER
from aebench.report.summary import print_run
from aebench.report.verdict import sentences

FRAMEWORKS = ("tensorflow", "pytorch")
AGREEMENT = "least headroom ×4 (tied, float32)."


def agreement(name: str, dtype: str, left: str, right: str) -> dict[str, Any]:
    """One pair that agrees."""
    headroom = 4.0 if (name, dtype) == ("tied", "float32") else 8.0
    rungs = [{"rung": "init", "relative": 0.0, "headroom": headroom}]
    found = {"autoencoder": name, "dtype": dtype, "left": left, "right": right}
    return {**found, "parting": None, "rungs": rungs}


def trial(name: str, framework: str, **changes: Any) -> dict[str, Any]:
    """One training that went well."""
    metrics = {"test_mse": {"value": 0.0156221, "unit": ""}}
    found = {"autoencoder": name, "framework": framework, "seed": 0, "invalid": {}, "metrics": metrics}
    return {**found, "speed": {"seconds_per_1000_images": 0.0225}, **changes}


@pytest.fixture
def document() -> dict[str, Any]:
    """A run of two autoencoders in two frameworks, in which everything went well."""
    names = ("stacked", "tied")
    pairs = [(ARBITER, "tensorflow"), (ARBITER, "pytorch"), FRAMEWORKS]
    return {
        "options": {
            "autoencoders": list(names), "frameworks": list(FRAMEWORKS), "dataset": "digits", "schedule": "quick",
            "dtype": "float32", "seeds": [0], "agreement": True,
        },
        "complete": True,
        "agreements": [agreement(n, d, *pair) for n in names for d in ("float64", "float32") for pair in pairs],
        "trials": [trial(name, framework) for name in names for framework in FRAMEWORKS],
        "failures": [],
    }  # fmt: skip


def test_all_is_well_in_one_sentence(document: dict[str, Any]) -> None:
    """Who agrees in what, and where it is closest to parting."""
    assert [f"Both autoencoders agree in float64 and float32; {AGREEMENT}"] == list(sentences(document))


def test_one_autoencoder_is_named(document: dict[str, Any]) -> None:
    """No count where there is one."""
    document["options"]["autoencoders"] = ["tied"]
    assert [f"tied agrees in float64 and float32; {AGREEMENT}"] == list(sentences(document))


ONE_OF_TWO = f"1 of 2 autoencoders agrees in float64 and float32; {AGREEMENT}"


@pytest.mark.parametrize(
    ("keeps", "changes", "expected"),
    [
        (lambda row: True, {"parting": "phase1, rung losses"}, "stacked parts."),
        (lambda row: True, {"vacuous": ["step"]}, "stacked has a vacuous rung."),
        (lambda row: "pytorch" not in (row["left"], row["right"]), {}, "stacked was compared in part."),
        (lambda row: row["left"] == ARBITER, {}, "stacked was compared in part."),
        (lambda row: row["dtype"] == "float64", {}, "stacked was compared in part."),
        (lambda row: False, {}, "stacked was not compared."),
    ],
    ids=[
        "parted",
        "vacuous",
        "one framework not compared",
        "one pair missing",
        "one dtype not compared",
        "nothing compared",
    ],
)
def test_what_does_not_agree_is_named(
    document: dict[str, Any], keeps: Any, changes: dict[str, Any], expected: str
) -> None:
    """Before what does. An agreement that lacks a framework or a dtype is none, whatever the other pairs say."""
    document["agreements"] = [
        {**row, **changes} if row["autoencoder"] == "stacked" else row
        for row in document["agreements"]
        if row["autoencoder"] == "tied" or keeps(row)
    ]
    assert [expected, ONE_OF_TWO] == list(sentences(document))


def test_a_run_that_was_not_asked_to_compare_does_not_agree(document: dict[str, Any]) -> None:
    """With --no-agreement the word does not stand there."""
    document["options"]["agreement"], document["agreements"] = False, []
    assert ["Agreement was not asked for."] == list(sentences(document))


def test_an_interrupted_run_says_so_first(document: dict[str, Any]) -> None:
    """Before anything else: how much of it is there."""
    document["complete"], document["trials"] = False, document["trials"][:1]
    assert "Interrupted: 1 of 4 trainings are done." == next(sentences(document))


def test_failures_and_metrics_that_are_not_numbers_are_counted(document: dict[str, Any]) -> None:
    """How many trainings ended badly, of how many."""
    document["trials"][0] = {"autoencoder": "stacked", "framework": "tensorflow", "seed": 0, "failure": "lost"}
    document["trials"][1]["invalid"] = {"test_mse": "test_mse is nan"}
    _, failed, invalid = sentences(document)
    assert "1 of 4 trainings failed." == failed
    assert "1 training ended with metrics that are not numbers." == invalid


def test_verdicts_on_quality_are_counted(document: dict[str, Any]) -> None:
    """Also what is undecided."""
    document["options"]["seeds"] = [0, 1]
    *_, quality = sentences(document, ["equivalent", "undecided", "equivalent"])
    assert "Quality over 2 seeds: of 3 comparisons 2 equivalent, 1 undecided." == quality


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_verdict_comes_first_and_no_number_is_lost(document: dict[str, Any], width: int) -> None:
    """Sentences, then what is wrong, then every number, at any width; and what the arbiter did."""
    document["agreements"][0]["parting"] = "phase1, rung losses, step 0 [reconstruction]"
    out = io.StringIO()
    print_run(document, Console(file=out, width=width, highlight=False))
    shown = out.getvalue()
    told = ("1 of 2", "phase1, rung losses, step 0 [reconstruction]", "aebench run: ", "not trained")
    places = [shown.replace("\n", " ").index(text) for text in told]
    assert sorted(places) == places
    assert (4, 4, 1) == (shown.count("0.015622"), shown.count("22.5"), shown.count("parts\n") + shown.count("parts  "))


def test_the_title_names_the_data_that_were_read(document: dict[str, Any]) -> None:
    """An autoencoder with a data set of its own reads no other, whatever was asked for."""
    assert "stacked" in document["options"]["autoencoders"]
    document["options"]["dataset"] = "mnist"
    titles = []
    for name in ("stacked", "linear"):
        rows = [{**trial, "autoencoder": name} for trial in document["trials"] if trial["autoencoder"] == "stacked"]
        out = io.StringIO()
        print_run({**document, "trials": rows, "agreements": []}, Console(file=out, width=200, highlight=False))
        titles.append(next(line for line in out.getvalue().splitlines() if line.startswith("aebench run: ")))
    assert ["aebench run: mnist", "aebench run: curve"] == [title.partition(",")[0] for title in titles]


@pytest.mark.parametrize(
    ("finals", "shown"),
    [([0.1], "0.1 "), ([2.0], "2 (leapt)"), ([0.1, 2.0], "0.1 (1 leapt)"), ([2.0, 4.0], "3 (2 leapt)")],
)
def test_a_training_that_leapt_is_marked_and_its_number_is_kept(
    document: dict[str, Any], finals: list[float], shown: str
) -> None:
    """It is no part of a mean over those that did not; where all leapt, their mean is what there is."""
    row = document["trials"][0]
    document["trials"] = [
        {
            **row, "seed": seed, "metrics": {"test_mse": {"value": final, "unit": ""}},
            "history": {"phase1": [{"epoch": 1, "test_mse": 0.15}, {"epoch": 2, "test_mse": final}]},
        }
        for seed, final in enumerate(finals)
    ]  # fmt: skip
    out = io.StringIO()
    print_run(document, Console(file=out, width=200, highlight=False))
    assert shown in next(line for line in out.getvalue().splitlines() if line.startswith("stacked"))


@pytest.mark.parametrize(("others", "said"), [(0.9, True), (0.05, False), (None, False)])
def test_seconds_of_a_busy_machine_are_said_to_be_that(
    document: dict[str, Any], others: float | None, said: bool
) -> None:
    """Below the table; where nothing is on record, nothing is said."""
    busy = {"load": 1.0, "steal": 0.0, "others": others}
    document["trials"] = [{**row, "conditions": {"busy": busy}} for row in document["trials"]]
    document["trials"][0]["conditions"] = None
    out = io.StringIO()
    print_run(document, Console(file=out, width=200, highlight=False))
    words = "ms/1,000 is that of a busy machine: others had 90% of the processors' time."
    assert said == (words in out.getvalue())
    assert said == ("busy" in out.getvalue())


@pytest.mark.parametrize("some", [True, False])
def test_where_no_training_had_a_machine_alone_there_is_no_column_of_speed(
    document: dict[str, Any], some: bool
) -> None:
    """It says so in the column's place; where some had, the others' cells do."""
    busy = {"load": 1.0, "steal": 0.0, "others": 0.9}
    frameworks = document["options"]["frameworks"]
    document["trials"] = [
        {
            **row, "conditions": {"busy": busy},
            "speed": {**row["speed"], "alone": some and row["framework"] == frameworks[0]},
        }
        for row in document["trials"]
    ]  # fmt: skip
    out = io.StringIO()
    print_run(document, Console(file=out, width=200, highlight=False))
    words = ("not alone", "ms/1,000", "busy", "of the trainings that had a machine alone", "so none is timed")
    assert [some, some, some, some, not some] == [it in out.getvalue() for it in words]


@pytest.mark.parametrize(("having", "said"), [(1, True), (2, False)])
def test_what_has_nothing_to_compare_with_is_told(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch, having: int, said: bool
) -> None:
    """An autoencoder of one's own, in one framework and without the reference."""
    monkeypatch.setattr(registry, "offering", lambda name, among: ["pytorch", "tensorflow"][:having])
    out = io.StringIO()
    print_run({**document, "agreements": []}, Console(file=out, width=200, highlight=False))
    assert said == ("or one and the reference: stacked, tied" in out.getvalue())
