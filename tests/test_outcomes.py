"""What becomes of each row of a comparison: the cells of a matrix."""

from __future__ import annotations

from typing import Any

import pytest
from comparisons import blocks, climbed, record
from msgspec import structs

from aebench.comparison import findings
from aebench.comparison.absent import LOST
from aebench.comparison.outcomes import gravest, outcomes
from aebench.records.fields import Float, checked
from aebench.records.matrices import Outcome
from aebench.records.qualities import Quality


def numbers(*verdicts: str, **changes: Any) -> Outcome:
    """The outcome of `linear`, whose climbs have these verdicts, float64 first."""
    rows = [
        climbed(dtype, verdict, **changes) for dtype, verdict in zip(("float64", "float32"), verdicts, strict=False)
    ]
    (found,) = outcomes(record(*rows, only=["numbers"]))
    return found


def test_what_moved_names_its_first_rung_and_the_way_it_went() -> None:
    """And by how much."""
    found = numbers("identical", "moved")
    expected = "float32, equal to 6.3 digits, 50% of the bound, ×3.0 further from the reference, still in bounds"
    assert ("gradients", "moved", "moved", expected) == (found.row, found.verdict, found.weight, found.sentence)
    assert "aebench compare old here linear -f pytorch --only numbers --all -d digits -p quick -s 0" == found.command


def test_the_first_rung_that_moved_is_named_before_the_one_that_moved_most() -> None:
    """Where it begins is what one looks for; where it is largest stands beside it."""
    row = climbed("float32", "moved")
    row.rungs[0] = structs.replace(row.rungs[0], verdict="moved", moved=1, share=Float(0.1), relative=Float(1e-7))
    (found,) = outcomes(record(climbed("float64"), row, only=["numbers"]))
    assert ("init", True) == (found.row, found.sentence.endswith("; most in rung gradients, 50%"))


def test_the_first_rung_is_that_of_either_dtype() -> None:
    """The one that begins earlier is told, though the other one moved further, which stands beside it."""
    early, far = climbed("float64", "moved"), climbed("float32", "moved")
    early.rungs[0], early.rungs[1] = (
        structs.replace(early.rungs[0], verdict="moved", moved=1, share=Float(0.004), relative=Float(1e-15)),
        structs.replace(early.rungs[1], share=Float(0.1)),
    )
    (found,) = outcomes(record(early, far, only=["numbers"]))
    assert ("init", True) == (
        found.row,
        found.sentence.startswith("float64, equal to 15.0 digits, less than 1% of the"),
    )
    assert found.sentence.endswith("; most in rung gradients, float32, 50%")


@pytest.mark.parametrize(("share", "words"), [(0.004, "less than 1%"), (0.006, "1%"), (0.0, "0%")])
def test_what_moved_is_not_called_nothing(share: float, words: str) -> None:
    """However small a part of its bound it is."""
    row = climbed("float32", "moved")
    assert words == findings.share(structs.replace(row.rungs[1], share=Float(share)))


@pytest.mark.parametrize(
    ("head", "words"),
    [(0.12, "as near to the reference"), (0.13, "×1.3 further from"), (0.07, "×1.4 nearer to"), (0.0, "nearer to")],
)
def test_a_quarter_is_as_near_as_before(head: float, words: str) -> None:
    """Base is a tenth of its bound from the reference."""
    row = climbed("float32", "moved")
    row.rungs[1].head = Float(head)
    (found,) = outcomes(record(climbed("float64"), row, only=["numbers"]))
    assert words in found.sentence


def test_what_agrees_in_no_digit_is_called_so() -> None:
    """As far apart as its values are large, which a bound of rounding lets through where these are next to nothing."""
    row = climbed("float32", "moved")
    row.rungs[1].relative = Float(0.8)
    (found,) = outcomes(record(climbed("float64"), row, only=["numbers"]))
    assert found.sentence.startswith("float32, no digit alike, 50% of the bound")
    row.rungs[1].relative = Float(0.5)
    (found,) = outcomes(record(climbed("float64"), row, only=["numbers"]))
    assert found.sentence.startswith("float32, equal to 0.3 digits, 50% of the bound")


def test_trainings_that_are_not_on_record_are_a_row() -> None:
    """A matrix that only shows what is there would be green without it."""
    (found,) = outcomes(record(only=["quality"]))
    assert ("linear", "training", "not compared", "undone") == (
        found.autoencoder,
        found.row,
        found.verdict,
        found.weight,
    )
    assert LOST == found.sentence


@pytest.mark.parametrize(
    ("verdicts", "changes", "expected"),
    [
        (("identical", "identical"), {}, ("", "identical", None)),
        (("moved", "parted"), {}, ("gradients", "parted", "regression")),
        (("identical", "failed"), {"failures": {"pytorch": "no"}}, ("climb", "failed", "regression")),
        (("identical", "not compared"), {}, ("climb", "not compared", "undone")),
        (("not compared", "parted"), {}, ("gradients", "parted", "regression")),
        (("identical",), {}, ("climb", "undecided", "undecided")),
        ((), {}, ("climb", "undecided", "undecided")),
        (("moved", "moved"), {"vacuous": ["losses"]}, ("losses", "undecided", "undecided")),
        (("identical", "identical"), {"both": "parts"}, ("", "identical", "moved")),
    ],
)
def test_the_gravest_of_both_dtypes_counts(
    verdicts: tuple[str, ...], changes: dict[str, Any], expected: tuple[str, str, str | None]
) -> None:
    """What was not climbed, in one dtype or in both, is undecided and never green."""
    found = numbers(*verdicts, **changes)
    assert expected == (found.row, found.verdict, found.weight)


