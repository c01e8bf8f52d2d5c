"""Seconds and memory of a run against the baseline's: counted on its kind of machine, information elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import planted
from gates import trials, written

from aebench.comparison.accepting import accept, left_open
from aebench.comparison.gate import Gated, Scope, held
from aebench.comparison.verdict import status
from aebench.processes.events import Silent
from aebench.records.fields import checked
from aebench.records.machine import PEAK_RESET, forget_peak, peak_resident
from aebench.records.trials import Speed
from aebench.running.options import Options
from aebench.running.run import Run

COST = {
    "seconds_per_1000_images": 0.1,
    "warm": True,
    "warm_up_seconds": None,
    "trial_seconds": 3.0,
    "peak_bytes": 10**9,
}


def costing(found: list[dict[str, Any]] | None = None, **cost: Any) -> list[dict[str, Any]]:
    """Trainings that cost so much; without it, as much as those that were accepted. A cost of None is not on record."""
    speed = {name: value for name, value in {**COST, **cost}.items() if value is not None or name == "warm_up_seconds"}
    return [{**trial, "speed": speed} for trial in found or trials()]


def on(part: str, value: object, *, path: str = "machine") -> list[dict[str, Any]]:
    """Trainings ten times as slow, on another machine."""
    slow = costing(seconds_per_1000_images=1.0)
    return [{**trial, "conditions": planted(trial["conditions"], path, part, value=value)} for trial in slow]


def busy(others: float, seconds: float = 1.0) -> list[dict[str, Any]]:
    """Trainings that took so long, while other programs had that share of the processors' time."""
    found = {"load": 9.0, "steal": 0.0, "others": others}
    return [
        {**trial, "conditions": {**trial["conditions"], "busy": found}}
        for trial in costing(seconds_per_1000_images=seconds)
    ]


@pytest.fixture
def gate(tmp_path: Path) -> Callable[..., Gated]:
    """Hold trainings against those that were accepted."""
    accept([written(tmp_path / "accepted", costing())], reason="x", folder=tmp_path / "to")

    def hold(found: list[dict[str, Any]]) -> Gated:
        return held(written(tmp_path / "run", found), folder=tmp_path / "to")

    return hold


