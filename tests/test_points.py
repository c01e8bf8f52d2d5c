"""Trainings handed in to executors: the bits of a run without one, each done once, under the run's conditions only."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import examples
import psutil
import pytest

from aebench import registry
from aebench.comparison import rows
from aebench.errors import ExecutorError, FrameworkError
from aebench.processes.events import Silent
from aebench.processes.executors import Chosen, Handed
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture, documents
from aebench.records.fields import checked, plain
from aebench.records.store import WANTED, wanted
from aebench.running import elsewhere, points, run, trainings
from aebench.running.options import Options
from aebench.running.points import Point, train
from aebench.running.resume import conditions
from aebench.running.run import Run
from aebench.running.trainings import Trainings

ASKED = Options(("linear",), ("reference",), seeds=(0, 1, 2), agreement=False)
FIRST = str(registry.autoencoder("pretrained").pretraining)


def metrics(folder: Path) -> dict[str, tuple[object, object]]:
    """Metrics and parameters of every finished trial of a run."""
    trials = json.loads((folder / "result.json").read_text())["trials"]
    return {f"{t['autoencoder']}/{t['seed']}": (t["metrics"], t["parameters"]) for t in trials if "metrics" in t}


@pytest.fixture
def reference() -> dict[str, FrameworkProcess]:
    """The harness's process of the reference, which stands for itself: what is asked of it is answered here."""
    return {"reference": examples.Inline("reference")}  # type: ignore[dict-item]  # all that is called of a process


@pytest.fixture
def known(tmp_path: Path, reference: dict[str, FrameworkProcess], monkeypatch: pytest.MonkeyPatch) -> Trainings:
    """The trainings of a folder, whose conditions are those of here."""
    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")  # as every process that shares the machine has it
    monkeypatch.setattr(elsewhere.capture, "take_on", lambda _: None)  # this process is no worker
    asked = replace(ASKED, autoencoders=("pretrained",))
    return Trainings(asked, tmp_path / "out", Silent(), conditions=conditions(asked, reference, dtype=asked.dtype))


