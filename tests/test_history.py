"""The history of asv: what is published is read as series, and a change is told only where two detectors see it."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.history import __main__ as history
from benchmarks.history import changes
from benchmarks.history.changes import confirmed
from benchmarks.history.published import PublishedError, Row, dashboard, strays

COMMITS = [f"{number:x}{0:032x}" for number in range(0xA0000000, 0xA0000014)]


def _published(folder: Path, graphs: Mapping[str, list[list[object]]], params: list[list[str]]) -> Path:
    """A dashboard of one benchmark as asv 0.6 writes it, in as many environments as there are graphs."""
    index = {
        "revision_to_hash": {str(number): commit for number, commit in enumerate(COMMITS)},
        "graph_param_list": [{"machine": name} for name in graphs],
        "benchmarks": {"training.Warm.time_epoch": {"params": params}},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    for name, points in graphs.items():
        for place in (folder / "graphs" / f"machine-{name}", folder / "graphs" / "summary"):
            place.mkdir(parents=True, exist_ok=True)
            (place / "training.Warm.time_epoch.json").write_text(json.dumps(points), encoding="utf-8")
    return folder


def test_each_set_of_parameters_is_a_row(tmp_path: Path) -> None:
    """In the order that asv counts them; what failed in a commit is no value, what failed in all is no row, and the
    summary over the parameters is none either."""
    points: list[list[object]] = [[0, [1.0, None, 5.0, None]], [3, None], [4, [2.0, 3.0, 6.0, None]]]
    folder = _published(tmp_path, {"one": points}, [["'a'", "'b'"], ["1", "2"]])
    expected = (
        Row("training.Warm.time_epoch('a', 1)", (COMMITS[0], COMMITS[4]), (1.0, 2.0)),
        Row("training.Warm.time_epoch('a', 2)", (COMMITS[4],), (3.0,)),
        Row("training.Warm.time_epoch('b', 1)", (COMMITS[0], COMMITS[4]), (5.0, 6.0)),
    )
    assert expected == dashboard(folder).rows


def test_rows_of_two_machines_are_told_apart(tmp_path: Path) -> None:
    """A benchmark without parameters has one value a commit."""
    found = dashboard(_published(tmp_path, {"one": [[0, 1.0]], "two": [[1, 2.0]]}, []))
    assert ["training.Warm.time_epoch in machine-one", "training.Warm.time_epoch in machine-two"] == [
        row.name for row in found.rows
    ]
    assert [(1.0,), (2.0,)] == [row.values for row in found.rows]


@pytest.mark.parametrize(
    ("damage", "expected"),
    [(None, "holds no dashboard"), ("{", "not as asv 0.6 writes it"), ("[]", "not as asv"), ("{}", "not as asv")],
)
def test_what_is_no_dashboard_says_what_to_do(damage: str | None, expected: str, tmp_path: Path) -> None:
    """In one sentence, not with a traceback."""
    if damage is not None:
        (tmp_path / "index.json").write_text(damage, encoding="utf-8")
    with pytest.raises(PublishedError, match=f"{expected}.*run asv publish"):
        dashboard(tmp_path)


def test_results_of_commits_on_no_branch_are_named(tmp_path: Path) -> None:
    """asv names a file by the first digits of its commit; what is no result is not taken for one."""
    found = dashboard(_published(tmp_path / "html", {"one": [[0, 1.0]]}, []))
    machine = tmp_path / "results" / "hosted"
    machine.mkdir(parents=True)
    for name in (f"{COMMITS[1][:8]}-env.json", f"{COMMITS[2]}-env.json", "deadbeef-env.json", "machine.json"):
        (machine / name).touch()
    assert ["deadbeef"] == strays(tmp_path / "results", found)


@pytest.fixture
def asv() -> None:
    """Skip without it."""
    if importlib.util.find_spec("asv") is None:
        pytest.skip("asv is not installed: pip install -c constraints.txt 'aebench[dev]'")


def _row(name: str, step: float, *, noise: float = 0.02, n: int = 20) -> Row:
    """A row that takes `step` times as long from its middle on."""
    draw = random.Random(name)
    values = tuple((1 + draw.gauss(0, noise)) * (step if number >= n // 2 else 1) for number in range(n))
    return Row(name, tuple(COMMITS[:n]), values)


def _see(monkeypatch: pytest.MonkeyPatch, at: Mapping[str, int]) -> None:
    """Let otava see one change in each of these rows, at that value."""
    seen = {name: [{"index": index, "p": 1e-6}] for name, index in at.items()}
    monkeypatch.setattr(changes, "_points", lambda rows, _: {row.name: seen.get(row.name, []) for row in rows})


def test_what_both_see_is_told_the_largest_first(asv: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the commit that brought it, the levels on both sides, and how many values they are of."""
    rows = [_row("less", 0.8), _row("more", 1.3), _row("same", 1.0)]
    _see(monkeypatch, {"less": 10, "more": 11})
    found = confirmed(rows, tmp_path, 0.05)
    assert [("more", COMMITS[11], 11, 9), ("less", COMMITS[10], 10, 10)] == [
        (it.row, it.commit, it.n_before, it.n_after) for it in found
    ]
    assert pytest.approx([1.3, 0.8], rel=0.05) == [it.after / it.before for it in found]


