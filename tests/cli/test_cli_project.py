"""What a project fixes in its file: which commands take it, what the command line says instead, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import click
import pytest
from click.testing import CliRunner

from aebench.cli import main
from aebench.cli.options import executed
from aebench.cli.project import defaults, options
from aebench.errors import UsageError

FILE = """[options]
dataset = "synthetic:60x9"
seeds = [3, 4]
dtype = "float64"

[options.run]
data-dir = "beside"
agreement = false
frameworks = ["reference"]

[environments.old]
variables = { OLD = "1" }
"""


def given(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch, *, name: str = "aebench.toml") -> Any:
    """The defaults of every command below a folder with that file."""
    (folder / name).write_text(text, encoding="utf-8")
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    return defaults(main.commands)


def test_each_command_takes_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is what stands between commas, a place is relative to the file, and a command is told what it has."""
    found = given(tmp_path, FILE, monkeypatch)
    everywhere = {"dataset": "synthetic:60x9", "seeds": "3,4", "dtype": "float64"}
    own = {"data_dir": str(tmp_path / "beside"), "agreement": False, "frameworks": "reference"}
    assert {**everywhere, **own} == found["run"]
    for name, command in main.commands.items():
        if name != "run":
            assert {key: value for key, value in everywhere.items() if key in options(command)} == found[name]
    assert {} == found["schema"]


def test_a_command_s_own_option_comes_before_the_common_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other commands take the common one."""
    found = given(tmp_path, "[options]\nseeds = 1\n[options.run]\nseeds = 2\n", monkeypatch)
    assert ("2", "1") == (found["run"]["seeds"], found["agree"]["seeds"])


def test_a_project_s_pyproject_does_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under `[tool.aebench]`, as environments do."""
    text = "[tool.aebench.options.bench]\nblocks = 5\npeers = true\n"
    assert {"blocks": "5", "peers": True} == given(tmp_path, text, monkeypatch, name="pyproject.toml")["bench"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[options]\ndataste = 1\n", "no command has an option 'dataste'; did you mean 'dataset'?"),
        ("[options.runn]\nseeds = 1\n", "options.runn is of no command; did you mean 'run'?"),
        ("[options.run]\nblocks = 1\n", "aebench run has no option 'blocks'"),
        ("[options]\nseeds = []\n", "option 'seeds' is a text, a number"),
        ("[options]\nseeds = [[1]]\n", "option 'seeds' is a text, a number"),
        ("[options]\nseeds = 2026-11-26\n", "option 'seeds' is a text, a number"),
        ("[options.run]\nresume = 1\n", "option 'resume' is true or false, found 1"),
        ("options = 1\n", "Expected `object`, got `int`"),
        ("[option]\nseeds = 1\n", "nothing is called [option]; did you mean"),
    ],
)
def test_what_means_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, reason: str) -> None:
    """With the file, and the nearest that there is."""
    with pytest.raises(UsageError) as caught:
        given(tmp_path, text, monkeypatch)
    assert str(caught.value).startswith(f"{tmp_path / 'aebench.toml'}: ")
    assert reason in str(caught.value)


def test_a_run_takes_it_and_the_command_line_says_otherwise(
    aebench: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """Its help tells the new defaults; what the command line says comes first; a wrong value is named as there."""
    (tmp_path / "aebench.toml").write_text(FILE.replace('data-dir = "beside"\n', ""))
    shown = " ".join(aebench("run", "--help").stdout.split())
    assert "[default: synthetic:60x9]" in shown
    done = aebench("run", "linear", "-s", "5", "-o", "out")
    assert 0 == done.returncode, done.stderr
    assert "curve, schedule quick, float64, seeds 5" in " ".join(done.stdout.split())
    (tmp_path / "aebench.toml").write_text('[options]\nseeds = "many"\n')
    wrong = aebench("run", "linear")
    assert (2, True) == (wrong.returncode, "'many' is no list of whole numbers such as 0,1,2" in wrong.stderr)


def test_a_file_that_is_none_stops_every_command(aebench: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    """In one line, with its place; but not the help."""
    (tmp_path / "aebench.toml").write_text("[options\n")
    done = aebench("list")
    assert 2 == done.returncode
    assert done.stderr.startswith(f"aebench: error: {tmp_path / 'aebench.toml'} is no TOML")
    assert 0 == aebench("--help").returncode


def test_every_option_has_a_name_for_the_file() -> None:
    """A long one, so that it can be fixed; --help is nobody's."""
    for command in main.commands.values():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter in options(command).values()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ru", ["run"]),
        ("run --sch", ["--schedule"]),
        ("run layerwise_s", ["layerwise_separate"]),
        ("run stacked,layerwise_s", ["stacked,layerwise_separate"]),
        ("run -f py", ["pytorch", "pytorch-compiled"]),
        ("run -f reference,tensorflow-", ["reference,tensorflow-eager"]),
        ("agree -f pytorch@h", ["pytorch@here"]),
        ("compare h", ["here"]),
        ("compare here tie", ["tied"]),
        ("run --executor da", ["dask"]),
        ("run -d mn", ["mnist"]),
    ],
)
def test_a_shell_completes(
    aebench: Callable[..., CompletedProcess[str]], tmp_path: Path, words: str, expected: list[str]
) -> None:
    """Commands, options and names, whatever the project's file says."""
    (tmp_path / "aebench.toml").write_text("[options\n")
    count = str(len(words.split()))
    done = aebench(COMP_WORDS=f"aebench {words}", COMP_CWORD=count, _AEBENCH_COMPLETE="bash_complete")
    assert [f"plain,{word}" for word in expected] == done.stdout.split()


