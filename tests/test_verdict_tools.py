"""What `python -m benchmarks.verdicts` reads from three tools' words, what it plants, and what it counts."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner
from comparisons import block, blocks, record
from msgspec import structs

from aebench.comparison.findings import speeds
from aebench.records import documents
from aebench.records.fields import Float, plain
from aebench.speed.planted import Slowed
from benchmarks.verdicts import __main__ as verdicts
from benchmarks.verdicts import planted
from benchmarks.verdicts.tools import ROWS, asv_verdicts, pytest_verdicts, seconds_after

ROOT = Path(__file__).parents[1]
PROGRESS = """\
[75.00%] ··· training.Warm.time_epoch                                         ok
[100.00%] ··· inference.Reconstruct.time_round                                ok
"""
HEAD = """
| Change   | Before [25014ea3] <main>   | After [71efdcb6] <slower-0.1>   |   Ratio | Benchmark (Parameter)  |
|----------|-----------------------------|---------------------------------|---------|------------------------|
"""
CHANGED = "\nSOME BENCHMARKS HAVE CHANGED SIGNIFICANTLY.\n"
CALM = "\nBENCHMARKS NOT SIGNIFICANTLY CHANGED.\n"
TRAINING = (
    "| {}        | 23.4±0.5ms   | 26.1±1ms   |    1.12 | training.Warm.time_epoch('stacked', 'pytorch', 'cpu') |\n"
)
INFERENCE = "| {} | 2.34±0.5ms | 2.61±1ms | 1.12 | inference.Reconstruct.time_round('tied', 'x', 'cpu', 150) |\n"
ASV = {
    "both are slower": (1, HEAD + TRAINING.format("+") + INFERENCE.format("+") + CHANGED, ("slower", "slower")),
    "one is slower": (1, HEAD + INFERENCE.format("+") + CHANGED, ("not slower", "slower")),
    "one is faster": (0, HEAD + TRAINING.format("-") + CHANGED, ("faster", "not slower")),
    "one fails in head": (0, HEAD + TRAINING.format("!") + CHANGED, ("failed", "not slower")),
    "none changed": (0, CALM, ("not slower", "not slower")),
    "a row failed in both": (2, CALM, ("failed", "failed")),
    "it broke off": (1, "", ("failed", "failed")),
}


@pytest.mark.parametrize("name", ASV)
def test_the_verdict_of_asv_is_read(name: str) -> None:
    """As asv 0.6.5 prints it; a row that fails is no row that is as fast as before."""
    status, said, expected = ASV[name]
    assert dict(zip(ROWS, expected, strict=True)) == asv_verdicts(status, PROGRESS + said)


def test_what_asv_did_not_time_is_no_verdict() -> None:
    assert {"training": "failed", "inference": "failed"} == asv_verdicts(0, "No benchmarks selected" + CALM)


REGRESSED = """\
Performance has regressed:
\ttest_{}[stacked-pytorch] (0001_base) - Field 'median' has failed PercentageRegressionCheck: 11.2 > 5.000000000
"""
PYTEST = {
    "training is slower": (REGRESSED.format("training") + "=== 2 passed in 9.1s ===", ("slower", "not slower")),
    "none is": ("=== 2 passed in 9.1s ===", ("not slower", "not slower")),
    "a test failed": ("=== 1 failed, 1 passed in 9.1s ===", ("failed", "failed")),
    "an error": ("=== 1 passed, 1 error in 9.1s ===", ("failed", "failed")),
    "nothing ran": ("=== no tests ran in 0.1s ===", ("failed", "failed")),
}


@pytest.mark.parametrize("name", PYTEST)
def test_the_verdict_of_pytest_benchmark_is_read(name: str) -> None:
    said, expected = PYTEST[name]
    assert dict(zip(ROWS, expected, strict=True)) == pytest_verdicts(said)


def test_a_commit_is_slower_by_what_was_planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a clone: the commit's own text wraps each workload, and nothing but that file differs."""
    git = ("git", "-C", tmp_path, "-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    (tmp_path / planted.FILE).parent.mkdir(parents=True)
    (tmp_path / planted.FILE).write_text((ROOT / planted.FILE).read_text(encoding="utf-8"), encoding="utf-8")
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "one")):
        subprocess.run([*git, *words], check=True)
    place, base = planted.clone(tmp_path, tmp_path / "clone")
    slower, same = planted.planted(place, base, 0.1), planted.planted(place, base, 0.0)
    assert 3 == len({base, slower, same})
    assert slower == planted.planted(place, base, 0.1), "a second call makes no other commit"
    said = {}
    for commit in (base, slower, same):
        planted.check_out(place, commit)
        run, images = _module(place / planted.FILE, monkeypatch)._ready(Workload())
        said[commit] = run.__qualname__, images
    assert said[base] == said[same] == (Workload.run.__qualname__, 7)
    assert (Slowed(Workload(), 0.1).ready().run.__qualname__, 7) == said[slower]
    diff = subprocess.run(
        [*git, "-C", place, "diff", "--stat", base, slower], capture_output=True, text=True, check=True
    )
    assert "1 file changed" in diff.stdout