@pytest.mark.parametrize(
    ("row", "at", "why"),
    [
        (_row("noise", 1.0), 10, "asv sees no step"),
        (_row("elsewhere", 1.3), 7, "asv sees it at another commit"),
        (_row("small", 1.03, noise=0.001), 10, "it is below the least that is told"),
        (_row("short", 1.5, n=5), 2, "it has too few values"),
        (_row("unseen", 1.3), None, "otava sees no change"),
    ],
)
def test_what_one_alone_sees_is_not_told(
    row: Row, at: int | None, why: str, asv: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what is small, or rests on a handful of values."""
    _see(monkeypatch, {} if at is None else {row.name: at})
    assert [] == confirmed([row], tmp_path, 0.05), why


def test_otava_that_cannot_be_had_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves nothing that the next call would take for an environment."""
    failed = subprocess.CompletedProcess([], 1, "", "ERROR: first\nERROR: no network\n")
    monkeypatch.setattr(changes.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(PublishedError, match=r"cannot be installed into .*: ERROR: no network"):
        confirmed([_row("row", 1.3)], tmp_path / "otava", 0.05)
    assert not (tmp_path / "otava" / "made").exists()


def _git(*arguments: str, cwd: Path) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of three commits on `main`, in place of this one, with an asv that only says how it was called."""
    root = tmp_path / "repository"
    root.mkdir()
    _git("init", "-q", "-b", "main", cwd=root)
    for number in range(3):
        _git("commit", "-q", "--allow-empty", "-m", str(number), cwd=root)
    monkeypatch.setattr(history, "ROOT", root)
    monkeypatch.setattr(history, "_require_asv", lambda: None)
    return root


def test_without_the_branch_it_says_how_to_get_it(repository: Path, tmp_path: Path) -> None:
    """A checkout that CI has made stands on a commit and knows the branch as another machine's, or not at all."""
    _git("checkout", "-q", "--detach", cwd=repository)
    _git("update-ref", "refs/remotes/origin/main", "main", cwd=repository)
    _git("branch", "-D", "main", cwd=repository)
    done = CliRunner().invoke(history.main, [])
    assert (2, True) == (done.exit_code, "make it with: git branch main origin/main" in done.output)
    _git("update-ref", "-d", "refs/remotes/origin/main", cwd=repository)
    done = CliRunner().invoke(history.main, [])
    assert "make it with: git fetch origin main:main" in done.output


def test_what_is_not_there_is_said_with_what_to_do(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results to look at, a repository, asv: each in one line, with status 2."""
    nothing = CliRunner().invoke(history.main, ["--no-run"])
    monkeypatch.setattr(history, "ROOT", tmp_path / "no repository")
    (tmp_path / "no repository").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    none = CliRunner().invoke(history.main, [])
    assert [2, 2] == [nothing.exit_code, none.exit_code]
    assert "nothing was measured yet; leave --no-run out" in nothing.output
    assert "is no git repository" in none.output


def test_asv_that_does_not_run_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its reason and what installs it, before anything else is asked."""
    failed = subprocess.CompletedProcess([], 1, "", "Traceback\nImportError: no module\n")
    monkeypatch.setattr(history.subprocess, "run", lambda *_, **__: failed)
    done = CliRunner().invoke(history.main, [])
    assert (2, True) == (done.exit_code, "asv does not run (ImportError: no module); install it" in done.output)


@pytest.mark.parametrize("status", [0, 1, 2])
def test_a_row_that_fails_stops_nothing_and_an_asv_that_fails_does(
    status: int, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`asv run` ends with 2 where a row failed. It gets the commits that are asked for, the newest first."""
    called, listed = list[list[str]](), list[str]()

    def run(command: list[str], **asked: object) -> subprocess.CompletedProcess[str]:
        if command[0] == "git":
            return real(command, **asked)  # type: ignore[call-overload,no-any-return]
        if command[3] == "--version":
            return subprocess.CompletedProcess(command, 0)
        called.append(command[3:])
        if command[3] == "run":
            listed.extend(Path(command[-1].removeprefix("HASHFILE:")).read_text(encoding="utf-8").split())
        if command[3] == "publish":
            _published(repository / ".asv" / "html", {"one": [[0, 1.0]]}, [])
        return subprocess.CompletedProcess(command, status if command[3] == "run" else 0)

    real = subprocess.run
    monkeypatch.setattr(history.subprocess, "run", run)
    done = CliRunner().invoke(history.main, ["--last", "2", "--bench", "starting"])
    newest = real(["git", "rev-list", "--max-count=2", "main"], cwd=repository, capture_output=True, text=True).stdout
    assert newest.split() == listed
    assert ["run", "--skip-existing-successful", "--bench", "starting"] == called[1][:-1]
    if status == 1:
        assert (2, True) == (done.exit_code, "asv run ended with status 1" in done.output)
        return
    assert (0, status == 2) == (done.exit_code, "Some rows failed" in done.output), done.output
    assert "No change is confirmed in 1 values of 1 rows." in done.output


def test_its_help_has_examples() -> None:
    """From the folder that it is called in."""
    root = Path(history.__file__).parents[2]
    command = [sys.executable, "-m", "benchmarks.history", "--help"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=True)
    assert "python -m benchmarks.history --last 30" in done.stdout
