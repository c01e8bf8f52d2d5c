"""Environments: interpreters with their packages, in which subjects live.

`here` is the one that the harness runs in. Others stand by name in a file, `aebench.toml` or the `[tool.aebench]` of
`pyproject.toml`, in the present folder or the nearest one above it; or one is said by its place: an interpreter, or the
folder that `venv`, `uv`, `tox` or `conda` made. A bundle stands in the place of one: who climbed when it was made.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from aebench.errors import UnknownNameError, UsageError, nearest
from aebench.records.archive import SUFFIX
from aebench.records.fields import Part
from aebench.registry import HERE

OWN_FILE, PROJECT_FILE = "aebench.toml", "pyproject.toml"
LONGEST = 60  # characters of an environment's name
NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.+-]{{0,{LONGEST - 1}}}")
INTERPRETERS = ("bin/python", "bin/python3", "python", "Scripts/python.exe", "python.exe")

# Environments that this process was told of, by name: those said by their place, and those made for a commit.
_told: dict[str, Environment] = {}


@dataclass(frozen=True)
class Environment:
    """An interpreter with its packages.

    python: its path; None is this interpreter. said: how the user names it on a command line. variables: what its
    processes are started with besides those here. own: its processes run the aebench that is installed there, as those
    of a commit do; else they run this one. bundle: where it is the bundle at that path: its subjects have climbed
    before, elsewhere, and nothing is run in it.
    """

    name: str
    python: Path | None
    said: str
    variables: tuple[tuple[str, str], ...] = ()
    own: bool = False
    bundle: Path | None = None

    @property
    def place(self) -> tuple[Path | None, tuple[tuple[str, str], ...], Path | None]:
        """What is the same for two names of one environment only."""
        # Its interpreter may be a link, to the one that several environments have; the folder is its own.
        python = self.python and self.python.parent.resolve() / self.python.name
        return python, self.variables, self.bundle


class Entry(Part):
    """What a file says of an environment.

    python: its interpreter or its folder, relative to the file; without it, this interpreter. variables: what its
    processes are started with, such as `TF_ENABLE_ONEDNN_OPTS = "0"`.
    """

    python: str | None = None
    variables: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name, value in self.variables.items():
            if not name or "=" in name or "\0" in f"{name}{value}":
                raise ValueError(f"no process can be started with a variable {name!r} = {value!r}")


class Settings(Part):
    """What `aebench.toml` holds, or `[tool.aebench]`. options: what a project fixes of the commands' options. executor:
    the settings of executors, by their names."""

    environments: dict[str, Entry] = {}
    options: dict[str, Any] = {}
    executor: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Configuration:
    """A file that was read."""

    path: Path
    settings: Settings


def find(said: str) -> Environment:
    """The environment of that name or at that place, or the bundle.

    Raises:
        UnknownNameError: no file names it, and there is nothing at such a place.
        UsageError: there is no interpreter, or no bundle, where the file, or the user, says; or the file cannot be
            read.
    """
    if said == HERE:
        return Environment(HERE, None, HERE)
    if said in _told:
        return _told[said]
    if said.endswith(SUFFIX) and not os.path.isdir(said):
        return tell(_bundled(said))
    if "/" in said or os.sep in said or said in (".", ".."):
        return tell(_placed(said))
    configuration = configured()
    entries = configuration.settings.environments if configuration else {}
    if configuration is not None and said in entries:
        return _configured(said, entries[said], configuration.path)
    raise UnknownNameError("environment", said, (HERE, *entries, *_told))


def _configured(name: str, entry: Entry, path: Path) -> Environment:
    python = Path(sys.executable)
    if entry.python is not None:
        place = path.parent / Path(entry.python).expanduser()
        python = _interpreter(place, f"environment '{name}' of {path}")
    return Environment(name, python, name, tuple(sorted(entry.variables.items())))


def tell(environment: Environment) -> Environment:
    """From now on this process knows it by its name; one that the file has under that name is that one.

    Raises:
        UsageError: another one is known by that name.
    """
    configuration = configured()
    if configuration is not None and (entry := configuration.settings.environments.get(environment.name)):
        known = _configured(environment.name, entry, configuration.path)
    else:
        known = _told.setdefault(environment.name, environment)
    if known.place != environment.place:
        raise UsageError(
            f"{environment.said} would be called '{environment.name}', as {known.said} is; give one of them another "
            f"name in {OWN_FILE}: [environments.NAME] python = …"
        )
    return known


def said(name: str) -> str:
    """A subject's name as it is written on a command line: an environment that stands in no file by its place."""
    bare, _, environment = name.partition("@")
    return f"{bare}@{_told[environment].said}" if environment in _told else name


def require_interpreter(environment: Environment) -> None:
    """UsageError where it is a bundle."""
    if environment.bundle is not None:
        raise UsageError(
            f"{environment.said} is a bundle: it holds numbers, and nothing is computed in it; `aebench agree`, "
            "`aebench replay` and `aebench compare --only numbers` read it"
        )


