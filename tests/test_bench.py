"""What `bench` times and says, on blocks whose numbers are known; and the command for real on `linear`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec import structs
from pairs import case_of

from aebench import registry
from aebench.cli import main
from aebench.errors import UsageError
from aebench.processes.events import Silent
from aebench.records import documents
from aebench.records.blocks import Block, Timed, Work
from aebench.records.conditions import Busy
from aebench.records.fields import Float, checked, plain
from aebench.records.measurements import Case as Known
from aebench.speed import blocks, cases, kept, shares
from aebench.speed.blocks import Subject
from aebench.speed.cases import Case, Options
from aebench.speed.shares import CEILING
from aebench.streams import stream

CASE = Case("stacked")
OPTIONS = Options(("tensorflow", "pytorch"))
TENSORFLOW, PYTORCH = ("tensorflow", "framework"), ("pytorch", "framework")
IMAGES = 1000
# Seconds of a round of each library's products and of its traffic.
CEILINGS = {"reference": (0.5, 0.3), "tensorflow": (1.5, 0.2), "pytorch": (1.0, 0.1)}


@pytest.fixture(autouse=True)
def everything_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a framework is not installed."""
    monkeypatch.setattr(cases.registry, "installed", list)


def measured(
    seconds: dict[str, list[float]], n_blocks: int = 5, lost: Sequence[tuple[int, str]] = (), case: Case = CASE
) -> tuple[Known, list[tuple[int, list[tuple[str, str]]]]]:
    """The case where a framework's rounds take so long, block by block, ever more of them; `lost`: where who breaks.

    Returns with it who began each block, and who took part.
    """
    asked: list[tuple[int, list[tuple[str, str]]]] = []

    def timed(subjects: Sequence[Subject], first: int, _: Path) -> Block:
        number = len(asked)
        asked.append((first, [(it.name, it.kind) for it in subjects]))
        found = []
        for it in subjects:
            mine = seconds.get(it.name, [1.0])[number % len(seconds.get(it.name, [1.0]))]
            spent = CEILINGS[it.name][it.kind == "traffic"] if it.kind in shares.PARTS else mine
            work = Work(images=IMAGES, warm_up=[Float(3.0), Float(spent)], rounds=[Float(spent)] * (4 + 2 * number))
            broke = (number, it.name) in lost and it.kind == "framework"
            found.append(Timed(name=it.name, kind=it.kind, works={} if broke else {case.work: work}))
            if broke:
                found[-1].failure = "it broke"
        return Block(first=first, subjects=found, seconds=Float(1.0), busy=Busy())

    return cases.measure(case, OPTIONS, n_blocks, Path("logs"), Silent(), timed), asked


def test_an_interval_is_students_over_the_blocks() -> None:
    """By hand: logarithms 0, 0.1 and 0.2 have the mean 0.1 and the deviation 0.1; t is 4.303 for three blocks."""
    found, reach = shares.interval([0.0, 0.1, 0.2]), 4.302653 * 0.1 / math.sqrt(3.0)
    assert [0.1, 0.1 - reach, 0.1 + reach] == pytest.approx([math.log(value) for value in found])
    assert (1.0, 0.0, math.inf) == shares.interval([0.0])


def test_an_interval_is_right_as_often_as_it_says() -> None:
    """Over five blocks of processes each with its own luck, in 95 of 100; rounds taken for blocks would not be."""
    luck = 0.03 * stream(0, "bench/luck").normal((2000, 5, 1))
    rounds = luck + 0.01 * stream(0, "bench/rounds").normal((2000, 5, 10))
    within = [found.low <= 1.0 <= found.high for found in (shares.interval(each.mean(axis=1)) for each in rounds)]
    pooled = [found.low <= 1.0 <= found.high for found in (shares.interval(each.ravel()) for each in rounds)]
    assert 0.935 <= sum(within) / len(within) <= 0.965
    assert sum(pooled) / len(pooled) < 0.6, "planted: every round as if it were a block"


def test_ratios_are_taken_block_by_block() -> None:
    """A machine that slows down for everyone changes no ratio, however much the times vary."""
    case, _ = measured({"tensorflow": [1.0, 2.0, 4.0, 8.0, 1.0], "pytorch": [2.0, 4.0, 8.0, 16.0, 2.0]})
    found = shares.ratio(case, TENSORFLOW, PYTORCH)
    assert found == pytest.approx((0.5, 0.5, 0.5))