CASES: dict[str, tuple[list[dict[str, Any]], int, str]] = {
    "as before": (costing(), 0, ""),
    "within": (costing(seconds_per_1000_images=0.19, peak_bytes=1_240_000_000), 0, ""),
    "slower": (
        costing(seconds_per_1000_images=0.21), 1,
        "0.1 s for 1,000 images → 0.21 s for 1,000 images, 2.10 times as much; up to 0.2 s for",
    ),
    "more": (costing(peak_bytes=1_300_000_000), 1, "1,000,000,000 bytes → 1,300,000,000 bytes, 1.30 times as much"),
    "faster": (costing(seconds_per_1000_images=0.04), 0, "0.40 times as much"),
    "a little less": (costing(seconds_per_1000_images=0.051, peak_bytes=810_000_000), 0, ""),
    "less": (costing(peak_bytes=790_000_000), 0, "0.79 times as much"),
    "beside others": (
        costing(seconds_per_1000_images=1.0, alone=False), 2, "the baseline says what it took, and the run does not"
    ),
    "not a number": (
        costing(seconds_per_1000_images=float("nan")), 2, "the baseline says what it took, and the run does not"
    ),
    "not on record": (costing(peak_bytes=None), 2, "the baseline says what it took, and the run does not"),
    "never warm": (costing(warm=False), 2, "the baseline says what it took, and the run does not"),
    "busy": (busy(0.9), 125, "not counted, since others had 90% of the processors' time"),
    "busy, with more memory": (
        [{**it, "speed": {**COST, "peak_bytes": 1_300_000_000}} for it in busy(0.9, seconds=0.1)], 1,
        "1.30 times as much",
    ),
    "not very busy": (busy(0.5), 1, "10.00 times as much"),
    "another processor": (on("processor", "an abacus"), 0, "processor: a processor then, an abacus now"),
    "other cores": (on("cores", 64), 0, "cores: 2 then, 64 now"),
    "another GPU": (on("gpus", ["H100"]), 0, "gpus: none then, H100 now"),
    "unknown": (on("processor", None), 0, "processor: a processor then, unknown now"),
    "another system": (on("system", "another"), 1, "10.00 times as much"),
    "no conditions": (
        [{**trial, "conditions": None} for trial in costing()], 0, "on which machine is not on record"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_costs_count_where_the_machine_is_of_the_kind(gate: Callable[..., Gated], name: str) -> None:
    """Each has its status, and one sentence at most."""
    found, expected, words = CASES[name]
    gated = gate(found)
    said = [finding.sentence for finding in gated.findings]
    assert (expected, 1 if words else 0) == (status(gated.findings), len(said))
    assert all(words in sentence for sentence in said)


def test_the_median_over_the_seeds_counts(gate: Callable[..., Gated]) -> None:
    """Two of five that were slow change nothing; three do."""
    slow, usual = costing(seconds_per_1000_images=1.0), costing()
    assert () == gate([*slow[:2], *usual[2:]]).findings
    assert 1 == status(gate([*slow[:3], *usual[3:]]).findings)


def test_a_limit_of_their_own_decides(gate: Callable[..., Gated], tmp_path: Path) -> None:
    """As of any row: another share, a number of seconds, and none."""
    path = tmp_path / "to" / "limits.toml"
    text = path.read_text(encoding="utf-8")
    slow = costing(seconds_per_1000_images=0.21)
    for limit, expected in (('"120 %"', 0), ("0.2", 0), ("0.1", 1), ('"none"', 0), ('"90 %"', 1)):
        path.write_text(text.replace('"100 %"', limit), encoding="utf-8")
        found = gate(slow)
        assert expected == status(found.findings), limit
        assert ("tied, pytorch, training" in found.costs) == (limit != '"none"'), "what has none is held against none"


@pytest.mark.skipif(not PEAK_RESET.exists(), reason="only Linux forgets a peak")
def test_a_peak_is_that_of_what_comes() -> None:
    """What was held before and given back does not count; what is held now does."""
    size = 200 * 2**20
    assert forget_peak(), "that of the tests before"
    held_once = np.ones(size, np.uint8)
    before = peak_resident()
    del held_once
    assert forget_peak()
    assert before - peak_resident() > size / 2
    again = np.ones(size, np.uint8)
    assert abs(peak_resident() - before) < again.nbytes / 4


def test_only_common_seeds_are_compared(gate: Callable[..., Gated]) -> None:
    """A run from one of the accepted seeds is held against that one: the first training of a process holds less than
    those after it."""
    found = [trial for trial in costing() if trial["seed"] == 0]
    assert 0 == status(gate(found).findings)


def test_seeds_of_other_cost_are_left_out(tmp_path: Path) -> None:
    """What seed 0 held was a third of the others: a run from seed 0 that holds twice as much is told."""
    of_one = [trial for trial in costing(peak_bytes=3 * 10**8) if trial["seed"] == 0]
    others = [trial for trial in costing() if trial["seed"] != 0]
    accept([written(tmp_path / "accepted", [*of_one, *others])], reason="x", folder=tmp_path / "to")
    twice = [trial for trial in costing(peak_bytes=6 * 10**8) if trial["seed"] == 0]
    found = held(written(tmp_path / "run", twice), folder=tmp_path / "to")
    assert any("2.00 times as much" in finding.sentence for finding in found.findings)


def test_memory_is_that_of_the_training_alone(tmp_path: Path) -> None:
    """Whether the ladder was climbed before, or another autoencoder trained, its process holds as much."""
    peaks = []
    runs = ((False, ("linear",)), (True, ("linear",)), (False, ("stacked", "linear")))
    for number, (agreement, names) in enumerate(runs):
        options = Options(names, ("reference",), seeds=(0,), agreement=agreement)
        document = Run(options, tmp_path / f"{number}", Silent()).execute(resume=False)
        peaks += [t["speed"]["peak_bytes"] for t in document["trials"] if t["autoencoder"] == "linear"]
    assert 3 == len(peaks)
    assert max(peaks) < 1.1 * min(peaks)


def test_seconds_at_each_seed_or_none(gate: Callable[..., Gated]) -> None:
    """Planted: no number at one of the seeds, whose median would be of the others."""
    found = costing()
    found[0] = {**found[0], "speed": {**found[0]["speed"], "seconds_per_1000_images": float("nan")}}
    (finding,) = gate(found).findings
    assert ("undone", True) == (finding.weight, "and the run does not at each seed" in finding.sentence)


def test_a_run_that_was_timed_in_part_is_accepted_without_its_seconds(tmp_path: Path) -> None:
    """One training ran beside others: the baseline has a row of memory, none of seconds, and stands against itself."""
    found = costing()
    found[0] = {**found[0], "speed": {**found[0]["speed"], "alone": False}}
    made = accept([written(tmp_path / "run", found)], reason="x", folder=tmp_path / "to")
    assert (False, True) == tuple(name in made.limits.read_text() for name in ("seconds_per_1000_images", "peak_bytes"))
    assert 0 == status(held(made.baseline, Scope(), tmp_path / "to").findings)
    said = "No seconds are accepted of tied: not every training had a machine alone, and an epoch that was warm."
    assert [said] == [words for words in left_open(made.baseline) if "seconds" in words]
    whole = accept([written(tmp_path / "whole", costing())], reason="x", folder=tmp_path / "whole-to")
    assert [] == [words for words in left_open(whole.baseline) if "seconds" in words]


@pytest.mark.parametrize("seconds", [0.0, -0.1])
def test_no_training_takes_no_time(seconds: float) -> None:
    """A record that says so was edited."""
    with pytest.raises(ValueError, match="expected more than 0"):
        checked({**COST, "seconds_per_1000_images": seconds, "warm": True}, Speed)
