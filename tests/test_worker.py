"""A framework's process: what happens there stays there, and what goes wrong there is an error here."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import climbs
import pytest
import remote
import remote_failures
from orphans import ends, left_by, runs
from processes import OWN_FRAMEWORKS, Process

from aebench import alive, errors, registry
from aebench.agreement.ladder import record
from aebench.agreement.spreads import draw
from aebench.data import load
from aebench.errors import AebenchError, DataError, FrameworkError, OutOfMemoryError, UnknownNameError
from aebench.processes import temporary
from aebench.processes import worker as processes_worker
from aebench.processes.worker import FrameworkProcess
from aebench.records.capture import variables


@pytest.fixture
def worker() -> Iterator[FrameworkProcess]:
    """A process of the test's own, light because it loads no framework."""
    with FrameworkProcess("reference") as made:
        yield made


def _error_types() -> list[type[AebenchError]]:
    found = [t for t in vars(errors).values() if isinstance(t, type) and issubclass(t, AebenchError)]
    return sorted(found, key=lambda t: t.__name__)


def test_one_process_is_kept_from_call_to_call(worker: FrameworkProcess) -> None:
    """Calls run in one process that is not this one and lives on between them."""
    first, second = worker.call(remote_failures.process_id), worker.call(remote_failures.process_id)
    assert first == second
    assert first != os.getpid()


def test_a_process_searches_no_place_twice(worker: FrameworkProcess) -> None:
    """Else what reads every package's names takes twice as long here as in another environment."""
    found = worker.call(eval, "__import__('sys').path")
    assert list(dict.fromkeys(found)) == found


def test_a_process_knows_its_framework(worker: FrameworkProcess) -> None:
    """The environment of the process says which framework it is for."""
    expected = "reference"
    assert expected == worker.call(os.getenv, "AEBENCH_FRAMEWORK")
    assert os.getenv("AEBENCH_FRAMEWORK") is None


