"""How an environment is found in files and at places, what it is called, and what is said of it where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from aebench.errors import UnknownNameError, UsageError
from aebench.processes import environments
from aebench.processes.environments import LONGEST, find


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The present folder, which is the user's own, too; this process was told of no environment."""
    monkeypatch.setattr(environments, "_told", {})
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(folder: Path, interpreter: str = "bin/python") -> Path:
    """A folder with what passes for an interpreter."""
    place = folder / interpreter
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch(0o755)
    return place


def test_a_name_has_so_many_characters_at_most() -> None:
    """As many as the message says."""
    environments.require_name("a" * 60)
    with pytest.raises(UsageError, match=r"cannot be called 'a{61}': up to 60 letters"):
        environments.require_name("a" * 61)


@pytest.mark.parametrize(("within", "said"), [("old", "."), ("old/bin", "..")])
def test_the_present_folder_is_a_place(folder: Path, monkeypatch: pytest.MonkeyPatch, within: str, said: str) -> None:
    """And the one above it."""
    made(folder / "old")
    monkeypatch.chdir(folder / within)
    assert (folder / "old" / "bin" / "python").samefile(find(said).python or "")


def test_a_wave_is_the_user_s_own_folder(folder: Path) -> None:
    """In a file, as on a command line, where a shell leaves it behind an @."""
    python = made(folder / "old")
    (folder / "mine.zip").touch()
    (folder / "aebench.toml").write_text('[environments.named]\npython = "~/old"\n')
    assert [python, python] == [find("named").python, find("~/old").python]
    assert folder / "mine.zip" == find("~/mine.zip").bundle


@pytest.mark.parametrize("interpreter", ["bin/python", "bin/python3", "python", "Scripts/python.exe", "python.exe"])
@pytest.mark.parametrize(
    ("called", "expected"),
    [("old", "old"), ("my env (1)", "my-env--1"), ("here", "environment"), ("---", "environment"),
     ("x" * 70, "x" * LONGEST)],
)  # fmt: skip
def test_a_place_gives_a_name_that_an_environment_can_have(
    folder: Path, interpreter: str, called: str, expected: str
) -> None:
    """As its folder is called, wherever in it the interpreter lies."""
    python = made(folder / called, interpreter)
    assert (expected, python) == (find(f"./{called}").name, find(f"./{called}").python)
    assert expected == environments._placed(str(python)).name


def test_the_interpreter_among_the_programs_comes_first(folder: Path) -> None:
    """Another file of its name beside it, such as a script, is not what runs there."""
    for interpreter in ("python", "bin/python3", "bin/python"):
        made(folder / "old", interpreter)
    assert folder / "old" / "bin" / "python" == find("./old").python


def test_a_bundle_s_name_is_no_longer_than_another_one(folder: Path) -> None:
    """It ends as its file does, whatever that is called."""
    names = []
    for called in ("x" * 80, "é"):
        (folder / f"{called}.zip").touch()
        names.append(find(f"{called}.zip").name)
    assert [f"{'x' * (LONGEST - 4)}.zip", "bundle.zip"] == names


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("reference@a.zip", "reference@a.zip is a subject, and an environment is asked for: name the bundle, a.zip"),
        ("reference@b.zip", "there is no bundle reference@b.zip; `aebench bundle -o reference@b.zip` makes one"),
    ],
)
def test_a_subject_of_a_bundle_is_no_environment(folder: Path, said: str, problem: str) -> None:
    """Who names it in the place of one is told the bundle, where there is one."""
    (folder / "a.zip").touch()
    with pytest.raises(UsageError) as caught:
        find(said)
    assert problem == str(caught.value)


def test_two_bundles_of_one_name_are_refused(folder: Path) -> None:
    """Numbers of both would stand under it."""
    for place in ("one", "two"):
        (folder / place).mkdir()
        (folder / place / "a.zip").touch()
    find("one/a.zip")
    with pytest.raises(UsageError, match=r"two/a.zip would be called 'a.zip', as one/a.zip is"):
        find("two/a.zip")


def test_one_interpreter_with_two_sets_of_variables_is_two_environments(folder: Path) -> None:
    """The place of one that a file names is not that one where the file sets a variable."""
    made(folder / "old")
    (folder / "aebench.toml").write_text('[environments.old]\npython = "old"\nvariables = { A = "1" }\n')
    with pytest.raises(UsageError, match="would be called 'old', as old is"):
        find("./old")


@pytest.mark.parametrize(
    ("own", "project", "expected"),
    [
        ("[environments.own]", "[tool.aebench.environments.project]", ["here", "own"]),
        (None, "[tool.aebench.environments.project]", ["here", "project"]),
        (None, "[tool.aebench]", ["here"]),
        ("", None, ["here"]),
        (None, "[tool.other]", ["here", "above"]),
        (None, "tool = 3", ["here", "above"]),
    ],
)
def test_the_first_file_that_says_anything_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, own: str | None, project: str | None, expected: list[str]
) -> None:
    """aebench.toml comes before pyproject.toml, and an empty one says that there is none; another tool's is passed."""
    (folder / "aebench.toml").write_text("[environments.above]\n")
    (folder / "within").mkdir()
    for name, text in (("aebench.toml", own), ("pyproject.toml", project)):
        if text is not None:
            (folder / "within" / name).write_text(text)
    monkeypatch.chdir(folder / "within")
    assert expected == environments.known()


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("aebench.toml", "[zzz]", "nothing is called [zzz]; expected environments, options, executor"),
        ("pyproject.toml", "[tool]\naebench = 3", "nothing is called [aebench]"),
        ("aebench.toml", '[environments]\nold = "x"',
         "environment 'old': Expected `object`, got `str`; an environment is written as [environments.NAME] python = "),
        ("aebench.toml", '[environments."a b"]', "an environment cannot be called 'a b'"),
        ("aebench.toml", "options = 3", "Expected `object`, got `int` - at `$.options`"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_said_with_its_place(folder: Path, name: str, text: str, problem: str) -> None:
    """First the file, then what is in it; how an environment is written is told only where one is wrong."""
    (folder / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        environments.known()
    assert str(caught.value).startswith(f"{folder / name}: {problem}")
    assert ("as [environments.NAME]" in problem) == ("as [environments.NAME]" in str(caught.value))


def test_an_unknown_name_may_be_like_one_that_was_said(folder: Path) -> None:
    """Places that were named before are known as those of the file are."""
    made(folder / "other")
    find("./other")
    with pytest.raises(UnknownNameError, match="unknown environment 'othr'; did you mean 'other'"):
        find("othr")


def test_what_makes_an_interpreter_executable_can_be_pasted(folder: Path) -> None:
    """Also where its folder has a space."""
    made(folder / "my env").chmod(0o644)
    with pytest.raises(UsageError, match=f"make it so: chmod [+]x '{folder}/my env/bin/python'$"):
        find("./my env")
