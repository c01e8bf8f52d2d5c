"""Base against head in numbers: what is identical, moved or parted, and the verdict in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import climbs
import pytest
from comparisons import SIDES, record
from msgspec import structs

from aebench.agreement.bounds import Bound
from aebench.agreement.compare import Agreement, Comparison
from aebench.agreement.session import Ascent, Source
from aebench.comparison import absent, findings, outcomes, verdict
from aebench.comparison.numbers import Due, Fed, _place, begin, judged, measured, of_data
from aebench.errors import FrameworkError, UnwritableError
from aebench.processes.events import Silent
from aebench.processes.lanes import Lanes, errors_of
from aebench.records.comparisons import Numbers
from aebench.records.fields import checked
from aebench.records.trace import Place
from aebench.registry import ARBITER
from aebench.running.options import Options

CLIMB = climbs.narrow_climb("linear", "float64")


def agreement(left: str, right: str, *shares: float, problem: str | None = None, blind: bool = False) -> Agreement:
    """A pair whose rungs forward, losses, gradients have those shares of their bounds; the last one may part."""
    rungs = ("forward", "losses", "gradients")
    found = [
        Comparison(
            Place("all", rung, 0, "codings"), 1e-3 * share, share, Bound(1e-3, 1e-3, "rounding"),
            problem if rung == rungs[len(shares) - 1] else None, 1.0 if blind else 1e-9,
        )
        for rung, share in zip(rungs, shares, strict=False)
    ]  # fmt: skip
    return Agreement("linear", "float64", left, right, tuple(found))


@pytest.fixture(autouse=True)
def _one_dtype(monkeypatch: pytest.MonkeyPatch) -> None:
    """The records here are of one dtype, and lack no other."""
    monkeypatch.setattr(absent, "DTYPES", ("float64",))


def row(*agreements: Agreement, failures: Mapping[str, str] | None = None) -> Numbers:
    """The record of those agreements."""
    return judged(SIDES, CLIMB, list(agreements), failures or {})


def three(between: tuple[float, ...], before: tuple[float, ...], after: tuple[float, ...], **problems: Any) -> Numbers:
    """The record of a pair and of each side against the reference; problems: where one of these parts."""
    asked = {
        "pair": (SIDES.names, between), "base": ((ARBITER, SIDES.base), before), "head": ((ARBITER, SIDES.head), after)
    }  # fmt: skip
    return row(*(agreement(*names, *shares, problem=problems.get(key)) for key, (names, shares) in asked.items()))


def test_equal_values_are_identical() -> None:
    """No difference in any array, whatever each is from the reference."""
    found = three((0.0, 0.0), (0.2, 0.3), (0.2, 0.3))
    assert ("identical", ["identical", "identical"]) == (found.verdict, [rung.verdict for rung in found.rungs])
    assert (0, "nothing got worse") == (verdict.status(verdict.findings(record(found))), _outcome(found))


def _outcome(*rows: Numbers) -> str:
    found = record(*rows)
    return verdict.sentence(found, verdict.findings(found)).removeprefix("old → here: ").rstrip(".")


def test_what_moved_is_told_by_rung_digits_and_share() -> None:
    """The first rung that moved, how many digits are equal, the share of the bound, and where the reference lies."""
    found = three((0.0, 0.5), (0.1, 0.2), (0.1, 0.6))
    assert ("moved", ["identical", "moved"], 1) == (
        found.verdict, [rung.verdict for rung in found.rungs], found.rungs[1].moved
    )  # fmt: skip
    (finding,) = verdict.findings(record(found))
    expected = (
        "1 of 1 moved, within the bounds; most linear, from rung losses on, in rung losses: equal to 3.3 digits, "
        "50% of the bound, ×3.0 further from the reference"
    )
    assert ("moved", expected, 0) == (finding.weight, finding.sentence, verdict.status([finding]))


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        (0.4, 0.1, ", ×4.0 nearer to the reference"),
        (0.1, 0.12, ", as near to the reference as before"),
        (0.0, 0.1, ", further from the reference"),
        (math.nan, 0.1, ""),
    ],
)
def test_nearer_or_further(base: float, head: float, expected: str) -> None:
    """Which way a rung moved is told by each side's distance from the reference."""
    found = three((0.5,), (base,), (head,))
    assert findings.described(found.rungs[0]).endswith(f"50% of the bound{expected}")


