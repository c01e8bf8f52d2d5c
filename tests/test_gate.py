"""A run against the accepted baseline: green only where everything was compared and nothing is worse."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from examples import OPTIONS, planted
from gates import SEEDS, agreement, trials, written
from rich.console import Console

from aebench import registry
from aebench.cli import main
from aebench.comparison import unmatched
from aebench.comparison.accepting import accept
from aebench.comparison.findings import Finding
from aebench.comparison.gate import Gated, held
from aebench.comparison.unmatched import Scope
from aebench.comparison.verdict import status
from aebench.errors import ResultError, UsageError
from aebench.report.exported import export, of_gate
from aebench.report.gate import print_gate

RESULTS = Path(__file__).parents[1] / "results"


@pytest.fixture
def gated(tmp_path: Path) -> Callable[..., Gated]:
    """Hold a run of those trials against a baseline of `trials()`."""
    accepted = written(tmp_path / "accepted", trials())
    accept([accepted], reason="x", folder=tmp_path / "to")

    def gate(found: list[dict[str, Any]], *names: str, **changes: Any) -> Gated:
        return held(written(tmp_path / "run", found, **changes), Scope(names), tmp_path / "to")

    return gate


def test_the_baseline_itself_passes(gated: Callable[..., Gated]) -> None:
    """The runs that were accepted go through the gate; it says what was held against what."""
    found = gated(trials())
    assert ((), 0) == (found.findings, status(found.findings))
    out = io.StringIO()
    print_gate(found, Console(file=out, width=200), everything=True)
    first, second, *rest = out.getvalue().splitlines()
    assert f"{found.run}: nothing got worse than the baseline." == first
    expected = "1 autoencoder in 1 framework, 5 pairs of trainings, 1 metric with a limit, 1 of seconds and memory."
    assert f"Held against {found.baseline}: {expected}" == second
    assert any("test_mse" in line and "identical" in line for line in rest)


def test_a_gate_is_told_to_a_pull_request_and_to_a_ci(gated: Callable[..., Gated], tmp_path: Path) -> None:
    """Markdown with the verdict first; in JUnit's XML a case for each metric and cost, one that is worse a failure."""
    export(of_gate(gated(trials())), tmp_path, "sound")
    export(of_gate(gated(trials(1.2))), tmp_path, "worse")
    sound, worse = (ElementTree.parse(tmp_path / f"{name}.xml").getroot() for name in ("sound", "worse"))
    assert [("2", "0"), ("2", "1")] == [(it.get("tests"), it.get("failures")) for it in (sound, worse)]
    names = [("pytorch", "tied, pytorch, test_mse"), ("pytorch", "tied, pytorch, training")]
    assert names == [(case.get("classname"), case.get("name")) for case in worse]
    assert [True, False] == [case.find("failure") is not None for case in worse]
    first, *rest = (tmp_path / "worse.md").read_text().splitlines()
    assert first.startswith("**")
    assert first.endswith("1 got worse.**")
    assert any(line.startswith("| worse | tied, pytorch, test\\_mse |") for line in rest)


def test_identical_means_the_same_parameters(tmp_path: Path) -> None:
    """Other parameters with the same metrics and curves are not worse, and no more than that."""

    def held_with(digest: str) -> str:
        run = written(tmp_path / "run", [{**trial, "parameters": digest} for trial in trials()])
        return held(run, folder=tmp_path / "to").quality[0].verdict

    accept(
        [written(tmp_path / "accepted", [{**trial, "parameters": "abc"} for trial in trials()])],
        reason="x",
        folder=tmp_path / "to",
    )
    assert ("identical", "not worse") == (held_with("abc"), held_with("abd"))


def test_rows_that_are_held_share_the_rate_of_false_alarms(tmp_path: Path) -> None:
    """One in a hundred for the whole gate: half of it each where two are held, all of it where one is."""
    both = [*trials(), *trials(framework="tensorflow")]
    accept([written(tmp_path / "accepted", both)], reason="x", folder=tmp_path / "to")
    for found, rates in ((both, [0.005, 0.005]), (trials(), [0.01])):
        gate = held(written(tmp_path / "run", found), folder=tmp_path / "to")
        assert rates == [quality.false_alarms for quality in gate.quality]


