"""How many rounds asv needs: whether its own functions are asked, and errors counted by hand come out."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("asv", reason="asv is not installed; it comes with the extra dev")

from asv.results import Results

from aebench.arrays import Array
from aebench.streams import stream
from benchmarks.verdicts import rounds
from benchmarks.verdicts.tools import ASV_ROWS, Settings


def sides(deviation: float) -> Array:
    """(2, 40, 5): 40 rounds of both sides, whose processes differ by so much, and their samples by a thousandth."""
    draws = stream(0, "test/rounds")
    of_process = np.exp(deviation * draws.normal((2, 40, 1)))
    return of_process * np.exp(0.001 * draws.normal((2, 40, 5)))


@pytest.mark.parametrize(("factor", "said"), [(1.0, False), (1.04, False), (1.06, True), (0.9, False)])
def test_asv_calls_slower_what_is_above_its_threshold(factor: float, said: bool) -> None:
    """And significantly so: with two samples a side of great width it says nothing."""
    base = sides(0.0001)[0]
    assert said == rounds.called_slower(base, factor * base, 0.05)
    wide = np.array([[1.0, 9.0]])
    assert not rounds.called_slower(wide, 1.2 * wide, 0.05)


def test_errors_grow_with_what_processes_differ_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same rates as the normal distribution has: the medians of two sides of one process each differ by √2
    deviations, and 5 % is one of them."""
    monkeypatch.setattr(rounds, "DRAWN", 300)
    assert (0.0, 0.0) == rounds._errors(sides(0.001), 6, 0.1, 0.05)
    false, missed = rounds._errors(sides(0.05 / np.sqrt(2.0)), 1, 0.1, 0.05)
    assert 0.16 == pytest.approx(false, abs=0.06)
    assert 0.16 == pytest.approx(missed, abs=0.06)
    fewer = rounds._errors(sides(0.05 / np.sqrt(2.0)), 6, 0.1, 0.05)
    assert fewer < (false, missed)


def test_the_first_number_that_errs_as_rarely_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both rows. A call takes what comes before and its rounds. Rounds that are there are not timed again."""
    found: dict[str, Any] = {
        "settings": asdict(Settings("stacked", "pytorch", 0.05, 40)),
        "seconds": {"before": 20.0, "a round": 10.0},
        "samples": {"training": sides(0.03).tolist(), "inference": sides(0.001).tolist()},
    }
    (tmp_path / rounds.FILE).write_text(json.dumps(found))
    monkeypatch.setattr(rounds, "DRAWN", 100)
    monkeypatch.setattr(rounds, "COUNTS", (2, 6, 12))
    *lines, last = CliRunner().invoke(rounds.main, ["-o", str(tmp_path)]).output.splitlines()
    assert 3 == len(lines)
    assert lines[0].startswith("2 rounds, 40 s: called slower without cause, and missed: training ")
    assert last.endswith("s: the first with at most 1% false alarms and 5% misses in each row")
    assert int(last.split()[0]) > 2
    found["samples"]["training"] = sides(0.5).tolist()
    (tmp_path / rounds.FILE).write_text(json.dumps(found))
    assert "No number of rounds that was tried" in CliRunner().invoke(rounds.main, ["-o", str(tmp_path)]).output
    other = CliRunner().invoke(rounds.main, ["-o", str(tmp_path), "--autoencoder", "sparse"])
    assert (1, True) == (other.exit_code, "holds calls with other settings" in other.output), "nothing old as new"


def test_samples_are_read_round_by_round(tmp_path: Path) -> None:
    """From asv's own file of the commit, of the one combination that was timed."""
    folder = tmp_path / ".asv" / "results" / "here"
    folder.mkdir(parents=True)
    name, commit = ASV_ROWS["training"], "0123456789abcdef"
    found = Results({"machine": "here"}, {}, commit, 0, "3.11", "env", {})
    samples = [None, [1.0, 2.0, 3.0, 4.0]]
    found._results = {name: [np.nan, 2.5]}
    found._benchmark_params = {name: [["'linear'", "'stacked'"]]}
    found._samples, found._stats = {name: samples}, {name: [None, {"repeat": 4, "number": 1}]}
    for kept in ("_benchmark_version", "_started_at", "_duration"):
        setattr(found, kept, {name: "1" if kept == "_benchmark_version" else 1.0})
    found.save(str(tmp_path / ".asv" / "results"))
    assert [[1.0, 2.0], [3.0, 4.0]] == rounds._samples(tmp_path, commit, name, 2)


@pytest.mark.parametrize("count", [2, 6])
def test_the_table_of_the_docs_is_that_of_the_rounds(count: int) -> None:
    """docs/benchmarks.md, of the rounds that are kept: what is drawn from them is the same everywhere."""
    root = Path(__file__).parents[1]
    found = json.loads((root / "benchmarks" / "verdicts" / rounds.FILE).read_text(encoding="utf-8"))
    took = found["seconds"]["before"] + count * found["seconds"]["a round"]
    cells = ["{:.1%}, {:.1%}".format(*rounds._errors(each, count, 0.1, 0.05)) for each in found["samples"].values()]
    line = f"| {count} | {took:.0f} | {' | '.join(cells)} |".replace("%", " %")
    assert line in (root / "docs" / "benchmarks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("false", "missed", "enough"), [(0.01, 0.05, True), (0.0, 0.04, True), (0.03, 0.0, False), (0.0, 0.06, False)]
)
def test_both_rates_have_to_be_as_low(
    monkeypatch: pytest.MonkeyPatch, false: float, missed: float, enough: bool
) -> None:
    """A hundredth of false alarms, and a twentieth of misses."""
    monkeypatch.setattr(rounds, "_errors", lambda *_: (false, missed))
    found = {"seconds": {"before": 1.0, "a round": 2.0}, "samples": {"training": []}}
    *_, last = rounds.summary(found, 0.1, 0.05)
    assert enough == last.startswith("2 rounds, 5 s: the first")


def test_a_round_takes_what_more_of_them_take_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call makes asv's environment, and counts for nothing."""
    clock = iter([0.0, 100.0, 100.0, 125.0, 125.0, 530.0])  # 5 s before, and 10 a round: of 2 and of 40
    asked: list[int] = []

    def asv(settings: Settings, *_: object) -> dict[str, str]:
        asked.append(settings.rounds)
        return {"training": "not slower"}

    for name, stands in (("clone", lambda *_: (tmp_path, "base")), ("planted", lambda *_: "head"),
                         ("about", lambda *_: {}), ("_samples", lambda *_: [])):  # fmt: skip
        monkeypatch.setattr(rounds, name, stands)
    monkeypatch.setitem(rounds.TOOLS, "asv", asv)
    monkeypatch.setattr(rounds.time, "perf_counter", lambda: next(clock))
    found = rounds._timed(Settings("stacked", "pytorch", 0.05, 40), tmp_path)
    assert ([2, 2, 40], {"before": 5.0, "a round": 10.0}) == (asked, found["seconds"])
