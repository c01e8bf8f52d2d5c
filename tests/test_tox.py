"""The matrix that tox makes: it holds every framework alone and together, and nothing that did not run is green."""

from __future__ import annotations

import configparser
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FRAMEWORKS = {"tensorflow-cpu": "tensorflow", "torch": "pytorch"}
KEYS = ("package", "deps", "extras", "commands", "change_dir", "base_python", "set_env", "ignore_outcome")
PYTHONS = ("py311", "py312", "py313")
# Environment and what it installs beside aebench: every release of a framework, and the newest of PyTorch.
RELEASES = {
    **{f"tf2{minor}": f"tensorflow-cpu==2.{minor}.*" for minor in range(16, 22)},
    **{f"torch2{minor}": f"torch==2.{minor}.*" for minor in (13, 14)},
    "torchnewest": "torch",
}


@pytest.fixture(scope="module")
def environments() -> dict[str, dict[str, list[str]]]:
    """What tox makes of the file: the lines of each setting by environment."""
    if importlib.util.find_spec("tox") is None:
        pytest.skip("tox is not installed: pip install -c constraints.txt 'aebench[dev]'")
    command = [sys.executable, "-m", "tox", "config", "-e", "ALL", "-k", *KEYS]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=100)
    assert 0 == done.returncode, done.stderr
    # Indented lines belong to the key above them.
    parser = configparser.ConfigParser(delimiters=["="], interpolation=None, strict=False)
    parser.read_string(done.stdout)
    sections = {name.removeprefix("testenv:"): parser[name] for name in parser.sections()}
    found = {name: section for name, section in sections.items() if name not in ("tox", ".pkg")}
    return {
        name: {key: [line for line in section.get(key, "").split("\n") if line] for key in KEYS}
        for name, section in found.items()
    }


def test_every_framework_alone_and_together_on_every_python(environments: dict[str, dict[str, list[str]]]) -> None:
    """3.11 to 3.13 with each, with both and with none; the versions of each; the lowest that are allowed."""
    pythons = [f"{python}-{which}" for python in PYTHONS for which in ("both", "tensorflow", "pytorch", "neither")]
    assert {*pythons, *RELEASES, "py311-lowest", "lint", "types", "docs"} == set(environments)
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "tox.ini")
    assert "false" == settings["tox"]["skip_missing_interpreters"]


def test_an_environment_fails_where_its_framework_is_not_there(environments: dict[str, dict[str, list[str]]]) -> None:
    """Each climbs the ladder in every framework that it installs, and in no other one; pytest alone would skip."""
    for name, settings in environments.items():
        installed = {FRAMEWORKS[match[0]] for line in settings["deps"] if (match := re.findall(r"^[\w-]+", line))
                     and match[0] in FRAMEWORKS}  # fmt: skip
        climbed = {word for line in settings["commands"] for word in re.findall(r"-f reference,(\w+)", line)}
        assert (name, installed) == (name, climbed)
        ran = any(
            line.startswith(("aebench agree", "pytest", "ruff", "mypy", "sphinx-build"))
            for line in settings["commands"]
        )
        assert (name, True) == (name, ran)


def test_versions_are_measured_by_the_wheel(environments: dict[str, dict[str, list[str]]]) -> None:
    """Away from the clone, whose folder of the package's name would hide it."""
    for name, settings in environments.items():
        if name.startswith(("tf", "torch")):
            assert (["wheel"], False) == (settings["package"], settings["change_dir"] == [str(ROOT)])


def climbing(name: str) -> list[str]:
    """What an environment of that name climbs, into its own folder."""
    return [
        f"aebench agree linear -f reference,{framework} -o {framework}"
        for framework in FRAMEWORKS.values()
        if name.partition("-")[2] in (framework, "both", "lowest")
    ]


def test_each_environment_runs_its_commands(
    environments: dict[str, dict[str, list[str]]],
) -> None:
    """Word for word, so that no failure is ignored and no tool only lists, formats or shows its version."""
    frameworks = {"tf": "tensorflow", "to": "pytorch"}
    expected = {
        **{name: [f"aebench agree -f reference,{frameworks[name[:2]]} -o agreement"] for name in RELEASES},
        "lint": ["ruff check .", "ruff format --check ."],
        "types": ["mypy"],
        "docs": ["sphinx-build -W --keep-going -q docs site"],
    }
    for name, settings in environments.items():
        commands = [re.sub(rf"-o \S.*/{name}/tmp/", "-o ", line) for line in settings["commands"]]
        assert (name, expected.get(name, [*climbing(name), "pytest"])) == (name, commands)
        assert (name, ["False"]) == (name, settings["ignore_outcome"])


def test_each_environment_installs_what_it_is_called_after(environments: dict[str, dict[str, list[str]]]) -> None:
    """A release is the one of its name; what has both frameworks has both, and one alone is alone."""
    by_framework = {"tensorflow": ["tensorflow-cpu"], "pytorch": ["torch"], "neither": []}
    expected = {name: ([release], []) for name, release in RELEASES.items()}
    expected |= {"lint": (["ruff"], ["test"]), "types": ([], ["dev", "test"]), "docs": ([], ["docs"])}
    for name, settings in environments.items():
        alone = by_framework.get(name.partition("-")[2], ["tensorflow-cpu", "torch"])
        assert (name, expected.get(name, (alone, ["test"]))) == (name, (settings["deps"], settings["extras"]))


def test_versions_are_pinned_by_the_file_that_is_meant(environments: dict[str, dict[str, list[str]]]) -> None:
    """`lowest.txt` where the lowest are tested, `constraints.txt` elsewhere; neither for releases of a framework."""
    for name, settings in environments.items():
        file = "lowest.txt" if name == "py311-lowest" else "constraints.txt"
        expected = [] if name in RELEASES else [ROOT.resolve() / file]
        lines = [line for line in settings["set_env"] if line.startswith("PIP_CONSTRAINT=")]
        assert (name, expected) == (name, [Path(line.partition("=")[2]).resolve() for line in lines])


def test_every_environment_has_the_python_of_its_name(environments: dict[str, dict[str, list[str]]]) -> None:
    """Releases of a framework, whose names say none, have 3.11, for which every one of them was built."""
    for name, settings in environments.items():
        python = "python3.11" if name in RELEASES else name.partition("-")[0]
        if python in ("python3.11", *PYTHONS):
            assert (name, [python]) == (name, settings["base_python"])


def lowest() -> list[str]:
    """The lowest version that pyproject.toml allows of everything that it names and the tests need."""
    extras = PROJECT["optional-dependencies"]
    found = [Requirement(text) for text in (*PROJECT["dependencies"], *extras["cpu"], *extras["test"])]
    bounds = {it.name: [bound.version for bound in it.specifier if bound.operator == ">="] for it in found}
    return [f"{name}=={version}" for name, (version,) in sorted(bounds.items())]


def test_the_lowest_versions_are_those_of_the_project() -> None:
    """`lowest.txt` has them one a line: copy them there when a bound changes."""
    lines = (ROOT / "lowest.txt").read_text(encoding="utf-8").splitlines()
    assert lowest() == [line for line in lines if not line.startswith("#")]