def test_threads_do_not_wait_awake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spinning thread holds up what works beside it; what the user has set stands."""
    for expected in ("1000", "77"):
        if expected == "77":
            monkeypatch.setenv("GOMP_SPINCOUNT", expected)
        else:
            monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
        with FrameworkProcess("reference") as process:
            assert expected == process.call(os.getenv, "GOMP_SPINCOUNT") == variables()["GOMP_SPINCOUNT"]


@pytest.mark.parametrize(
    ("crash", "how"),
    [
        (["exit"], "with status 3"),
        ([signal.SIGKILL], "by SIGKILL: somebody killed it, perhaps the system because memory was short"),
        ([signal.SIGILL], "by SIGILL: this build needs instructions that the processor lacks"),
        ([signal.SIGSEGV], "by SIGSEGV: its native code touched memory that is not its own"),
        ([signal.SIGUSR1], "by SIGUSR1"),
    ],
)  # fmt: skip
def test_a_crash_is_an_error_that_says_how(worker: FrameworkProcess, crash: list[object], how: str) -> None:
    """A process that ends in the middle of its work is a FrameworkError here; the next call gets a new process."""
    before = worker.call(remote_failures.process_id)
    with pytest.raises(FrameworkError) as caught:
        worker.call(remote_failures.end_by, *crash)
    expected = f"reference: its process ended in the middle of its work, {how}; AEBENCH_TRACEBACK=1 shows more"
    assert expected == str(caught.value)
    after = worker.call(remote_failures.process_id)
    assert after not in (before, os.getpid())


def test_a_crash_points_to_the_log(tmp_path: Path) -> None:
    """What the framework wrote goes to the log, appended; after a crash the error says where it is."""
    log = tmp_path / "worker.log"
    log.write_text("before\n")
    with FrameworkProcess("reference", log) as worker:
        worker.call(remote_failures.say, "hello")
        with pytest.raises(FrameworkError, match=f"see the end of {log}"):
            worker.call(remote_failures.end_by, "exit")
    expected = ["before", "hello on 1", "hello on 2"]
    assert expected == log.read_text().splitlines()


def test_ctrl_c_is_left_to_the_parent(worker: FrameworkProcess) -> None:
    """The interrupt that a terminal sends to every process does not end a worker in the middle of an epoch."""
    expected = "still here"
    assert expected == worker.call(remote_failures.interrupt_itself)


@pytest.mark.parametrize("kind", _error_types())
def test_an_error_there_is_the_same_error_here(worker: FrameworkProcess, kind: type[AebenchError]) -> None:
    """Every error of the project keeps type, text and exit status on its way, and the process lives on."""
    before = worker.call(remote_failures.process_id)
    made = UnknownNameError("framework", "torch", ["pytorch"]) if kind is UnknownNameError else kind("what, and why")
    with pytest.raises(kind) as caught:
        worker.call(remote_failures.raise_own, kind.__name__)
    received = caught.value
    assert (kind, str(made), made.exit_status) == (type(received), str(received), received.exit_status)
    assert before == worker.call(remote_failures.process_id)


def test_an_error_derived_outside_is_its_nearest_relative(worker: FrameworkProcess) -> None:
    """A plug-in's own kind of DataError is a DataError here, where the plug-in's module is not imported."""
    with pytest.raises(DataError, match="no such column") as caught:
        worker.call(remote_failures.raise_made, "derived")
    assert type(caught.value) is DataError


OUT_OF_MEMORY = {
    "numpy": "MemoryError: Unable to allocate 7.11 PiB",
    "tensorflow": "ResourceExhaustedError: OOM when allocating tensor with shape[9]",
    "pytorch": "RuntimeError: [enforce fail at alloc.cpp:1] DefaultCPUAllocator: can't allocate memory: 9",
}


@pytest.mark.parametrize("who", OUT_OF_MEMORY)
def test_lack_of_memory_is_one_error_whoever_says_it(worker: FrameworkProcess, who: str) -> None:
    """The line that says so is kept, and the next call gets a process that holds nothing of the one before."""
    before = worker.call(remote_failures.process_id)
    with pytest.raises(OutOfMemoryError) as caught:
        worker.call(remote_failures.raise_made, who)
    assert str(caught.value).startswith(f"reference: memory does not hold this ({OUT_OF_MEMORY[who]}")
    assert before != worker.call(remote_failures.process_id)


FOREIGN = {
    "unsendable": "UnsendableError: first line",
    "unreadable": "UnreadableError: node 7",
    "silent": "UnsendableError: no message",
    "speechless": "SpeechlessError: its message cannot be read (RuntimeError)",
    "long": f"ValueError: {'x' * 300}",
    "in parts": "ValueError: backend='inductor' raised: CppCompileError: C++ compile error",
    "exit": "SystemExit: 0",
    "key": "KeyError: 'weight'",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_whatever_a_framework_raises_is_one_line(tmp_path: Path, name: str) -> None:
    """Type and first line arrive as a FrameworkError, the traceback is in the log, the next call gets a new process."""
    log = tmp_path / "log"
    with FrameworkProcess("reference", log) as worker:
        before = worker.call(remote_failures.process_id)
        with pytest.raises(FrameworkError) as caught:
            worker.call(remote_failures.raise_made, name)
        assert f"reference: {FOREIGN[name]}; see the end of {log}" == str(caught.value)
        assert before != worker.call(remote_failures.process_id)
    assert "in raise_made" in log.read_text(encoding="utf-8")


def test_a_result_that_cannot_be_sent_is_an_error(worker: FrameworkProcess) -> None:
    """What no process can send is an error of the call, not the end of it."""
    with pytest.raises(FrameworkError, match=r"reference: .*(pickle|get) local object"):
        worker.call(remote_failures.return_what_cannot_be_sent)


def test_a_traceback_without_a_log_is_shown_where_asked_for(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a log nothing but the one line is seen; AEBENCH_TRACEBACK=1 brings the traceback to standard error."""
    seen = []
    for asked in ("", "1"):
        monkeypatch.setenv("AEBENCH_TRACEBACK", asked)
        with FrameworkProcess("reference") as worker, pytest.raises(FrameworkError):
            worker.call(remote_failures.raise_made, "key")
        seen.append("in raise_made" in capfd.readouterr().err)
    assert [False, True] == seen


