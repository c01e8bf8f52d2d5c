"""What a worker elsewhere is told: conditions and environments, whole; and when nobody wants its work any more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import examples
import pytest
from msgspec import structs

from aebench.errors import UsageError
from aebench.processes import environments
from aebench.processes.environments import find
from aebench.records.conditions import Conditions, Difference, Harness, Machine, Subject
from aebench.records.fields import checked, plain
from aebench.records.store import WANTED
from aebench.running import elsewhere, points
from aebench.running.elsewhere import Task
from aebench.running.options import Options
from aebench.running.points import Point

OPTIONS = Options(("linear",), ("reference@wide",))
CONDITIONS = Conditions(aebench=Harness(), machine=Machine(), subjects={})


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with an environment `wide` that is this one with a variable; this process is no worker."""
    (tmp_path / "aebench.toml").write_text('[environments.wide]\nvariables = { OMP_WAIT_POLICY = "passive" }\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environments, "_told", {})
    monkeypatch.setattr(elsewhere.capture, "take_on", lambda _: None)


def task(folder: Path, kind: type[Task] = Task, **more: Any) -> Any:
    """What is handed in of `reference@wide`, as it arrives."""
    told = elsewhere.interpreters(OPTIONS.frameworks)
    made = kind(
        options=elsewhere.travelling(OPTIONS), folder=str(folder), conditions=CONDITIONS, environments=told,
        token="token", silence=60.0, **more,
    )  # fmt: skip
    return checked(json.loads(json.dumps(plain(made))), kind)


def test_a_worker_knows_the_environments_with_their_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it works in another folder, whose file does not name them."""
    here, told = find("wide"), task(tmp_path)
    environments._told.clear()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "aebench.toml").touch()
    monkeypatch.chdir(tmp_path / "elsewhere")
    elsewhere.take_on(told)
    assert here == find("wide")
    assert (("OMP_WAIT_POLICY", "passive"),) == find("wide").variables


@pytest.mark.parametrize(("place", "expected"), [("beside", "{here}/beside"), ("/data", "/data"), (None, None)])
def test_a_folder_of_data_is_found_from_elsewhere(tmp_path: Path, place: str | None, expected: str | None) -> None:
    """A relative one is relative to the harness's folder."""
    found = elsewhere.travelling(Options(("linear",), (), data_dir=place)).data_dir
    assert (expected and expected.format(here=tmp_path)) == found


@pytest.mark.parametrize(("matters", "refused"), [("numbers", False), ("quality", True), ("speed", False)])
def test_a_worker_is_refused_for_what_matters_for_quality(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matters: Any, refused: bool
) -> None:
    """Not for what only takes time."""
    monkeypatch.setattr(elsewhere, "differences", lambda *_, **__: [Difference("a is b", (matters,))])
    monkeypatch.setattr(elsewhere, "seen_by", lambda *_: CONDITIONS)
    monkeypatch.setattr(elsewhere.capture, "subject", lambda _: None)
    process: Any = examples.Inline("reference")
    if refused:
        with pytest.raises(UsageError, match="a is b"):
            elsewhere.require_alike(task(tmp_path), process)
    else:
        elsewhere.require_alike(task(tmp_path), process)


@pytest.mark.parametrize("error", [KeyboardInterrupt, UsageError])
def test_what_is_broken_off_is_abandoned(tmp_path: Path, error: type[BaseException]) -> None:
    """First nobody wants it any more, which ends what is under way; then what waits is taken back."""
    seen: list[bool] = []

    class Abandoned:
        def abandon(self) -> None:
            seen.append((tmp_path / WANTED).exists())

    handed: Any = Abandoned()
    with pytest.raises(error), elsewhere.handing_in(tmp_path, handed):
        raise error
    assert [False] == seen
    with elsewhere.handing_in(tmp_path, handed) as token:
        assert token == (tmp_path / WANTED).read_text()
    assert ([False], False) == (seen, (tmp_path / WANTED).exists())


def test_a_point_is_trained_under_the_conditions_that_it_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And in an environment that the worker was told of, as often as is asked for."""
    seen: list[Any] = []

    def attempted(trainings: Any, trial: Any, _: object) -> Mapping[str, Any]:
        seen.extend((trainings.now(), trainings.attempts, find("wide").variables, trial.framework))
        return {}

    class Here(examples.Inline):
        def __enter__(self) -> Here:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing."""

    monkeypatch.setattr(points, "FrameworkProcess", lambda name, _: Here(name))
    monkeypatch.setattr(points, "require_alike", lambda *_: None)
    monkeypatch.setattr(points.Trainings, "attempted", attempted)
    point = task(tmp_path, Point, autoencoder="linear", framework="reference@wide", seed=0, attempts=2)
    environments._told.clear()
    (tmp_path / "aebench.toml").unlink()
    assert {} == points.train(plain(point))
    assert [CONDITIONS, 2, (("OMP_WAIT_POLICY", "passive"),), "reference@wide"] == seen


def test_a_worker_takes_on_variables_and_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What chooses kernels there, and after how long a silence a process of it hangs."""
    seen: list[Mapping[str, str]] = []
    monkeypatch.setattr(elsewhere.capture, "take_on", seen.append)
    monkeypatch.setattr(elsewhere.worker, "SILENCE_SECONDS", 1.0)
    told = structs.replace(task(tmp_path), conditions=structs.replace(CONDITIONS, variables={"MKL_CBWR": "AVX2"}))
    elsewhere.take_on(told)
    assert ([{"MKL_CBWR": "AVX2"}], 60.0) == (seen, elsewhere.worker.SILENCE_SECONDS)


def test_here_is_no_environment_that_a_worker_is_told_of() -> None:
    """Where it is, that is another one."""
    assert ["wide"] == [it.name for it in elsewhere.interpreters(("reference", "reference@wide", "pytorch@here"))]


def test_a_worker_with_another_framework_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the task says itself, its data and its specification, may differ from what the worker would say."""
    subjects = {"reference": Subject(framework="reference", version="1")}
    run = structs.replace(CONDITIONS, subjects=subjects, data={"digits": "abcd"})
    told = structs.replace(task(tmp_path), conditions=run)
    monkeypatch.setattr(elsewhere, "seen_by", lambda *_: run)
    monkeypatch.setattr(elsewhere.capture, "here", lambda: CONDITIONS)
    process: Any = examples.Inline("reference")
    monkeypatch.setattr(elsewhere.capture, "subject", lambda _: subjects["reference"])
    elsewhere.require_alike(told, process)
    monkeypatch.setattr(elsewhere.capture, "subject", lambda _: Subject(framework="reference", version="2"))
    with pytest.raises(UsageError, match="reference"):
        elsewhere.require_alike(told, process)
