"""What a framework's process is started with, and what starting one leaves of it here."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aebench.errors import FrameworkError, UsageError
from aebench.processes import environments, making, probing, releases, worker
from aebench.processes.environments import Environment
from aebench.processes.worker import FrameworkProcess

OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX")


@pytest.mark.parametrize(("python", "kept"), [(None, True), (Path("/other/bin/python"), False)])
def test_what_leads_to_this_environment_is_told_to_its_own_processes_only(
    monkeypatch: pytest.MonkeyPatch, python: Path | None, kept: bool
) -> None:
    """A process of another environment would import from here; whatever else is set, every process has."""
    for name in (*OURS, "OTHER"):
        monkeypatch.setenv(name, "set")
    found = worker.variables_of(Environment("any", python, "any"))
    assert [kept] * len(OURS) == [name in found for name in OURS]
    assert "set" == found["OTHER"]


def test_an_entry_s_variables_come_before_those_set_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the one that names the environment itself."""
    monkeypatch.setenv("MINE", "set here")
    variables = (("AEBENCH_ENVIRONMENT", "another"), ("MINE", "of its entry"))
    found = worker.variables_of(Environment("old", Path("/other/bin/python"), "old", variables))
    assert ("of its entry", "old") == (found["MINE"], found["AEBENCH_ENVIRONMENT"])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, "with status 0"),
        (2, "with status 2"),
        (None, "and left no status"),
        (-int(signal.SIGTERM), "by SIGTERM: somebody ended it"),
        (-40, "by signal 40"),
    ],
)
def test_an_end_is_told_by_its_status(status: int | None, expected: str) -> None:
    """Also of a process that ends well in the middle of its work."""
    assert expected == worker.how(status)


def test_just_enough_open_files_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the message says are needed."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (worker.DESCRIPTORS, worker.DESCRIPTORS))
    with FrameworkProcess("reference") as process:
        assert os.getpid() != process.call(os.getpid)


def test_ctrl_c_reaches_the_harness_again() -> None:
    """It is held back only while a process is started, which begins without it."""
    asked = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    with worker.uninterrupted():
        held = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert ("True\n", set()) == (held, {signal.SIGINT} & signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def test_a_process_that_does_not_start_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: an interpreter that was there when it was found, and is gone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    environments.tell(Environment("gone", tmp_path / "gone" / "bin" / "python", "gone", own=True))
    with pytest.raises(FrameworkError, match=r"reference@gone: no process can be started for it: .*No such file"):
        FrameworkProcess("reference@gone").call(os.getpid)
    assert [] == [path.name for path in tmp_path.iterdir()]


def test_no_process_computes_in_a_bundle(tmp_path: Path) -> None:
    """Else what this environment computes would pass for what was computed elsewhere."""
    (tmp_path / "old.zip").touch()
    environments.find(str(tmp_path / "old.zip"))
    with pytest.raises(UsageError, match="is a bundle: it holds numbers, and nothing is computed in it"):
        FrameworkProcess("reference@old.zip").call(os.getpid)


def test_the_present_folder_is_searched_where_it_is_searched_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under its own name: a process that goes to another folder imports what it did before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    with FrameworkProcess("reference") as process:
        found = process.call(eval, "__import__('sys').path")
    assert (str(tmp_path), False) == (found[0], "" in found)


def test_another_environment_s_process_does_not_search_the_present_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a module there with the name of one of Python's own."""
    (tmp_path / "aebench.toml").write_text("[environments.same]\n")
    (tmp_path / "tempfile.py").write_text("raise SystemExit('the one of the present folder')")
    monkeypatch.chdir(tmp_path)
    with FrameworkProcess("reference@same") as process:
        assert str(tmp_path) not in process.call(eval, "__import__('sys').path")


@pytest.mark.parametrize(
    "script",
    [
        "import os; from aebench.processes.worker import FrameworkProcess\n"
        "process = FrameworkProcess('reference'); process.call(os.getpid)",
        "from aebench.processes.view import view; assert (view() / 'aebench' / '__init__.py').exists()",
    ],
    ids=["a process", "the view"],
)
def test_the_end_of_the_harness_removes_what_was_temporary(tmp_path: Path, script: str) -> None:
    """Also a process that nobody closed, and the folder that other interpreters import from."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60.0)
    assert [] == [path.name for path in tmp_path.iterdir() if path.name.startswith("aebench-")]


@pytest.fixture
def typed() -> Iterator[None]:
    """A line waits on standard input."""
    reading, writing = os.pipe()
    os.write(writing, b"typed\n")
    os.close(writing)
    before = os.dup(0)
    os.dup2(reading, 0)
    os.close(reading)
    yield
    os.dup2(before, 0)
    os.close(before)


def asking(folder: Path, then: str) -> Path:
    """A program that reads a line before it does something else."""
    place = folder / "asking"
    place.write_text(f"#!/bin/sh\nread line\n{then}\n")
    place.chmod(0o755)
    return place


def framework(_: Path, __: pytest.MonkeyPatch) -> None:
    """One that reads while it works."""
    with FrameworkProcess("reference") as process:
        assert b"" == process.call(eval, "__import__('os').read(0, 9)")


def interpreter(folder: Path, _: pytest.MonkeyPatch) -> None:
    """One that is asked for its packages."""
    place = asking(folder, """echo '{"python": "3.12.0", "packages": {}}'""")
    assert "3.12.0" == probing.contents(Environment("asking", place, "asking")).python


def installer(folder: Path, _: pytest.MonkeyPatch) -> None:
    """One that asks for a password."""
    assert "[]\n" == making._run([str(asking(folder, 'echo "[$line]"'))], folder / "log")


def index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that pip asks for releases."""
    monkeypatch.setattr(sys, "executable", str(asking(folder, "echo Available versions: 2.0, 1.0")))
    assert ["1.0", "2.0"] == releases.between("six", "1.0", "2.0")


@pytest.mark.usefixtures("typed")
@pytest.mark.parametrize("program", [framework, interpreter, installer, index])
def test_what_is_typed_is_for_the_harness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Callable[[Path, pytest.MonkeyPatch], None]
) -> None:
    """A program that it starts waits for no answer, and takes no line from a script's loop."""
    program(tmp_path, monkeypatch)
    assert b"typed\n" == os.read(0, 9)