def test_beyond_the_bound_is_a_regression() -> None:
    """The first place that parts is the sentence, the status is 1."""
    found = three((0.0, 2.0), (0.1, 0.1), (0.1, 2.0), pair="step 3 parts", head="head parts")
    (finding,) = verdict.findings(record(found))
    assert ("parted", "regression", "step 3 parts", 1) == (
        found.verdict, finding.weight, finding.sentence, verdict.status([finding])
    )  # fmt: skip
    assert "1 got worse" == _outcome(found)


def test_a_head_that_leaves_the_reference_parts_though_the_two_are_near() -> None:
    """Base just within the bound and head just beyond it: what was right is no more."""
    found = three((0.3,), (0.9,), (1.1,), head="head parts from the reference")
    assert ("parted", "head parts from the reference") == (found.verdict, found.parting)


@pytest.mark.parametrize("pair", ["they part", None])
def test_a_head_that_comes_back_to_the_reference_is_mended(pair: str | None) -> None:
    """What base did wrong is no fault of head's, however far apart the two are; it is told, and fails nothing."""
    found = three((2.0,), (2.0,), (0.1,), base="base parts from the reference", pair=pair)
    (finding,) = verdict.findings(record(found))
    assert ("mended", "improvement") == (found.verdict, finding.weight)
    assert "base parts from the reference, and head does not: base parts from the reference" == finding.sentence
    assert (0, "nothing got worse") == (verdict.status([finding]), _outcome(found))
    (outcome,) = outcomes.outcomes(record(found, structs.replace(found, dtype="float32")))
    assert ("forward", "mended", "improvement") == (outcome.row, outcome.verdict, outcome.weight)


def test_without_a_reference_that_judged_head_nothing_is_mended() -> None:
    """Whether head is right is then not known."""
    pair, base = agreement(*SIDES.names, 2.0, problem="they part"), agreement(ARBITER, SIDES.base, 2.0, problem="base")
    assert "parted" == row(pair, base).verdict


def test_what_parts_on_both_sides_alike_is_told_and_no_regression() -> None:
    """A fault that was there before is not new, and not silent."""
    found = three((0.0,), (1.5,), (1.5,), base="base parts", head="head parts")
    (finding,) = verdict.findings(record(found))
    assert ("identical", "moved", "parts from the reference, on both sides: head parts") == (
        found.verdict, finding.weight, finding.sentence
    )  # fmt: skip


def test_a_difference_that_is_no_number_has_moved() -> None:
    """NaN is never equal."""
    pair = agreement(*SIDES.names, math.nan)
    assert "moved" == row(pair).verdict


@pytest.mark.parametrize(
    ("failed", "expected", "status"),
    [
        ([SIDES.head], "failed", 1),
        ([SIDES.base], "not compared", 2),
        ([SIDES.base, SIDES.head], "not compared", 2),
        ([ARBITER], "not compared", 2),
        ([], "not compared", 2),
    ],
)
def test_a_side_that_cannot_climb_is_never_green(failed: list[str], expected: str, status: int) -> None:
    """Head alone failing is a regression; with base nothing is known to have been better."""
    found = row(failures=dict.fromkeys(failed, "no such operation"))
    every = verdict.findings(record(found))
    assert (expected, status) == (found.verdict, verdict.status(every))
    assert all(f"{name} failed: no such operation" in every[0].sentence for name in failed)


def test_a_rung_that_no_dtype_can_judge_is_undecided() -> None:
    """Vacuous in both dtypes: 125. Judged by the other dtype: nothing to say."""
    blind = row(agreement(*SIDES.names, 0.0, blind=True))
    seeing = row(agreement(*SIDES.names, 0.0))
    assert (125, "1 undecided") == (verdict.status(verdict.findings(record(blind))), _outcome(blind))
    assert 0 == verdict.status(verdict.findings(record(blind, structs.replace(seeing, dtype="float32"))))


