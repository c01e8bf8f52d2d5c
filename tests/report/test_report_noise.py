"""What `aebench calibrate` prints: the verdict, then what was measured, what is too noisy and why, and a table."""

from __future__ import annotations

import re
from io import StringIO

import numpy as np
import pytest
from calibrations import blocks, of_deviation, record
from pairs import control
from rich.console import Console

from aebench.comparison.speed import CONTROL_EVERY, LEAST_CONTROLS, Due
from aebench.comparison.steadiness import judged
from aebench.records.calibrations import Calibration
from aebench.report.noise import print_noise


def printed(found: Calibration, *, width: int = 160, everything: bool = False) -> list[str]:
    """The lines on a screen so wide."""
    text = StringIO()
    print_noise(found, judged(found), Console(file=text, width=width), everything=everything)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def test_a_steady_machine_is_a_verdict_and_a_table() -> None:
    """What can be gated, and seen, at which thresholds; how many blocks it took; and what it takes, by row."""
    lines = printed(record(blocks(of_deviation(0.02))))
    assert [
        "5 of 5 rows can be gated here.",
        "10% more can be seen in 5 of 5 rows: aebench compare … --tolerated 0.02 --intolerable 0.1",
        "5% more can be seen in 4 of 4 rows: aebench compare … --tolerated 0.01 --intolerable 0.05",
        "Measured: 8 blocks of base against base in pytorch, 10.0 s each, 1 thread.",
        "Meanwhile nothing was to be seen that disturbs.",
    ] == lines[:5]
    (row,) = (line.split() for line in lines if line.startswith("linear") and "training" in line)
    assert ["linear", "pytorch", "training", "2%"] == row[:4]
    blocks_, minutes = map(float, row[5:7])
    assert (blocks_ + max(LEAST_CONTROLS, blocks_ / CONTROL_EVERY)) * 10.0 / 60.0 == pytest.approx(minutes, abs=0.06)


def test_what_is_too_noisy_is_told_with_its_reasons() -> None:
    """Those of the machine once, those of a row at the row; a slow-down that cannot be seen has no number."""
    values = of_deviation(0.3)
    values[3] = 3.0
    lines = printed(record(blocks(values, others=0.6)))
    assert "4 of 5 rows can be gated here, 1 is too noisy." == lines[0]
    place = lines.index("too noisy: other programs had 60% of the processors' time")
    assert re.fullmatch(
        r"  linear pytorch training: ± \d+%, \d+% of calls undecided; one block lies \d+% off the others",
        lines[place + 1],
    )
    (row,) = (line.split() for line in lines if line.startswith("linear") and "training" in line)
    assert ["–"] * 4 == row[5:]
    assert [] == [line for line in lines if line.startswith("Meanwhile")]


def test_a_loaded_machine_shows_nothing_however_little_its_blocks_vary() -> None:
    """Its rows of speed are named with what was seen, and counted as showing nothing."""
    lines = printed(record(blocks(of_deviation(0.02), others=0.8)))
    assert "1 of 5 rows can be gated here, 4 are too noisy." == lines[0]
    assert (True, True) == (lines[1].startswith("10% more can be seen in 1 of 5 rows"), "in 0 of 4 rows" in lines[2])
    assert "  linear pytorch training: ± 2%" in lines


def test_what_so_few_blocks_do_not_settle_is_told() -> None:
    """With what to do; where all is settled there is no such line."""
    expected = "Not sure after so few blocks: linear pytorch training. Go on with the same --output and --blocks 24."
    for deviation, lines in ((0.11, [expected]), (0.02, [])):
        found = printed(record(blocks(of_deviation(deviation))))
        assert lines == [line for line in found if line.startswith("Not sure")]


def test_what_was_not_measured_is_no_row_of_numbers() -> None:
    """Too few blocks, or a failure: the row and its reason, once for all that have it."""
    few = printed(record(blocks(np.zeros(3))))
    assert "0 of 5 rows can be gated here, 5 are not measured." == few[0]
    expected = ", ".join(f"linear pytorch {it}" for it in ("training", "inference", "first epoch", "memory"))
    assert f"not measured: {expected}, pytorch import: 3 of 4 blocks" in few
    lost = printed(record([control("pytorch", Due("linear", True, 0), {}, failure="it broke")] * 2))
    assert ("0 of 5 rows can be gated here, 5 failed.", True) == (lost[0], lost[-1].endswith(": it broke"))


def test_everything_fits_a_screen_of_80_characters() -> None:
    """Tables come in parts; everything shows how blocks vary, and what was foreseen."""
    lines = printed(record(blocks(of_deviation(0.03))), width=80, everything=True)
    tables = lines[lines.index("What a slow-down takes to be seen") :]
    assert [] == [line for line in tables if len(line) > 80]
    assert {"How blocks vary", "What was foreseen"} <= set(tables)
