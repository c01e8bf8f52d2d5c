"""Rounds, ratios and their intervals, on processes whose speed is known; and the command for real on `linear`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from aebench.cli import main
from aebench.errors import FrameworkError
from aebench.processes.events import Silent
from aebench.speed import rounds as timed
from aebench.speed import workloads
from aebench.speed.workloads import Products, Traffic, Training

CASE = timed.Case("stacked")
OPTIONS = timed.Options(("tensorflow", "pytorch"))
IMAGES = 1000


class Clockwork:
    """A process whose rounds take what they are told to, by kind of workload."""

    def __init__(self, name: str, seconds: dict[type, Iterator[float]], calls: list[tuple[str, str]]) -> None:
        self.name, self.seconds, self.calls = name, seconds, calls

    def call(self, function: Callable[..., Any], workload: Any) -> Any:
        self.calls.append((self.name, function.__name__))
        if function is workloads.seconds:
            return next(self.seconds[type(workload)])
        return {"images": IMAGES, "import_seconds": 1.0, "peak_memory": (2**20, None)}[function.__name__]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of this process; nobody waits for them."""
    found: list[float] = []
    monkeypatch.setattr(timed, "time", SimpleNamespace(sleep=found.append))
    return found


def _measured(seconds: dict[str, list[float]], rounds: timed.Rounds, products: float = 0.5) -> tuple[Any, list[Any]]:
    """The case in processes of these seconds a round; every library's products take `products`, its traffic 0.1."""
    calls: list[tuple[str, str]] = []
    processes = {
        name: Clockwork(
            name,
            {
                Training: cycle(seconds.get(name, [1.0])),
                Products: cycle([products + (name != "reference")]),
                Traffic: cycle([0.1 + (name != "pytorch")]),
            },
            calls,
        )
        for name in ("reference", "tensorflow", "pytorch")
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timed.registry, "installed", list)  # also where one of them is not
        return timed.measure(CASE, OPTIONS, rounds, processes, Silent()), calls  # type: ignore[arg-type]


def test_interval_of_a_median_is_the_order_statistics() -> None:
    """Six values: from the least to the greatest (96.9 %). Five say nothing at 95 %."""
    assert (3.5, 1.0, 6.0) == timed.interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert (3.0, -math.inf, math.inf) == timed.interval([1.0, 2.0, 3.0, 4.0, 5.0])


def test_ratios_are_taken_round_by_round() -> None:
    """A machine that slows down for everyone changes no ratio."""
    assert (0.5, 0.5, 0.5) == timed.ratio([1.0, 2.0, 4.0, 8.0, 1.0, 3.0], [2.0, 4.0, 8.0, 16.0, 2.0, 6.0])


def test_the_ceiling_is_the_fastest_products_and_the_fastest_traffic() -> None:
    """NumPy multiplies fastest and PyTorch copies fastest here: 0.5 + 0.1 seconds per 1,000 images."""
    top = _measured({}, timed.Rounds(6, 6))[0]["ceiling"]
    assert {"products": "reference", "traffic": "pytorch"} == top["libraries"]
    assert pytest.approx([0.6] * 6) == top["seconds_per_1000_images"]


def test_steady_rounds_end_early_and_unsteady_ones_say_so() -> None:
    """Rounds go on until every share of the ceiling is known well enough, or until there are enough of them."""
    steady, _ = _measured({}, timed.Rounds(6, 20))
    unsteady, _ = _measured({"pytorch": [1.0, 1.3, 0.8]}, timed.Rounds(6, 20))
    counts = [len(case["subjects"][1]["seconds_per_1000_images"]) for case in (steady, unsteady)]
    assert ([6, 20], [True, False]) == (counts, [steady["narrow"], unsteady["narrow"]])


def test_a_planted_slow_down_of_a_fifth_is_seen() -> None:
    """The slowed framework's ratio to the other is 0.83, its interval far from 1."""
    case, _ = _measured({"tensorflow": [1.0, 1.01], "pytorch": [1.2, 1.21]}, timed.Rounds(9, 9))
    rounds = {s["name"]: s["seconds_per_1000_images"] for s in case["subjects"] if s["kind"] == "framework"}
    found = timed.ratio(rounds["tensorflow"], rounds["pytorch"])
    assert 0.82 < found.low <= found.median <= found.high < 0.85


@pytest.mark.parametrize(
    "case", [timed.Case("stacked", "encode"), timed.Case("stacked", None, 32), timed.Case("stacked", width=2.0)]
)
def test_peers_are_timed_only_where_they_do_the_same_work(case: timed.Case) -> None:
    """They train at the source's batch size and width, on the device asked for; nothing else is held against them."""
    options = timed.Options(("pytorch",), ("jax_scan",), device="gpu")
    peers = {it: [s for s in timed.subjects(it, options) if s.kind == "peer"] for it in (CASE, case)}
    assert ([], ["gpu"]) == (peers[case], [s.workload.device for s in peers[CASE]])  # type: ignore[attr-defined]


def test_a_damaged_document_says_what_to_do(command: list[str], tmp_path: Path) -> None:
    """One line, and not the advice for another command's document."""
    (tmp_path / "bench.json").write_text("{")
    found = CliRunner().invoke(main, [*command, "-o", str(tmp_path)])
    assert (2, True) == (found.exit_code, "`aebench bench` times again" in found.output), found.output