def test_the_gravest_comes_first(gated: Callable[..., Gated]) -> None:
    """As in `aebench compare`."""
    found = gated(trials(1.3), complete=False, agreements=[agreement(vacuous=["losses"])])
    assert ["regression", "undone", "undecided"] == [finding.weight for finding in found.findings]


@pytest.mark.parametrize(("factor", "expected"), [(1.01, 0), (0.5, 0), (1.3, 1)])
def test_worse_beyond_the_margin_fails(gated: Callable[..., Gated], factor: float, expected: int) -> None:
    """One per cent is within the margin of five, half of the error is an improvement, a third more fails."""
    assert expected == status(gated(trials(factor)).findings)


def unseeded(conditions_of: dict[str, Any]) -> dict[str, Any]:
    """The conditions with other bytes of the data."""
    return planted(conditions_of, "data", "mnist", value="0000")


def test_a_gate_s_own_folder_is_told_how_to_go_on(tmp_path: Path) -> None:
    """As few seeds as decided are no complete run; a run that is complete may have its verdict beside it."""
    accept([written(tmp_path / "accepted", trials())], reason="x", folder=tmp_path / "to")
    for complete in (True, False):
        run = written(tmp_path / "run", trials(), complete=complete)
        (run / "gate.md").touch()
        with (
            contextlib.nullcontext()
            if complete
            else pytest.raises(UsageError, match=rf"trainings of a gate, .*aebench gate ENVIRONMENT --output {run}")
        ):
            held(run, folder=tmp_path / "to")


