"""What tables say is what was decided: verdicts, shares and deviations are those of the commands, to the last bit."""

from __future__ import annotations

import math
from typing import Any

import pytest
from calibrations import blocks as noisy
from calibrations import of_deviation
from calibrations import record as calibrated
from comparisons import block, blocks, climbed
from comparisons import record as compared
from examples import conditions

from aebench.comparison.findings import speeds
from aebench.comparison.noise import noises
from aebench.records.fields import plain
from aebench.report.frames import frames

OPTIONS: dict[str, Any] = {
    "frameworks": ["pytorch"], "peers": [], "dataset": "digits", "schedule": "quick", "device": "cpu",
    "dtype": "float32",
}  # fmt: skip


def rows(kind: str, content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The rows of one table, by field."""
    (table,) = (table for table in frames(kind, content) if table.name == name)
    names = [field.name for field in table.fields]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.3])
def test_speed_is_what_was_decided(ratio: float) -> None:
    """Of each row the verdict's word and its numbers."""
    record = compared(climbed("float64"), climbed("float32"), blocks=blocks(ratio))
    expected = [
        (row.autoencoder, row.measure, it.word, it.ratio, it.low, it.high, it.blocks, it.open)
        for row, it in speeds(record, record.pairs[0]).items()
    ]
    fields = ("autoencoder", "measure", "verdict", "ratio", "low", "high", "blocks", "open")
    assert expected == [tuple(row[field] for field in fields) for row in rows("comparison", plain(record), "speed")]


def test_ratios_are_of_every_block_that_did_not_fail() -> None:
    """Literally: head took twice as long, and three times the memory; a control says which it is."""
    some = [block(2.0, 0, memory=3.0), block(2.0, 3, failure="out of memory"), block(1.0, 0, control=True)]
    found = rows("comparison", plain(compared(climbed("float64"), blocks=some)), "ratios")
    known = {(row["block"], row["control"], row["measure"]): row["log_ratio"] for row in found}
    assert {1, 3} == {number for number, _, _ in known}
    assert math.log(3.0) == known[1, False, "memory"]
    assert all(math.isclose(math.log(2.0), known[1, False, it]) for it in ("training", "inference", "import"))
    assert 0.0 == known[3, True, "training"]


def test_what_moved_stands_in_numbers_and_rungs() -> None:
    """With the rung that moved, and what it moved by."""
    content = plain(compared(climbed("float64", "parted"), climbed("float32", "moved")))
    assert ["parted", "moved"] == [row["verdict"] for row in rows("comparison", content, "numbers")]
    shares = {(row["dtype"], row["rung"]): row["share"] for row in rows("comparison", content, "rungs")}
    assert (2.0, 0.5, 0.0) == (
        shares["float64", "gradients"],
        shares["float32", "gradients"],
        shares["float32", "init"],
    )
    findings = rows("comparison", content, "findings")
    assert ("regression", "linear, pytorch, float64") == (findings[0]["weight"], findings[0]["about"])


def test_a_share_is_the_ceiling_s_seconds_over_the_subject_s() -> None:
    """Literally: products and traffic take a second each, the subject four: half the ceiling. What failed is a row."""

    def timed(name: str, kind: str, seconds: float) -> dict[str, Any]:
        return {"name": name, "kind": kind, "works": {"training": {
            "images": 1000, "warm_up": [seconds, seconds], "rounds": [seconds, seconds],
        }}}  # fmt: skip

    subjects = [
        timed("pytorch", "framework", 4.0), timed("pytorch", "products", 1.0), timed("pytorch", "traffic", 1.0),
        {"name": "tensorflow", "kind": "framework", "failure": "out of memory"},
    ]  # fmt: skip
    one = {"first": 0, "subjects": subjects, "seconds": 9.0, "busy": {}}
    case = {"autoencoder": "linear", "use": None, "batch": None, "width": 1.0, "blocks": [one, one]}
    content = {"options": OPTIONS, "blocks": 2, "conditions": conditions(), "cases": [case]}
    found = {(row["subject"], row["kind"]): row for row in rows("bench", content, "shares")}
    mine = found["pytorch", "framework"]
    assert (4.0, 2) == (mine["seconds_per_1000_images"], mine["blocks"])
    assert math.isclose(0.5, mine["share"])
    assert math.isclose(2.0, found["ceiling", "ceiling"]["seconds_per_1000_images"])
    assert "out of memory" == found["tensorflow", "framework"]["failure"]
    assert 2 * 3 * 2 == sum(row["warm"] for row in rows("bench", content, "rounds"))


def test_noise_is_what_calibrate_says() -> None:
    """Literally: a deviation of 4 %, within the interval that `calibrate` prints; the ratios are those made."""
    planted = of_deviation(0.04)
    known = calibrated(noisy(planted))
    content = plain(known)
    found = {row["measure"]: row for row in rows("calibration", content, "noise")}
    mine = found["training"]
    assert math.isclose(0.04, mine["deviation"], rel_tol=1e-9)
    interval = next(it.interval for it in noises(known) if it.row.measure == "training")
    assert interval == (mine["deviation_low"], mine["deviation_high"])
    ratios = [row["log_ratio"] for row in rows("calibration", content, "ratios") if row["measure"] == "training"]
    assert all(math.isclose(a, b, abs_tol=1e-12) for a, b in zip(planted.tolist(), ratios, strict=True))


def test_of_too_few_blocks_only_their_number_is_said() -> None:
    """A deviation of three would be made up."""
    content = plain(calibrated(noisy(of_deviation(0.04)[:3])))
    assert {(3, None)} == {(row["blocks"], row["deviation"]) for row in rows("calibration", content, "noise")}
