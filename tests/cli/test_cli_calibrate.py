"""`aebench calibrate` as a user calls it."""

from __future__ import annotations

from pathlib import Path

from aebench.records import documents

WORDS = ("calibrate", "linear", "-f", "reference", "-o", "out", "--time-limit", "0.0001")


def test_a_block_is_measured_and_kept(aebench, tmp_path: Path) -> None:
    """The one that began in time: too few to say anything, status 125. It is kept; another call is refused."""
    shown = aebench(*WORDS)
    assert 125 == shown.returncode, shown.stderr
    assert "0 of 5 rows can be gated here, 5 are not measured." == shown.stdout.splitlines()[0]
    assert "Measured: 1 block of base against base in reference " in shown.stdout
    found = documents.read(tmp_path / "out" / "calibration.json", "calibration")
    (block,) = found["blocks"]
    assert (True, ["reference"] * 2) == (block["control"], [it["name"] for it in block["subjects"]])
    assert "1" == found["conditions"]["variables"]["OMP_NUM_THREADS"]
    again = aebench(*WORDS)
    assert (125, shown.stdout) == (again.returncode, again.stdout)
    refused = aebench(*WORDS, "-p", "source")
    assert (2, True) == (refused.returncode, "(schedule: quick then, source now)" in refused.stderr)


def test_what_cannot_be_calibrated_is_one_line(aebench, tmp_path: Path) -> None:
    """Bad input: its message, status 2, and nothing is written."""
    for words, problem in (
        (("lin",), "unknown autoencoder 'lin'; did you mean 'linear'?"),
        (("linear", "-f", "reference@nix"), "unknown environment 'nix'"),
        (("linear", "--blocks", "3"), "3 is not in the range"),
        (("stacked", "-d", "mnist", "--data-dir", "."), "mnist"),
    ):
        refused = aebench("calibrate", *words)
        assert (2, True) == (refused.returncode, problem in refused.stderr), refused.stderr
    assert [] == [*tmp_path.iterdir()]