def test_the_ceiling_is_the_fastest_products_and_the_fastest_traffic() -> None:
    """NumPy multiplies fastest and PyTorch copies fastest here: 0.5 + 0.1 seconds per 1,000 images."""
    case, _ = measured({})
    assert {"products": "reference", "traffic": "pytorch"} == shares.libraries(case)
    assert (0.6, 0.6, 0.6) == pytest.approx(shares.seconds(case, CEILING))
    assert pytest.approx((0.6, 0.6, 0.6)) == shares.ratio(case, CEILING, PYTORCH)


def test_only_the_fastest_libraries_go_on_after_the_first_block() -> None:
    """What is no part of the ceiling costs no further process; who begins changes from block to block."""
    _, asked = measured({}, 3)
    fastest = [TENSORFLOW, PYTORCH, ("reference", "products"), ("pytorch", "traffic")]
    assert [2 + 3 * 2, 4, 4] == [len(who) for _, who in asked]
    assert [fastest] * 2 == [who for _, who in asked[1:]]
    assert [0, 1, 2] == [first for first, _ in asked]


def test_every_kind_of_work_has_a_process_of_its_own() -> None:
    """The arbiter pins its library to one thread: its own training does, the ceiling that NumPy gives does not."""
    found = cases.subjects(CASE, Options(("reference",)))
    reference = [it for it in found if it.name == "reference"]
    assert ["framework", "products", "traffic"] == [it.kind for it in reference]
    assert [1, 1, 1] == [len(it.workloads) for it in reference]


def test_a_planted_slow_down_of_a_fifth_is_seen() -> None:
    """The slowed framework's ratio to the other is 0.83, its interval far from 1."""
    case, _ = measured({"tensorflow": [1.0, 1.01], "pytorch": [1.2, 1.21]})
    found = shares.ratio(case, TENSORFLOW, PYTORCH)
    assert found
    assert 0.82 < found.low <= found.middle <= found.high < 0.85


def test_a_case_without_rounds_is_refused() -> None:
    """What ran for its first round alone has no place in a ceiling's shares."""
    sound = case_of({"pytorch": 1.0})
    sides = [structs.replace(it, works={k: structs.replace(w, rounds=[]) for k, w in it.works.items()})
             for it in sound.blocks[0].subjects]  # fmt: skip
    with pytest.raises(ValueError, match="pytorch has no rounds of training"):
        structs.replace(sound, blocks=[structs.replace(sound.blocks[0], subjects=sides)])


@pytest.mark.parametrize("case", [Case("stacked", "encode"), Case("stacked", None, 32), Case("stacked", width=2.0)])
def test_peers_are_timed_only_where_they_do_the_same_work(case: Case) -> None:
    """They train at the source's batch size and width, on the device asked for; nothing else is held against them."""
    options = Options(("pytorch",), ("jax_scan",), device="gpu")
    peers = {it: [s for s in cases.subjects(it, options) if s.kind == "peer"] for it in (CASE, case)}
    devices = [workload.device for it in peers[CASE] for workload in it.workloads.values()]  # type: ignore[attr-defined]
    assert ([], ["gpu"]) == (peers[case], devices)


def test_inference_has_no_traffic() -> None:
    """No optimiser moves anything: the ceiling is the products alone."""
    case, _ = measured({}, case=Case("stacked", "encode", 150))
    assert {"products": "reference"} == shares.libraries(case)


@pytest.mark.parametrize(
    ("lost", "failed", "told", "n_blocks"),
    [
        ([(1, "pytorch")], {}, ["pytorch, block 2: it broke"], 4),
        ([(0, "pytorch"), (3, "pytorch")], {}, ["pytorch, block 1: it broke", "pytorch, block 4: it broke"], 2),
        ([(n, "pytorch") for n in range(5)], {PYTORCH: "it broke"}, [], 0),
    ],
)
def test_a_subject_that_fails_is_a_row_and_the_others_stand(
    lost: list[tuple[int, str]], failed: dict[Any, str], told: list[str], n_blocks: int
) -> None:
    """A block is lost to it alone; after two it is left out, and without any other it has failed."""
    case, asked = measured({}, lost=lost)
    assert (failed, told) == (shares.failures(case), shares.lost(case))
    assert n_blocks == len(shares.of(case, PYTORCH))
    assert 5 == len(shares.of(case, TENSORFLOW)) == len(asked)
    assert (PYTORCH in shares.compared(case)) == bool(n_blocks)


