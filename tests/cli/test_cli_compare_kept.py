"""What `aebench compare` has measured survives whatever breaks it off, and a second call goes on."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import other_environments
import pytest
from click.testing import CliRunner

from aebench.cli import main
from aebench.cli.options import kept_in
from aebench.errors import ExecutorError
from aebench.records import documents

# By part: what tells that something of it is kept, and the options with which a second call ends soon.
PARTS: dict[str, tuple[Callable[[Path], bool], tuple[str, ...]]] = {
    "numbers": (lambda out: bool(kept(out)["numbers"]), ()),
    "quality": (lambda out: any(out.glob("trials/**/result.json")), ()),
    "speed": (lambda out: bool(kept(out)["blocks"]), ("--time-limit", "0.001")),
}


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds what this one does."""
    return other_environments.make(tmp_path_factory.mktemp("environments") / "other")


def kept(out: Path) -> dict[str, Any]:
    """What the record holds; nothing before there is one."""
    found = documents.read_if_there(out / "comparison.json", "comparison")
    return found or {"numbers": [], "quality": [], "blocks": []}


def started(command: list[str], environment: dict[str, str], folder: Path, *words: str) -> subprocess.Popen[str]:
    """The command under way, heeding Ctrl-C, which tests in the background would have it ignore."""
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen([*command, *words], cwd=folder, env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, preexec_fn=heed)  # fmt: skip


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it is so; two minutes at most."""
    deadline = time.monotonic() + 120.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def words_of(other: Path, part: str) -> tuple[str, ...]:
    """The command line that compares that part of `linear` in the reference."""
    return ("compare", "here", str(other), "linear", "-f", "reference", "--only", part, "-o", "out")


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_comparison_goes_on(
    aebench, command: list[str], environment: dict[str, str], other: Path, tmp_path: Path, part: str
) -> None:
    """Killed in the middle of each part: what it kept, the second call holds, and ends as one call would have."""
    words, out = words_of(other, part), tmp_path / "out"
    something, more = PARTS[part]
    process = started(command, environment, tmp_path, *words)
    wait_for(lambda: something(out))
    process.kill()
    process.communicate(timeout=60)
    before, trials = kept(out), {path: path.stat().st_mtime_ns for path in out.glob("trials/**/result.json")}
    again = aebench(*words, *more)
    assert again.returncode == (125 if more else 0), again.stderr
    after = kept(out)
    for key in ("numbers", "quality", "blocks"):
        # As text, since NaN is not equal to itself.
        assert set(map(repr, before[key])) <= set(map(repr, after[key]))
    assert trials.items() <= {path: path.stat().st_mtime_ns for path in out.glob("trials/**/result.json")}.items()
    assert [] == [*out.rglob("*.safetensors.partial"), *out.glob("traces/*")]


def test_ctrl_c_keeps_what_there_is_and_two_at_once_are_refused(
    aebench, command: list[str], environment: dict[str, str], other: Path, tmp_path: Path
) -> None:
    """A second command in the folder is told who writes there; Ctrl-C ends the first, 130, and its processes."""
    words = words_of(other, "speed")
    process = started(command, environment, tmp_path, *words)
    wait_for(lambda: (tmp_path / "out" / ".aebench.holder").exists())
    refused = aebench(*words)
    assert (2, 1) == (refused.returncode, len(refused.stderr.splitlines()))
    assert f"is being written by process {process.pid}" in refused.stderr
    wait_for(lambda: bool(kept(tmp_path / "out")["blocks"]))
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert (130, True) == (process.returncode, "aebench: interrupted" in told)
    before = kept(tmp_path / "out")["blocks"]
    again = aebench(*words, "--time-limit", "0.001")
    assert (125, before) == (again.returncode, kept(tmp_path / "out")["blocks"])


def test_a_full_disk_is_one_line_and_loses_nothing(
    other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the second row cannot be written. Status 2, the first row stays, and a second call goes on."""
    monkeypatch.chdir(tmp_path)
    words, replace = words_of(other, "numbers"), os.replace

    def full(source: str, target: Path) -> None:
        if Path(target).name == "comparison.json" and len(kept(tmp_path / "out")["numbers"]) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as planted:
        planted.setattr(os, "replace", full)
        outcome = CliRunner().invoke(main, words)
    *_, last = outcome.stderr.splitlines()
    assert (2, True) == (outcome.exit_code, "comparison.json: No space left on device. Free space" in last)
    before = kept(tmp_path / "out")
    assert (1, False) == (len(before["numbers"]), before["complete"])
    again = CliRunner().invoke(main, words)
    after = kept(tmp_path / "out")
    assert (0, 2, True) == (again.exit_code, len(after["numbers"]), after["complete"])
    assert repr(before["numbers"]) == repr(after["numbers"][:1])


@pytest.mark.parametrize("measured", [False, True])
def test_where_the_executor_is_gone_it_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], measured: bool
) -> None:
    """Planted: one that goes away after something was finished, or before."""
    if measured:
        (tmp_path / "comparison.json").touch()
    with pytest.raises(ExecutorError), kept_in(tmp_path):
        raise ExecutorError("executor 'dask' takes no work")
    told = f"What is finished is kept. Go on with the same command and --output {tmp_path}"
    assert measured == (told in capsys.readouterr().out)
