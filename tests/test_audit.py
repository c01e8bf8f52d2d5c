"""An audit: counted exactly, every fault judged by the product's own path, and whatever is not caught is seen."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from examples import conditions
from examples import trial as finished
from msgspec.structs import replace
from processes import Process
from rich.console import Console

from aebench.audit import auditing, climbs, timings, trainings
from aebench.audit.auditing import Asked, audit, planned
from aebench.audit.counting import TOO_NOISY, Count, false_alarms, kinds, noisy, status
from aebench.audit.planted import FAULTS
from aebench.comparison.speed import Row, Where
from aebench.comparison.verdicts import Verdict
from aebench.errors import FrameworkError, UsageError
from aebench.processes.events import Silent
from aebench.records import documents
from aebench.records.audits import Audit, Case, Outcome
from aebench.records.conditions import Conditions
from aebench.records.fields import Float, checked
from aebench.report.audit import print_audit
from aebench.running.options import Options
from aebench.speed.planted import Slowed
from aebench.speed.workloads import Inference, Training


def case(part: Any, kind: str, *verdicts: str, planted: bool = True, failure: str | None = None) -> Case:
    """A case whose rows were said to be that."""
    outcomes = [Outcome(row=f"row {i}", planted=planted, verdict=word, blocks=4) for i, word in enumerate(verdicts)]
    return Case(
        part=part, kind=kind, fault="it", framework="pytorch", autoencoder="linear", number=0, seconds=Float(3.0),
        outcomes=outcomes, failure=failure,
    )  # fmt: skip


QUIET = case("speed", "nothing", *["not slower"] * 299, planted=False)


@pytest.mark.parametrize(("said", "of", "low", "high"), [(5, 10, 0.1871, 0.8129), (0, 10, 0.0, 0.3085), (0, 0, 0, 1)])
def test_intervals_are_clopper_pearsons(said: int, of: int, low: float, high: float) -> None:
    """Worked out elsewhere: five of ten, none of ten; nothing tried says nothing."""
    assert (low, high) == pytest.approx(Count(said, of).interval(), abs=5e-5)


@pytest.mark.parametrize(("said", "of", "shown"), [(0, 299, True), (0, 298, False), (2, 628, True), (2, 627, False)])
def test_so_many_verdicts_show_less_than_a_hundredth(said: int, of: int, shown: bool) -> None:
    """At 95 % confidence, one-sided: none of 299, or two of 628."""
    assert shown == (Count(said, of).at_most() <= 0.01)


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        ([], 125),
        ([QUIET], 0),
        ([case("speed", "nothing", *["not slower"] * 298, planted=False)], 125),
        ([case("speed", "nothing", "slower", *["not slower"] * 298, planted=False)], 125),
        ([case("speed", "nothing", *["slower"] * 20, *["not slower"] * 279, planted=False)], 1),
        ([case("speed", "nothing", *["unusable"] * 300, planted=False)], 125),
        ([case("speed", "10 % slower", *["unusable"] * 20)], 125),
        ([case("speed", "3 % slower", *["unusable"] * 20)], 0),
        ([case("numbers", "rung init", "parted")], 0),
        ([case("numbers", "rung init", "parted", "moved")], 1),
        ([case("numbers", "nothing", "parted", planted=False)], 1),
        ([case("speed", "10 % slower", *["slower"] * 19, "undecided")], 0),
        ([case("speed", "10 % slower", *["slower"] * 18, "undecided", "not slower")], 1),
        ([case("speed", "3 % slower", *["not slower"] * 9)], 0),
        ([case("memory", "10 % more", "not more")], 1),
        ([case("quality", "MSE 1 % worse", "not worse")], 0),
        ([case("quality", "MSE 20 % worse", "not worse")], 1),
        ([case("quality", "nothing, other seeds", "worse", planted=False)], 1),
        ([case("speed", "20 % slower", failure="it cannot")], 2),
    ],
)
def test_what_an_audit_comes_to(cases: list[Case], expected: int) -> None:
    """0 only where everything that must be seen was, and false alarms are surely rare; what lies within the thresholds
    may be called either way, and what could not be used is no verdict."""
    assert expected == status(cases)
    assert (expected or 125) == status(cases, complete=False)


def timed(fault: str, kind: str, **verdicts: str) -> Case:
    """A case of speed in which these rows were said to be that; with nothing planted none is touched."""
    outcomes = [Outcome(row=row, planted=fault != "nothing", verdict=word, blocks=4) for row, word in verdicts.items()]
    return Case(
        part="speed", kind=kind, fault=fault, framework="pytorch", autoencoder="linear", number=0, seconds=Float(3.0),
        outcomes=outcomes,
    )  # fmt: skip


def test_rows_that_are_too_noisy_are_counted_apart() -> None:
    """A row that stays undecided with nothing planted, in more than one call of twenty, says of a fault how noisy it is
    there; in the others each must be caught. They are named, with how often."""
    rough = ["undecided"] * 2 + ["not slower"] * 18
    once = ["not slower"] * 19 + ["undecided"]
    nothing = [
        timed("nothing", "nothing", steady="not slower", rough=one, once=other)
        for one, other in zip(rough, once, strict=True)
    ]
    slower = timed("slower-10", "10 % slower", steady="slower", rough="undecided", once="slower")
    assert {"rough": Count(2, 20)} == noisy([*nothing, slower])
    found = {kind.name: (kind.caught, kind.required) for kind in kinds([*nothing, slower])}
    apart = f"10 % slower{TOO_NOISY}"
    assert {"10 % slower": (Count(2, 2), 0.95), apart: (Count(0, 1), 0.0)} == found
    missed = timed("slower-10", "10 % slower", steady="undecided", rough="slower", once="slower")
    assert 1 == status([*nothing, missed, QUIET])


def test_an_audit_that_no_row_can_pass_shows_nothing() -> None:
    """Where all rows are too noisy, the status is not 0, however many verdicts there are."""
    nothing, slower = timed("nothing", "nothing", only="undecided"), timed("slower-10", "10 % slower", only="undecided")
    assert 125 == status([nothing, slower, QUIET])


def test_memory_alone_has_no_verdicts_on_speed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two blocks that nobody asked about speed are no verdicts, which would make false alarms seem rarer."""
    monkeypatch.setattr(timings, "measured", lambda *_: [])
    monkeypatch.setattr(timings.Timings, "_peak", lambda *_: 100)
    plant = next(it for it in timings.PLANTS if it.held)
    outcomes = list(timings.Timings(Where(), tmp_path, Silent()).outcomes(plant, "reference", "linear"))
    assert ["linear, reference, memory"] == [outcome.row for outcome in outcomes]
    rows = ("linear, reference, training", "linear, reference, memory")
    former = [Outcome(row=row, planted=False, verdict="undecided", blocks=2) for row in rows]
    known = case("memory", "10 % more")
    known.outcomes = former
    assert Count(0, 1) == false_alarms([known])


