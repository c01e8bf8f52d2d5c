"""What is seen of the machine beside a block: the clock, a quota that holds back, memory that is waited for."""

from __future__ import annotations

from pathlib import Path

import pytest

from aebench.records import circumstances
from aebench.records.circumstances import Circumstances, Lookout

PRESSURE = "some avg10=0.00 avg60=0.00 avg300=0.00 total={}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n"


def seen(folder: Path, own: str, group: str, stats: tuple[str, str], waited: tuple[str, str]) -> Circumstances:
    """Those of ten seconds in which the group's file and the kernel's went from the one text to the other."""
    folder.mkdir(exist_ok=True)
    (folder / "own").write_text(own)
    place = folder / "fs" / group
    place.mkdir(parents=True)
    (place / "cpu.stat").write_text(stats[0])
    (folder / "memory").write_text(waited[0])
    lookout = Lookout(folder / "own", folder / "fs", folder / "memory")
    (place / "cpu.stat").write_text(stats[1])
    (folder / "memory").write_text(waited[1])
    return lookout.circumstances()


@pytest.mark.parametrize(("own", "group"), [("0::/a", "a"), ("0::/a/b", "a"), ("4:cpu,cpuacct:/c", "cpu/c")])
def test_a_quota_that_holds_back_is_seen(tmp_path: Path, own: str, group: str) -> None:
    """Of the process's control group or one around it, in both versions: 5 of the 20 periods meanwhile."""
    before, after = (f"usage_usec 7\nnr_periods {n}\nnr_throttled {held}\n" for n, held in ((100, 40), (120, 45)))
    assert 0.25 == seen(tmp_path, own, group, (before, after), ("", "")).held_back


@pytest.mark.parametrize(
    "text", ["", "usage_usec 7\n", "nr_periods 0\nnr_throttled 0\n", "nr_periods x\nnr_throttled\n"]
)
def test_without_a_quota_nothing_holds_back(tmp_path: Path, text: str) -> None:
    """No file, a group without a quota, or a file of another kind: unknown, which is not zero."""
    assert None is seen(tmp_path, "0::/a", "a", (text, text), ("", "")).held_back


def test_waiting_for_memory_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds of ten, as the kernel counts them; unknown where it does not."""
    monkeypatch.setattr(circumstances.time, "monotonic", iter([0.0, 10.0, 20.0, 30.0]).__next__)
    waited = (PRESSURE.format(1_000_000), PRESSURE.format(3_000_000))
    assert 0.2 == seen(tmp_path / "one", "", "a", ("", ""), waited).waiting
    assert None is seen(tmp_path / "other", "", "a", ("", ""), ("", "")).waiting


def test_the_clock_and_the_memory_of_this_machine(tmp_path: Path) -> None:
    """Both are there, before and after, on any machine."""
    found = Lookout().circumstances()
    assert (2, True) == (len(found.clock), all(0.0 < seconds < 1.0 for seconds in found.clock))
    assert 0.0 < found.available < 1.0