@pytest.fixture
def trained(known: Trainings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is trained, without training: each point leaves its document."""
    found: list[str] = []

    def without(content: Mapping[str, Any]) -> dict[str, Any]:
        point = checked(content, Point)
        trial = Trainings(point.options, Path(point.folder), Silent()).trial(
            point.autoencoder, point.seed, point.framework
        )
        found.append(f"{point.autoencoder}, {point.seed}")
        if f"{point.autoencoder}, {point.seed}" == f"{FIRST}, 1":
            return {"autoencoder": FIRST, "framework": "reference", "seed": 1, "failure": "leapt"}
        document = {
            **examples.trial("reference", point.seed, 1.0, autoencoder=point.autoencoder, parameters="one"),
            "conditions": plain(known.now()), "started_from": "one" if trial.pretrained else None,
        }  # fmt: skip
        documents.write(trial.result, "trial", document)
        return document

    monkeypatch.setattr(points, "train", without)
    return found


def distributed(known: Trainings, reference: dict[str, FrameworkProcess], *names: str) -> None:
    """Have these trained from two seeds by the executor that calls at once."""
    asked = [(name, seed, "reference") for name in names for seed in (0, 1)]
    with Handed(examples.NOW, Silent()) as handed:
        points.distribute(known, asked, reference, handed)


def test_what_starts_from_another_comes_after_it(
    known: Trainings, reference: dict[str, FrameworkProcess], trained: list[str]
) -> None:
    """Each once; where the first has failed, the second is a row that says so, and is not trained."""
    distributed(known, reference, FIRST, "pretrained")
    assert sorted([f"{FIRST}, 0", f"{FIRST}, 1", "pretrained, 0"]) == sorted(trained)
    assert trained.index(f"{FIRST}, 0") < trained.index("pretrained, 0")
    failed = {t["autoencoder"]: t["failure"] for t in known.trials if "failure" in t}
    assert {FIRST: "leapt", "pretrained": f"{FIRST}, from which it starts, failed: leapt"} == failed
    assert 4 == len(known.trials)
    assert not (known.folder / WANTED).exists()


def test_what_is_there_is_not_trained_again(
    known: Trainings, reference: dict[str, FrameworkProcess], trained: list[str]
) -> None:
    """A second call hands in only what is missing: what failed."""
    distributed(known, reference, FIRST, "pretrained")
    trained.clear()
    distributed(replace(known, trials=[]), reference, FIRST, "pretrained")
    assert [f"{FIRST}, 1"] == trained


def test_files_that_are_not_seen_are_no_result(
    known: Trainings, reference: dict[str, FrameworkProcess], trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a worker writes to a disk of its own."""
    there = points.train

    def elsewhere(content: Mapping[str, Any]) -> dict[str, Any]:
        return there({**content, "folder": f"{known.folder}-elsewhere"})

    monkeypatch.setattr(points, "train", elsewhere)
    distributed(known, reference, "linear")
    assert 2 == len(known.trials)
    assert all("where this machine does not see them" in trial["failure"] for trial in known.trials)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("packages", "numpy"), "1.0", "package numpy: 1.0 then"),
        (("machine", "cores"), 77, "cores: 77 then"),
        (("subjects", "reference", "version"), "0.1", "reference: version: 0.1 then"),
        (("machine", "memory_gib"), 1.0, None),
        (("data",), {"curve": "other"}, None),
    ],
)
def test_a_worker_that_is_not_alike_trains_nothing(
    known: Trainings, reference: dict[str, FrameworkProcess], monkeypatch: pytest.MonkeyPatch,
    path: tuple[str, ...], value: object, expected: str | None,
) -> None:  # fmt: skip
    """Planted: the run's conditions are others than the worker's; a clock or a memory decides no bit."""
    ran: list[Any] = []
    monkeypatch.setattr(points, "FrameworkProcess", lambda name, _: _Here(name))
    monkeypatch.setattr(trainings, "run", lambda trial: ran.append(trial) or {"trained": trial.alone})
    before = examples.planted(plain(known.now()), *path, value=value)
    point = points._point(known, ("linear", 0, "reference"), "token")
    known.folder.mkdir()
    found = train({**plain(point), "conditions": before})
    assert (expected is None) == bool(ran)
    assert expected in found["failure"] if expected else found == {"trained": False}


