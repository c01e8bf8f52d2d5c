"""`aebench audit` as a user calls it."""

from __future__ import annotations

from pathlib import Path

from aebench.records import documents


def test_memory_that_is_planted_is_caught(aebench, tmp_path: Path) -> None:
    """The reference with a tenth more memory: caught; said first, kept, and 80 columns wide. Two blocks say nothing of
    speed, so no false alarm is counted."""
    shown = aebench(
        "audit", "linear", "-f", "reference", "--only", "memory", "--repeats", "1", "-o", "out", COLUMNS="80"
    )
    assert 0 == shown.returncode, shown.stderr
    assert shown.stdout.startswith("1 of 1 faults that must be seen were caught.\n")
    assert "false alarm" not in shown.stdout
    (case,) = documents.read(tmp_path / "out" / "audit.json", "audit")["cases"]
    assert {"linear, reference, memory": "more"} == {o["row"]: o["verdict"] for o in case["outcomes"] if o["planted"]}


def test_a_dry_run_says_what_would_be_planted(aebench, tmp_path: Path) -> None:
    """Counts of each part; nothing is written."""
    shown = aebench("audit", "-f", "reference", "--only", "speed,memory", "--repeats", "2", "--dry-run")
    assert "Cases: 22 of speed, 2 of memory; in reference, on curve and digits. Nothing was begun.\n" == shown.stdout
    assert [] == list(tmp_path.iterdir())


def test_only_the_reference_has_no_fault_of_the_ladder(aebench, tmp_path: Path) -> None:
    """It is the judge: to plant its faults in it would say nothing, and a call that plants nothing says so."""
    shown = aebench("audit", "-f", "reference", "--only", "numbers", "-o", "out")
    assert 2 == shown.returncode
    assert "nothing to plant" in shown.stderr
