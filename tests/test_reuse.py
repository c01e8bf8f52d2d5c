"""Nothing old is shown as new: whoever reuses numbers, or puts them together, sees a condition that changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from examples import OPTIONS, RUNG, Inline, changes, conditions, inline, planted
from examples import trial as example

from aebench import registry
from aebench.agreement import session
from aebench.agreement.ladder import Climb
from aebench.comparison.accepting import accept
from aebench.errors import UsageError
from aebench.processes.events import Silent
from aebench.records import baselines, blocks, documents, measurements
from aebench.records.blocks import Work
from aebench.records.conditions import Busy
from aebench.records.fields import Float, plain
from aebench.running import growing, ladders, sweeps, trainings
from aebench.running import run as running
from aebench.running.options import Options
from aebench.running.run import Run
from aebench.running.sweeps import Lines
from aebench.speed import kept
from aebench.speed.cases import Case
from aebench.speed.cases import Options as Timing
from aebench.training import trial as training
from aebench.training.trial import Trial

ASKED = Options(("linear",), ("reference",), agreement=False)
PAIRS = (("reference", "pytorch"), ("reference", "tensorflow"), ("tensorflow", "pytorch"))


def changed(path: Path, where: tuple[str, ...], value: object) -> None:
    """Plant another condition in a document."""
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "conditions": planted(content["conditions"], *where, value=value)}))


def trial_of(framework: str, seed: int, **more: Any) -> dict[str, Any]:
    """A finished trial's document."""
    return example(framework, seed, 1.0, **more)


def row(name: str, left: str, right: str, dtype: str, **more: Any) -> dict[str, Any]:
    """The agreement of a pair."""
    pair = {"autoencoder": name, "left": left, "right": right, "dtype": dtype}
    return {**pair, "parting": None, "rungs": [RUNG], **more}


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is trained, without training: each trial leaves its document with the conditions of here and now."""
    found: list[str] = []

    def attempt(trial: Trial, *_: Any) -> dict[str, Any]:
        found.append(f"{trial.autoencoder.name}, {trial.framework}, {trial.seed}")
        data = training.dataset_of(trial.dataset, trial.data_dir, trial.schedule)
        now = plain(training._conditions(trial, data))
        # The harness gives a process of its own what this one was not given.
        now["variables"] = now["variables"] | {"GOMP_SPINCOUNT": "1000"}
        document = trial_of(trial.framework, trial.seed, autoencoder=trial.autoencoder.name, conditions=now)
        documents.write(trial.result, "trial", document)
        return document

    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.setattr(trainings, "attempt", attempt)
    monkeypatch.setattr(running, "processes_of", inline)
    return found


def run(folder: Path, **more: Any) -> dict[str, Any]:
    """Begin or take up the run in the folder."""
    return Run(Options(**{**vars(ASKED), **more}), folder, Silent()).execute(resume=folder.exists())


def test_what_is_the_same_is_not_measured_again(trained: list[str], tmp_path: Path) -> None:
    """A second call trains what it asks for besides; plan, trials and result say under which conditions."""
    run(tmp_path / "run")
    document = run(tmp_path / "run", seeds=(0, 1))
    assert ["linear, reference, 0", "linear, reference, 1"] == trained
    assert document["complete"]
    plan = documents.read(tmp_path / "run" / "plan.json", "plan")
    assert plan["conditions"] == document["conditions"]
    assert [["reference"]] * 2 == [list(t["conditions"]["subjects"]) for t in document["trials"]]


@pytest.mark.parametrize(("where", "value", "line"), changes("reference", "curve", "linear"))
@pytest.mark.parametrize("file", ["plan.json", "linear/seed0/reference/result.json"])
def test_a_run_is_taken_up_under_the_same_conditions(
    trained: list[str], tmp_path: Path, file: str, where: tuple[str, ...], value: object, line: str
) -> None:
    """Whether the plan or a trial was measured differently: nothing is trained, and the line says what differs."""
    run(tmp_path / "run")
    changed(tmp_path / "run" / file, where, value)
    before = (tmp_path / "run" / file).read_bytes()
    with pytest.raises(UsageError, match="measured differently") as caught:
        run(tmp_path / "run")
    assert (line in str(caught.value), 1) == (True, len(trained)), caught.value
    assert before == (tmp_path / "run" / file).read_bytes()


def test_load_is_noted_and_is_no_difference(trained: list[str], tmp_path: Path) -> None:
    """A busy machine changes no number's name."""
    run(tmp_path / "run")
    changed(tmp_path / "run" / "linear/seed0/reference/result.json", ("busy",), {"load": 9.0, "steal": 0.5})
    assert run(tmp_path / "run")["complete"]
    assert 1 == len(trained)


