"""What an environment holds, asked of its interpreter: its version, its packages, its frameworks; and what it lacks."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata

import msgspec
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from aebench import registry
from aebench.errors import FrameworkError, UsageError, why
from aebench.plugins import OURS
from aebench.processes import environments
from aebench.processes.environments import Environment
from aebench.processes.inside import LONGEST_REASON
from aebench.processes.worker import FrameworkProcess, how, variables_of
from aebench.records.archive import opened
from aebench.records.capture import outside
from aebench.records.conditions import Subject
from aebench.registry import HERE, UNKNOWN_VERSION

OLDEST = (3, 11)
# What a framework's process imports of what aebench depends on (a test looks). With these and a framework an
# environment can be measured, whether or not an aebench is installed in it.
NEEDED = (
    "filelock", "msgspec", "numpy", "platformdirs", "psutil", "safetensors", "scikit-learn", "scipy", "threadpoolctl",
)  # fmt: skip
SECONDS = 60.0  # for an interpreter to say what it holds
# Runs in any Python 3, whatever is installed there.
PROGRAM = """
import json, platform, sys
from importlib import metadata
packages = {}
for found in metadata.distributions():
    if found.metadata["Name"]:
        packages.setdefault(found.metadata["Name"], found.version)
print(json.dumps({"python": platform.python_version(), "packages": packages}))
"""


class Said(msgspec.Struct):
    """What the program prints."""

    python: str
    packages: dict[str, str]


@dataclass(frozen=True)
class Contents:
    """What an environment holds. packages: versions by name. lacking: what a process needs besides, as requirements."""

    python: str
    packages: Mapping[str, str]
    lacking: tuple[str, ...]

    @property
    def old(self) -> bool:
        """Whether its Python is older than any that aebench runs in."""
        return Version(self.python).release[:2] < OLDEST


def subject(name: str) -> str:
    """The subject's name as everything calls it: NAME here, NAME@ENVIRONMENT elsewhere.

    Raises:
        UnknownNameError: there is no such framework, or no such environment.
        FrameworkError: it is not installed there.
        UsageError: the environment cannot be measured in.
    """
    bare, at, place = name.partition("@")
    if not at or place == HERE:
        registry.framework(bare)
        return bare
    if not place:
        raise UsageError(f"'{name}' names no environment behind the @; `aebench environments` lists them")
    registry.framework(name)
    environment = environments.find(place)
    if frameworks(environment)[bare] is None:
        if environment.bundle is not None:
            held = ", ".join(opened(environment.bundle).manifest.subjects)
            raise UsageError(f"{environment.said} holds no trace of {bare}; it holds those of {held}")
        raise FrameworkError(
            f"{bare} is not installed in {environment.name}; get it with: "
            f"{shlex.quote(str(environment.python))} -m pip install {registry.variants()[bare].packages[0]}"
        )
    return f"{bare}@{environment.name}"


def computing(name: str) -> str:
    """As `subject`, of one that can be computed with.

    Raises:
        UsageError: it is a bundle's; or as of `subject`.
    """
    found = subject(name)
    environments.require_interpreter(environments.find(registry.environment(found)))
    return found


def described(name: str) -> Subject:
    """What can be said of a subject without loading its framework: all but its settings."""
    bare, place = registry.bare(name), registry.environment(name)
    framework = registry.variants()[bare]
    if place == HERE:
        version, python = registry.version(framework), platform.python_version()
    else:
        there = environments.find(place)
        version, python = frameworks(there)[bare], contents(there).python
    return Subject(
        framework=framework.plain,
        mode=framework.mode,
        environment=place,
        package=framework.packages[0],
        version=version,
        python=python,
    )


@cache
def contents(environment: Environment) -> Contents:
    """What its interpreter says; asked once in a process. Of a bundle, what is on record.

    Raises:
        UsageError: it cannot be run, or is no Python that says so.
    """
    if environment.bundle is not None:
        made = opened(environment.bundle).manifest.conditions
        return Contents(made.subjects[registry.ARBITER].python or UNKNOWN_VERSION, made.packages or {}, ())
    what = f"environment '{environment.said}': {environment.python or sys.executable}"
    try:
        found = subprocess.run(
            [str(environment.python or sys.executable), "-c", PROGRAM], env=variables_of(environment), text=True,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS, check=True,
        )  # fmt: skip
        # Its `sitecustomize` may have printed something before.
        answer = msgspec.json.decode((found.stdout.splitlines() or [""])[-1], type=Said)
        Version(answer.python)
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"{what} says nothing within {SECONDS:g} s; try it by hand: is it an interpreter?") from error
    except subprocess.CalledProcessError as error:
        said = why(error.stderr)[:LONGEST_REASON]
        raise UsageError(f"{what} ended {how(error.returncode)}: {said}{_told(environment)}") from error
    except OSError as error:
        raise UsageError(f"{what} does not start: {error.strerror or error}") from error
    except (UnicodeDecodeError, msgspec.DecodeError, InvalidVersion) as error:
        raise UsageError(f"{what} is no Python interpreter: what it says of its packages is none ({error})") from error
    # Of two spellings of one name the first on the path is imported.
    packages = {str(canonicalize_name(name)): version for name, version in reversed(answer.packages.items())}
    return Contents(answer.python, dict(sorted(packages.items())), tuple(_lacking(packages)))


def _told(environment: Environment) -> str:
    """What of its variables an interpreter itself reads, and may not start with."""
    read = [f"{name}={value}" for name, value in environment.variables if name.startswith("PYTHON")]
    return f"; it was started with {', '.join(read)}, as its entry says" if read else ""


def frameworks(environment: Environment) -> dict[str, str | None]:
    """The version of every framework in every mode there, None where it is not installed; loads none of them.

    Of a bundle, of those whose traces it holds.

    Raises:
        UsageError: the environment lacks what its processes need; the message says how to get it.
        ResultError: the bundle is damaged.
    """
    if environment.bundle is not None:
        known = opened(environment.bundle).manifest
        versions = {name: known.conditions.subjects[name].version or UNKNOWN_VERSION for name in known.subjects}
        return {name: versions.get(name) for name in registry.variants()}
    require_ready(environment)
    return _frameworks(environment)


def lacking(environment: Environment, autoencoders: Iterable[str], among: Iterable[str]) -> list[str]:
    """Those of the autoencoders that no package there offers for any of the frameworks; none of a bundle.

    Asked is where that may differ from here: of other packages' autoencoders, and of whatever a commit holds.
    """
    if environment.name == HERE or environment.bundle is not None:
        return []
    asked = tuple(name for name in autoencoders if environment.own or outside(name))
    if not asked:
        return []
    return [name for name, having in _offering(environment, asked, tuple(among)).items() if not having]


def require_ready(environment: Environment) -> None:
    """UsageError where processes of aebench cannot run there."""
    found = contents(environment)
    if found.old:
        raise UsageError(
            f"environment '{environment.said}' is Python {found.python}, and its processes need "
            f"{'.'.join(map(str, OLDEST))} or newer; make it with another interpreter"
        )
    if found.lacking:
        install = " ".join(f"'{name}'" for name in found.lacking)
        python = shlex.quote(str(environment.python or sys.executable))
        raise UsageError(
            f"environment '{environment.said}' lacks what its processes need; get it with: {python} -m pip install "
            f"{install}"
        )


@cache
def _frameworks(environment: Environment) -> dict[str, str | None]:
    with FrameworkProcess(f"{registry.ARBITER}@{environment.name}") as process:
        return process.call(registry.versions)


@cache
def _offering(environment: Environment, names: Sequence[str], among: Sequence[str]) -> dict[str, list[str]]:
    with FrameworkProcess(f"{registry.ARBITER}@{environment.name}") as process:
        return {name: process.call(registry.offering, name, among) for name in names}


def _lacking(packages: Mapping[str, str]) -> Iterator[str]:
    """What is missing there, or too old, as a requirement."""
    for requirement in needed():
        version = packages.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            yield str(requirement)


def needed() -> list[Requirement]:
    """What a process needs, in the versions that aebench asks for."""
    asked = [Requirement(text) for text in metadata.requires(OURS) or ()]
    return [found for found in asked if canonicalize_name(found.name) in NEEDED and not found.marker]