def test_a_shell_completes_what_the_file_names(aebench: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    """Environments, by themselves and behind a framework; a path is left to the shell."""
    (tmp_path / "aebench.toml").write_text('[environments.old]\npython = "nowhere"\n')
    for words, expected in (
        ("compare o", ["plain,old"]), ("gate ol", ["plain,old"]), ("environments diff o", ["plain,old"]),
        ("agree -f pytorch@o", ["plain,pytorch@old"]), ("compare ./o", ["file,./o"]),
    ):  # fmt: skip
        count = str(len(words.split()))
        done = aebench(COMP_WORDS=f"aebench {words}", COMP_CWORD=count, _AEBENCH_COMPLETE="bash_complete")
        assert expected == done.stdout.split()


def test_processes_are_an_executor_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many workers of the pool; what the file says of another one gives way to the command line, either way."""
    seen: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.chdir(tmp_path)

    @click.command()
    @executed("Do it")
    def command(executor: Any) -> None:
        seen.append((executor.name, executor.settings) if executor else ("", {}))

    for words, said in (
        (["--processes", "3"], {}),
        (["--executor", "processes", "--processes", "3"], {}),
        (["--processes", "3"], {"executor": "dask"}),
        (["--executor", "dask"], {"processes": 3}),
        ([], {"processes": 2}),
        ([], {}),
    ):
        assert 0 == CliRunner().invoke(command, words, default_map=said).exit_code
    pool = ("processes", {"workers": 3})
    assert [pool, pool, pool, ("dask", {}), ("processes", {"workers": 2}), ("", {})] == seen


def test_an_executor_of_the_file_is_for_what_may_have_one(
    aebench: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """Nobody typed it: what is timed goes without; a wrong value is said to stand in the file; the help shows it."""
    (tmp_path / "aebench.toml").write_text(
        '[options]\nprocesses = 2\ntimeout = 5\n[environments.again]\nvariables = { AGAIN = "1" }\n'
    )
    done = aebench("compare", "here", "again", "linear", "-f", "reference", "--dry-run")
    assert (0, True) == (done.returncode, "numbers, quality, speed, memory of" in done.stdout)
    refused = aebench("compare", "here", "again", "linear", "-f", "reference", "--processes", "2")
    assert (2, True) == (refused.returncode, "take no executor" in refused.stderr)
    shown = aebench("run", "--help").stdout
    assert ("[default: 5; x>0]" in shown, "[default: 2;" in shown) == (True, True)
    (tmp_path / "aebench.toml").write_text('[options.run]\nschedule = "quik"\n')
    wrong = aebench("run", "linear")
    assert (2, True) == (wrong.returncode, "stands in the project's file" in wrong.stderr)
    assert "project's file" not in aebench("run", "linear", "-p", "quik").stderr


WORDS = {
    "run": ("linear", "-f", "reference"), "agree": ("linear", "-f", "pytorch"),
    "compare": ("here", "again", "linear", "-f", "reference", "--only", "numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
def test_a_rehearsal_opens_the_executor(
    aebench: Callable[..., CompletedProcess[str]], tmp_path: Path, request: pytest.FixtureRequest, name: str
) -> None:
    """What the work would refuse its rehearsal refuses."""
    if name == "agree":
        request.getfixturevalue("pytorch")
    settings = '[environments.again]\nvariables = { AGAIN = "1" }\n[executor.processes]\n'
    for named, status, said in (("workers", 0, ""), ("worker", 2, "did you mean 'workers'")):
        (tmp_path / "aebench.toml").write_text(f"{settings}{named} = 3\n")
        done = aebench(name, *WORDS[name], "--executor", "processes", "--dry-run")
        assert (status, True) == (done.returncode, said in done.stderr)


def test_two_executors_in_a_file_are_refused(aebench: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    """Nobody typed either, so neither goes before the other."""
    pytest.importorskip("loky", reason="loky is not installed: pip install 'aebench[executors]'")
    (tmp_path / "aebench.toml").write_text('[options]\nprocesses = 2\nexecutor = "loky"\n')
    refused = aebench("run", "linear", "-f", "reference", "--dry-run")
    assert (2, True) == (refused.returncode, "executor = 'loky' and processes = 2; leave one out" in refused.stderr)
    assert 0 == aebench("run", "linear", "-f", "reference", "--dry-run", "--executor", "loky").returncode
    assert 0 == aebench("run", "linear", "-f", "reference", "--dry-run", "--processes", "1").returncode