def test_a_head_that_leaves_the_reference_alone_names_the_rung_in_which_it_does() -> None:
    """Base and head are near each other, and only head is beyond the bound; a rung in which base is says nothing."""
    row = climbed("float32", "moved")
    row.rungs[0].base = Float(1.3)
    row.verdict, row.parting, row.rungs[1].head = (
        "parted",
        "head parts from the reference",
        type(row.rungs[1].head)(1.2),
    )
    (found,) = outcomes(record(climbed("float64"), row, only=["numbers"]))
    assert ("gradients", "parted", "float32, head parts from the reference") == (
        found.row,
        found.verdict,
        found.sentence,
    )


def test_every_measure_is_a_row_of_its_own() -> None:
    """Speed and memory, the import for all autoencoders together; the commands time one."""
    found = outcomes(record(blocks=blocks(1.3), only=["speed", "memory"]))
    rows = {(it.autoencoder, it.what, it.row): (it.verdict, it.weight) for it in found}
    slower, as_before = ("slower", "regression"), ("not more", None)
    expected = {("linear", "speed", row): slower for row in ("training", "inference", "first epoch")}
    assert expected | {(None, "speed", "import"): slower, ("linear", "memory", "peak memory"): as_before} == rows
    assert {True} == {" linear -f pytorch --only " in it.command for it in found}


def test_an_import_is_timed_again_with_one_autoencoder() -> None:
    """It belongs to none, and is timed with whichever comes first."""
    found = outcomes(record(blocks=blocks(1.3), only=["speed"], timed={"pytorch": ["linear", "tied"]}))
    (again,) = {it.command for it in found if it.autoencoder is None}
    assert " old here linear -f pytorch --only speed" in again


def quality(verdict: str, whole: str | None = None, **changes: Any) -> list[Outcome]:
    """The outcomes of trainings with one judged metric and one without a margin. whole: the verdict over both."""
    row = {"metric": "test_mse", "unit": "squared intensity", "better_when": "lower", "verdict": verdict,
           "margin": 0.05, "relative": True, "pairs": 3, "base": 0.01, "head": 0.012, "difference": 0.18, "low": 0.15,
           "high": 0.21, "p": 0.001, "reason": None}  # fmt: skip
    content = {"autoencoder": "linear", "base": "pytorch@old", "head": "pytorch", "verdict": whole or verdict,
               "seeds": [0], "false_alarms": 0.01, "misses": 0.05,
               "rows": [row, {**row, "metric": "other", "margin": None}],
               "failures": {}, "reason": None}  # fmt: skip
    return outcomes(record(quality=[checked({**content, **changes}, Quality)], only=["quality"]))


def test_every_metric_with_a_margin_is_a_row() -> None:
    """By how much; what failed or was not decided is one, too."""
    (found,) = quality("worse")
    assert ("linear", "quality", "test_mse", "worse", "regression") == (
        found.autoencoder, found.what, found.row, found.verdict, found.weight
    )  # fmt: skip
    assert found.sentence.startswith("0.01 → 0.012, by +18 % of their mean")
    (as_before,) = quality("not worse")
    assert ("not worse", None) == (as_before.verdict, as_before.weight)
    _, failed = quality("not worse", failures={"pytorch": "seed 0: no"})
    assert ("training", "failed", "regression") == (failed.row, failed.verdict, failed.weight)
    _, undone = quality("not worse", failures={"pytorch@old": "seed 0: no"})
    assert "undone" == undone.weight
    _, late = quality("undecided", reason="the time was up")
    assert ("training", "undecided", "the time was up") == (late.row, late.weight, late.sentence)


@pytest.mark.parametrize(("whole", "weight"), [("worse", None), ("not worse", None), ("undecided", "undecided")])
def test_a_metric_is_open_only_where_the_whole_is(whole: str, weight: str | None) -> None:
    """Where another metric has decided the trainings, nobody went on to decide this one."""
    (found,) = quality("undecided", whole)
    assert ("undecided", weight) == (found.verdict, found.weight)


def test_the_gravest_is_what_a_cell_shows() -> None:
    """A regression before what moved, and what moved before what is as before."""
    rows = [numbers("identical", "identical"), numbers("moved", "moved"), numbers("parted", "moved")]
    assert ["parted", "moved"] == [gravest(rows).verdict, gravest(rows[:2]).verdict]


def test_what_moved_more_is_told_and_what_is_vacuous_in_both() -> None:
    """Of both dtypes the one that moved by more of its bound; a rung that one dtype judges is judged."""
    small, large = climbed("float64", "moved"), climbed("float32", "moved")
    small.rungs[1].share = Float(0.1)
    (found,) = outcomes(record(small, large, only=["numbers"]))
    assert found.sentence.startswith("float32, ")
    half = climbed("float64", "moved", vacuous=["losses"])
    (found,) = outcomes(record(half, climbed("float32", "moved"), only=["numbers"]))
    assert ("gradients", "moved") == (found.row, found.verdict)
    mended = climbed("float64", "mended")
    mended.rungs[1].base, mended.rungs[0].head = Float(1.5), Float(0.9)
    (found,) = outcomes(record(mended, climbed("float32"), only=["numbers"]))
    assert ("gradients", "mended") == (found.row, found.verdict), "the rung in which base parts"
