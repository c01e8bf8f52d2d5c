"""asv finds the benchmarks, every row can be run or says why not, and a slower framework has a greater number."""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import remote_asv

from aebench import registry
from aebench.processes.worker import FrameworkProcess
from aebench.speed import workloads
from benchmarks import cases, inference, starting, training

ROOT = Path(__file__).parents[1]
# What asv takes for a benchmark in these modules, and in which unit; of a time asv knows it itself.
EXPECTED = {
    "inference.Parts.time_round": None,
    "inference.Parts.track_seconds_per_1000_images": "seconds / 1,000 images",
    "inference.Reconstruct.time_round": None,
    "inference.Reconstruct.track_seconds_per_1000_images": "seconds / 1,000 images",
    "starting.Import.track_import_seconds": "seconds",
    "training.DeviceMemory.track_device_bytes": "bytes",
    "training.Error.track_test_mse": "squared intensity",
    "training.First.track_first_epoch_seconds": "seconds",
    "training.Loss.track_test_loss": "nats / image",
    "training.Memory.peakmem_epoch": None,
    "training.Warm.time_epoch": None,
    "training.Warm.track_seconds_per_1000_images": "seconds / 1,000 images",
    "training.Warm.track_times_the_ceiling": "times",
    "training.WarmBatches.time_epoch": None,
    "training.WarmBatches.track_seconds_per_1000_images": "seconds / 1,000 images",
    "training.WarmBatches.track_times_the_ceiling": "times",
}
BENCHMARK = re.compile("time_|timeraw_|track_|mem_|peakmem_|Time[A-Z_]|Track[A-Z_]|Mem[A-Z_]|PeakMem[A-Z_]")


def _found(*modules: Any) -> dict[str, tuple[type, Callable[..., Any]]]:
    """Name as asv has it -> class and function, by asv's own rules."""
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}.{function}": (found, getattr(found, function))
        for module in modules
        for name, found in vars(module).items()
        if inspect.isclass(found) and not name.startswith("_")
        for function, _ in inspect.getmembers(found, inspect.isfunction)
        if BENCHMARK.match(function)
    }


BENCHMARKS = _found(training, inference, starting)


def _attribute(name: str, attribute: str) -> Any:
    found, function = BENCHMARKS[name]
    return getattr(function, attribute, getattr(found, attribute, None))


def _config() -> dict[str, Any]:
    text = (ROOT / "asv.conf.json").read_text(encoding="utf-8")
    return json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {name.replace("_", "-"): version for name, _, version in (line.partition("==") for line in lines) if version}


def test_every_benchmark_is_known() -> None:
    """The names by which a history is kept, and the unit of each: a renamed benchmark loses its history."""
    assert {name: _attribute(name, "unit") for name in BENCHMARKS} == EXPECTED


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_a_version_of_its_own(name: str) -> None:
    """Without one, or with one inherited, an edit of the text or of the base class drops the history."""
    assert re.fullmatch(r"\d+", vars(BENCHMARKS[name][0])["version"])


@pytest.mark.parametrize("name", BENCHMARKS)
def test_parameters_are_readable(name: str) -> None:
    """Each parameter has a name and plain values, none twice, and `setup` takes as many."""
    params, names = _attribute(name, "params"), _attribute(name, "param_names")
    params = params if isinstance(params[0], tuple) else (params,)
    assert len(params) == len(names)
    assert all(values and len(set(values)) == len(values) for values in params)
    assert {str, int} >= {type(value) for values in params for value in values}
    assert set(params[names.index("framework")]) <= set(registry.variants()) - {registry.ARBITER}
    inspect.signature(BENCHMARKS[name][0].setup).bind(None, *names)


def test_no_row_times_the_compilation_of_every_sample() -> None:
    """asv tears down and sets up again before each sample: what is timed keeps what is compiled."""
    timed = [found for name, (found, _) in BENCHMARKS.items() if ".time_" in name]
    assert len(timed) == 4
    assert not any(hasattr(found, "teardown") for found in timed)


def test_the_configuration_is_valid() -> None:
    """Both frameworks at the pinned versions, processes that are spawned, all output in one ignored folder."""
    config = _config()
    assert config["matrix"]["req"] == {name: [_pins()[name]] for name in ("torch", "tensorflow-cpu")}
    assert "spawn" == config["launch_method"]
    assert (ROOT / config["benchmark_dir"] / "training.py").exists()
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert all(f"/{config[f'{kind}_dir'].split('/')[0]}/" in ignored for kind in ("env", "results", "html"))
    known = [re.compile(pattern) for pattern in config["regressions_thresholds"]]
    assert all(sum(bool(pattern.match(name)) for pattern in known) == 1 for name in BENCHMARKS)


