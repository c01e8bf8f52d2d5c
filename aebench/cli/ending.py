"""How a command ends: the one place that turns whatever happened into an exit status and a line or two."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import shlex
import signal
import sys
import tempfile
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import click

from aebench import __version__
from aebench.errors import TRACEBACK, AebenchError

REGRESSION = 1
UNDONE = 2
FAULT = 70
UNDECIDED = 125
BY_SIGNAL = 128  # a shell's status for what a signal ended is the signal's number more
STATUSES = """\b
Exit status:
    0  passes
    1  a regression, or frameworks part, or a metric is not a number
    2  something could not be done; the message says what, and what to do
   70  a fault of aebench itself; the message says what to report
  125  undecided, or not usable
  130  interrupted by Ctrl-C (143 by SIGTERM, 129 by SIGHUP); what was finished is kept
"""
BREAKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# How often one signal breaks the work off in an orderly way; the next one ends the process at once.
PATIENCE = 2
SECONDS_TO_REPEAT = 0.1  # after an interruption that was swallowed
HINTS = {
    errno.ENOSPC: "make room, or choose another folder",
    errno.EDQUOT: "make room, or choose another folder",
    errno.EMFILE: "raise the limit of open files: ulimit -n 1024",
    errno.EACCES: "get the permission, or choose another folder",
    errno.EROFS: "choose another folder",
}


class Interrupted(KeyboardInterrupt):
    """What a signal breaks off with. A class of its own: CPython ends with a status of its choice once a plain
    KeyboardInterrupt has passed through `exec`, as it does from the middle of an import that makes a dataclass."""


class Group(click.Group):
    """The commands, each of which ends here and says so in its help."""

    def main(  # type: ignore[override] # click's has an overload for each value of standalone_mode
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **settings: Any
    ) -> Any:
        """Run a command and exit with its status; standalone_mode=False: return, and raise what it raises."""
        if not settings.pop("standalone_mode", True) or "_AEBENCH_COMPLETE" in os.environ:
            return super().main(args, prog_name, standalone_mode=False, **settings)
        words = list(sys.argv[1:] if args is None else args)

        def work() -> None:
            with self.make_context(prog_name or "aebench", words.copy(), **settings) as context:
                self.invoke(context)

        sys.exit(status_of(work, words))

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """As click's, with the meaning of the exit status below the command's help."""
        cmd.epilog = STATUSES
        super().add_command(cmd, name)


def status_of_results(document: Mapping[str, Any]) -> int:
    """The exit status that a document's agreements and trials stand for, the worst of them."""
    agreements, trials = document["agreements"], document.get("trials", ())
    if any("failure" in row for row in (*document["failures"], *trials)):
        return UNDONE
    if any(row["parting"] for row in agreements) or any(trial.get("invalid") for trial in trials):
        return REGRESSION
    return UNDECIDED if any(row.get("vacuous") for row in agreements) else 0


def status_of(work: Callable[[], object], words: Sequence[str]) -> int:
    """Do the work; the exit status, once the user has been told what went wrong.

    words: the command line, for a report of a fault.
    """
    _complete_streams()
    with _interruptible() as signals:
        try:
            status = _returned(work)
            sys.stdout.flush()
        except BaseException as error:
            signals.break_off = False
            # An interruption in the middle of an import or of native code may come out as any exception.
            status = UNDONE if signals.came else _told(error, words)
        signals.break_off = False
        if signals.came:
            status = _interrupted(signals.came[0])
        _release()
    return status


