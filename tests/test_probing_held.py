"""What an interpreter says that it holds, and what is said where it does not, as precisely as a user needs it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import other_environments
import pytest

from aebench import __version__, registry
from aebench.errors import FrameworkError, UsageError
from aebench.processes import environments, probing
from aebench.processes.environments import find
from aebench.processes.inside import LONGEST_REASON
from aebench.processes.view import view


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The present folder; no environment was told or asked of."""
    monkeypatch.setattr(environments, "_told", {})
    monkeypatch.chdir(tmp_path)
    contents = probing.contents
    yield tmp_path
    contents.cache_clear()


def program(folder: Path, content: bytes) -> str:
    """The place of an interpreter that is none."""
    place = folder / "python"
    place.write_bytes(content)
    place.chmod(0o755)
    return str(place)


def distribution(folder: Path, file: str, metadata: str) -> None:
    """A package, as far as its metadata goes."""
    (folder / f"{file}.dist-info").mkdir(parents=True)
    (folder / f"{file}.dist-info" / "METADATA").write_text(metadata)


def test_a_package_counts_as_it_is_imported(folder: Path) -> None:
    """In the first of two places, under its name as every tool writes it, in either spelling; what is left of one has
    no name."""
    distribution(folder / "one", "six_seven-2.0", "Name: Six_Seven\nVersion: 2.0\n")
    distribution(folder / "one", "eight_nine-2.0", "Name: eight-nine\nVersion: 2.0\n")
    distribution(folder / "two", "eight_nine-1.0", "Name: eight_nine\nVersion: 1.0\n")
    distribution(folder / "one", "broken-1.0", "Version: 1.0\n")
    distribution(folder / "two", "six_seven-1.0", "Name: Six_Seven\nVersion: 1.0\n")
    text = f'[environments.mine]\nvariables = {{ PYTHONPATH = "{folder}/one:{folder}/two" }}\n'
    (folder / "aebench.toml").write_text(text)
    found = probing.contents(find("mine")).packages
    assert ("2.0", "2.0", set()) == (found["six-seven"], found["eight-nine"], {"none", "null", "broken"} & {*found})


def test_a_version_to_come_is_new_enough(folder: Path) -> None:
    """Who installs a pre-release of NumPy to compare it is not told to install NumPy."""
    place = other_environments.make(folder / "next", packages=False)
    for requirement in probing.needed():
        other_environments.distribution(place, requirement.name.replace("-", "_"), "999.0rc1")
    assert () == probing.contents(find(str(place))).lacking


@pytest.mark.parametrize(
    ("python", "old"), [("3.10.14", True), ("3.9.1", True), ("3.11.0", False), ("3.11.0rc1", False), ("4.0", False)]
)
def test_a_python_is_old_by_its_numbers(python: str, old: bool) -> None:
    """Whatever stands behind the first two."""
    assert old is probing.Contents(python, {}, ()).old


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\x7fnothing", "does not start: Exec format error"),
        (b"#!/bin/sh\nprintf '\\377'\n", "is no Python interpreter"),
    ],
)
def test_a_program_for_another_machine_is_one_line(folder: Path, content: bytes, problem: str) -> None:
    """Or one that writes what is no text."""
    with pytest.raises(UsageError, match=problem) as caught:
        probing.contents(find(program(folder, content)))
    assert 1 == len(str(caught.value).splitlines())


def test_a_long_reason_is_cut(folder: Path) -> None:
    """What a program writes in one line may be a page."""
    place = program(folder, b"#!/bin/sh\nprintf '%5000d' 1 | tr ' ' x >&2\nexit 1\n")
    with pytest.raises(UsageError) as caught:
        probing.contents(find(place))
    assert str(caught.value).endswith(f"ended with status 1: {'x' * LONGEST_REASON}")


def test_only_variables_that_python_reads_are_named(folder: Path) -> None:
    """Others have not kept it from starting."""
    text = '[environments.lost]\nvariables = { ANOTHER = "1", PYTHONHOME = "/nowhere" }\n'
    (folder / "aebench.toml").write_text(text)
    with pytest.raises(UsageError, match=r"; it was started with PYTHONHOME=/nowhere, as its entry says$"):
        probing.contents(find("lost"))


def test_how_to_get_a_framework_can_be_pasted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the environment's folder has a space."""
    place = other_environments.make(folder / "my env", packages=False)
    monkeypatch.setattr(probing, "frameworks", lambda _: dict.fromkeys(registry.variants()))
    with pytest.raises(FrameworkError, match=f"get it with: '{place}/bin/python' -m pip install torch$"):
        probing.subject(f"pytorch@{place}")


def test_the_view_has_the_version_of_what_it_shows() -> None:
    """Another interpreter reads it from the folder's metadata, where this one reads it from its own."""
    (found,) = metadata.distributions(path=[str(view())])
    assert ("aebench", __version__) == (found.metadata["Name"], found.version)
    assert str(view()) not in sys.path


def test_how_to_get_what_is_lacking_can_be_pasted(folder: Path) -> None:
    """Also where the interpreter lies in a folder whose name has a blank in it."""
    place = other_environments.make(folder / "my env", packages=False)
    with pytest.raises(UsageError) as caught:
        probing.require_ready(find(str(place)))
    words = shlex.split(str(caught.value).partition("get it with: ")[2])
    assert [str(place / "bin" / "python"), "-m", "pip", "install"] == words[:4]
    assert {str(it) for it in probing.needed()} == set(words[4:])