def _module(path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The file as a module, beside the one that is installed."""
    spec = importlib.util.spec_from_file_location("planted_workloads", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


class Workload:
    """One whose run is known by its name."""

    def run(self) -> None:
        """What a round runs."""

    def ready(self) -> tuple[Callable[[], None], int]:
        """Seven images a round."""
        return self.run, 7


def test_what_was_measured_after_the_rows_asked_for_is_counted(tmp_path: Path) -> None:
    """Training and inference are decided by the sixth block of both sides, the seventh with a control among them."""
    found = [*blocks(1.3)[:3], block(1.0, 0, control=True), *blocks(1.3)[3:]]
    made = record(blocks=[structs.replace(it, seconds=Float(2.0**number)) for number, it in enumerate(found)])
    (sides,) = made.pairs
    assert {6} == {verdict.blocks for row, verdict in speeds(made, sides).items() if row.measure in ROWS}
    documents.write(tmp_path / "comparison.json", "comparison", plain(made))
    assert sum(2.0**number for number in range(7, len(found))) == seconds_after(tmp_path)
    assert 0 == seconds_after(tmp_path / "of another tool")


def test_a_tool_that_judges_nothing_ends_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a tool that cannot start. Its call is not kept, so that the next time makes it; what was kept stays."""
    rows = {"asv": dict.fromkeys(ROWS, "not slower"), "aebench": dict.fromkeys(ROWS, "failed")}
    monkeypatch.setattr(verdicts, "clone", lambda *_: (tmp_path, "base"))
    monkeypatch.setattr(verdicts, "planted", lambda *_: "head")
    monkeypatch.setattr(verdicts, "TOOLS", {tool: lambda *_, tool=tool: rows[tool] for tool in rows})
    words = ["--slower", "0", "--repeats", "1", "--tool", "asv", "--tool", "aebench", "-o", str(tmp_path)]
    failed = CliRunner().invoke(verdicts.main, words)
    assert (1, True) == (failed.exit_code, f"aebench judged nothing; what it said lies in {tmp_path}" in failed.output)
    rows["aebench"] = dict.fromkeys(ROWS, "slower")
    again = CliRunner().invoke(verdicts.main, words)
    assert (0, ["asv", "aebench"]) == (
        again.exit_code, [call["tool"] for call in json.loads((tmp_path / verdicts.FILE).read_text())["calls"]]
    )  # fmt: skip
    assert "aebench, 0% slower: 2 of 2 rows called slower" in again.output


def test_calls_are_counted_by_tool_and_by_what_was_planted() -> None:
    calls = [
        {
            "tool": "asv",
            "slower": 0.1,
            "number": n,
            "seconds": float(s),
            "seconds_after": 30.0,
            "rows": {"training": a, "inference": b},
        }
        for n, s, a, b in ((0, 300, "slower", "not slower"), (1, 100, "slower", "slower"), (2, 200, "failed", "slower"))
    ]
    (line,) = verdicts.summary(calls)
    assert line == (
        "asv, 10% slower: 4 of 6 rows called slower (22% to 96%), others {'not slower': 1, 'failed': 1}; a call took "
        "100 to 300 s, the middle one 200, and these rows were decided after 70 to 270 s"
    )