def test_the_gravest_decides_and_comes_first() -> None:
    """A regression that is sure comes before what could not be compared, and that before what is undecided."""
    parts = three((2.0,), (0.1,), (2.0,), pair="parts")
    blind, failed = row(agreement(*SIDES.names, 0.0, blind=True)), row(failures={SIDES.base: "no"})
    rows = [structs.replace(it, seed=seed) for seed, it in enumerate((blind, failed, parts))]
    every = verdict.findings(record(*rows))
    assert ["regression", "undone"] == [finding.weight for finding in every][:2]
    assert 1 == verdict.status(every)


def test_the_verdict_says_what_was_compared_and_whether_all_was_done() -> None:
    """Versions on both sides, arrays, climbs; a comparison that was broken off says so."""
    found = record(three((0.0, 0.5), (0.1, 0.2), (0.1, 0.6)), complete=False)
    every = verdict.findings(found)
    assert "old → here: 1 undecided so far (not finished)." == verdict.sentence(found, every)
    assert (125, "the time was over before all had climbed it") == (verdict.status(every), every[0].sentence)
    expected = "Numbers: 1 autoencoder, 2 pairs of arrays in pytorch 2.13.0 → 2.14.1: 1 moved of 1 climbs."
    assert [expected] == list(verdict.compared(found))


class Unlucky:
    """A process whose first climbs fail."""

    def __init__(self, *errors: str) -> None:
        self.errors, self.climbs = list(errors), 0

    def close(self) -> None:
        """Nothing to end."""

    def call(self, *_: object) -> None:
        """Fail as long as there is an error left."""
        self.climbs += 1
        if self.errors:
            raise FrameworkError(self.errors.pop(0))


@pytest.mark.parametrize(
    ("who", "errors", "expected"),
    [
        (SIDES.head, (), ("identical", 1, {})),
        (SIDES.head, ("killed",), ("identical", 2, {})),
        (ARBITER, ("killed",), ("identical", 2, {})),
        (SIDES.head, ("killed", "killed again"), ("failed", 2, {SIDES.head: "killed again"})),
        (ARBITER, ("killed", "killed again"), ("not compared", 2, {ARBITER: "killed again"})),
    ],
)
def test_who_fails_once_climbs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str, errors: tuple[str, ...], expected: object
) -> None:
    """One failure is bad luck, and all climb again; the second is the reason. The trace is gone in any case."""
    processes = {name: Unlucky(*errors if name == who else ()) for name in (ARBITER, *SIDES.names)}
    traces = tmp_path / f"{SIDES.base}-float64.safetensors"

    def agreements(climbing: Ascent) -> tuple[list[Agreement], dict[str, str]]:
        traces.touch()
        failed = {name: str(error) for name, error in errors_of(climbing.calls).items()}
        if ARBITER in failed:
            raise FrameworkError(failed[ARBITER])
        return ([] if failed else [agreement(*SIDES.names, 0.0)]), failed

    monkeypatch.setattr(Ascent, "agreements", agreements)
    with Lanes(processes) as lanes:  # type: ignore[arg-type]  # all that is called of a process
        found = begin(SIDES, Fed(CLIMB, Source("curve", None, "quick"), {}), lanes, tmp_path).numbers()
        assert not traces.exists()
    assert expected == (found.verdict, processes[SIDES.base].climbs, found.failures)


