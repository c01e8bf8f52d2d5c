"""What `aebench agree` prints: the verdict first, and nothing uncompared called agreeing."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from aebench.report.agreement import compared, print_agreements, verdict


def rung(name: str = "forward", headroom: float = 8.0, sensitivity: float = 3e-6) -> dict[str, Any]:
    """One rung of a pair."""
    return {"rung": name, "arrays": 10, "headroom": headroom, "sensitivity": sensitivity, "relative": 1e-7}


def pair(name: str, dtype: str, *rungs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The agreement of the reference and PyTorch."""
    row = {"autoencoder": name, "dtype": dtype, "left": "reference", "right": "pytorch", "arbiter": "reference"}
    return {**row, "parting": None, "vacuous": [], "blind": {}, "rungs": list(rungs or [rung()]), **more}


def document(*rows: dict[str, Any], failures: Any = ()) -> dict[str, Any]:
    """What `aebench agree` hands to the report."""
    return {"agreements": list(rows), "failures": list(failures)}


SOUND = document(pair("tied", "float64"), pair("tied", "float32", rung(), rung("step", 4.0, 2e-5)))
PARTED = document(pair("tied", "float32", parting="here", command="aebench agree tied -f pytorch"))


def printed(found: dict[str, Any], *, everything: bool = False) -> str:
    """What stands on a screen of 80 columns."""
    console = Console(width=80, file=io.StringIO())
    print_agreements(found, console, everything=everything)
    return console.file.getvalue()


def test_a_pass_says_where_it_is_closest_and_what_was_compared() -> None:
    """The least headroom with its place, the sensitivity of the blindest rung, and who was compared."""
    assert verdict(SOUND) == (
        "tied agrees in both dtypes; least headroom ×4 at tied, float32, rung step; every rung sees faults from 2e-05."
    )
    assert "Compared: reference, pytorch, 30 pairs of arrays in both dtypes; none decided by" in printed(SOUND)


@pytest.mark.parametrize(
    ("found", "start"),
    [
        (PARTED, "1 of 1 part: tied."),
        (document(pair("tied", "float32", vacuous=["step"])), "Nothing parts, but tied has a rung that is vacuous."),
        (document(), "Nothing was compared: "),
        (
            document(
                pair("tied", "float64"), failures=[{"autoencoder": "sparse", "framework": "pytorch", "failure": "x"}]
            ),
            "Not everything was compared: sparse failed; nothing else parts.",
        ),
    ],
)
def test_what_is_no_pass_does_not_say_agree(found: dict[str, Any], start: str) -> None:
    """Parted, vacuous, empty or failed: the verdict says that first, and the word 'agree' nowhere."""
    assert verdict(found).startswith(start)
    assert "agree" not in verdict(found)


def test_the_verdict_stands_first_and_the_command_below_what_parts() -> None:
    """A reader of one line knows the outcome; the second tells where, the third how to see it again."""
    lines = printed(PARTED).splitlines()
    assert lines[0].startswith("1 of 1 part: tied.")
    assert "tied, float32: here" in lines
    assert "  again with: aebench agree tied -f pytorch" in lines
    assert "  as a script: aebench reproduce tied -f pytorch -o issue" in lines


BLIND = {"phase1/trajectory/5/encoder1.bias": 57.0, "phase1/trajectory/6/encoder1.bias": 31.0}


@pytest.mark.parametrize(
    ("elsewhere", "count", "judged"),
    [
        ([pair("linear", "float64")], 2, "float64 judges"),
        ([pair("linear", "float64", blind=BLIND)], 4, "nothing judges"),
        ([], 2, "nothing judges"),
    ],
)
def test_what_no_bound_can_judge_is_named(elsewhere: list[dict[str, Any]], count: int, judged: str) -> None:
    """Arrays that rounding alone decides in one dtype are counted and named, with the dtype that judges them."""
    found = document(*elsewhere, pair("linear", "float32", blind=BLIND))
    assert f"; {count} decided by rounding alone." in compared(found["agreements"])
    assert f"linear, float32: rounding hides a fault of a tenth here, which {judged}" in printed(found)
    assert "trajectory/encoder1.bias" in printed(found)


def test_a_cell_shows_headroom_sensitivity_and_a_missing_arbiter() -> None:
    """The least of all pairs and rungs; without an arbiter the cell says so."""
    assert "×4, sees 2e-05" in printed(SOUND)
    alone = pair("tied", "float64", arbiter=None)
    assert "×8, sees 3e-06, no arbiter" in printed(document(alone))
    assert "in float64, all without an arbiter;" in compared([alone])
    assert "in float64, some without an arbiter;" in compared([alone, pair("tied", "float64")])


@pytest.mark.parametrize("everything", [False, True])
def test_nothing_is_wider_than_the_screen(everything: bool) -> None:
    """Tables fit in 80 columns, with every pair and rung, too."""
    rows = [pair("denoising_gaussian", dtype, rung("trajectory")) for dtype in ("float64", "float32")]
    table = printed(document(*rows), everything=everything).split("\n\n", 1)[1]
    assert max(map(len, table.splitlines())) <= 80
    assert ("trajectory" in table) == everything