def _returned(work: Callable[[], object]) -> int:
    """The status that the work itself ends with."""
    try:
        work()
    except click.exceptions.Exit as end:
        return end.exit_code
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _of_file(error: click.ClickException) -> bool:
    """Whether the wrong value stands in the project's file, and nobody said it on the command line."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return False
    return error.ctx.get_parameter_source(error.param.name or "") is click.core.ParameterSource.DEFAULT_MAP


def _told(error: BaseException, words: Sequence[str]) -> int:
    """Say what went wrong; the status."""
    if isinstance(error, BrokenPipeError):
        return BY_SIGNAL + signal.SIGPIPE
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return _interrupted(signal.SIGINT)
    if os.environ.get(TRACEBACK):
        _say("".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, AebenchError):
        _say(f"aebench: error: {error}")
        return error.exit_status
    if isinstance(error, click.ClickException):
        with contextlib.suppress(OSError):
            error.show()
            if _of_file(error):
                click.echo("That value stands in the project's file, under [options].", err=True)
        return UNDONE
    reason = _machine(error)
    if reason is None:
        return _fault(error, words)
    _say(f"aebench: error: {reason}")
    return UNDONE


def _machine(error: BaseException) -> str | None:
    """What this machine or this installation lacks, if that is what the error says."""
    if isinstance(error, MemoryError):
        return f"memory does not hold this ({error or 'no more to be had'}); ask for less, or use a machine with more"
    if isinstance(error, ImportError) and (error.name or "").split(".")[0] != "aebench":
        return f"{error}; what aebench needs is not all installed: pip install --force-reinstall aebench"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        hint = HINTS.get(error.errno or 0)
        return f"{where}{error.strerror or error}" + (f"; {hint}" if hint else "")
    return None


def _fault(error: BaseException, words: Sequence[str]) -> int:
    """Say that aebench itself is at fault, and what to report."""
    trace = "".join(traceback.format_exception(error))
    said = (traceback.format_exception_only(error)[-1].strip().splitlines() or [""])[0]
    _say(f"aebench: {said}\nThis is a fault of aebench itself. Please report it with its traceback and these lines:")
    _say(f"  aebench {__version__}, Python {platform.python_version()}, {platform.platform()}")
    _say(f"  aebench {shlex.join(words)}")
    try:
        descriptor, path = tempfile.mkstemp(prefix="aebench-fault-", suffix=".txt")
        with open(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(trace)
    except OSError:
        _say(trace)
    else:
        _say(f"  traceback: {path}")
    return FAULT


def _say(text: str) -> None:
    """On standard error; nobody may be there to read it."""
    with contextlib.suppress(OSError):
        click.secho(text, fg="red", err=True)


def _interrupted(number: int) -> int:
    shown = "\x1b[?25h" if sys.stderr.isatty() else ""  # a progress bar had hidden the cursor
    _say(f"{shown}aebench: interrupted")
    return BY_SIGNAL + number


@dataclass
class _Signals:
    """The signals that came, and whether one breaks off what is being done."""

    came: list[int] = field(default_factory=list)
    break_off: bool = True

    def hear(self, number: int, _: FrameType | None) -> None:
        """Break the work off as Ctrl-C does; when patience is at its end, end at once."""
        self.came.append(number)
        if len(self.came) > PATIENCE:
            os._exit(BY_SIGNAL + self.came[0])
        self.repeat()

    def repeat(self, *_: object) -> None:
        """Break the work off, once more where that was lost."""
        if self.break_off:
            raise self._interruption()

    def _interruption(self) -> Interrupted:
        """One whose end is noticed: while it is raised or dealt with, it lives. One that ends before the work does
        was swallowed, as Python swallows whatever is raised in `__del__`, or where an import cleans up."""
        error = Interrupted()
        weakref.finalize(error, self._lost).atexit = False
        return error

    def _lost(self) -> None:
        if self.break_off:
            signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_REPEAT)


@contextlib.contextmanager
def _interruptible() -> Iterator[_Signals]:
    """The signals that break off are heard; what was told to ignore one goes on ignoring it, as a job of `nohup`."""
    signals, before, unraisable = _Signals(), {}, sys.unraisablehook

    def unraised(what: sys.UnraisableHookArgs) -> None:
        # An interruption needs no traceback: it is repeated.
        if not isinstance(what.exc_value, Interrupted):
            unraisable(what)

    if threading.current_thread() is threading.main_thread():
        numbers = [number for number in BREAKING if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, signals.hear) for number in numbers}
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, signals.repeat)
        sys.unraisablehook = unraised
    try:
        yield signals
    finally:
        if before:
            signal.setitimer(signal.ITIMER_REAL, 0)
            sys.unraisablehook = unraisable
        for number, handler in before.items():
            signal.signal(number, handler)


def _complete_streams() -> None:
    """Standard output and error are there, though the caller may have closed them; what has no code is replaced."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="replace")


def _release() -> None:
    """What can no longer be written must not fail once more when the interpreter ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