def test_every_other_round_goes_backwards() -> None:
    """Nobody always runs after the same neighbour."""
    _, calls = _measured({}, timed.Rounds(6, 6))
    rounds = [name for name, function in calls if function == "seconds"][2 * 8 :]
    assert rounds[:8] == rounds[8:16][::-1] == rounds[16:24]


def test_before_every_timing_the_threads_of_the_one_before_calm_down(pauses: list[float]) -> None:
    """A pause for each of the rounds' timings."""
    _, calls = _measured({}, timed.Rounds(6, 6))
    timings = [name for name, function in calls if function == "seconds"][2 * 8 :]
    assert [workloads.SECONDS_TO_CALM_DOWN] * len(timings) == pauses


def test_a_subject_that_fails_is_a_row_and_the_others_stand() -> None:
    """Whatever one framework lacks, the others are timed."""

    class Broken(Clockwork):
        def call(self, function: Callable[..., Any], workload: Any) -> Any:
            if isinstance(workload, Training):
                raise FrameworkError("tensorflow: no such device")
            return super().call(function, workload)

    steady = {Training: cycle([1.0]), Products: cycle([1.0]), Traffic: cycle([1.0])}
    processes = {name: Clockwork(name, steady, []) for name in ("reference", "pytorch")}
    processes["tensorflow"] = Broken("tensorflow", steady, [])
    case = timed.measure(CASE, OPTIONS, timed.Rounds(6, 6), processes, Silent())  # type: ignore[arg-type]
    found = {s["name"]: s.get("failure") for s in case["subjects"] if s["kind"] == "framework"}
    assert {"tensorflow": "tensorflow: no such device", "pytorch": None} == found


@pytest.mark.parametrize(("crashes", "lost", "rounds"), [([4], ["round 2: crashed"], 6), ([4, 5], None, 0)])
def test_a_crash_in_a_round_loses_the_round(crashes: list[int], lost: list[str] | None, rounds: int) -> None:
    """It is timed again, once everything in the new process is warm; a second crash in it fails its subject alone."""
    trained = 0

    class Crashing(Clockwork):
        def call(self, function: Callable[..., Any], workload: Any) -> Any:
            nonlocal trained
            if isinstance(workload, Training) and function is workloads.seconds:
                trained += 1
                if trained in crashes:  # two calls make it warm, the third is the first round
                    raise FrameworkError("crashed")
            return super().call(function, workload)

    steady = {Training: cycle([1.0]), Products: cycle([1.0]), Traffic: cycle([1.0])}
    processes = {name: Clockwork(name, steady, []) for name in ("reference", "pytorch")}
    processes["tensorflow"] = Crashing("tensorflow", steady, [])
    case = timed.measure(CASE, OPTIONS, timed.Rounds(6, 6), processes, Silent())  # type: ignore[arg-type]
    found = {(s["name"], s["kind"]): s for s in case["subjects"]}
    crashed = found["tensorflow", "framework"]
    assert (lost, rounds) == (crashed.get("lost"), len(crashed["seconds_per_1000_images"]))
    assert ("round 2: crashed" if lost is None else None) == crashed.get("failure")
    others = {len(s["seconds_per_1000_images"]) for key, s in found.items() if key != ("tensorflow", "framework")}
    assert ({6}, False) == (others, any("failure" in s for s in found.values() if s is not crashed))


@pytest.fixture
def command() -> list[str]:
    """The shortest bench there is: `linear` in the reference."""
    return ["bench", "linear", "-f", "reference", "--rounds", "6", "--most-rounds", "6"]


def test_the_command_for_real(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table, a document with versions, and a second call that times nothing again and refuses other settings."""
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    first = CliRunner().invoke(main, [*command, "-o", str(tmp_path)])
    assert (0, True) == (first.exit_code, "of ceiling" in first.output), first.output
    path = tmp_path / "bench.json"
    document = json.loads(path.read_text())
    case = document["cases"][0]
    assert ("linear", None, "aebench-bench/2") == (case["autoencoder"], case["use"], document["format"])
    assert document["conditions"]["subjects"]["reference"]["settings"]["BLAS"]
    assert "GOMP_SPINCOUNT" not in document["conditions"]["variables"], "what is timed has the cores to itself"
    assert "data_dir" not in document["options"], "a place on this machine has no business in what is committed"
    second = CliRunner().invoke(main, [*command, "-o", str(tmp_path)])
    assert (0, [case]) == (second.exit_code, json.loads(path.read_text())["cases"])
    other = CliRunner().invoke(main, [*command, "--dtype", "float64", "-o", str(tmp_path)])
    assert (2, True) == (other.exit_code, "dtype: float32 then, float64 now" in other.output), other.output


def test_inference_is_timed_at_every_batch(tmp_path: Path) -> None:
    """`--use` and `--batches` make a case each, and the plot of the shares of the ceiling."""
    command = ["bench", "linear", "-f", "reference", "--use", "reconstruct", "--batches", "1,100"]
    found = CliRunner().invoke(main, [*command, "--rounds", "6", "--most-rounds", "6", "-o", str(tmp_path)])
    assert 0 == found.exit_code, found.output
    cases = json.loads((tmp_path / "bench.json").read_text())["cases"]
    assert [("reconstruct", 1), ("reconstruct", 100)] == [(case["use"], case["batch"]) for case in cases]
    assert all(case["busy"]["load"] > 0 for case in cases)
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
