"""Commits as environments: what stands in a commit is somebody else's text, and may be anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aebench.comparison import commits
from aebench.comparison.sides import side
from aebench.errors import UsageError

NAMED = '[project]\nname = "one"\n'
WRONG = {
    "no text as name": ("[project]\nname = 3\n", "can be built: its pyproject.toml: "),
    "a name that leads elsewhere": ('[project]\nname = "one/../../two"\n', "name is invalid: 'one/../../two'"),
    "no table of what builds it": (f"build-system = 3\n{NAMED}", "can be built: its pyproject.toml: "),
    "no list of what builds it": (f"{NAMED}[build-system]\nrequires = 3\n", "can be built: its pyproject.toml: "),
    "no requirement": (f'{NAMED}[build-system]\nrequires = ["!!"]\n', "Expected package name"),
    "no table": ("project = 3\n", "can be built: its pyproject.toml: "),
    "nested without end": (f"a = {'[' * 3000}{']' * 3000}\n", "holds no package: "),
}


def git(folder: Path, *words: str) -> str:
    """What git says of the repository in the folder."""
    command = ["git", "-C", folder, "-c", "user.name=somebody", "-c", "user.email=somebody@example.org", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def committed(folder: Path, text: str) -> str:
    """Commit all that is in the folder, with that `pyproject.toml`: the commit."""
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "one")):
        git(folder, *words)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What pip is given to install, each time, without installing it: the files' texts by their names."""
    found: list[dict[str, str]] = []
    run = subprocess.run

    def instead(command: list[Any], **keywords: Any) -> subprocess.CompletedProcess[Any]:
        if "pip" not in command:
            return run(command, **keywords)
        found.append({it.name: it.read_text() for it in Path(command[-1]).iterdir() if it.is_file()})
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(commits.subprocess, "run", instead)
    monkeypatch.setattr(
        commits.venv, "create", lambda place, **_: (place / "lib/python3/site-packages").mkdir(parents=True)
    )
    monkeypatch.setattr(commits.platformdirs, "user_cache_dir", lambda _: str(tmp_path / "cache"))
    return found


def made_in(folder: Path) -> list[Path]:
    """The environments of commits in the cache, beside which lie their locks."""
    return [it for it in (folder / "cache" / "commits").iterdir() if it.is_dir()]


def test_a_commit_is_made_once(
    tmp_path: Path, installed: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is named; one that was left half made is made anew, and so is one for another interpreter."""
    commit = committed(tmp_path / "project", NAMED)
    places = [commits.environment(said, tmp_path / "project") for said in ("main", commit, "HEAD")]
    assert (1, 1) == (len(installed), len({it and it.python for it in places}))
    assert [commit[: commits.SHOWN]] * 3 == [it and it.name for it in places]
    (place,) = made_in(tmp_path)
    (place / commits.DONE).unlink()
    (place / "left").touch()
    commits.environment("main", tmp_path / "project")
    assert (2, False) == (len(installed), (place / "left").exists())
    monkeypatch.setattr(sys, "executable", "/another/python")
    assert places[0] != commits.environment("main", tmp_path / "project")
    assert 3 == len(installed)


def test_a_branch_is_the_commit_that_it_is_at_now(tmp_path: Path, installed: list[dict[str, str]]) -> None:
    """After another commit it is another environment; an earlier commit holds what it held."""
    first = committed(tmp_path / "project", NAMED)
    commits.environment("main", tmp_path / "project")
    later = f"{NAMED}version = '2'\n"
    committed(tmp_path / "project", later)
    commits.environment("main", tmp_path / "project")
    (tmp_path / "project" / "pyproject.toml").write_text("not committed")
    assert [NAMED, later] == [it["pyproject.toml"] for it in installed]
    for done in (tmp_path / "cache").rglob(commits.DONE):
        done.unlink()
    commits.environment(first, tmp_path / "project")
    assert NAMED == installed[-1]["pyproject.toml"]


@pytest.mark.parametrize(("name", "own"), [("one", False), ("aebench", True), ("AEbench", True)])
def test_only_a_commit_of_aebench_is_measured_by_its_own(
    tmp_path: Path, installed: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch, name: str, own: bool
) -> None:
    """A commit of a package with autoencoders is measured by the aebench that is asked."""
    monkeypatch.setattr(commits, "_require_talking", lambda *_: None)
    committed(tmp_path / "project", NAMED.replace("one", name))
    found = commits.environment("main", tmp_path / "project")
    assert found is not None
    assert own == found.own


def test_a_commit_writes_nothing_outside(tmp_path: Path, installed: list[dict[str, str]]) -> None:
    """Planted: a link that leads to another place. Nothing is installed, and nothing is left."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "link").symlink_to(tmp_path)
    committed(tmp_path / "project", NAMED)
    with pytest.raises(UsageError, match="holds what cannot be unpacked safely: "):
        commits.environment("main", tmp_path / "project")
    assert ([], []) == (installed, made_in(tmp_path))


@pytest.mark.parametrize("name", WRONG)
def test_a_commit_s_own_words_are_checked(tmp_path: Path, name: str) -> None:
    """Before anything is written: one line says what is wrong with them."""
    text, problem = WRONG[name]
    (tmp_path / "pyproject.toml").write_text(text)
    user = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    for words in (("init", "-q"), ("add", "."), (*user, "commit", "-q", "-m", "one")):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    with pytest.raises(UsageError) as caught:
        commits.environment("HEAD", tmp_path)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


BUILDERS = {
    "setuptools": True,
    "setuptools>=1": True,
    "setuptools>=10000": False,
    "no-such-builder": False,
    "no-such-builder; python_version < '3'": True,
}


@pytest.mark.parametrize("requirement", BUILDERS)
def test_a_commit_is_built_here_only_by_what_it_asks_for(requirement: str) -> None:
    """An older setuptools, as a new environment has it, is not the one that is needed: then pip fetches that."""
    assert BUILDERS[requirement] == commits._here(requirement)


def test_a_branch_whose_name_looks_like_a_place_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing lies at such a place; what lies there is meant, whatever branches are called."""
    user = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    for words in (("init", "-q"), (*user, "commit", "-q", "--allow-empty", "-m", "one"), ("branch", "topic/x")):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"commit topic/x holds no package"):
        side("topic/x")
    with pytest.raises(UsageError, match=r"topic/y"):
        side("topic/y")
    (tmp_path / "topic" / "x").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"environment 'topic/x'"):
        side("topic/x")
