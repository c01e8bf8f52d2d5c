"""What making an environment leaves behind when it goes wrong, what it asks of whom, and what it writes into a file."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from aebench.errors import UsageError
from aebench.processes import environments, making
from aebench.records.store import locked


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The present folder, in which no file names an environment."""
    monkeypatch.setattr(environments, "_told", {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The interpreter and the requirements of what was installed; nothing is."""
    asked: list[Any] = []

    def install(_: Path, python: str, wanted: Sequence[str], *more: object) -> str:
        asked.extend((python, wanted))
        return ""

    monkeypatch.setattr(making, "_installed", install)
    return asked


def program(place: Path, text: str) -> Path:
    """A program of the shell."""
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return place


def test_an_interruption_leaves_nothing_of_what_was_begun(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C in the middle the name is free again."""

    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "_installed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        making.make("new", ())
    assert [] == list((folder / "environments").iterdir())


def test_the_log_of_a_failure_holds_all_that_was_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command before what it says; the message is the reason without the word `error`, and names the log."""
    uv = program(
        folder / "bin" / "uv",
        "echo to $1; echo about $1 >&2; [ $1 = venv ] || { echo 'ERROR: No wheel for x' >&2; exit 1; }",
    )
    monkeypatch.setenv("PATH", str(uv.parent), prepend=":")
    monkeypatch.setattr(making, "needed", list)
    with pytest.raises(UsageError) as caught:
        making.make("new", ["x"])
    place = folder / "environments" / "new"
    assert f"No wheel for x; all that was said: {place}.log" == str(caught.value)
    assert [
        f"$ {uv} venv --python {sys.executable} {place}",
        "about venv",
        "to venv",
        f"$ {uv} pip install --python {place}/bin/python x",
        "about pip",
        "ERROR: No wheel for x",
        "to pip",
    ] == Path(f"{place}.log").read_text().splitlines()


def test_each_attempt_has_its_own_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log goes on from one to the next, in whatever encoding the installer speaks."""
    uv = program(
        folder / "bin" / "uv",
        r"[ $1 = venv ] && exit 0; [ -e again ] && { printf '  x No m\374sli\n' >&2; exit 1; }; "
        "touch again; echo 'error: no space' >&2; exit 1",
    )
    monkeypatch.setenv("PATH", str(uv.parent), prepend=":")
    monkeypatch.setattr(making, "needed", list)
    for reason in ("no space; ", "x No m\ufffdsli; "):
        with pytest.raises(UsageError, match=f"^{reason}"):
            making.make("new", ["x"])


@pytest.mark.parametrize("uv", ["/bin/uv", None])
def test_what_is_installed_and_listed_is_the_new_environment_s(monkeypatch: pytest.MonkeyPatch, uv: str | None) -> None:
    """Its own interpreter is named to whoever installs, and to whoever lists the lock's packages."""
    commands: list[Sequence[str]] = []

    def run(command: Sequence[str], _: Path) -> str:
        commands.append(command)
        return f"{command[-1]}\n"

    monkeypatch.setattr(making.shutil, "which", lambda _: uv)
    monkeypatch.setattr(making, "_run", run)
    made = making.make("new", ["six"])
    assert [uv or sys.executable, *[uv or str(made.python)] * 2] == [command[0] for command in commands]
    assert [False, True, True] == [str(made.python) in command for command in commands]
    assert f"{commands[2][-1]}\n" == made.lock.read_text()


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("aebench.toml", None, '[environments.new]\npython = "environments/new"\n'),
        ("aebench.toml", "\ufeff# Gerät\n", '\ufeff# Gerät\n\n[environments.new]\npython = "environments/new"\n'),
        ("pyproject.toml", "[tool.aebench]\n",
         '[tool.aebench]\n\n[tool.aebench.environments.new]\npython = "environments/new"\n'),
    ],
    ids=["no file", "a mark in front", "pyproject.toml"],
)  # fmt: skip
@pytest.mark.usefixtures("installed")
def test_the_entry_stands_at_the_end_of_the_file(folder: Path, name: str, before: str | None, after: str) -> None:
    """Whatever stands before it, every byte of which stays, it is found under its name."""
    if before is not None:
        (folder / name).write_bytes(before.encode())
    made = making.make("new", ())
    assert (folder / name, after) == (made.file, made.file.read_bytes().decode())
    made.python.parent.mkdir()
    made.python.touch(0o755)
    assert made.python == environments.find("new").python


@pytest.mark.usefixtures("installed")
def test_an_entry_waits_for_another_that_is_being_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls that end at the same time leave two entries."""
    begun = threading.Event()

    def other() -> None:
        with locked(folder / "environments"):
            begun.set()
            time.sleep(0.5)
            (folder / "aebench.toml").write_text("[environments.other]\n")

    writer = threading.Thread(target=other)

    def meanwhile(*_: object) -> str:
        writer.start()
        begun.wait(10.0)
        return ""

    monkeypatch.setattr(making, "_installed", meanwhile)
    made = making.make("new", ())
    writer.join()
    assert "[environments.other]\n\n[environments.new]\n" in made.file.read_text()


@pytest.mark.parametrize("requirement", ["https://host.example/mine-1.0-py3-none-any.whl", "./mine", "mine"])
def test_a_place_is_a_requirement(folder: Path, installed: list[Any], requirement: str) -> None:
    """An address, or a folder that is there, is handed to the installer as it is."""
    (folder / "mine").mkdir()
    making.make("new", [requirement])
    assert requirement == installed[1][-1]


def test_a_version_is_found_on_the_path(folder: Path, installed: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """As the interpreter that has it in its name; a name is taken as it is."""
    interpreter = program(folder / "bin" / "python9.9", "exit 0")
    monkeypatch.setenv("PATH", str(interpreter.parent), prepend=":")
    for number, said in enumerate(("9.9", "python9.9", str(interpreter))):
        making.make(f"new{number}", (), python=said)
    assert [str(interpreter)] * 3 == installed[::2]


def test_what_is_no_requirement_is_told_in_one_line() -> None:
    """Its parser's own message has a line for each mark below the text."""
    with pytest.raises(UsageError) as caught:
        making.make("new", ["torch=2.13"])
    assert 1 == len(str(caught.value).splitlines())