def test_what_was_not_caught_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The kind, the fault and the row; a false alarm likewise, and what failed."""
    found = Audit(
        conditions=checked(conditions(), Conditions),
        cases=[
            case("numbers", "rung init", "moved", "parted"),
            case("speed", "nothing", "slower", planted=False),
            case("speed", "20 % slower", failure="it cannot"),
        ],
        complete=False,
    )
    print_audit(found, Console(width=100))
    shown = capsys.readouterr().out
    assert "1 of 2 faults that must be seen were caught. 1 false alarms in 1 verdicts" in shown
    assert "not caught, numbers, rung init: it (row 0)" in shown
    assert "false alarm: row 0 with it planted: slower" in shown
    assert "failed: it in linear, pytorch: it cannot" in shown
    assert "Not finished" in shown


def test_a_kind_counts_what_it_touches() -> None:
    """Undecided is not caught, unusable is no verdict, and rows that are left alone stand elsewhere."""
    (found,) = kinds([case("speed", "10 % slower", "slower", "undecided", "unusable"), QUIET])
    assert (Count(1, 2), 2, ("it (row 1)",)) == (found.caught, found.undecided, found.missed)
    assert (4.0, 3.0) == (found.blocks, found.seconds)
    assert Count(0, 299) == false_alarms([case("speed", "10 % slower", "slower"), QUIET])


def test_slow_downs_touch_what_a_workload_takes() -> None:
    """Training, inference and first epoch; the import is over by then, and memory is held by another fault."""
    by_name = {plant.fault: plant for plant in timings.PLANTS}
    rows = [Row("linear", measure) for measure in ("training", "inference", "first epoch", "memory")]
    touched = {name: [plant.touches(row) for row in (*rows, Row(None, "import"))] for name, plant in by_name.items()}
    assert [True, True, True, False, False] == touched["slower-10"]
    assert [False, False, False, True, False] == touched["memory-10"]
    assert not any(touched["nothing"])
    assert by_name["nothing"].planted(100) is None
    plant = by_name["memory-10"].planted(1000)
    assert plant is not None
    assert [Slowed(Training("linear", "x"), 0.0, 100), Slowed(Inference("linear", "x"))] == [
        plant(workload) for workload in (Training("linear", "x"), Inference("linear", "x"))
    ], "held once in a process"


def test_a_planted_slow_down_is_judged_block_by_block(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is asked is base against base; only head's workloads are replaced, and the verdicts are the product's."""
    asked: list[Any] = []

    def measured(question: Any, source: Any, known: Any, keep: Any, listener: Any) -> list[Any]:
        asked.append([question, *source.subjects("linear")])
        return []

    monkeypatch.setattr(timings, "measured", measured)
    timed = timings.Timings(Where(), tmp_path, Silent())
    plant = next(it for it in timings.PLANTS if it.fault == "slower-20")
    outcomes = list(timed.outcomes(plant, "reference", "linear"))
    ((question, base, head),) = asked
    assert ("reference", "reference") == (question.base, question.head)
    assert {"training": 0.2, "inference": 0.2} == {name: it.share for name, it in head.workloads.items()}
    assert base.workloads == {name: it.workload for name, it in head.workloads.items()}
    assert {"undecided"} == {outcome.verdict for outcome in outcomes}


