"""What is told to a pull request and to a CI: by its name, gravest first, each thing once and with what shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from comparisons import SIDES, blocks, climbed, record
from examples import RUNG, trial
from msgspec import structs

from aebench.comparison.findings import Finding
from aebench.comparison.gate import Gated
from aebench.records.comparisons import Apart, Weight
from aebench.records.fields import checked
from aebench.records.qualities import Quality
from aebench.report.exported import Told, junit, markdown, of_comparison, of_gate, of_ladders, write_junit

PAIR: dict[str, Any] = {
    "autoencoder": "tied", "dtype": "float32", "left": "reference", "right": "pytorch", "parting": None, "seed": 0,
    "rungs": [RUNG], "command": "aebench agree tied",
}  # fmt: skip


def finding(weight: Weight, *abouts: str, sentence: str = "it is so", command: str | None = None) -> Finding:
    """A finding about these things."""
    return Finding("numbers", abouts, weight, sentence, command)


def told(*found: Finding, cases: dict[str, str] | None = None) -> Told:
    """A comparison that has found this."""
    return Told("aebench compare", "old → here: so.", [], cases or {}, found)


def test_a_comparison_is_called_as_its_command() -> None:
    """Base first; the suite's name is the command, not what was found."""
    suite = junit(of_comparison(record(climbed("float64"))))
    assert ("testsuite", "aebench compare old here") == (suite.tag, suite.get("name"))


def test_a_case_belongs_to_its_framework() -> None:
    """A climb, and a time, which a CI lists below it."""
    cases = of_comparison(record(climbed("float64"), blocks=blocks(1.0))).cases
    assert {"pytorch"} == set(cases.values())
    assert {"linear, pytorch, float64", "linear, pytorch, training"} <= cases.keys()


def judged(**margins: float | None) -> Quality:
    """Two trainings whose metrics have these margins; without one nothing is judged."""
    row = {
        "unit": "share", "better_when": "lower", "verdict": "identical", "relative": True, "pairs": 3, "base": 0.5,
        "head": 0.5, "difference": 0.0, "low": 0.0, "high": 0.0, "p": 0.001, "reason": None,
    }  # fmt: skip
    content = {
        "autoencoder": "linear", "base": "pytorch@old", "head": "pytorch", "verdict": "identical", "seeds": [0, 1, 2],
        "false_alarms": 0.01, "misses": 0.05, "failures": {}, "reason": None,
    }  # fmt: skip
    rows = [{**row, "metric": metric, "margin": margin} for metric, margin in margins.items()]
    return checked({**content, "rows": rows}, Quality)


def test_a_metric_without_a_margin_is_no_case() -> None:
    """Nothing is judged by it, and a case would pass whatever becomes of it; a gate's name says of which run it is."""
    quality = [judged(test_mse=0.05, sparsity=None)]
    expected = {"linear, pytorch, test_mse": "pytorch"}
    assert expected == of_comparison(record(quality=quality)).cases
    found = of_gate(Gated(Path("results/it"), Path("accepted.json"), tuple(quality), ()))
    assert ("aebench gate results/it", expected) == (found.name, found.cases)


def test_each_seed_s_climb_is_a_case() -> None:
    """Literally: two of one pair, and none is lost behind the other; a record that says no seed has a case, too."""
    rows = [PAIR, {**PAIR, "seed": 1}, {name: value for name, value in PAIR.items() if name != "seed"}]
    name = "tied, reference and pytorch, float32"
    found = of_ladders({"agreements": rows, "failures": []}, "climbs")
    assert {f"{name}, seed 0": "tied", f"{name}, seed 1": "tied", name: "tied"} == found.cases


def test_what_climbed_is_told_gravest_first() -> None:
    """With the command of each climb, and what a training measured by its name; who was compared is told beside it."""
    vacuous, parted = {**PAIR, "vacuous": ["init"]}, {**PAIR, "seed": 1, "parting": "step 3 parts"}
    trials = [trial("pytorch", 0, 0.5, invalid={"test_mse": "is not a number"})]
    document = {"agreements": [vacuous, parted], "failures": [], "trials": trials}
    found = of_ladders(document, "climbs")
    assert [
        ("regression", "step 3 parts", "aebench agree tied"), ("regression", "test_mse: is not a number", None),
        ("undecided", "rung init is vacuous, it lets anything through", "aebench agree tied"),
    ] == [(it.weight, it.sentence, it.command) for it in found.findings]  # fmt: skip
    assert 1 == len(found.compared)
    assert found.compared[0].startswith("Compared: reference, pytorch, 8 pairs of arrays")