def test_a_case_in_which_all_fail_ends_early() -> None:
    """Its ceiling alone is nothing to hold against anything; the document is whole all the same."""
    lost = [(n, name) for n in range(5) for name in ("tensorflow", "pytorch")]
    case, _ = measured({}, lost=lost)
    assert {TENSORFLOW, PYTORCH} == set(shares.failures(case))
    assert case == checked(plain(case), Known)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The shortest bench there is: `linear` in the reference, two blocks, NumPy's ceiling."""
    monkeypatch.undo()
    for module in (cases, kept):
        monkeypatch.setattr(module, "libraries", lambda _: [registry.ARBITER])
    monkeypatch.setattr(blocks, "SECONDS_OF_ROUNDS", 0.2)
    return ["bench", "linear", "-f", "reference", "--blocks", "2"]


def test_a_damaged_document_says_what_to_do(command: list[str], tmp_path: Path) -> None:
    """One line, and not the advice for another command's document."""
    (tmp_path / "bench.json").write_text("{")
    found = CliRunner().invoke(main, [*command, "-o", str(tmp_path)])
    assert (2, True) == (found.exit_code, "`aebench bench` times again" in found.output), found.output


def test_what_was_timed_in_rounds_of_one_process_is_not_gone_on_with(tmp_path: Path) -> None:
    """Its numbers are read, and nothing is put beside them."""
    former = Path(__file__).parents[1] / "results" / "throughput" / "all" / "bench.json"
    held = documents.read(former, "bench")
    assert (12, []) == (len(held["former"]["cases"]), held["cases"])
    (tmp_path / "bench.json").write_bytes(former.read_bytes())
    with pytest.raises(UsageError, match="holds 12 cases that an earlier aebench timed in rounds of one process"):
        kept._continued(tmp_path / "bench.json", {})


def test_the_command_for_real(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table, a document with versions, and a second call that times nothing again and refuses other settings."""
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    first = CliRunner().invoke(main, [*command, "-o", str(tmp_path)])
    assert (0, True) == (first.exit_code, "of ceiling" in first.output), first.output
    path = tmp_path / "bench.json"
    document = json.loads(path.read_text())
    case = document["cases"][0]
    assert ("linear", None, "aebench-bench/3", 2) == (
        case["autoencoder"], case["use"], document["format"], len(case["blocks"]),
    )  # fmt: skip
    assert all(block["busy"]["load"] > 0 for block in case["blocks"])
    assert document["conditions"]["subjects"]["reference"]["settings"]["BLAS"]
    assert "1000" == document["conditions"]["variables"]["GOMP_SPINCOUNT"], "one thread setting for every command"
    assert "data_dir" not in document["options"], "a place on this machine has no business in what is committed"
    second = CliRunner().invoke(main, [*command, "-o", str(tmp_path)])
    assert (0, [case]) == (second.exit_code, json.loads(path.read_text())["cases"])
    for other, why in ((["--dtype", "float64"], "dtype: float32 then, float64 now"), (["--blocks", "3"], "blocks: 2")):
        refused = CliRunner().invoke(main, [*command, *other, "-o", str(tmp_path)])
        assert (2, True) == (refused.exit_code, why in refused.output), refused.output


def test_inference_is_timed_at_every_batch(command: list[str], tmp_path: Path) -> None:
    """`--use` and `--batches` make a case each, and the plot of the shares of the ceiling."""
    more = ["--use", "reconstruct", "--batches", "1,100"]
    found = CliRunner().invoke(main, [*command, *more, "-o", str(tmp_path)])
    assert 0 == found.exit_code, found.output
    timed = json.loads((tmp_path / "bench.json").read_text())["cases"]
    assert [("reconstruct", 1), ("reconstruct", 100)] == [(case["use"], case["batch"]) for case in timed]
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
