"""What makes timings unsteady is seen, each thing planted; and a machine that nothing disturbs is told as such."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace

import pytest
from msgspec import structs
from rich.console import Console

from aebench.records.conditions import Busy
from aebench.records.fields import Float
from aebench.report.system import print_system
from aebench.speed import cores, system
from aebench.speed.system import Seen, seen

CALM = {
    "cpu0/cpufreq/scaling_governor": "performance", "cpu1/cpufreq/scaling_governor": "performance",
    "intel_pstate/no_turbo": "1", "cpu0/topology/thread_siblings_list": "0", "cpu1/topology/thread_siblings_list": "1",
}  # fmt: skip
MACHINE = system.machine()
Memory = namedtuple("Memory", ["total", "available"])


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which everything is as it should be."""
    monkeypatch.setattr(system, "Watch", lambda: SimpleNamespace(busy=lambda: busy()))
    monkeypatch.setattr(system, "machine", lambda: structs.replace(MACHINE, quota=None, cores=2))
    monkeypatch.setattr(system.psutil, "virtual_memory", lambda: Memory(2**34, 2**33))
    monkeypatch.setattr(system.psutil, "swap_memory", lambda: SimpleNamespace(used=0))
    monkeypatch.setattr(system.psutil, "sensors_battery", lambda: None, raising=False)
    monkeypatch.setattr(cores, "adding", lambda _: 0.001)
    monkeypatch.setattr(cores, "SECONDS_BETWEEN", 0.001)
    for name in system.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def busy(others: float = 0.0, steal: float | None = 0.0) -> Busy:
    """Shares of the processors' time."""
    return Busy(load=Float(0.0), others=Float(others), steal=None if steal is None else Float(steal))


def found(folder: Path, **files: str) -> dict[str, Seen]:
    """What is seen where the system's files say so, by what it is."""
    for name, text in {**CALM, **{key.replace("__", "/"): value for key, value in files.items()}}.items():
        path = folder / system.PROCESSORS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return {it.what: it for it in seen(0.1, folder)}


def test_a_calm_machine_has_nothing_to_do(tmp_path: Path) -> None:
    """Everything was looked at, each core among it, and nothing disturbs."""
    every = found(tmp_path)
    assert {"governor", "boost", "threads of one core", "other programs", "memory"} <= every.keys()
    assert len(cores.cores()) == sum(name.startswith("core ") for name in every)
    assert {None} == {it.advice for it in every.values()}
    assert ("performance", "off", "none that is seen") == tuple(it.found for it in list(every.values())[:3])


@pytest.mark.parametrize(
    ("what", "files", "shown", "advice"),
    [
        ("governor", {"cpu1__cpufreq__scaling_governor": "powersave"}, "performance, powersave", "the clock follows"),
        ("boost", {"intel_pstate__no_turbo": "0"}, "on", "switch it off"),
        ("boost", {"intel_pstate__no_turbo": "", "cpufreq__boost": "1"}, "on", "switch it off"),
        ("threads of one core", {"cpu0__topology__thread_siblings_list": "0-1"}, "0-1", "leave one of each idle"),
        ("threads of one core", {"cpu0__topology__thread_siblings_list": "0,4"}, "0,4", "leave one of each idle"),
    ],
)
def test_settings_that_disturb_are_told(
    tmp_path: Path, what: str, files: dict[str, str], shown: str, advice: str
) -> None:
    """One of them, and only that one."""
    every = found(tmp_path, **files)
    assert [what] == [name for name, it in every.items() if it.advice]
    assert (shown, True) == (every[what].found, advice in str(every[what].advice))


@pytest.mark.parametrize(
    ("what", "name", "value"),
    [
        ("other programs", "Watch", lambda: SimpleNamespace(busy=lambda: busy(others=0.3))),
        ("other machines of the host", "Watch", lambda: SimpleNamespace(busy=lambda: busy(steal=0.03))),
        ("quota", "machine", lambda: structs.replace(MACHINE, quota=Float(1.5), cores=2)),
        ("memory", "psutil.virtual_memory", lambda: Memory(100, 4)),
        ("swap", "psutil.swap_memory", lambda: SimpleNamespace(used=2**20)),
        ("power", "psutil.sensors_battery", lambda: SimpleNamespace(power_plugged=False)),
    ],
)
def test_what_disturbs_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, name: str, value: Callable[..., object]
) -> None:
    """Planted, one at a time: it is what is told, and nothing else is."""
    monkeypatch.setattr(f"aebench.speed.system.{name}", value)
    assert [what] == [it.what for it in found(tmp_path).values() if it.advice]


def test_more_threads_than_cores_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable with its value; as many threads as there are cores are fine."""
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setenv("MKL_NUM_THREADS", "2")
    every = found(tmp_path)
    assert ["OMP_NUM_THREADS"] == [it.what for it in every.values() if it.advice]
    assert ("8", "2") == (every["OMP_NUM_THREADS"].found, every["MKL_NUM_THREADS"].found)


@pytest.mark.skipif(not cores.held(), reason="this system lets no process choose its cores")
def test_a_core_of_two_speeds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: every other time the work takes a fifth longer."""
    values = iter([0.001, 0.0012] * 10**6)
    monkeypatch.setattr(cores, "adding", lambda _: next(values))
    every = found(tmp_path)
    assert all(it.advice for name, it in every.items() if name.startswith("core "))
    assert "(1 to 1.2, a tenth beyond either)" in every[f"core {cores.cores()[0]}"].found


def test_the_program_that_works_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a process that computes all the while, and one that sleeps."""
    monkeypatch.setattr(system, "Watch", lambda: SimpleNamespace(busy=lambda: busy(others=0.5)))
    spin = "import time; end = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
    with (
        subprocess.Popen([sys.executable, "-c", spin]) as working,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as sleeping,
    ):
        try:
            before = system._programs()
            time.sleep(2.0)
            both = {it: spent for it, spent in before.items() if it.pid in (working.pid, sleeping.pid)}
            named = system._named(both, 1.0)
        finally:
            working.kill()
            sleeping.kill()
    assert f"({working.pid})" in named
    assert f"({sleeping.pid})" not in named
    assert "none of them stands out" == system._named(before, 1e9)


def test_a_machine_that_tells_little_is_looked_at(tmp_path: Path) -> None:
    """No file of the processors, no steal: not told, and no advice."""
    every = {it.what: it for it in seen(0.1, tmp_path)}
    assert {"not told"} == {every[name].found for name in ("governor", "boost")}
    assert {None} == {it.advice for it in every.values()}


@pytest.mark.parametrize(("advice", "first"), [(None, "Nothing of 1 things"), ("end it", "1 of 1 things here make")])
def test_the_verdict_comes_first(advice: str | None, first: str) -> None:
    """Then each thing, with what to do."""
    console = Console(width=80, record=True, file=io.StringIO())
    print_system([Seen("a thing", "as it is", advice)], console)
    said = console.export_text()
    assert said.startswith(first)
    assert "a thing" in said
    assert (advice or "") in said


def test_this_machine() -> None:
    """The command, for real."""
    command = [sys.executable, "-m", "aebench", "system"]
    done: CompletedProcess[str] = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (0, "") == (done.returncode, done.stderr)
    assert "governor" in done.stdout