def test_climbs_under_way_at_once_have_traces_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One climb begins before the one before is compared, also where only one dtype is left; afterwards none is there.

    When the time is over no other begins.
    """
    under_way: list[set[Path]] = []
    begun = Ascent.begin

    def begin_it(climbing: Ascent, *others: Any) -> None:
        under_way.append(set(climbing.paths.values()))
        begun(climbing, *others)

    def agreements(climbing: Ascent) -> tuple[list[Agreement], dict[str, str]]:
        for path in climbing.paths.values():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return [agreement(*SIDES.names, 0.0)], {}

    monkeypatch.setattr(Ascent, "begin", begin_it)
    monkeypatch.setattr(Ascent, "agreements", agreements)
    due = [Due(name, SIDES, "float32") for name in ("linear", "stacked", "tied", "sparse")]
    processes: dict[str, Any] = {name: Unlucky() for name in (ARBITER, *SIDES.names)}
    asked, rows = Options(("linear",), SIDES.names), []
    measured(
        due,
        partial(of_data, options=asked),
        processes,
        tmp_path / "traces",
        rows.append,
        lambda: len(under_way) == 3,
        Silent(),
    )
    assert ["linear", "stacked", "tied"] == [row.autoencoder for row in rows]
    assert 9 == len(set().union(*under_way))
    assert [] == list(tmp_path.iterdir())


def test_base_and_the_reference_climb_once_for_all_heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their traces stay for the next head, which climbs by itself; what failed leaves none, and the head never does."""

    def agreements(climbing: Ascent) -> tuple[list[Agreement], dict[str, str]]:
        failed = {name: str(error) for name, error in errors_of(climbing.calls).items()}
        for name, path in climbing.paths.items():
            assert path.exists() == (name in climbing.kept)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return ([] if failed else [agreement(*SIDES.names, 0.0)]), failed

    monkeypatch.setattr(Ascent, "agreements", agreements)
    climbs = []
    for errors in (("killed", "again"), (), ()):
        processes = {name: Unlucky(*errors if name == SIDES.head else ()) for name in (ARBITER, *SIDES.names)}
        with Lanes(processes) as lanes:  # type: ignore[arg-type]  # all that is called of a process
            source = Source("curve", None, "quick")
            begin(SIDES, Fed(CLIMB, source, {}), lanes, tmp_path / "traces", tmp_path / "common").numbers()
        climbs.append([process.climbs for process in processes.values()])
    assert [[2, 2, 2], [1, 1, 1], [0, 0, 1]] == climbs
    assert 2 == sum(path.is_file() for path in tmp_path.rglob("*"))


def test_a_trace_that_cannot_be_written_is_no_side_s_failure(tmp_path: Path) -> None:
    """Planted: the disk is full when head has climbed. That ends the command; it is not a head that cannot climb."""

    class Full(Unlucky):
        def call(self, *_: object) -> None:
            raise UnwritableError("cannot write trace: No space left on device")

    processes = {ARBITER: Unlucky(), SIDES.base: Unlucky(), SIDES.head: Full()}
    with pytest.raises(UnwritableError, match="No space left"), Lanes(processes) as lanes:  # type: ignore[arg-type]
        begin(SIDES, Fed(CLIMB, Source("curve", None, "quick"), {}), lanes, tmp_path).numbers()


def test_a_record_that_contradicts_itself_is_refused() -> None:
    """A rung whose verdict is none of the three is no record."""
    with pytest.raises(Exception, match="verdict"):
        checked({**_plain(), "verdict": "fine"}, Numbers)


def _plain() -> dict[str, Any]:
    from aebench.records.fields import plain

    return plain(three((0.0,), (0.1,), (0.1,)))


def test_a_pair_without_a_rung_is_not_compared() -> None:
    """Nothing that was compared is identical to nothing."""
    assert "not compared" == row(agreement(*SIDES.names)).verdict


def test_the_first_seed_climbs() -> None:
    """Of several that are trained from."""
    fed = of_data(Due("linear", SIDES, "float32"), Options(("linear",), SIDES.names, seeds=(3, 5)))
    assert (3, "float32") == (fed.climb.seed, fed.climb.dtype)


def test_traces_that_heads_share_are_told_apart_by_dtype(tmp_path: Path) -> None:
    """What base computed in one dtype is not taken for the other."""
    places = [_place(tmp_path, SIDES.base, climbs.narrow_climb("linear", dtype)) for dtype in ("float64", "float32")]
    assert 2 == len(set(places))


def test_a_command_calls_a_commit_by_its_own_name() -> None:
    """A branch, or HEAD, is another commit tomorrow; an environment at a place is said by its place."""
    found = record(row(agreement(*SIDES.names, 0.5)))
    found.base = structs.replace(found.base, name="f85978eb58", said="HEAD~1")
    found.head = structs.replace(found.head, name="torch", said=".tox/torch")
    assert "aebench compare f85978eb58 .tox/torch linear " in findings.again(found, "pytorch", ["linear"], "numbers")