def test_what_got_better_stands_with_its_own_case() -> None:
    """And with no other; what got worse has the sentence as its message and the command as its text."""
    better = finding("improvement", "one", sentence="half as long")
    worse = finding("regression", "two", sentence="twice as long", command="aebench compare old here")
    one, two = junit(told(worse, better, cases={"one": "pytorch", "two": "tensorflow"}))
    assert [("one", "pytorch"), ("two", "tensorflow")] == [(it.get("name"), it.get("classname")) for it in (one, two)]
    assert [("system-out", None, "better: half as long")] == [(it.tag, it.get("message"), it.text) for it in one]
    assert [("failure", "twice as long", "aebench compare old here")] == [
        (it.tag, it.get("message"), it.text) for it in two
    ]


@pytest.mark.parametrize(
    ("weight", "tag"), [("regression", "failure"), ("gone", "failure"), ("undone", "error"), ("undecided", "skipped")]
)
def test_each_weight_ends_as_its_case_does(weight: Weight, tag: str) -> None:
    """Of what was compared, and of what has lost its case: that one belongs to the part that it is missed in."""
    suite = junit(told(finding(weight, "one", "lost"), cases={"one": "pytorch"}))
    expected = [("one", "pytorch", [tag]), ("lost", "numbers", [tag])]
    assert expected == [(it.get("name"), it.get("classname"), [child.tag for child in it]) for it in suite]


def test_the_file_says_its_encoding(tmp_path: Path) -> None:
    """Literally: a declaration, and UTF-8, whatever stands in a message."""
    write_junit(tmp_path / "it.xml", [told(finding("regression", "one", sentence="größer"))])
    content = (tmp_path / "it.xml").read_bytes()
    assert content.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    assert "größer".encode() in content


HOSTILE = ["a|b", "<img src=x>", "a\nb", "[x](http://y)", "`x`", "*x*", "_x_", "\\"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", [0, 1], ids=["about", "sentence"])
def test_a_row_of_markdown_is_one_row(text: str, place: int) -> None:
    """Four cells in one line, whatever a message or a name holds; none of it is markup."""
    said = ["tied", "it is so"]
    said[place] = text
    row = markdown(told(finding("moved", said[0], sentence=said[1]))).splitlines()[-1]
    cells = row.replace("\\\\", "").replace("\\|", "").split("|")
    assert 6 == len(cells)
    assert ("", " moved ", "  ", "") == (cells[0], cells[1], cells[4], cells[5])
    bare = row.replace("\\\\", "")
    assert [] == [at for at, sign in enumerate(bare) if sign in "`*_[<" and bare[at - 1] != "\\"]


def test_a_command_s_pipe_ends_no_cell() -> None:
    """As in a path that holds one: the command is code, where the sign alone is written otherwise."""
    text = markdown(told(finding("regression", "one", command="aebench compare 'a|b' here")))
    assert text.endswith("| `aebench compare 'a\\|b' here` |\n")


def test_what_differs_is_folded_away_and_its_fold_ends() -> None:
    """Base's column comes first; what GitHub shows as a table stands between empty lines."""
    odd = Apart(kind="package", name="numpy", base="1.26", head="2.0")
    lines = markdown(of_comparison(record(climbed("float64"), differences=[odd]))).splitlines()
    fold = lines.index("<details><summary>How old and here differ</summary>")
    assert [
        "", "<details><summary>How old and here differ</summary>", "", "| what | name | old | here |",
        "|---|---|---|---|", "| package | numpy | 1.26 | 2.0 |", "", "</details>",
    ] == lines[fold - 1 :]  # fmt: skip


def test_each_framework_s_times_are_its_own_cases() -> None:
    """Planted: two frameworks compared in one call; a case of one does not say that it is the other's."""
    other = structs.replace(SIDES, framework="tensorflow", base="tensorflow@old", head="tensorflow")
    rows = climbed("float64"), climbed("float64", framework="tensorflow")
    cases = of_comparison(record(*rows, pairs=[SIDES, other])).cases
    climbs = {about: belongs for about, belongs in cases.items() if "float64" in about}
    assert {"pytorch", "tensorflow"} == set(climbs.values())
    assert all(belongs in about for about, belongs in climbs.items())
