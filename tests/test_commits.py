"""Commits as environments: what stands in a commit is somebody else's text, and may be anything."""

from __future__ import annotations

import subprocess
from pathlib import Path

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
