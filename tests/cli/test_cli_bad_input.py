"""Bad input of every command: exit status 2, what was wrong in a few lines, no traceback, nothing written.

The values are tried at every option that there is, found by looking at the commands: a new option without bad values
of its own is noticed.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aebench.cli import main
from aebench.processes.worker import FrameworkProcess
from aebench.registry import ARBITER

LONG = "n" * 300
HUGE = "9" * 25
NAMES = [
    "",
    " ",
    ",",
    "tied,",
    ",tied",
    "staked",
    "TIED",
    "tied tied",
    "tied;linear",
    "../tied",
    "staked*",
    "*,",
    "-",
    "\udcff",
    LONG,
]
WHOLE = ["", "x", "1.5", "1e3", "nan", "inf", "0x10", "1;2", "1 2", "--", HUGE, "9" * 5000, "½"]
PATHS = ["", " ", "/dev/null", "/dev/null/x", "file", "file/x", "file/x/y", LONG, f"a/{LONG}/b"]
FACTORS = ["", "x", "0", "-1", "nan", "inf", "-inf", "1e308", "1e5", "1,,2", ",", "1,x", "1;2", HUGE]
COUNTS = [*WHOLE, "0", "-1", "1,,2", "1,0", ",", "1,", "1_0", "+7"]
LEAST_ONE = [*WHOLE, "0", "-1"]
BAD = {
    "autoencoders": NAMES,
    "name": NAMES,
    "--frameworks": [*NAMES, "reference,", "pytorch-slow", "torch"],
    "--dataset": [
        "", " ", "nope", "MNIST", "mnits", "digits,mnist", "synthetic:", "synthetic:12", "synthetic:0x784",
        "synthetic:5x0", "synthetic:-5x784", "synthetic:05x784", "synthetic:1e3x784", "synthetic:1.5x784",
        f"synthetic:{HUGE}x784", f"synthetic:{'9' * 5000}x1", "synthetic:10×10", "../digits", LONG, "\udcff",
    ],
    "--executor": ["", " ", "nope", "daks", "processes,dask", "Dask", LONG, "\udcff"],
    "--processes": [*LEAST_ONE, "1,2"],
    "--affinity": [*WHOLE, "-1", "0,,1", "0,", "1_0", "0-1", "999999"],
    "--timeout": ["", "x", "0", "-1", "nan", "inf"],
    "--format": ["", " ", ",", "csv,", "png,", "CSV", "PNG", "pdf", "csv,xlsx", "csv json", "png svg", LONG, "\udcff"],
    "--export": ["", " ", ",", "csv,", "CSV", "xlsx", "csv,xlsx", "junit", "bmf", LONG, "\udcff"],
    "--data-dir": ["", " ", "file"],
    "--schedule": ["", "fast", "Quick", "quick,source"],
    "--profile": ["", "fast"],
    "--device": ["", "tpu", "cuda", "cpu,gpu", "GPU"],
    "--dtype": ["", "float16", "bfloat16", "float", "64", "float128"],
    "--seeds": [*WHOLE, "1_0", "+7", ",", "0,", "0,,1", "-1", "0,-1", "1000000001"],
    "--importance-samples": [*WHOLE, "0", "-5", "50,0", "50,", "10001"],
    "--output": PATHS,
    "--to": PATHS,
    "--report": PATHS,
    "--reason": ["", " ", "\t"],
    "--expires": ["", "x", "tomorrow", "2020-01-01", "2026-13-01", "2030-02-30", "01.02.2030", "2030-01-01T10:00"],
    "kind": ["", " ", "nope", "Trial", "run,trial", LONG],
    "what": ["", " ", "/dev/null", "none", ".", "file", "file/x", LONG, "nowhere/result.json", "\udcff"],
    "--base": ["", " ", "nope", "../nope", "/dev/null", "file", "HEAD", LONG, "\udcff", "here"],
    "sides": ["", " ", "nope", "../nope", "/dev/null", "file", "HEAD", LONG, "\udcff", "here"],
    "framework": ["", " ", "torch", "pytorch,tensorflow", "pytorch@here", "PYTORCH", "\udcff", LONG],
    "good": ["", " ", "x", "2.x", ">=2.11", "2.14.0", "3", "2.11,2.12", "../2.11", "\udcff", LONG],
    "bad": ["", " ", "x", "2.x", "==2.14", "2.11.0", "1", "2.14 2.15", "/dev/null", "\udcff", LONG],
    "--autoencoder": [*NAMES, "tied,linear"],
    "--what": ["", " ", "quality", "Numbers", "numbers,speed"],
    "--package": ["", " ", "../torch", "torch==2.14", "torch>2", "-e", "a b", "\udcff"],
    "--known": ["", " ", "nope", ".", "/dev/null/x", LONG, "file"],
    "--dashboard": [
        "", " ", "here", "javascript:alert(1)", "data:text/html,x", "http://", "https:///x", "http://a b", "\udcff"
    ],
    "--pictures": ["", "some", "First", "all,none"],
    "--only": ["", " ", ",", "numbers,", "speeed", "Numbers", "numbers speed"],
    "--timed": ["", " ", ",", "staked", "TIED", "tied,", LONG],
    "--tolerated": ["", "x", "-1", "nan", "inf", "1e5", "0.2"],
    "--intolerable": ["", "x", "0", "-1", "nan", "inf", "0.01"],
    "--time-limit": ["", "x", "0", "-1", "nan", "inf"],
    "run": ["", " ", "/dev/null", "none", ".", "file", "file/x", LONG, "nowhere/result.json"],
    "runs": ["", " ", "/dev/null", "none", ".", "file", "file/x", LONG, "nowhere/result.json"],
    "--steps": LEAST_ONE,
    "--finding": LEAST_ONE,
    "--seed": [*WHOLE, "-1"],
    "--repeats": [*LEAST_ONE, "1001"],
    "--epochs": LEAST_ONE,
    "--images": COUNTS,
    "--batches": COUNTS,
    "--widths": FACTORS,
    "--blocks": [*LEAST_ONE, "1"],
    "path": ["", " ", "/dev/null", ".", "file", "file/x", LONG, "nowhere/golden.zip", "\udcff"],
    "--use": ["", "training", "Train", "encode,decode"],
}  # fmt: skip
MIRRORS = ["http://[::1", "http://", "ftp://x", "x", "http://a:b", "http://a:99999", "//x", " "]
# What a command needs besides, in an order in which the bad value is met first.
NEEDED = {
    "show": ["tied"],
    "quality": ["."],
    "plot": ["tied"],
    "accept": [".", "--reason", "why"],
    "compare": ["here", "here"],
    "bisect": ["pytorch", "2.11", "2.14", "--autoencoder", "tied"],
    "gate": ["."],
    "bundle": ["--output", "file"],
    "replay": ["file"],
    "reproduce": ["linear", "--output", "out"],
    "export": ["."],
    "report": ["."],
}
TOGETHER = {
    "agreement with nobody": ["agree", "linear", "-f", ARBITER],
    "growth with nobody": ["agree", "linear", "-f", ARBITER, "--growth"],
    "growth, forced": ["agree", "linear", "--growth", "--teacher-forced"],
    "growth that keeps traces": ["agree", "linear", "--growth", "--keep-traces", "-o", "out"],
    "traces of an executor": ["agree", "tied", "--keep-traces", "-o", "out", "--executor", "processes"],
    "growth by an executor": ["agree", "linear", "--growth", "--executor", "processes"],
    "everything by an executor": ["compare", "nope", "here", "linear", "--executor", "processes"],
    "times by an executor": ["compare", "here", "here", "--only", "numbers,speed", "--executor", "processes"],
    "a table of memory by an executor": [
        "compare", "--base", "nope", "here", "--only", "memory", "--executor", "processes"
    ],
    "processes of another executor": ["run", "linear", "--processes", "2", "--executor", "dask"],
    "times in several processes": ["compare", "here", "here", "--processes", "2"],
    "a rehearsal in a folder in use": ["run", "linear", "-o", ".", "--dry-run"],
    "a rehearsal on other data": ["agree", "stacked", "-d", "curve", "--dry-run"],
    "a rehearsal of a bundle": ["agree", "linear", "-f", "pytorch@none.zip", "--dry-run"],
    "traces without a folder": ["agree", "tied", "--keep-traces"],
    "nothing to resume": ["run", "--resume"],
    "a folder without a run": ["run", "--resume", "-o", "none"],
    "a folder in use": ["run", "linear", "-o", "."],
    "another width": ["run", "stacked", "-d", "curve"],
    "too few images": ["run", "sparse", "-d", "synthetic:500x784"],
    "more rows than the disk holds": ["run", "tied", "-d", "synthetic:99999999999x784"],
    "what nobody reads": ["run", "linear", "-d", "nope"],
    "what has its own data, wider": ["scale", "linear"],
    "what starts from another, wider": ["scale", "pretrained"],
    "more images than there are": ["scale", "stacked", "-d", "synthetic:100x784"],
    "no mnist": ["run", "tied", "-d", "mnist", "--data-dir", "."],
    "no such home": ["run", "tied", "-d", "mnist", "--data-dir", "~nosuchuser/x"],
    "a long folder of data": ["run", "tied", "-d", "mnist", "--data-dir", LONG],
    "no baseline of that kind": ["gate", "here"],
    "an environment without a baseline": ["gate", "-d", "mnist", "-p", "source"],
    "a bundle over a file": ["bundle", "linear", "-o", "file"],
    "a bundle without a name": ["bundle", "linear"],
    "a bundle that is not there": ["replay", "none.zip"],
    "nothing to replay": ["replay"],
    "a subject of no bundle": ["agree", "linear", "-f", "pytorch@none.zip"],
    "a reproduction of one subject": ["reproduce", "linear", "-f", ARBITER, "-o", "out"],
    "a reproduction of three": ["reproduce", "linear", "-f", "reference,pytorch,tensorflow", "-o", "out"],
    "a reproduction that nothing can run": ["reproduce", "linear", "-f", "reference@here,reference", "-o", "out"],
    "a reproduction over a file": ["reproduce", "linear", "-f", "pytorch", "-o", "."],
    "a reproduction without a folder": ["reproduce", "linear", "-f", "pytorch"],
    "a finding of an autoencoder": ["reproduce", "linear", "-f", "pytorch", "--finding", "2", "-o", "out"],
    "a record and what it says": ["reproduce", "file", "-f", "pytorch", "-o", "out"],
    "a reproduction of a bundle that is not there": ["reproduce", "linear", "-f", "pytorch@none.zip", "-o", "out"],
    "nothing to compare": ["compare"],
    "one side alone": ["compare", "here"],
    "a base alone": ["compare", "--base", "here"],
    "a base and autoencoders alone": ["compare", "--base", "here", "tied", "linear"],
    "a base among its heads": ["compare", "--base", "here", "here", "tied"],
    "an option that is not": ["run", "--frobnicate"],
    "an option cut short": ["run", "linear", "-o"],
    "a command that is not": ["frobnicate"],
    "an option before a command": ["--device", "cpu", "run"],
    "one name too many": ["show", "tied", "linear"],
    "no reason": ["accept", "."],
    "nothing to accept": ["accept", "-m", "why"],
    "nothing to judge": ["quality"],
    "nothing to show": ["show"],
    "nothing to draw": ["plot"],
    "a picture of no run": ["plot", "tied/features", "."],
    "one run too many": ["plot", "tied", ".", "."],
    "an argument for a list": ["list", "tied"],
}  # fmt: skip


def _taking_values() -> list[tuple[str, click.Parameter]]:
    """Every command with each of its options and arguments that take a value."""
    pairs = [(name, parameter) for name, command in main.commands.items() for parameter in command.params]
    return [(name, p) for name, p in pairs if not (isinstance(p, click.Option) and p.is_flag)]


def _called(parameter: click.Parameter) -> str:
    """How the option is written, the argument named."""
    return parameter.opts[0] if isinstance(parameter, click.Option) else str(parameter.name)


def _line(command: str, parameter: click.Parameter, value: str) -> list[str]:
    """The command line with this value, an argument in its place."""
    needed = NEEDED.get(command, [])
    if isinstance(parameter, click.Option):
        return [command, *needed, f"{_called(parameter)}={value}"]
    start = next((place for place, word in enumerate(needed) if word.startswith("-")), len(needed))
    words, options = needed[:start], needed[start:]
    place = [p for p in main.commands[command].params if isinstance(p, click.Argument)].index(parameter)
    return [command, *options, "--", *words[:place], value, *words[place + 1 :]]


LINES = [
    _line(command, parameter, value)
    for command, parameter in _taking_values()
    for value in BAD.get(_called(parameter), [])
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds one empty file, and nobody's data or cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    for variable in ("AEBENCH_DATA", "AEBENCH_MIRROR", "AEBENCH_TRACEBACK"):
        monkeypatch.delenv(variable, raising=False)
    # What is taken after all would compute, for hours where it stands for every autoencoder.
    monkeypatch.setattr(FrameworkProcess, "_started", lambda process: pytest.fail(f"{process.framework} is started"))
    (tmp_path / "file").touch()
    return tmp_path


def refused(line: list[str]) -> str:
    """What the command says, after it was seen to refuse the line as it should."""
    outcome = CliRunner().invoke(main, line)
    said = outcome.output
    assert (2, False) == (outcome.exit_code, "Traceback" in said), said
    assert 1 <= len(said.splitlines()) <= 6
    assert ["file"] == [path.name for path in Path().iterdir()]
    return said


def test_every_option_has_bad_values() -> None:
    """No option of any command is left out below, and none that is there no more is kept."""
    assert {_called(parameter) for _, parameter in _taking_values()} == set(BAD)


@pytest.mark.parametrize("line", LINES, ids=lambda line: ascii(" ".join(part[:30] for part in line)))
def test_a_bad_value_is_refused(line: list[str]) -> None:
    """Every bad value at every option that takes it."""
    refused(line)


@pytest.mark.parametrize("case", TOGETHER)
def test_what_makes_no_sense_together_is_refused(case: str) -> None:
    """Values that are right by themselves, and wrong together or here."""
    refused(TOGETHER[case])


@pytest.mark.parametrize("case", [case for case in TOGETHER if TOGETHER[case][0] == "compare" and "executor" in case])
def test_an_executor_is_refused_before_a_side_is_looked_for(case: str) -> None:
    """With what to add, also where BASE is nothing that there is: a commit would be installed first."""
    assert "add --only numbers,quality" in refused(TOGETHER[case])


@pytest.mark.parametrize("option", [["-s", "1"], ["-d", "mnist"], ["-p", "source"], ["--data-dir", "."]])
@pytest.mark.parametrize("sides", [["none.zip", "here"], ["--base", "here", "none.zip"]])
def test_what_a_bundle_says_is_not_said_beside_it(sides: list[str], option: list[str]) -> None:
    """It would be passed over, and the record say that it was so."""
    said = refused(["compare", *sides, "linear", "--only", "numbers", *option])
    assert "the bundle says what is climbed" in said


@pytest.mark.parametrize("mirror", MIRRORS)
def test_a_mirror_that_is_no_address_is_refused(mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable that was set."""
    monkeypatch.setenv("AEBENCH_MIRROR", mirror)
    assert "AEBENCH_MIRROR" in refused(["run", "tied", "-d", "mnist"])


@pytest.mark.parametrize(
    ("given", "name"), [*product(["none", "file", "~nosuchuser", "/dev/null"], ["AEBENCH_DATA", "--data-dir"])]
)
def test_the_message_blames_what_was_set(given: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without the data is blamed on the variable or on the option, whichever gave it."""
    line = ["run", "tied", "-d", "mnist"]
    if name == "AEBENCH_DATA":
        monkeypatch.setenv(name, given)
    else:
        line += [name, given]
    other = {"AEBENCH_DATA": "--data-dir", "--data-dir": "AEBENCH_DATA"}[name]
    said = refused(line)
    assert (True, False) == (name in said, other in said), said


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("new machine", "new machine"),
        ("grün", "grün"),
        ("grün".encode().decode("ascii", "surrogateescape"), "grün"),
    ],
)
def test_a_reason_in_the_bytes_of_another_locale_is_read(given: str, kept: str) -> None:
    """What a terminal in UTF-8 sends to a program in an ASCII locale is read as UTF-8, and can be written."""
    option = next(p for p in main.commands["accept"].params if p.name == "reason")
    assert kept == option.process_value(click.Context(main.commands["accept"]), given)