@pytest.mark.parametrize("key", ["autoencoder", "framework", "seed"])
def test_a_trial_in_another_s_place_is_refused(trained: list[str], tmp_path: Path, key: str) -> None:
    """Planted fault: a document that was copied from elsewhere is not taken for the one that is asked for."""
    run(tmp_path / "run")
    path = tmp_path / "run" / "linear/seed0/reference/result.json"
    other = {"autoencoder": "tied", "framework": "pytorch", "seed": 7}[key]
    documents.write(path, "trial", {**documents.read(path, "trial"), key: other})
    with pytest.raises(UsageError, match=f"is about .*{other}.*expected a finished trial of"):
        run(tmp_path / "run")


@pytest.fixture
def climbed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is climbed, without climbing: all pairs of the processes agree."""
    found: list[str] = []

    def begin(lanes: Any, climbs: Any, *_: Any, **__: Any) -> mock.Mock:
        name, frameworks = climbs[0].autoencoder.name, tuple(lanes.processes)

        def document(_: Any) -> dict[str, Any]:
            found.append(f"{name}, {climbs[0].seed}: {', '.join(frameworks)}")
            pairs = [pair for pair in PAIRS if set(pair) <= set(frameworks)]
            rows = [row(name, *pair, climb.dtype) for climb in climbs for pair in pairs]
            return {"autoencoder": name, "agreements": rows, "failures": {}}

        return mock.Mock(document=document)

    for module in (running, ladders):
        monkeypatch.setattr(module.session, "begin", begin)
        monkeypatch.setattr(module, "processes_of", inline)
    monkeypatch.setattr(session, "outcome", lambda _: "")
    # The subjects of frameworks that need not be installed here.
    names = {"subjects": conditions("reference", "pytorch", "tensorflow")["subjects"]}
    for module in (running, ladders):
        monkeypatch.setattr(module, "conditions", _with_subjects(module.conditions, names["subjects"]))
    monkeypatch.setattr(running, "check", lambda _: None)
    monkeypatch.setattr(Run, "measure", lambda *_: {})
    monkeypatch.setattr(ladders, "check", lambda _: None)
    monkeypatch.setattr(registry, "offers", lambda *_: True)
    return found


def _with_subjects(captured: Callable[..., Any], subjects: dict[str, Any]) -> Callable[..., Any]:
    from msgspec import structs

    from aebench.records.conditions import Subject
    from aebench.records.fields import checked

    def conditions_of(options: Any, processes: Any, **keywords: Any) -> Any:
        found = captured(options, {}, **keywords)
        return structs.replace(found, subjects={name: checked(subjects[name], Subject) for name in processes})

    return conditions_of


def test_agreement_is_climbed_again_where_a_pair_is_missing(climbed: list[str], tmp_path: Path) -> None:
    """What was never compared is not called agreeing: a framework that is added is climbed with the others."""
    pairs = {frozenset(pair) for pair in PAIRS}
    first = run(tmp_path / "run", frameworks=("reference", "tensorflow"), agreement=True)
    run(tmp_path / "run", frameworks=("reference", "tensorflow"), agreement=True)
    again = run(tmp_path / "run", frameworks=("reference", "tensorflow", "pytorch"), agreement=True)
    assert ["linear, 0: reference, tensorflow", "linear, 0: reference, tensorflow, pytorch"] == climbed
    assert (2, 6) == (len(first["agreements"]), len(again["agreements"]))
    assert pairs == {frozenset((a["left"], a["right"])) for a in again["agreements"]}


@pytest.mark.parametrize(("where", "value", "line"), changes("tensorflow", "curve", "linear"))
def test_an_agreement_is_reused_under_the_same_conditions(
    climbed: list[str], tmp_path: Path, where: tuple[str, ...], value: object, line: str
) -> None:
    """It is refused with the line that says what differs."""
    run(tmp_path / "run", frameworks=("reference", "tensorflow"), agreement=True)
    changed(tmp_path / "run" / "linear" / "agreement.json", where, value)
    with pytest.raises(UsageError, match=r"agreement.json was measured differently") as caught:
        run(tmp_path / "run", frameworks=("reference", "tensorflow"), agreement=True)
    assert line in str(caught.value)


def agree(folder: Path, *names: str, **more: Any) -> dict[str, Any]:
    """`aebench agree NAMES --output FOLDER`."""
    options = Options(names, ("tensorflow", "pytorch"), seeds=more.pop("seeds", (0,)))
    climb = Climb(registry.autoencoder(names[0]), steps=more.pop("steps", 10))
    dtypes = more.pop("dtypes", ("float64", "float32"))
    return ladders.agreements(options, climb, dtypes, folder, Silent(), forced=False, keep_traces=False, **more)


def test_agree_goes_on_in_its_folder(climbed: list[str], tmp_path: Path) -> None:
    """A second call climbs what is missing, keeps the rest in the file, and gives back what it was asked for."""
    agree(tmp_path, "linear")
    found = agree(tmp_path, "stacked", "linear", seeds=(0, 1))
    only = agree(tmp_path, "stacked", dtypes=("float64",))
    processes = "reference, tensorflow, pytorch"
    expected = [f"{name}: {processes}" for name in ("linear, 0", "stacked, 0", "stacked, 1", "linear, 1")]
    assert expected == climbed
    assert (24, 3) == (len(found["agreements"]), len(only["agreements"]))
    assert 24 == len(documents.read(tmp_path / "agreements.json", "agreements")["agreements"])
    with pytest.raises(UsageError, match="steps: 10 then, 20 now"):
        agree(tmp_path, "linear", steps=20)


def test_an_interrupted_agree_leaves_what_was_climbed(
    climbed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C at the second autoencoder: the first is on disk, and a second call begins with the second."""
    whole = session.begin

    def interrupted(lanes: Any, climbs: Any, *arguments: Any, **keywords: Any) -> Any:
        if climbs[0].autoencoder.name == "stacked":
            return mock.Mock(**{"document.side_effect": KeyboardInterrupt})
        return whole(lanes, climbs, *arguments, **keywords)

    with monkeypatch.context() as patched:
        patched.setattr(session, "begin", interrupted)
        with pytest.raises(KeyboardInterrupt):
            agree(tmp_path, "linear", "stacked")
    kept = documents.read(tmp_path / "agreements.json", "agreements")["agreements"]
    assert {"linear"} == {a["autoencoder"] for a in kept}
    agree(tmp_path, "linear", "stacked")
    assert ["linear", "stacked"] == [line.partition(",")[0] for line in climbed]


