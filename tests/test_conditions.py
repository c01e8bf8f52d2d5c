"""Conditions: taken down as they are, and told apart in words."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples import changes, conditions, planted

from aebench import registry
from aebench.data import Dataset, Split
from aebench.errors import FrameworkError
from aebench.processes.subjects import subjects
from aebench.processes.worker import FrameworkProcess
from aebench.records import capture, machine
from aebench.records.conditions import Conditions, differences, in_words, merged
from aebench.records.fields import checked


def of(known: dict[str, object]) -> Conditions:
    """Plain data as conditions."""
    return checked(known, Conditions)


@pytest.mark.parametrize(("where", "value", "line"), changes("pytorch", "mnist", "tied"))
def test_each_change_is_its_own_sentence(where: tuple[str, ...], value: object, line: str) -> None:
    """Planted: another value of one condition is told by its line alone, and matters for numbers, quality and speed."""
    then = of(planted(conditions("pytorch"), *where, value=value))
    first, *others = differences(then, of(conditions("pytorch")))
    assert first.sentence.startswith(line)
    # Settings that are unknown as a whole are unknown one by one, too.
    assert others == [] or where[-1] == "settings"
    assert {("numbers", "quality", "speed")} == {d.matters for d in (first, *others)}


@pytest.mark.parametrize("name", ["memory_gib", "governor", "system"])
def test_what_decides_no_bit_matters_for_speed_only(name: str) -> None:
    """Memory, the clock's governor, the kernel's release."""
    other: object = 1.0 if name == "memory_gib" else "another"
    (found,) = differences(of(planted(conditions(), "machine", name, value=other)), of(conditions()))
    assert ("speed",) == found.matters


def test_what_only_one_side_speaks_of_is_no_difference() -> None:
    """A framework, an autoencoder or a data set that is added or left out; load and steal; both are kept."""
    one = of(conditions("pytorch", busy={"load": 1.0, "steal": 0.0}))
    other = of(conditions("tensorflow", autoencoder="linear", data={"curve": "1"}))
    assert [] == differences(one, other)
    both = merged(one, other)
    assert (["pytorch", "tensorflow"], ["mnist", "curve"]) == (list(both.subjects), list(both.data))


def test_many_differences_are_cut_short() -> None:
    """A line stays a line."""
    found = [*differences(of(conditions()), Conditions(aebench=of(conditions()).aebench, machine=machine.Machine()))]
    assert in_words(found).endswith(f"and {len(found) - 4} more")


def test_a_long_text_shows_where_it_differs() -> None:
    """Two builds that begin alike are told apart by what is shown."""
    builds = ["x" * 500 + end for end in (" with MKL", " with OpenBLAS")]
    where = ("subjects", "pytorch", "settings", "build")
    one, other = (of(planted(conditions("pytorch"), *where, value=build)) for build in builds)
    (found,) = differences(one, other)
    assert all(word in found.sentence for word in ("with MKL", "with OpenBLAS"))
    assert len(found.sentence) < 200


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/a/b", {"a/cpu.max": "150000 100000", "a/b/cpu.max": "max 100000"}, 1.5),
        ("0::/host/only", {"cpu.max": "50000 100000"}, 0.5),
        ("0::/a", {"a/cpu.max": "max 100000"}, None),
        ("4:cpu,cpuacct:/c", {"cpu/c/cpu.cfs_quota_us": "300000", "cpu/c/cpu.cfs_period_us": "100000"}, 3.0),
        ("4:cpu:/c", {"cpu/c/cpu.cfs_quota_us": "-1", "cpu/c/cpu.cfs_period_us": "100000"}, None),
        ("5:memory:/c", {"cpu/c/cpu.cfs_quota_us": "100000", "cpu/c/cpu.cfs_period_us": "100000"}, None),
        ("", {}, None),
    ],
)
def test_the_quota_is_the_control_group_s(
    tmp_path: Path, groups: str, files: dict[str, str], expected: float | None
) -> None:
    """Versions 1 and 2, the tightest of the group and those around it; none where there is no limit."""
    for name, content in files.items():
        (tmp_path / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "fs" / name).write_text(f"{content}\n")
    (tmp_path / "own").write_text(f"{groups}\n")
    assert expected == machine.quota(tmp_path / "own", tmp_path / "fs")


def test_cores_are_no_more_than_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounded up: half a processor is one core that is there half of the time."""
    monkeypatch.setattr(machine, "quota", lambda: 0.5)
    assert 1 == machine.cores()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package called aebench in a folder of its own, as the harness sees itself."""
    (tmp_path / "aebench").mkdir()
    (tmp_path / "aebench" / "__init__.py").write_text("")
    monkeypatch.setattr(capture, "PACKAGE", tmp_path / "aebench")
    capture.harness.cache_clear()
    yield tmp_path
    capture.harness.cache_clear()


def git(folder: Path, *arguments: str) -> None:
    """Git, as somebody."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def test_a_commit_is_aebench_s_own(package: Path) -> None:
    """No repository, one around site-packages, and one that does not track the package: unknown, and so `modified`."""
    assert (None, None) == (capture.harness().commit, capture.harness().modified)
    git(package, "init")
    git(package, "commit", "--allow-empty", "-m", "around")
    capture.harness.cache_clear()
    assert (None, None) == (capture.harness().commit, capture.harness().modified)
    (package / "pyproject.toml").touch()
    git(package, "add", ".")
    git(package, "commit", "-m", "ours")
    capture.harness.cache_clear()
    assert (40, False) == (len(capture.harness().commit or ""), capture.harness().modified)