def test_each_verdict_says_when_it_was_reached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Seconds to the block that decided the row, not those of the whole call; of what is still open there are none.
    What another block opens again was not decided before it."""
    row, other = Row("linear", "training"), Row("linear", "inference")
    opened = iter([(True, False), (False, True), (False, True), (False, True)])

    def verdicts(*_: Any) -> dict[Row, Verdict]:
        return {it: Verdict("slower", 1, open=more) for it, more in zip((row, other), next(opened), strict=True)}

    ticks = iter([100.0, 107.0, 119.0, 140.0])
    monkeypatch.setattr(timings.time, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(timings, "verdicts", verdicts)
    monkeypatch.setattr(timings, "measured", lambda question, source, known, keep, listener: [keep(it) for it in "abc"])
    timed = timings.Timings(Where(), tmp_path, Silent())
    plant = next(it for it in timings.PLANTS if it.fault == "slower-20")
    found = {it.row: it.seconds for it in timed.outcomes(plant, "reference", "linear")}
    assert {"linear, reference, training": 19.0, "linear, reference, inference": None} == found


def test_a_kind_takes_what_its_verdicts_took() -> None:
    """The middle one's seconds; of a record that does not have them, the call's."""
    known = case("speed", "10 % slower", "slower", "slower")
    known.outcomes = [replace(it, seconds=Float(took)) for it, took in zip(known.outcomes, (1.0, 2.0), strict=True)]
    assert [3.0, 1.5] == [kinds([it])[0].seconds for it in (case("speed", "10 % slower", "slower", "slower"), known)]


def test_a_worse_error_is_planted_in_the_document_alone() -> None:
    """The test error times the factor; other metrics, and trials that failed, stay."""
    document = finished("pytorch", 0, 2.0)
    assert 2.4 == pytest.approx(trainings.worsened(document, 1.2)["metrics"]["test_mse"]["value"])
    assert 2.0 == document["metrics"]["test_mse"]["value"]
    assert {"failure": "x"} == trainings.worsened({"failure": "x"}, 1.2)


def test_a_fault_that_changes_no_training_is_no_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Planted where no training passes, head ends in the same bits: the audit says so, and counts nothing."""
    document = {**finished("pytorch", 0, 2.0), "parameters": "abc"}
    trained = trainings.Trainings(Options(("stacked",), ("pytorch",), seeds=tuple(range(12))), tmp_path, Silent())
    monkeypatch.setattr(trainings.Trainings, "_trained", lambda *_: document)
    plants = {plant.fault: plant for plant in trainings.plants("pytorch")}
    with pytest.raises(FrameworkError, match="glorot_for_he changes no training"):
        list(trained.outcomes(plants["glorot_for_he"], "pytorch", "stacked", None))  # type: ignore[arg-type]
    (found,) = trained.outcomes(plants["mse-20"], "pytorch", "stacked", None)  # type: ignore[arg-type]
    assert (True, "worse") == (found.planted, found.verdict)
    others = list(trained.outcomes(plants["other_seeds"], "pytorch", "stacked", None))  # type: ignore[arg-type]
    assert {(False, "identical")} == {(it.planted, it.verdict) for it in others}