@pytest.mark.parametrize(("where", "value", "line"), changes("pytorch", "curve", "linear"))
def test_agree_refuses_other_conditions(
    climbed: list[str], tmp_path: Path, where: tuple[str, ...], value: object, line: str
) -> None:
    """The folder is left as it is."""
    agree(tmp_path, "linear")
    changed(tmp_path / "agreements.json", where, value)
    with pytest.raises(UsageError, match="measured differently") as caught:
        agree(tmp_path, "linear")
    assert line in str(caught.value)


@pytest.fixture
def grown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Growths that are measured, without training."""
    found: list[str] = []

    def growth(_: Any, climb: Climb, *__: Any) -> list[dict[str, Any]]:
        found.append(f"{climb.autoencoder.name}, {climb.dtype}, {climb.steps}")
        pair = {"left": "reference", "right": "pytorch", "steps": [1], "relative": [float("nan")]}
        return [{"autoencoder": climb.autoencoder.name, "dtype": climb.dtype, **pair}]

    monkeypatch.setattr(growing, "growth", growth)
    monkeypatch.setattr(growing, "processes_of", inline)
    return found


def grow(folder: Path, name: str, *, steps: int = 10, seeds: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """`aebench agree NAME --growth --output FOLDER`."""
    options = Options((name,), ("reference",), seeds=seeds)
    climb = Climb(registry.autoencoder(name), steps=steps)
    return growing.growths(options, climb, ("float64",), folder, Silent())


def test_growth_goes_on_in_its_folder(grown: list[str], tmp_path: Path) -> None:
    """Rows are added to those that are there; other steps are refused, and the file stays as it was."""
    for name in ("stacked", "linear", "stacked"):
        found = grow(tmp_path, name)
    assert ["stacked, float64, 10", "linear, float64, 10"] == grown
    assert ["linear", "stacked"] == [row["autoencoder"] for row in found["growth"]]
    before = (tmp_path / "growth.json").read_bytes()
    with pytest.raises(UsageError, match="steps: 10 then, 1000 now"):
        grow(tmp_path, "stacked", steps=1000)
    assert before == (tmp_path / "growth.json").read_bytes()


def test_growth_from_several_seeds_is_refused(grown: list[str], tmp_path: Path) -> None:
    """It measures one; to measure the first and say nothing would look like all."""
    with pytest.raises(UsageError, match="from one seed, found 3,4"):
        grow(tmp_path, "linear", seeds=(3, 4))
    assert [] == grown


@pytest.mark.parametrize(("where", "value", "line"), changes("reference", "curve", "linear"))
def test_growth_refuses_other_conditions(
    grown: list[str], tmp_path: Path, where: tuple[str, ...], value: object, line: str
) -> None:
    """Old rows do not stay under new conditions."""
    grow(tmp_path, "linear")
    changed(tmp_path / "growth.json", where, value)
    with pytest.raises(UsageError, match="measured differently") as caught:
        grow(tmp_path, "linear")
    assert line in str(caught.value)


@pytest.mark.parametrize(("where", "value", "line"), changes("reference", "synthetic:400x16", "tied"))
def test_scale_refuses_other_conditions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: tuple[str, ...], value: object, line: str
) -> None:
    """A point is not put beside points of other conditions."""
    options = Options(("tied",), ("reference",), dataset="synthetic:400x16")
    monkeypatch.setattr(sweeps, "processes_of", inline)
    monkeypatch.setattr(sweeps, "attempt", lambda trial, *_: trial_of("reference", trial.seed))
    sweeps.measure(options, Lines((150,), (1.0,), 1), tmp_path, Silent())
    changed(tmp_path / "scale.json", where, value)
    with pytest.raises(UsageError, match="measured differently") as caught:
        sweeps.measure(options, Lines((150, 300), (1.0,), 1), tmp_path, Silent())
    assert line in str(caught.value)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Cases that are timed, without timing."""
    found: list[str] = []

    def measure(case: Case, *_: Any) -> measurements.Case:
        found.append(case.autoencoder)
        second = Float(1.0)
        work = Work(images=1, warm_up=[second, second], rounds=[second])
        subject = blocks.Timed(name="reference", works={"training": work}, import_seconds=second)
        block = blocks.Block(first=0, subjects=[subject], seconds=second, busy=Busy())
        return measurements.Case(**vars(case), blocks=[block])

    monkeypatch.setattr(kept, "measure", measure)
    monkeypatch.setattr(kept, "FrameworkProcess", lambda *_, **__: _entered())
    monkeypatch.setattr(kept, "libraries", lambda _: ["reference"])
    return found