def test_chatter_without_a_log_is_seen_where_asked_for(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """TensorFlow writes lines to standard error when it starts, which are no messages of the command."""
    seen = []
    for asked in ("", "1"):
        monkeypatch.setenv("AEBENCH_TRACEBACK", asked)
        with FrameworkProcess("reference") as worker:
            worker.call(os.write, 2, b"chatter\n")
            worker.call(os.write, 1, b"chatter\n")
        seen.append("".join(capfd.readouterr()))
    assert ["", "chatter\nchatter\n"] == seen


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A process that cannot make itself ready says why, at every call."""
    (tmp_path / "file").write_text("")
    with FrameworkProcess("reference", tmp_path / "file" / "log") as worker:
        for _ in range(2):
            with pytest.raises(FrameworkError, match=r"reference: (FileExists|NotADirectory)Error"):
                worker.call(remote_failures.process_id)


def test_no_folder_for_temporary_files_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started, the reason is one line."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(FrameworkError, match=r"reference: no process can be started for it: .*No such file"):
        FrameworkProcess("reference").call(remote_failures.process_id)


def test_too_few_open_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under `ulimit -n 16` nothing could be loaded: the message names the limit."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (16, 16))
    with pytest.raises(FrameworkError, match="may open 16 files at once, and 64 are needed"):
        FrameworkProcess("reference").call(remote_failures.process_id)


def test_nothing_temporary_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a framework leaves among its temporary files goes with its process, crashed or not."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with FrameworkProcess("reference") as worker:
        written = worker.call(remote_failures.leave_a_temporary_file)
        assert (tmp_path, True) == (written.parents[1], written.exists())
        with pytest.raises(FrameworkError):
            worker.call(remote_failures.end_by, "exit")
        worker.call(remote_failures.leave_a_temporary_file)
    assert [] == list(tmp_path.iterdir())


def test_a_call_that_is_broken_off_ends_the_process(worker: FrameworkProcess) -> None:
    """An interruption in the middle of a call leaves no process whose next answer would be to the call before."""
    before = worker.call(remote_failures.process_id)

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.call(remote_failures.count_to, 3, on_message=interrupt)
    assert worker.call(remote_failures.process_id) not in (before, "done")
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


@pytest.mark.parametrize("how", ["asleep", "stopped", "at work", "native"])
def test_a_process_that_hangs_is_ended_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Whatever it does instead of answering; the message names subject, function, seconds and log."""
    log = tmp_path / "worker.log"
    with FrameworkProcess("reference", log) as worker:
        before = worker.call(remote_failures.process_id)
        monkeypatch.setattr(processes_worker, "SILENCE_SECONDS", 1.0)
        monkeypatch.setattr(processes_worker, "GRACE_SECONDS", 0.5)
        with pytest.raises(FrameworkError) as caught:
            worker.call(remote_failures.hang, how)
        waits = "its process was ended; the same command goes on, and waits longer with --timeout MINUTES"
        assert f"reference: no answer to hang in 1 s; {waits}; see the end of {log}" == str(caught.value)
        assert not runs(before)
        monkeypatch.undo()
        assert before != worker.call(remote_failures.process_id)


@pytest.mark.parametrize("signs", ["messages", "signs of life"])
def test_who_tells_how_work_goes_does_not_hang(
    worker: FrameworkProcess, monkeypatch: pytest.MonkeyPatch, signs: str
) -> None:
    """What takes longer than a silence may last is not ended while it says that it goes on."""
    worker.call(remote_failures.process_id)
    monkeypatch.setattr(processes_worker, "SILENCE_SECONDS", 1.0)
    assert "done" == worker.call(remote_failures.work_on, 2.5, signs)


def test_a_climb_tells_that_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """At each rung, at those of the disturbed climbs, which may take an hour together, and between far steps."""
    heard: list[int] = []
    monkeypatch.setattr(alive, "_listener", lambda: heard.append(len(heard)))
    climb = climbs.narrow_climb("linear", "float64")
    framework, dataset = registry.framework("reference"), load("curve")
    trace = record(framework, climb, dataset)
    once = len(heard)
    assert once >= len({(place.rung, place.step) for place in trace.arrays})
    draw(framework, climb, dataset, trace)
    assert len(heard) > 10 * once
    heard.clear()
    # Of a thousand steps thirty are recorded; ten in a call.
    record(framework, replace(climb, steps=1000, plain=True), dataset)
    assert len(heard) > 100


def test_close_ends_the_process(worker: FrameworkProcess) -> None:
    """After `close` the process is gone; a call afterwards gets a new one."""
    first = worker.call(remote_failures.process_id)
    worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    worker.close()
    assert first != worker.call(remote_failures.process_id)


def test_messages_arrive_on_the_way_and_in_order(worker: FrameworkProcess) -> None:
    """What a function tells arrives before its result, all of it and in order; the next call hears nothing of it."""
    expected = [("done", list(range(1, 51)))] * 40
    actual = []
    for _ in expected:
        heard: list[object] = []
        actual.append((worker.call(remote_failures.count_to, 50, on_message=heard.append), heard))
    assert expected == actual


def test_a_call_does_not_wait_longer_than_its_work(worker: FrameworkProcess) -> None:
    """Thirty calls of nothing take less than two seconds: no call waits for a clock to tick."""
    worker.call(remote_failures.process_id)
    start = time.monotonic()
    for _ in range(30):
        worker.call(remote_failures.process_id)
    assert time.monotonic() - start < 2.0


def test_messages_before_a_crash_arrive(worker: FrameworkProcess) -> None:
    """What was told before the process ended is heard."""
    heard: list[object] = []
    with pytest.raises(FrameworkError):
        worker.call(remote_failures.tell_and_exit, on_message=heard.append)
    expected = ["last words"]
    assert expected == heard


def test_tell_outside_a_worker_is_nothing() -> None:
    """A function that tells runs in the harness's own process as well."""
    expected = "done"
    assert expected == remote_failures.count_to(3)


ORPHAN = """
import os, signal, sys
import remote_failures
from aebench.processes.worker import FrameworkProcess
if __name__ == "__main__":
    print(FrameworkProcess("reference").call(remote_failures.process_id), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_parent_takes_its_workers_along(tmp_path: Path) -> None:
    """No training goes on when the process that asked for it is gone."""
    assert ends(left_by(ORPHAN, tmp_path))


def test_a_process_holds_one_framework_only(process: Process) -> None:
    """The process of a framework has loaded its own heavy package and nobody else's."""
    heavy = {"pytorch": {"torch"}, "tensorflow": {"tensorflow", "keras"}, "reference": set()}
    process.call(remote.clean_forward, "stacked")
    found = process.call(remote_failures.loaded_packages)
    others = set().union(*(heavy[name] for name in OWN_FRAMEWORKS if name != process.framework))
    assert not found & others
    assert set(registry.framework(process.framework).packages[:1]) & {"torch", "tensorflow"} <= found


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of processes that are gone go; those of one that lives stay, and so does whatever is not ours."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = [f"aebench-{gone.pid}-x", f"aebench-{os.getpid()}-x", "aebench-mine", "another"]
    for name in names:
        (tmp_path / name / "within").mkdir(parents=True)
    temporary._clear.cache_clear()
    with temporary.scratch() as folder:
        assert {*names[1:], folder.name} == {path.name for path in tmp_path.iterdir()}
    assert set(names[1:]) == {path.name for path in tmp_path.iterdir()}