def test_a_change_of_the_sources_is_seen_with_and_without_git(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two states of a modified tree differ by the digest; without git nothing is called unmodified."""
    before = capture.harness().sources
    (package / "aebench" / "__init__.py").write_text("changed = True\n")
    monkeypatch.setenv("PATH", "")
    capture.harness.cache_clear()
    assert before != capture.harness().sources
    assert (None, None) == (capture.harness().commit, capture.harness().modified)


def test_the_checksum_is_that_of_every_array() -> None:
    """One value in any split, and the dtype of the inputs, make another."""

    def data(value: float, dtype: type = np.float32) -> Dataset:
        parts = [Split(np.full((2, 3), 0.5, dtype)) for _ in range(2)]
        last = np.full((2, 3), 0.5, dtype)
        last[1, 2] = value
        return Dataset("it", *parts, Split(last))

    assert data(0.5).checksum == data(0.5).checksum
    assert 3 == len({data(0.5).checksum, data(0.25).checksum, data(0.5, np.float64).checksum})


def test_variables_are_those_that_choose_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """TF_TOKEN_x is another program's secret, and a cache chooses nothing."""
    noted = {"TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY"}
    for name in (*noted, "TF_TOKEN_x", "TORCHINDUCTOR_CACHE_DIR"):
        monkeypatch.setenv(name, "as planted")
    assert noted == {name for name, value in capture.variables().items() if value == "as planted"}


def test_every_framework_describes_itself_alike_from_call_to_call() -> None:
    """In its own process, before and after it has computed something; versions carry their build."""
    names = registry.installed(registry.frameworks())
    processes = {name: FrameworkProcess(name) for name in names}
    try:
        first, second = subjects(processes), subjects(processes)
    finally:
        for process in processes.values():
            process.close()
    assert names == list(first)
    assert first == second
    assert all(subject.settings for subject in first.values())


class Hanging:
    """A process that hangs so many times when it is asked, and then says who it is."""

    def __init__(self, name: str, times: int) -> None:
        self.name, self.times = name, times

    def call(self, function: object, name: str) -> str:
        """Asked for its subject."""
        self.times -= 1
        if self.times >= 0:
            raise FrameworkError(f"{name} says nothing")
        return f"who {name} is"


def test_who_hangs_is_asked_once_more() -> None:
    """Planted: a process that is stopped while it is asked. Without its version nobody could say what was compared."""
    processes: Any = {"a": Hanging("a", 0), "b": Hanging("b", 1), "c": Hanging("c", 2)}
    assert {"a": "who a is", "b": "who b is"} == subjects(processes)