def test_other_seeds_are_other_seeds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Head trains from seeds that base never has, and nothing is planted there; from base's own where a fault is."""
    asked: list[tuple[int, str]] = []

    def trained(_: Any, __: str, ___: str, seed: int, key: str, ____: Any) -> dict[str, Any]:
        asked.append((seed, key))
        return finished("pytorch", seed, 2.0 + 0.001 * (seed % 7), parameters=f"{seed}{key}")

    monkeypatch.setattr(trainings.Trainings, "_trained", trained)
    made = trainings.Trainings(Options(("stacked",), ("pytorch",), seeds=(0, 1, 2)), tmp_path, Silent())
    plants = {plant.fault: plant for plant in trainings.plants("pytorch")}
    for name in ("other_seeds", "glorot_for_he"):
        list(made.outcomes(plants[name], "pytorch", "stacked", None))  # type: ignore[arg-type]
    key = plants["glorot_for_he"].key
    others = [(trainings.ELSEWHERE + seed, "") for seed in range(3)]
    assert {*others, *((seed, it) for seed in range(3) for it in ("", key))} == set(asked)
    assert 1000 == trainings.ELSEWHERE


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])
def test_every_training_fault_is_one_of_the_ladders(framework: str) -> None:
    """So whatever a training hides, the ladder is tested to see."""
    keys = [plant.key for plant in trainings.plants(framework) if plant.key]
    assert 3 == len(keys)
    assert set(keys) <= set(FAULTS)


@pytest.fixture
def canned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Timings that take no time; the faults that were planted."""
    done: list[str] = []

    def outcomes(self: Any, plant: Any, framework: str, autoencoder: str) -> Iterator[Outcome]:
        done.append(plant.fault)
        if plant.fault == "slower-3" and len(done) < 20:
            raise FrameworkError("it cannot")
        yield Outcome(row="row", planted=bool(plant.slower), verdict="slower" if plant.slower else "not slower")

    monkeypatch.setattr(timings.Timings, "outcomes", outcomes)
    return done


def asked(**changes: Any) -> Asked:
    """The reference alone, timed."""
    options = Options(autoencoders=("linear",), frameworks=("reference",))
    return dataclasses.replace(Asked(options, ("linear",), ("speed",), repeats=1), **changes)


def test_a_second_call_goes_on(canned: list[str], tmp_path: Path) -> None:
    """What is there is not planted again, what failed is, and more repeats are more cases; each is kept at once."""
    first = audit(asked(), tmp_path, Silent())
    count = planned(asked())["speed"]
    assert count == len(first.cases) == len(canned)
    assert ["it cannot"] == [it.failure for it in first.cases if it.failure]
    assert documents.read(tmp_path / "audit.json", "audit")["complete"]
    canned.extend(["padding"] * 20)
    before = len(canned)
    again = audit(asked(), tmp_path, Silent())
    assert ["slower-3"] == canned[before:]
    assert not any(it.failure for it in again.cases)
    assert 2 * count == len(audit(asked(repeats=2), tmp_path, Silent()).cases)


def test_a_time_limit_leaves_the_rest(canned: list[str], tmp_path: Path) -> None:
    """Nothing begins after it, and the record says that it is not finished."""
    found = audit(asked(limit=0.0), tmp_path, Silent())
    assert ([], False) == (found.cases, found.complete)
    assert [] == canned


def test_another_audits_folder_is_refused(canned: list[str], tmp_path: Path) -> None:
    """Planted: the folder's audit is of another version of NumPy."""
    audit(asked(), tmp_path, Silent())
    known = documents.read(tmp_path / "audit.json", "audit")
    known["conditions"]["packages"]["numpy"] = "0.1"
    documents.write(tmp_path / "audit.json", "audit", known)
    with pytest.raises(UsageError, match=r"numpy.*0\.1"):
        audit(asked(), tmp_path, Silent())