class _Here(examples.Inline):
    """A process that is none, closed on leaving."""

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def test_a_point_that_nobody_wants_ends(known: Trainings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's process is ended once the token is gone: the run was interrupted, or another has begun."""
    closed = threading.Event()

    class Endless(_Here):
        def call(self, function: Any, *arguments: Any, **keywords: Any) -> Any:
            if function is not trainings.run:
                return super().call(function, *arguments, **keywords)
            assert closed.wait(30)
            raise FrameworkError("ended")

        def close(self) -> None:
            closed.set()

    monkeypatch.setattr(points, "FrameworkProcess", lambda name, _: Endless(name))
    with ThreadPoolExecutor(1) as threads:
        with wanted(known.folder) as token:
            ending = threads.submit(train, plain(points._point(known, ("linear", 0, "reference"), token)))
            time.sleep(3 * elsewhere.LOOK_SECONDS)
            assert not closed.is_set()
        assert "ended" == ending.result(30)["failure"]


def test_a_worker_has_the_variables_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that choose kernels it has these and no others, as Dask sets some; the rest is left as it is."""
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "1", "HOME": "mine", "TORCHINDUCTOR_CACHE_DIR": "kept"})
    capture.take_on({"MKL_CBWR": "AVX2"})
    assert {"HOME": "mine", "TORCHINDUCTOR_CACHE_DIR": "kept", "MKL_CBWR": "AVX2"} == os.environ


@pytest.mark.parametrize(
    ("alone", "expected"), [(False, []), (True, ["seconds_per_1000_images"]), (None, ["seconds_per_1000_images"])]
)
def test_seconds_beside_others_are_in_no_baseline(alone: bool | None, expected: list[str]) -> None:
    """What was trained while others were has no row of seconds; its metrics have theirs."""
    trial = examples.trial("reference", 0, 1.0)
    trial["speed"] |= {} if alone is None else {"alone": alone}
    assert expected == [name for name, _ in rows.costs(trial)]
    assert "test_mse" in {row.metric for row in rows.rows([trial])}


def test_nothing_is_written_where_there_is_no_executor(tmp_path: Path) -> None:
    """A cluster that is not there is told before the run begins."""

    def factory(_: object) -> Executor:
        raise OSError("nobody listens")

    with pytest.raises(ExecutorError, match=r"executor 'dask' cannot be had .OSError: nobody listens"):
        Run(ASKED, tmp_path / "out", Silent()).execute(resume=False, executor=Chosen("dask", factory, {}, "a test's"))
    assert [] == list(tmp_path.iterdir())


RUN = ("run", "linear", "-s", "0,1,2", "-f", "reference", "--no-agreement")
SETTINGS = "[executor.processes]\nworkers = 2\n[executor.dask]\nworkers = 2\n"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[object, object]]:
    """What a run without an executor finds."""
    folder = tmp_path_factory.mktemp("alone")
    run.Run(ASKED, folder / "out", Silent()).execute(resume=False)
    return metrics(folder / "out")


def begun(folder: Path, *more: str) -> subprocess.Popen[str]:
    """A run with an executor of two workers, in a process of its own."""
    (folder / "aebench.toml").write_text(SETTINGS)
    command = [sys.executable, "-m", "aebench", *RUN, "-o", "out", *more]
    # What a shell starts in the background, such as these tests, hands on that it ignores Ctrl-C.
    heed = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    return subprocess.Popen(
        command, cwd=folder, stdout=-1, stderr=-1, text=True, preexec_fn=heed, start_new_session=True
    )


def until(condition: Any, seconds: float = 120.0) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def below(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Every process that it has started, and those that these have."""
    return psutil.Process(process.pid).children(recursive=True)


def is_over(process: psutil.Process) -> bool:
    """Whether it has ended, also where nobody has taken note of that yet."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("name", ["processes", "dask"])
def test_a_run_ends_with_the_same_bits(name: str, alone: dict[str, Any], tmp_path: Path) -> None:
    """Trial by trial: parameters and metrics; and every trial says that it had no machine to itself. With a cluster, a
    worker is killed in the middle of a training, which is done again."""
    if name == "dask":
        pytest.importorskip("distributed", reason="distributed is not installed: pip install 'aebench[executors]'")
    process = begun(tmp_path, "--executor", name)
    if name == "dask":
        until(lambda: at_work(process))
        at_work(process)[0].kill()
    shown, said = process.communicate(timeout=300)
    assert (0, name == "dask") == (process.returncode, "its worker was lost" in said), said
    assert (True, False) == (
        "No training had a machine alone, so none is timed." in " ".join(shown.split()),
        "ms/1,000" in shown,
    )
    assert alone == metrics(tmp_path / "out")
    trials = json.loads((tmp_path / "out" / "result.json").read_text())["trials"]
    assert [False] * 3 == [trial["speed"]["alone"] for trial in trials]


def at_work(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The executor's workers that have a framework's process below them."""
    found = []
    for each in below(process):
        with contextlib.suppress(psutil.Error):
            if any("processes.inside" in word for word in each.cmdline()) and each.ppid() != process.pid:
                found.append(psutil.Process(each.ppid()))
    return found


@pytest.mark.parametrize("how", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGKILL])
def test_an_interrupted_run_is_resumed(how: signal.Signals, alone: dict[str, Any], tmp_path: Path) -> None:
    """Ctrl-C or a kill ends every process; what was finished is kept, and the second call does what is missing."""
    process = begun(tmp_path, "--executor", "processes")
    results = tmp_path / "out" / "linear"
    until(lambda: list(results.rglob("result.json")))
    started = below(process)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert (130 if how == signal.SIGINT else -9, False) == (process.returncode, "Traceback" in said), said
    until(lambda: all(map(is_over, started)), 30)
    kept = {path: path.stat().st_mtime_ns for path in results.rglob("result.json")}
    assert 3 > len(kept)
    resumed = begun(tmp_path, "--resume", "--executor", "processes")
    _, said = resumed.communicate(timeout=300)
    assert (0, len(kept)) == (resumed.returncode, said.count("(before)")), said
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    assert alone == metrics(tmp_path / "out")