FAULTS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], int, str]] = {
    "incomplete": (trials(), {"complete": False}, 2, "it is not complete"),
    "without agreement": (trials(), {"agreements": []}, 2, "it holds no agreement; run it without --no-agreement"),
    "the reference alone": (
        trials(), {"agreements": [], "options": {**OPTIONS, "agreement": True}}, 2, "run another framework beside the"
    ),
    "parts": (trials(), {"agreements": [agreement(parting="step 3 parts")]}, 1, "step 3 parts"),
    "parts in float64": (
        trials(), {"agreements": [agreement(dtype="float64", parting="step 4 parts")]}, 1, "step 4 parts"
    ),
    "vacuous": (trials(), {"agreements": [agreement(vacuous=["losses"])]}, 125, "rung losses is vacuous"),
    "agreement of another": (
        trials(), {"agreements": [agreement(autoencoder="stacked")]}, 2, "the run holds no agreement of it"
    ),
    "climb failed": (
        trials(), {"failures": [{"autoencoder": "tied", "framework": "pytorch", "failure": "no"}]}, 2, "no"
    ),
    "row without a baseline": ([*trials(), *trials(framework="tensorflow")], {}, 2, "it has no baseline"),
    "baseline without a row": (trials(framework="tensorflow"), {}, 2, "the baseline has it and the run has not"),
    "no common seed": (trials(seeds=(7, 8)), {}, 2, "no seed is in both: 0, 1, 2, 3, 4 in the baseline, 7, 8 in the"),
    "too few seeds": (trials(1.04, seeds=(0,)), {}, 125, "1 seed does not decide it"),
    "not a number": (trials(float("nan")), {}, 1, "it is nan in head"),
    "failed": (
        [{"autoencoder": "tied", "framework": "pytorch", "seed": seed, "failure": "boom"} for seed in SEEDS], {}, 1,
        "pytorch failed: seed 4: boom",
    ),
    "other data": (
        [{**it, "conditions": unseeded(it["conditions"])} for it in trials()], {}, 2,
        "bytes of mnist: efgh in the baseline, 0000 in the run",
    ),
    "other data at one seed": (
        [{**it, "conditions": unseeded(it["conditions"])} if it["seed"] == 3 else it for it in trials()], {}, 2,
        "bytes of mnist: efgh in the baseline, 0000 in the run",
    ),
    "another specification": (
        [{**it, "conditions": planted(it["conditions"], "specifications", "tied", value="0")} for it in trials()], {},
        2, "specification of tied: abcd in the baseline, 0 in the run",
    ),
    "another metric": (
        [{**it, "metrics": {"train_mse": it["metrics"]["test_mse"]}} for it in trials()], {}, 2,
        "only base was measured",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_was_not_compared_is_never_green(gated: Callable[..., Gated], name: str) -> None:
    """Each fault has its own sentence and its status."""
    found, changes, expected, words = FAULTS[name]
    gate = gated(found, **changes)
    assert (expected, True) == (status(gate.findings), any(words in finding.sentence for finding in gate.findings))


@pytest.mark.parametrize("lacking", [("data",), ("specifications",), ()], ids=" and ".join)
def test_a_baseline_of_unknown_data_or_specifications_is_said_to_be_so(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    """Nobody can say whether they are the run's; without conditions, neither."""

    def found(trial: dict[str, Any]) -> dict[str, Any]:
        known = {key: {} if key in lacking else value for key, value in trial["conditions"].items()}
        return {**trial, "conditions": known if lacking else None}

    accept([written(tmp_path / "accepted", [found(it) for it in trials()])], reason="x", folder=tmp_path / "to")
    findings = held(written(tmp_path / "run", trials()), folder=tmp_path / "to").findings
    assert ["undone"] == [it.weight for it in findings if it.sentence.startswith("on which data and to which spec")]


@pytest.mark.parametrize("path", sorted((RESULTS / "baselines").glob("*.json")), ids=lambda path: path.stem)
def test_the_accepted_baseline_goes_through_the_gate(path: Path) -> None:
    """Against itself: whole, on record, within its limits, trained to the same bits."""
    found = held(path, folder=RESULTS)
    assert [] == list(found.findings)
    assert {"identical"} == {quality.verdict for quality in found.quality}


def test_only_what_is_named_has_to_be_there(gated: Callable[..., Gated]) -> None:
    """A run of more than is accepted passes for the autoencoders named; one that nobody has does not."""
    more = [*trials(), *({**it, "autoencoder": "stacked"} for it in trials())]
    assert 2 == status(gated(more).findings)
    assert 0 == status(gated(more, "tied").findings)
    (finding,) = gated(more, "tied", "linear").findings
    assert ("undone", "neither the run nor the baseline has it") == (finding.weight, finding.sentence)


def test_without_a_baseline_it_says_how_to_make_one(tmp_path: Path) -> None:
    """No file for the run's data set, schedule, dtype and device."""
    run = written(tmp_path / "run", trials())
    with pytest.raises(UsageError, match=r"no baseline .*source-float32-cpu.json, and none other; make one of a run"):
        held(run, Scope(), tmp_path)


@pytest.mark.parametrize("text", ["", "{", '{"format": "aebench-baseline/2"}', '{"format": "aebench-baseline/99"}'])
def test_a_damaged_baseline_is_refused(tmp_path: Path, text: str) -> None:
    """Truncated, of a newer version, or without what it must hold: one line that names the file."""
    run = written(tmp_path / "run", trials())
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "mnist-source-float32-cpu.json").write_text(text)
    with pytest.raises(ResultError, match="mnist-source-float32-cpu"):
        held(run, Scope(), tmp_path)


def test_options_of_training_are_refused_for_a_run(gated: Callable[..., Gated], tmp_path: Path) -> None:
    """A run was trained already, on what it says itself."""
    run = gated(trials()).run
    for option in (["-d", "mnist"], ["--time-limit", "1"], ["-o", str(tmp_path / "out")], ["--dry-run"]):
        shown = CliRunner().invoke(main, ["gate", run, *option, "--to", str(tmp_path / "to")])
        assert (2, True) == (shown.exit_code, "is for training in an environment" in shown.output)


def test_what_is_neither_says_both(tmp_path: Path) -> None:
    """A folder without a result is looked up as an environment, and the message says that it is neither."""
    for what in (str(tmp_path), "nobody"):
        shown = CliRunner().invoke(main, ["gate", what, "--to", str(tmp_path)])
        words = f"{what} is no run (there is no {what}/result.json) and no environment"
        assert (2, True) == (shown.exit_code, words in shown.output)


def test_a_framework_can_be_named(gated: Callable[..., Gated], tmp_path: Path) -> None:
    """A run of more frameworks than are accepted passes for those named."""
    run = gated([*trials(), *trials(framework="tensorflow")]).run
    line = ["gate", run, "--to", str(tmp_path / "to")]
    assert (2, 0) == tuple(CliRunner().invoke(main, [*line, *more]).exit_code for more in ([], ["-f", "pytorch"]))


def test_the_command_ends_with_the_gravest(gated: Callable[..., Gated], tmp_path: Path) -> None:
    """Verdict first; status 1 for a regression; --all shows the metrics."""
    run = gated(trials(1.3)).run
    shown = CliRunner().invoke(main, ["gate", str(run), "--to", str(tmp_path / "to"), "--all"])
    assert (1, f"{run}: 1 got worse.") == (shown.exit_code, shown.stdout.splitlines()[0])
    assert "worse: tied, pytorch, test_mse: 0.0102 → 0.01326, by +26.1 %" in shown.stdout


@pytest.mark.parametrize("damage", ["lost", "other seed"])
def test_a_training_that_is_asked_for_has_to_be_there(gated: Callable[..., Gated], damage: str) -> None:
    """Planted: taken out of a complete run, or under another seed; a row with others is compared all the same."""
    whole = trials()
    asked = {**OPTIONS, "autoencoders": ["tied"], "frameworks": ["pytorch"], "seeds": list(SEEDS)}
    assert 0 == status(gated(whole, options=asked).findings)
    cut = whole[1:] if damage == "lost" else [{**whole[0], "seed": 77}, *whole[1:]]
    (finding,) = gated(cut, options=asked).findings
    assert ("undone", "tied, pytorch") == (finding.weight, finding.about)
    assert "seed 0 is asked for, and not in it" in finding.sentence


def test_what_stands_alone_agrees_with_nothing(gated: Callable[..., Gated], monkeypatch: pytest.MonkeyPatch) -> None:
    """An autoencoder of one framework, which no reference has: its trainings are judged, and no agreement is wanted."""
    (finding,) = gated(trials(), agreements=[]).findings
    assert "it holds no agreement" in finding.sentence
    monkeypatch.setattr(registry, "offering", lambda name, among: ["pytorch"])
    assert () == gated(trials(), agreements=[]).findings


@pytest.mark.parametrize(
    ("then", "now", "words"),
    [
        ({"specifications": {"tied": "ab+1"}}, {"specifications": {"tied": "ab+2"}}, None),
        ({"specifications": {"tied": "ab+1"}}, {"specifications": {"tied": "ac+1"}}, "specification of tied: ab in"),
        ({"specifications": {"tied": "ab"}}, {"specifications": {"tied": None}}, None),
        ({"specifications": {"tied": None}}, {"specifications": {"tied": "ab"}}, None),
        ({"data": {"a": "1", "b": "2"}}, {"data": {"a": "1", "b": "3"}}, "bytes of b: 2 in the baseline, 3 in the run"),
        ({"data": {"a": "1"}}, {"data": {"b": "3"}}, None),
        (None, {"data": {"b": "3"}}, None),
    ],
)
def test_other_texts_are_no_other_specification(then: Any, now: Any, words: str | None) -> None:
    """What computes to the same numbers and names is what a gate judges; other data and specifications it names."""
    found = unmatched.otherwise({"conditions": then}, {"conditions": now})
    assert found is None if words is None else words in (found or "")


def test_one_seed_of_other_data_leaves_its_row_unjudged(gated: Callable[..., Gated]) -> None:
    """Though the others are of the same."""
    found = trials()
    for number in (0, 1):
        known = found[number]["conditions"]
        found[number] = {**found[number], "conditions": {**known, "specifications": {"tied": str(number)}}}
    made = gated(found)
    assert () == made.quality
    assert "undone" in {finding.weight for finding in made.findings}


def test_what_is_to_be_run_again_is_run_from_every_accepted_seed(gated: Callable[..., Gated]) -> None:
    """From the same few it would be as undecided as before."""
    found = gated([trial for trial in trials(1.2) if trial["seed"] in SEEDS[:2]])
    commands = {finding.command for finding in found.findings}
    assert 1 == len(commands)
    assert f" -s {','.join(map(str, SEEDS))}" in str(commands.pop())


def test_what_is_undecided_leaves_as_125(gated: Callable[..., Gated], monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else: each finding's own status."""
    weights = {"undecided": 125, "undone": 2, "regression": 1, "moved": 0}
    sound = gated(trials())
    for weight, expected in weights.items():
        found = dataclasses.replace(sound, findings=(Finding("quality", ("it",), weight, "so"),))  # type: ignore[arg-type]
        monkeypatch.setattr("aebench.comparison.gate.held", lambda *_, found=found: found)
        assert expected == CliRunner().invoke(main, ["gate", sound.run]).exit_code
