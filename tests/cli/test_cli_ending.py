"""How a command ends: one status for each kind of end, whatever the command, and never a traceback unasked for."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest

from aebench.cli import ending, main
from aebench.errors import AebenchError, DataError

COMMANDS = sorted(main.commands)


def full() -> OSError:
    """What a full disk says."""
    return OSError(errno.ENOSPC, "No space left on device", "out/result.json")


ENDS: dict[str, tuple[Callable[[], BaseException], int, str]] = {
    "an error of aebench's": (lambda: DataError("no such column"), 2, "aebench: error: no such column"),
    "a usage error": (lambda: click.UsageError("what for?"), 2, "Error: what for?"),
    "a file that click cannot open": (lambda: click.FileError("x", "closed"), 2, "Could not open file 'x': closed"),
    "a full disk": (full, 2, "error: out/result.json: No space left on device; make room"),
    "too many open files": (lambda: OSError(errno.EMFILE, "Too many"), 2, "raise the limit of open files: ulimit -n"),
    "no memory": (lambda: MemoryError("Unable to allocate 7 PiB"), 2, "memory does not hold this (Unable to allocate"),
    "a package that is missing": (lambda: ImportError("no scipy", name="scipy"), 2, "no scipy; what aebench needs is"),
    "Ctrl-C": (KeyboardInterrupt, 130, "aebench: interrupted"),
    "an answer that is refused": (click.Abort, 130, "aebench: interrupted"),
    "a fault": (lambda: KeyError("phase9"), 70, "aebench: KeyError: 'phase9'\nThis is a fault of aebench itself."),
    "a module that is not there": (lambda: ImportError("no x", name="aebench.x"), 70, "This is a fault of aebench"),
    "a number as an exit": (lambda: SystemExit(125), 125, ""),
    "nothing as an exit": (lambda: SystemExit(None), 0, ""),
}  # fmt: skip


def ended(work: Callable[[], object]) -> int:
    """The status of this work."""
    return ending.status_of(work, ["run", "two words"])


def raising(error: BaseException) -> Callable[[], None]:
    """Work that ends in this error."""

    def work() -> None:
        raise error

    return work


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files go to the test's own folder."""
    monkeypatch.setattr(ending.tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("AEBENCH_TRACEBACK", raising=False)


@pytest.mark.parametrize("case", ENDS)
def test_every_end_has_its_status(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is raised: its status, what it says, and no traceback."""
    make, status, said = ENDS[case]
    found = ended(raising(make()))
    told = capsys.readouterr().err
    assert (status, True, False) == (found, said in told, "Traceback" in told)


def test_work_that_ends_well_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing raised, nothing said: 0."""
    assert (0, "") == (ended(lambda: None), capsys.readouterr().err)


def test_a_fault_says_what_to_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Version and command as it can be typed again; the traceback is in a file."""
    ended(raising(ZeroDivisionError("by zero")))
    lines = capsys.readouterr().err.splitlines()
    (file,) = tmp_path.iterdir()
    assert ("  aebench run 'two words'", f"  traceback: {file}") == (lines[-2], lines[-1])
    assert file.read_text(encoding="utf-8").endswith("ZeroDivisionError: by zero\n")


def test_a_fault_without_a_temporary_folder_shows_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no file can be written, what is to be reported stands on standard error."""
    monkeypatch.setattr(ending.tempfile, "tempdir", str(tmp_path / "none"))
    found = ended(raising(ZeroDivisionError("by zero")))
    assert (70, True) == (found, "Traceback (most recent call last)" in capsys.readouterr().err)


@pytest.mark.parametrize("error", [AebenchError("wrong"), full(), KeyError("x")])
def test_a_traceback_is_shown_where_asked_for(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """AEBENCH_TRACEBACK=1 puts the traceback of whatever ended the command before its last words."""
    monkeypatch.setenv("AEBENCH_TRACEBACK", "1")
    ended(raising(error))
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last)")


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """Signals as a terminal's shell leaves them: one that starts a command in the background has them ignored."""
    before = {number: signal.getsignal(number) for number in ending.BREAKING}
    for number in before:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ending.BREAKING)
def test_a_signal_that_is_ignored_stays_so(number: signal.Signals) -> None:
    """As under `nohup`, and in a shell's background."""
    signal.signal(number, signal.SIG_IGN)
    assert 0 == ended(lambda: signal.raise_signal(number))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("hidden_by", [None, ImportError, SystemExit], ids=str)
def test_a_signal_decides_the_status(
    number: signal.Signals, status: int, hidden_by: type[BaseException] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """An interruption is one, also where an import turns it into an error, or a command ends by itself after it."""

    def work() -> None:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            raise hidden_by(0) if hidden_by else ending.Interrupted from None

    before = signal.getsignal(number)
    assert (status, "aebench: interrupted\n") == (ended(work), capsys.readouterr().err)
    assert before == signal.getsignal(number)


@pytest.mark.parametrize("number", ending.BREAKING)
def test_an_interruption_that_is_swallowed_is_repeated(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    """Planted fault: Python swallows what is raised in `__del__`; the work is broken off all the same, and soon."""
    went_on: list[bool] = []

    class Dying:
        def __del__(self) -> None:
            signal.raise_signal(number)

    def work() -> None:
        Dying()
        time.sleep(20 * ending.SECONDS_TO_REPEAT)
        went_on.append(True)

    before = signal.getsignal(signal.SIGALRM)
    assert (128 + number, []) == (ended(work), went_on)
    assert capsys.readouterr().err == "aebench: interrupted\n"
    assert (before, (0.0, 0.0)) == (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL))


def test_an_interruption_that_is_dealt_with_is_not_repeated() -> None:
    """Tidying up, however long it takes, is not broken off by the same press of keys."""
    tidied: list[bool] = []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            time.sleep(3 * ending.SECONDS_TO_REPEAT)
            tidied.append(True)

    assert (130, [True]) == (ended(work), tidied)


def test_what_is_told_to_ignore_a_signal_ignores_it() -> None:
    """A job of `nohup`, or one that a script has put into the background, goes on."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert ended(lambda: signal.raise_signal(signal.SIGINT)) == 0
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_states_the_exit_statuses(name: str) -> None:
    """`aebench COMMAND --help` ends with one text, the same for all."""
    command = main.commands[name]
    shown = command.get_help(click.Context(command, info_name=name))
    expected = [line.strip() for line in ending.STATUSES.splitlines()[1:]]
    assert expected == [line.strip() for line in shown.splitlines()][-len(expected) :]


def shell(command: list[str], line: str, environment: dict[str, str], folder: Path) -> tuple[int, str, str]:
    """Status, standard output and error of a line in which AEBENCH stands for the command."""
    text = line.replace("AEBENCH", " ".join(command))
    done = subprocess.run(
        ["bash", "-c", text], capture_output=True, text=True, cwd=folder, env=environment, timeout=100, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("line", "status", "told"),
    [
        ("AEBENCH list | head -1 >/dev/null; exit ${PIPESTATUS[0]}", 141, ""),
        ("AEBENCH --help | true; exit ${PIPESTATUS[0]}", 141, ""),
        ("AEBENCH list >/dev/full", 2, "aebench: error: No space left on device"),
        ("AEBENCH list >&- 2>&-", 0, ""),
        ("AEBENCH show tide >&- 2>&-", 2, ""),
        ("PYTHONIOENCODING=ascii AEBENCH list >/dev/null", 0, ""),
        ("ulimit -n 6; AEBENCH show tide", 2, "aebench: error: "),
    ],
)
def test_what_the_shell_does_to_the_streams(
    command: list[str], environment: dict[str, str], tmp_path: Path, line: str, status: int, told: str
) -> None:
    """A closed pipe is quiet, a full disk a line, a closed or narrow stream no reason to fail."""
    found, _, errors = shell(command, line, environment, tmp_path)
    assert (status, True, False) == (found, errors.startswith(told), "Traceback" in errors)


@pytest.fixture
def begun(command: list[str], environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Begin `aebench ARGUMENTS` in a process group of its own, and heed Ctrl-C whatever this process does."""
    processes = []
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)

    def begin(*arguments: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [*command, *arguments], cwd=tmp_path, env={**environment, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=heed,
        )  # fmt: skip
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("presses", [1, 2])
@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.0])
def test_ctrl_c_is_130_at_any_moment(begun, pytorch, tmp_path: Path, seconds: float, presses: int) -> None:
    """In the imports, while a process starts, at work, and pressed twice: 130, no traceback, nothing left behind."""
    process = begun("agree", "stacked", "-f", "reference,pytorch", "--steps", "1000")
    time.sleep(seconds)
    for _ in range(presses):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.05)
    _, errors = process.communicate(timeout=30)
    assert (130, False) == (process.returncode, "Traceback" in errors)
    deadline = time.monotonic() + 10.0
    while _group(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert ([], []) == (_group(process.pid), list(tmp_path.iterdir()))


def _group(number: int) -> list[str]:
    """The processes of a process group that still run."""
    found = subprocess.run(["ps", "-e", "-o", "pgid=,stat=,pid="], capture_output=True, text=True, check=False).stdout
    rows = (line.split() for line in found.splitlines())
    return [pid for group, state, pid in rows if group == str(number) and "Z" not in state]


SOUND: dict[str, Any] = {"parting": None, "vacuous": []}


@pytest.mark.parametrize(
    ("agreements", "trials", "failures", "expected"),
    [
        ([SOUND], [{"metrics": {}}], [], 0),
        ([], [{"metrics": {}}], [], 0),
        ([SOUND, {**SOUND, "vacuous": ["step"]}], [], [], 125),
        ([{**SOUND, "vacuous": ["step"]}, {**SOUND, "parting": "here"}], [], [], 1),
        ([SOUND], [{"metrics": {}, "invalid": {"test_mse": "it is nan"}}], [], 1),
        ([{**SOUND, "parting": "here"}], [{"failure": "no memory"}], [], 2),
        ([SOUND], [], [{"failure": "no compiler"}], 2),
    ],
)
def test_run_and_agree_end_alike(agreements: list[Any], trials: list[Any], failures: list[Any], expected: int) -> None:
    """A rung that judges nothing is undecided in both, what parts or is no number a regression, what failed undone."""
    document = {"agreements": agreements, "failures": failures}
    assert expected == ending.status_of_results({**document, "trials": trials})
    if not trials:
        assert expected == ending.status_of_results(document)