def test_each_framework_alone_is_offered() -> None:
    """The lines that are commented out make the environments of tox, at the pinned versions."""
    text = (ROOT / "asv.conf.json").read_text(encoding="utf-8")
    (lines,) = re.findall(r'^    // "include": \[\n((?:    // .*\n)+?)    // \],', text, flags=re.MULTILINE)
    found = json.loads("[" + lines.replace("    // ", "") + "]")
    assert [entry["req"] for entry in found] == [{name: _pins()[name]} for name in ("torch", "tensorflow-cpu")]


def _asv(*arguments: str) -> subprocess.CompletedProcess[str]:
    # asv replaces PYTHONPATH; the library beside these tests is what its benchmarks are to import.
    environment = {**os.environ, "ASV_PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "asv", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300)


@pytest.fixture
def asv() -> None:
    """Skip without it."""
    if importlib.util.find_spec("asv") is None:
        pytest.skip("asv is not installed: pip install -c constraints.txt 'aebench[dev]'")


def test_asv_accepts_the_benchmarks(asv: None) -> None:
    """`asv check` imports every module of the folder and finds nothing wrong."""
    done = _asv("check", "--environment", f"existing:{sys.executable}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No problems found" in done.stdout


def test_asv_finds_what_the_other_tests_look_at(asv: None, tmp_path: Path) -> None:
    """Discovery by asv's own code: the same names, units, versions and parameters, and no other module's."""
    script = "import sys\nfrom asv_runner.discovery import _discover\n_discover(sys.argv[1:])"
    where = tmp_path / "benchmarks.json"
    command = [sys.executable, "-c", script, str(ROOT / "benchmarks"), str(where)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    found = {entry["name"]: entry for entry in json.loads(where.read_text(encoding="utf-8"))}
    assert set(EXPECTED) == set(found)
    for name, entry in found.items():
        assert EXPECTED[name] in (None, entry["unit"])
        assert _attribute(name, "version") == entry["version"]
        assert list(_attribute(name, "param_names")) == entry["param_names"]


def _rows_on_a_gpu() -> list[tuple[str, tuple[Any, ...]]]:
    found = []
    for name in BENCHMARKS:
        if "device" in _attribute(name, "param_names"):
            position = _attribute(name, "param_names").index("device")
            rows = product(*_attribute(name, "params"))
            found.append((name, next(row for row in rows if row[position] == "gpu")))
    return found


GPU = dict(_rows_on_a_gpu())


@pytest.mark.parametrize("name", GPU)
def test_a_row_on_the_gpu_is_not_available_without_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What asv shows as n/a; no framework is imported to find that out."""
    monkeypatch.setattr(cases, "gpus", list)
    monkeypatch.setattr(cases.registry, "version", lambda _: "1")
    instance = BENCHMARKS[name][0]()
    with pytest.raises(NotImplementedError, match="no GPU here"):
        instance.setup(*GPU[name])
    getattr(instance, "teardown", lambda *_: None)(*GPU[name])


def test_a_framework_that_is_not_installed_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason and the command that installs it; so is a variant that an older commit did not have."""
    monkeypatch.setattr(cases.registry, "version", lambda _: None)
    with pytest.raises(NotImplementedError, match=r"tensorflow-eager is not installed here; get it with: pip install"):
        cases.require.__wrapped__("tensorflow-eager")
    with pytest.raises(NotImplementedError, match="pytorch"):
        cases.require.__wrapped__("pytorch-interpreted")


@dataclass(frozen=True)
class Planted:
    """A workload of 500 images a round, on a clock of its own."""

    clock: list[float]
    seconds: float
    device: str = "cpu"

    def __hash__(self) -> int:
        return hash(self.seconds)

    def ready(self) -> tuple[Callable[[], None], int]:
        """A round moves the clock."""
        return self.round, 500

    def round(self) -> None:
        """Nothing but time goes by."""
        self.clock[0] += self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """What the workloads read in place of the time."""
    now = [0.0]
    monkeypatch.setattr(workloads.time, "perf_counter", lambda: now[0])
    yield now
    workloads._ready.cache_clear()


@pytest.mark.parametrize("speed", [training.Warm, training.WarmBatches, inference.Reconstruct, inference.Parts])
def test_a_slower_framework_has_a_greater_number(clock: list[float], speed: type) -> None:
    """Planted fault: rounds that last a fifth longer raise the tracked value by a fifth; lower is better."""
    instance, found = speed(), []
    for seconds in (0.5, 0.6):
        instance.workload = Planted(clock, seconds)
        found.append(instance.track_seconds_per_1000_images())
    assert [1.0, 1.2] == [round(value, 9) for value in found]
    assert {float} == {type(value) for value in found}


def test_times_the_ceiling_tell_a_slower_framework_from_a_slower_machine(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted faults: epochs that last a fifth longer raise the value by a fifth, a machine half as fast does not."""
    monkeypatch.setattr(cases, "SECONDS_OF_ROUNDS", 0.0)
    monkeypatch.setattr(cases, "SECONDS_TO_CALM_DOWN", 0.0)
    instance, found = training.Warm(), []
    for epoch, machine in ((0.5, 1.0), (0.6, 1.0), (1.0, 2.0)):
        for part, share in (("Products", 0.3), ("Traffic", 0.1)):
            monkeypatch.setattr(cases, part, lambda share=share * machine, **_: Planted(clock, share))
        instance.workload = Planted(clock, epoch)
        found.append(instance.track_times_the_ceiling())
    assert [1.25, 1.5, 1.25] == [round(value, 9) for value in found]


def test_a_slower_first_epoch_has_a_greater_number(clock: list[float]) -> None:
    """Planted fault: as above, of the epoch that compiles."""
    instance, found = training.First(), []
    for seconds in (0.5, 0.6):
        instance.workload = Planted(clock, seconds)
        found.append(instance.track_first_epoch_seconds())
    assert [0.5, 0.6] == [round(value, 9) for value in found]


@pytest.mark.parametrize("name", ["stacked", pytest.param("sparse", marks=pytest.mark.slow)])
def test_a_worse_training_has_a_greater_number(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Planted fault: after half the steps the error is greater, of `sparse`, too, where it goes up and down."""
    full = training.measured(name, registry.ARBITER, "cpu", "test_mse")
    monkeypatch.setattr(training, "STEPS", training.STEPS // 2)
    assert 0.0 < full < training.measured(name, registry.ARBITER, "cpu", "test_mse")


@pytest.fixture(scope="module", params=cases.FRAMEWORKS)
def opened(request: pytest.FixtureRequest) -> Iterator[tuple[str, FrameworkProcess]]:
    """Each variant of each framework, and a process of its own."""
    found = registry.variants()[request.param]
    if registry.version(found) is None:
        pytest.skip(f"{request.param} is not installed: {found.install}")
    with FrameworkProcess(request.param) as process:
        yield request.param, process


ROWS = {
    "training.Warm.time_epoch": ("linear", "cpu"),
    "training.Warm.track_seconds_per_1000_images": ("linear", "cpu"),
    "training.Warm.track_times_the_ceiling": ("linear", "cpu"),
    "training.First.track_first_epoch_seconds": ("linear", "cpu"),
    "training.Memory.peakmem_epoch": ("linear", "cpu"),
    "training.Error.track_test_mse": ("linear", "cpu"),
    "training.Loss.track_test_loss": ("variational", "cpu"),
    "inference.Reconstruct.track_seconds_per_1000_images": ("linear", "cpu", 1),
    "inference.Parts.time_round": ("linear", "cpu", 10, "decode"),
}
# Compiling a variational training takes PyTorch two minutes on a busy machine.
SLOW = {"training.Loss.track_test_loss": pytest.mark.slow}


def test_looking_imports_no_framework(opened: tuple[str, FrameworkProcess]) -> None:
    """Whether it is installed is known before it is imported: else `track_import_seconds` would time nothing."""
    name, process = opened
    assert set() == process.call(remote_asv.loaded, name)


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW.get(name, ())) for name in ROWS])
def test_a_row_runs(opened: tuple[str, FrameworkProcess], name: str) -> None:
    """`setup`, one call and `teardown` in the framework's process; what is tracked is a plain, positive float."""
    framework, process = opened
    autoencoder, *others = ROWS[name]
    found, function = BENCHMARKS[name]
    kind, value = process.call(remote_asv.row, found, function.__name__, (autoencoder, framework, *others))
    if function.__name__.startswith("track_"):
        assert float is kind
        assert 0.0 < value < float("inf")
    else:
        assert value is None


def test_an_import_is_timed(opened: tuple[str, FrameworkProcess]) -> None:
    """Seconds as a plain float, for the plain names."""
    framework, process = opened
    if framework not in starting.Import.params:
        pytest.skip(f"{framework} is imported with {registry.plain(framework)}")
    kind, value = process.call(remote_asv.row, starting.Import, "track_import_seconds", (framework,))
    assert float is kind
    assert value >= 0.0