def known() -> list[str]:
    """The names of this environment, and of those in the file."""
    return [HERE, *_named()]


def configured(folder: Path | None = None) -> Configuration | None:
    """What the nearest file says, from the folder upwards (default: the present one); None where there is none.

    Raises:
        UsageError: the file is no TOML, or holds what is not known.
    """
    start = (folder or Path.cwd()).resolve()
    for place in (start, *start.parents):
        for path, tables in ((place / OWN_FILE, ()), (place / PROJECT_FILE, ("tool", "aebench"))):
            if os.path.lexists(path) and (content := _content(path, tables)) is not None:
                return Configuration(path, _settings(path, content))
    return None


def _named() -> tuple[str, ...]:
    configuration = configured()
    return tuple(configuration.settings.environments) if configuration else ()


def _content(path: Path, tables: tuple[str, ...]) -> Mapping[str, Any] | None:
    """The file's table of that path; None where it has none."""
    if not path.is_file():
        raise UsageError(f"{path} is no file that can be read: a folder, or a link to nothing; move it away")
    try:
        content: Any = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors put a mark in front
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is no TOML: {error}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    for table in tables:
        content = content.get(table) if isinstance(content, dict) else None
    return content if content is None or isinstance(content, dict) else {table: content}


def _settings(path: Path, content: Mapping[str, Any]) -> Settings:
    try:
        settings = msgspec.convert(content, Settings)
    except msgspec.ValidationError as error:
        unknown = [name for name in content if name not in Settings.__struct_fields__]
        if unknown:
            near = (
                nearest(unknown[0], Settings.__struct_fields__) or f"; expected {', '.join(Settings.__struct_fields__)}"
            )
            raise UsageError(f"{path}: nothing is called [{unknown[0]}]{near}") from error
        entry = _wrong_entry(content)
        written = '; an environment is written as [environments.NAME] python = "PLACE"' if entry else ""
        raise UsageError(f"{path}: {entry or error}{written}") from error
    for name in settings.environments:
        require_name(name, f"{path}: ")
    return settings


def _wrong_entry(content: Mapping[str, Any]) -> str | None:
    """The first environment of the content that is none, and why; None where others are at fault."""
    entries = content.get("environments")
    for name, entry in (entries if isinstance(entries, dict) else {}).items():
        try:
            msgspec.convert(entry, Entry)
        except msgspec.ValidationError as error:
            return f"environment '{name}': {error}"
    return None


def require_name(name: str, where: str = "") -> None:
    """UsageError where an environment cannot have that name. where: what the message begins with."""
    if name.endswith(SUFFIX):
        raise UsageError(
            f"{where}'{name}' would be taken for a bundle, as every name that ends with {SUFFIX}; choose another name"
        )
    if not _can_be_called(name):
        raise UsageError(
            f"{where}an environment cannot be called '{name}': up to 60 letters, digits and -_.+, and not '{HERE}'"
        )


def _can_be_called(name: str) -> bool:
    return NAME.fullmatch(name) is not None and name != HERE and not name.endswith(SUFFIX)


def _placed(said: str) -> Environment:
    """The environment at the place; it is called as its folder is."""
    python = _interpreter(Path(said).expanduser().absolute(), f"environment '{said}'")
    folder = python.parent.parent if python.parent.name in ("bin", "Scripts") else python.parent
    name = _cleaned(folder.name)[:LONGEST]
    return Environment(name if _can_be_called(name) else "environment", python, said)


def _bundled(said: str) -> Environment:
    """The bundle at the place; it is called as its file is."""
    path = Path(said).expanduser().absolute()
    if not path.is_file():
        _, at, place = said.partition("@")
        if at and Path(place).is_file():
            raise UsageError(f"{said} is a subject, and an environment is asked for: name the bundle, {place}")
        raise UsageError(f"there is no bundle {said}; `aebench bundle -o {said}` makes one")
    name = _cleaned(path.stem)[: LONGEST - len(SUFFIX)]
    return Environment(f"{name or 'bundle'}{SUFFIX}", None, said, bundle=path)


def _cleaned(name: str) -> str:
    """The name of a file or folder, of what an environment's name may hold."""
    return re.sub(r"[^A-Za-z0-9_.+-]", "-", name).strip("-.")


def _interpreter(place: Path, what: str) -> Path:
    """The interpreter at the place. A virtual environment's is a link, and is not followed."""
    candidates = [place / name for name in INTERPRETERS] if place.is_dir() else [place]
    for candidate in candidates:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    there = [candidate for candidate in candidates if candidate.is_file()]
    if there:
        raise UsageError(f"{what}: {there[0]} is not executable; make it so: chmod +x {shlex.quote(str(there[0]))}")
    if place.is_dir():
        raise UsageError(f"{what}: {place} holds no {INTERPRETERS[0]}; name an interpreter, or an environment's folder")
    problem = "is no file" if place.exists() else "is not there"
    raise UsageError(f"{what}: the interpreter {place} {problem}; name an interpreter, or an environment's folder")
