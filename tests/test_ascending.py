"""Climbs handed in to executors: what is found without one, under the same conditions only; what is lost is a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from examples import NOW, RUNG, inline

from aebench import registry
from aebench.agreement.ladder import Climb
from aebench.errors import UsageError
from aebench.processes.events import Silent
from aebench.processes.executors import Chosen
from aebench.records import capture
from aebench.records.store import WANTED
from aebench.running import elsewhere, ladders
from aebench.running.options import Options


class Lost(Executor):
    """An executor whose workers are lost, each time."""

    def submit(self, fn: Any, /, *_: Any, **__: Any) -> Future[Any]:
        """The call's future, which has failed."""
        future: Future[Any] = Future()
        future.set_exception(RuntimeError("gone"))
        return future


@pytest.fixture
def climbed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is climbed, without climbing: the pair agrees, by a headroom that is its seed's."""
    found: list[str] = []

    def begin(_: Any, name: str, seed: int, options: Options, climbing: ladders.Climbing, __: Path) -> SimpleNamespace:
        found.append(f"{name}, {seed}, {climbing.climbs.steps}, {climbing.forced}")
        rows = [
            {"autoencoder": name, "dtype": dtype, "left": "reference", "right": "pytorch", "parting": None,
             "rungs": [{**RUNG, "headroom": 10.0 + seed}], "vacuous": [], "blind": {}, "arbiter": "reference"}
            for dtype in climbing.dtypes
        ]  # fmt: skip
        return SimpleNamespace(document=lambda _: {"autoencoder": name, "agreements": rows, "failures": {}})

    monkeypatch.setattr(ladders, "_begin", begin)
    monkeypatch.setattr(ladders, "check", lambda _: None)
    monkeypatch.setattr(ladders, "processes_of", inline)
    monkeypatch.setattr(ladders, "require_alike", lambda *_: None)
    monkeypatch.setattr(registry, "offers", lambda *_: True)
    monkeypatch.setattr(elsewhere.capture, "take_on", lambda _: None)  # this process is no worker
    known = ladders.conditions
    monkeypatch.setattr(ladders, "conditions", lambda options, _, names: known(options, {}, names=names))
    return found


def agree(folder: Path, executor: Chosen | None, *names: str, **more: Any) -> dict[str, Any]:
    """`aebench agree NAMES -s 0,1 --steps 3 --output FOLDER`, with that executor."""
    options = Options(names, ("pytorch",), seeds=(0, 1))
    climb = Climb(registry.autoencoder(names[0]), steps=3)
    asked = {"forced": False, "keep_traces": False, **more}
    return ladders.agreements(options, climb, ("float32",), folder, Silent(), executor=executor, **asked)


def test_workers_find_what_is_found_here(climbed: list[str], tmp_path: Path) -> None:
    """The same document, each autoencoder and seed climbed once, as far and as it was asked for."""
    here = agree(tmp_path / "here", None, "linear", "tied", forced=True)
    asked = climbed.copy()
    climbed.clear()
    there = agree(tmp_path / "there", NOW, "linear", "tied", forced=True)
    assert [f"{name}, {seed}, 3, True" for name in ("linear", "tied") for seed in (0, 1)] == asked == climbed
    assert (here["agreements"], here["failures"]) == (there["agreements"], there["failures"])
    assert not (tmp_path / "there" / WANTED).exists()


def test_a_second_call_hands_in_only_what_is_missing(climbed: list[str], tmp_path: Path) -> None:
    """Whoever climbed before, here or elsewhere."""
    agree(tmp_path, None, "linear")
    climbed.clear()
    found = agree(tmp_path, NOW, "linear", "tied")
    assert ["tied, 0, 3, False", "tied, 1, 3, False"] == climbed
    assert 4 == len(found["agreements"])


def test_a_lost_worker_s_climb_is_a_row(climbed: list[str], tmp_path: Path) -> None:
    """Planted: every worker is lost; the rows say so, and a second call climbs them."""
    found = agree(tmp_path, Chosen("lost", lambda _: Lost(), {}, "a test's"), "linear")
    assert ([], [], 2) == (climbed, found["agreements"], len(found["failures"]))
    assert all("its worker was lost 2 times" in row["failure"] for row in found["failures"])
    assert 2 == len(agree(tmp_path, NOW, "linear")["agreements"])


def test_a_worker_that_is_not_alike_climbs_nothing(
    climbed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: its conditions are others than the harness's."""

    def refuse(task: elsewhere.Task, process: Any) -> None:
        assert capture.here().machine == task.conditions.machine
        raise UsageError(f"{process.framework}: other conditions")

    monkeypatch.setattr(ladders, "require_alike", refuse)
    found = agree(tmp_path, NOW, "linear")
    assert ([], []) == (climbed, found["agreements"])
    assert ["reference: other conditions"] * 2 == [row["failure"] for row in found["failures"]]


def test_whoever_is_interrupted_wants_nothing_any_more(
    climbed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the first climb: what was found is kept, and the token is gone."""

    def write(path: Path, kind: str, content: Mapping[str, Any]) -> None:
        path.write_text(json.dumps(len(content["agreements"])))
        if content["agreements"]:
            assert (tmp_path / WANTED).exists()
            raise KeyboardInterrupt

    monkeypatch.setattr(ladders.documents, "write", write)
    with pytest.raises(KeyboardInterrupt):
        agree(tmp_path, NOW, "linear")
    assert ("1", False) == ((tmp_path / "agreements.json").read_text(), (tmp_path / WANTED).exists())
    assert ["linear, 0, 3, False"] == climbed[:1]
