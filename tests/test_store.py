"""Folders are written by one process at a time, and files whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aebench.errors import ResultError, UsageError
from aebench.records import store
from aebench.records.store import HOLDER, LOCK, WANTED, is_empty, is_wanted, locked, wanted, write_text

HOLD = """
import sys, time
from pathlib import Path
from aebench.records.store import locked
sys.argv = ["aebench", "run", "--output", "a folder"]
with locked(Path({folder!r})):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes in the folder."""
    script = HOLD.format(folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "held\n" == process.stdout.readline()
        yield process
        process.kill()


def test_a_second_process_is_told_who_writes(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    """Its number, its command, and since when."""
    expected = rf"is being written by process {holder.pid} \(`aebench run --output 'a folder'`\) since \d{{4}}-"
    with pytest.raises(UsageError, match=expected), locked(tmp_path):
        pytest.fail("two write in one folder")


def test_a_dead_process_holds_no_lock(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    """Killed in the middle, it leaves its files behind and blocks nobody."""
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (tmp_path / HOLDER).exists()
    with locked(tmp_path):
        assert str(os.getpid()) in (tmp_path / HOLDER).read_text()
    assert not (tmp_path / HOLDER).exists()


def test_a_lock_ends_with_its_work(tmp_path: Path) -> None:
    """Also where the work fails; the next one goes on."""
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "deep" / "folder"):
        raise ZeroDivisionError
    with locked(tmp_path / "deep" / "folder"), locked(tmp_path):
        assert not is_empty(tmp_path)


def test_who_takes_a_folder_over_wants_nothing_of_what_a_killed_process_handed_in(tmp_path: Path) -> None:
    """Its workers end, also where the next one works by itself."""
    with locked(tmp_path), wanted(tmp_path) as token:
        left = (tmp_path / WANTED).read_text()
        assert is_wanted(tmp_path, token)
    (tmp_path / WANTED).write_text(left)
    with locked(tmp_path):
        assert not is_wanted(tmp_path, token)


def test_logs_and_locks_are_no_measurements(tmp_path: Path) -> None:
    """A folder that a refused command left can be used again."""
    (tmp_path / "logs").mkdir()
    with locked(tmp_path):
        assert is_empty(tmp_path)
    assert [LOCK, "logs"] == sorted(path.name for path in tmp_path.iterdir())
    (tmp_path / "plan.json").touch()
    assert (False, True) == (is_empty(tmp_path), is_empty(tmp_path / "missing"))


@pytest.mark.parametrize("where", ["file/below", "x" * 300, "file"])
def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path, where: str) -> None:
    """Under a file, with too long a name, or in a file's place."""
    (tmp_path / "file").touch()
    with pytest.raises(ResultError, match=r"cannot write .*choose another folder"), locked(tmp_path / where):
        pytest.fail("nothing can be written there")
    with pytest.raises(ResultError, match="cannot write"):
        write_text(tmp_path / where / "it.json", "{}")


def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is measured for it; asked is the nearest folder that is there."""
    asked: list[Path] = []

    def read_only(path: Path, mode: int) -> bool:
        asked.append(Path(path))
        return not mode & os.W_OK

    monkeypatch.setattr(store.os, "access", read_only)
    with pytest.raises(UsageError, match=r"nothing can be written in .*: it is read-only, or of somebody else"):
        store.require_folder(tmp_path / "a" / "b")
    assert [tmp_path] == asked