def _entered() -> Any:
    import contextlib

    return contextlib.nullcontext(Inline())


def bench(folder: Path, name: str, **options: Any) -> list[measurements.Case]:
    """`aebench bench NAME --output FOLDER`."""
    return kept.run([Case(name)], Timing(("reference",), **options), 2, folder, Silent())


def test_bench_goes_on_in_its_folder(timed: list[str], tmp_path: Path) -> None:
    """What is timed is not timed again; other options are refused."""
    for name in ("linear", "tied", "linear"):
        bench(tmp_path, name)
    assert ["linear", "tied"] == timed
    with pytest.raises(UsageError, match="dtype: float32 then, float64 now"):
        bench(tmp_path, "linear", dtype="float64")


@pytest.mark.parametrize(("where", "value", "line"), changes("reference", "curve", "linear"))
def test_bench_refuses_other_conditions(
    timed: list[str], tmp_path: Path, where: tuple[str, ...], value: object, line: str
) -> None:
    """Timings of two builds, machines or kernels are not mixed in one file."""
    bench(tmp_path, "linear")
    changed(tmp_path / "bench.json", where, value)
    with pytest.raises(UsageError, match="measured differently") as caught:
        bench(tmp_path, "linear")
    assert line in str(caught.value)


def test_bench_sees_a_variable_that_chooses_kernels(
    timed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For real: the variable is set between two calls."""
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    bench(tmp_path, "linear")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    with pytest.raises(UsageError, match="variable ONEDNN_MAX_CPU_ISA: not set then, SSE41 now"):
        bench(tmp_path, "linear")


def written(folder: Path, seeds: tuple[int, ...], known: dict[str, Any] | None, **more: Any) -> Path:
    """A run's folder with trials of PyTorch from these seeds."""
    trials = [trial_of("pytorch", seed, conditions=known) for seed in seeds]
    document = {"options": {**OPTIONS, "frameworks": ["pytorch"]}, "conditions": conditions("pytorch")}
    rest = {"complete": True, "agreements": [], "trials": trials, "failures": [], **more}
    documents.write(folder / "result.json", "run", {**document, **rest})
    return folder


@pytest.mark.parametrize("put_together", ["quality", "accept"])
@pytest.mark.parametrize(("where", "value", "line"), changes("pytorch", "mnist", "tied"))
def test_runs_are_put_together_under_the_same_conditions(
    tmp_path: Path, put_together: str, where: tuple[str, ...], value: object, line: str
) -> None:
    """Seeds that were spread over runs are read as one where nothing else differs."""
    known = conditions("pytorch")
    runs = [
        written(tmp_path / "one", (0, 1), planted(known, *where, value=value)),
        written(tmp_path / "two", (2,), known),
    ]

    def together() -> object:
        if put_together == "quality":
            return baselines.together(runs)
        return accept(runs, reason="x", folder=tmp_path)

    with pytest.raises(UsageError, match="measured differently") as caught:
        together()
    assert line.partition(":")[0] in str(caught.value)
    assert not list((tmp_path / "baselines").glob("*.json"))
    written(tmp_path / "one", (0, 1), known)
    assert together()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"complete": False}, "is not complete; go on with: aebench run --resume"),
        ({"agreements": [row("tied", "reference", "pytorch", "float32") | {"parting": "forward: hidden1"}]}, "hidden1"),
        ({"failures": [{"autoencoder": "tied", "framework": "pytorch", "failure": "lost"}]}, "lost; what failed"),
    ],
)
def test_what_is_not_whole_is_no_baseline(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    """An incomplete run, one whose frameworks part, and one in which a framework did not climb are refused."""
    with pytest.raises(UsageError, match=message):
        accept([written(tmp_path / "run", (0,), conditions("pytorch"), **more)], reason="x", folder=tmp_path)
    assert [] == list(tmp_path.glob("baselines/*.json"))


def test_a_run_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    """Stored twice, one seed would look like two."""
    folder = written(tmp_path / "run", (0,), conditions("pytorch"))
    with pytest.raises(UsageError, match="tied, pytorch, seed 0 stands twice"):
        accept([folder, tmp_path / "." / "run"], reason="x", folder=tmp_path)
    with pytest.raises(UsageError, match="stands twice"):
        baselines.together([folder, folder / "result.json"])


def test_a_baseline_keeps_its_trials_conditions(tmp_path: Path) -> None:
    """They stand once in the file, and with each trial that is read from it."""
    path = accept([written(tmp_path / "run", (0, 1), conditions("pytorch"))], reason="x", folder=tmp_path).baseline
    assert 1 == len(documents.read(path, "baseline")["conditions"])
    assert [conditions("pytorch")] * 2 == [trial["conditions"] for trial in baselines.trials_of(path)]


def test_two_that_accept_at_once_lose_nothing(tmp_path: Path) -> None:
    """One waits for the other, and both autoencoders are in the baseline."""
    names = ("tied", "stacked", "sparse", "variational")
    runs = []
    for name in names:
        known = conditions("pytorch", autoencoder=name)
        trials = [trial_of("pytorch", 0, autoencoder=name, conditions=known)]
        runs.append(written(tmp_path / name, (), None, trials=trials))
    with ThreadPoolExecutor(len(runs)) as threads:
        paths = list(threads.map(lambda run: accept([run], reason="x", folder=tmp_path / "to").baseline, runs))
    assert set(names) == {trial["autoencoder"] for trial in baselines.trials_of(paths[0])}
    assert 4 == len(documents.read(paths[0], "baseline")["history"])