@pytest.mark.parametrize("framework", ["pytorch", pytest.param("tensorflow", marks=pytest.mark.slow)])
def test_the_ladders_faults_are_caught_by_the_comparison(
    framework: str, processes: dict[str, Process], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of `linear`, planted in head: base and head part, and sound head is identical. Planted: a comparison that
    sees nothing, which is found blind."""
    if framework not in processes:
        pytest.skip(f"{framework} is not installed")
    options = Options(autoencoders=("linear",), frameworks=(framework,))
    plan = Asked(options, ("linear",), ("numbers",))
    found = audit(plan, tmp_path / "a", Silent())
    assert planned(plan)["numbers"] == len(found.cases) > 4
    words = {(case.fault == climbs.SOUND, outcome.verdict) for case in found.cases for outcome in case.outcomes}
    assert {(True, "identical"), (False, "parted")} == words
    assert 0 == status(found.cases)
    group, some = next(iter(climbs.faults((framework,), ("linear",)).items()))
    monkeypatch.setattr(auditing.climbs, "faults", lambda *_: {group: some[:1]})
    monkeypatch.setattr(auditing.climbs, "judged", lambda *_: type("Blind", (), {"verdict": "identical"}))
    assert 1 == status(audit(plan, tmp_path / "b", Silent()).cases)


def test_the_table_of_the_docs_is_that_of_the_record() -> None:
    """docs/comparison.md: every verdict on a planted slow-down, with its seconds, and what was said of nothing."""
    root = Path(__file__).parents[1]
    cases = checked(documents.read(root / "results" / "audit" / "stacked" / "audit.json", "audit"), Audit).cases
    text = (root / "docs" / "comparison.md").read_text(encoding="utf-8")
    table = text[text.index("| planted in `stacked`, pytorch |") : text.index("calls with nothing planted all")]
    for kind in dict.fromkeys(case.kind for case in cases if case.fault != "nothing"):
        (line,) = (it for it in table.splitlines() if re.match(rf"\| {re.escape(kind)}( \||, (which|likewise))", it))
        mine = [case for case in cases if case.kind == kind]
        for cell, measure in zip(line.split("|")[2:5], ("training", "inference", "first epoch"), strict=True):
            found = [it for case in mine for it in case.outcomes if it.row.endswith(measure)]
            said = [f"{it.verdict} {it.seconds:.0f}" if it.verdict != "undecided" else it.verdict for it in found]
            assert ", ".join(said) == cell.strip()
    nothing = [case for case in cases if case.fault == "nothing"]
    words = {outcome.verdict for case in nothing for outcome in case.outcomes}
    seconds = [case.seconds for case in nothing]
    assert {"not slower", "not more"} == words
    assert f"In the {len(nothing)} calls with nothing planted all {5 * len(nothing)} rows" in text
    assert f"after {min(seconds):.0f} to {max(seconds):.0f} s, and none" in text


def test_every_numerical_fault_is_on_record_as_caught() -> None:
    """docs/comparison.md counts what `results/audit/numbers` holds, which is whole: nothing missed, no false alarm."""
    root = Path(__file__).parents[1]
    found = checked(documents.read(root / "results" / "audit" / "numbers" / "audit.json", "audit"), Audit)
    text = " ".join((root / "docs" / "comparison.md").read_text(encoding="utf-8").split())
    must = [kind.caught for kind in kinds(found.cases) if kind.required]
    caught, of = sum(it.said for it in must), sum(it.of for it in must)
    numbers, trained = (false_alarms(found.cases, [part]) for part in ("numbers", "quality"))
    assert (0, True, caught) == (status(found.cases), found.complete, of)
    assert f"([{len(found.cases)} cases]" in text
    assert f"all {of} faults that must be seen were caught" in text
    assert (0, 0) == (numbers.said, trained.said)
    assert f"none was seen in {numbers.of} climbs and {trained.of} comparisons of trainings" in text
