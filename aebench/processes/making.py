"""Making an environment: a virtual one, by `uv` where it is, else by `venv` and `pip`; its lock file; its entry."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from aebench.errors import UsageError, why
from aebench.processes import environments
from aebench.processes.environments import OWN_FILE, PROJECT_FILE
from aebench.processes.probing import needed
from aebench.records.store import locked, write_text

FOLDER = "environments"
PATIENCE = 60.0  # seconds that another call, which names its own, is waited for


@dataclass(frozen=True)
class Made:
    """What was made. lock: every package in its version, as `pip install -r` takes it. file: what names it."""

    python: Path
    lock: Path
    file: Path


def make(
    name: str, requirements: Sequence[str], *, files: Sequence[Path] = (), python: str | None = None,
    begin: Callable[[], None] = lambda: None,
) -> Made:  # fmt: skip
    """A new environment under `environments/`, beside the file that names it, or in the present folder.

    requirements: as pip takes them; what processes of aebench need is added. files: of requirements, such as a lock
    file. python: an interpreter, or a version that is found on the path; None is this one. begin: called once
    everything was found in order, before minutes go by.

    Raises:
        UsageError: the name is taken or no name; a requirement is none; there is no such interpreter; the installer
            fails, with its last line. Nothing is left of what was begun.
    """
    configuration = environments.configured()
    file = configuration.path if configuration else Path.cwd() / OWN_FILE
    folder, log = file.parent / FOLDER / name, file.parent / FOLDER / f"{name}.log"
    _check(name, requirements, configuration and configuration.settings.environments)
    interpreter = _interpreter(python)
    _with_entry(file, name, folder)
    wanted = [*(str(found) for found in needed()), *requirements]
    _reserve(folder)
    try:
        begin()
        lines = _installed(folder, interpreter, wanted, files, log)
        lock = folder.parent / f"{name}.lock"
        write_text(lock, lines)
        with locked(folder.parent, seconds=PATIENCE):  # others may be made at the same time
            write_text(file, _with_entry(file, name, folder))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    log.unlink(missing_ok=True)
    return Made(folder / "bin" / "python", lock, file)


def _reserve(folder: Path) -> None:
    """Make the folder, so that the name is nobody else's.

    Raises:
        UsageError: it is there already.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise UsageError(f"{folder} is there already; remove it, or choose another name") from error


def _check(name: str, requirements: Sequence[str], known: object) -> None:
    environments.require_name(name)
    if isinstance(known, dict) and name in known:
        raise UsageError(f"there is an environment '{name}' already; choose another name, or take its entry out")
    for text in requirements:
        try:
            if not Path(text).exists() and "://" not in text:
                Requirement(text)
        except InvalidRequirement as error:
            why = str(error).splitlines()[0]
            raise UsageError(f"'{text}' is no requirement such as 'torch==2.13.0': {why}") from error


def _interpreter(python: str | None) -> str:
    """The path of the interpreter that is asked for."""
    if python is None:
        return sys.executable
    for candidate in (python, f"python{python}"):
        if found := shutil.which(candidate):
            return found
    raise UsageError(f"there is no interpreter '{python}' on the path; give a version such as 3.12, or a path")


def _installed(folder: Path, python: str, wanted: Sequence[str], files: Sequence[Path], log: Path) -> str:
    """Make it and install what is wanted; the lock's lines."""
    inside, listed = str(folder / "bin" / "python"), [part for file in files for part in ("-r", str(file))]
    if uv := shutil.which("uv"):
        _run([uv, "venv", "--python", python, str(folder)], log)
        _run([uv, "pip", "install", "--python", inside, *listed, *wanted], log)
        return _run([uv, "pip", "freeze", "--python", inside], log)
    _run([python, "-m", "venv", str(folder)], log)
    _run([inside, "-m", "pip", "install", "--disable-pip-version-check", *listed, *wanted], log)
    return _run([inside, "-m", "pip", "freeze", "--disable-pip-version-check"], log)


def _run(command: Sequence[str], log: Path) -> str:
    """What the command prints; all of it goes to the log, too.

    Raises:
        UsageError: it fails.
    """
    with log.open("ab") as file:
        begun = file.tell()
        file.write(f"$ {' '.join(command)}\n".encode())
        file.flush()
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file, check=False)
        file.write(ended.stdout)
    if ended.returncode:
        said = log.read_bytes()[begun:].decode("utf-8", errors="replace")
        raise UsageError(f"{re.sub('^error: ', '', why(said), flags=re.IGNORECASE)}; all that was said: {log}")
    return ended.stdout.decode("utf-8", errors="replace")


def _with_entry(file: Path, name: str, folder: Path) -> str:
    """The file's text with the environment named in it: a table at its end, which leaves everything else as it was.

    Raises:
        UsageError: the file cannot take a table there.
    """
    table = f"tool.aebench.environments.{_key(name)}" if file.name == PROJECT_FILE else f"environments.{_key(name)}"
    before = file.read_bytes().decode("utf-8") if file.exists() else ""
    end = "\r\n" if "\r\n" in before else "\n"
    gap = "" if not before else end if before.endswith(end) else 2 * end
    text = f"{before}{gap}[{table}]{end}python = {json.dumps(str(folder.relative_to(file.parent)))}{end}"
    try:
        tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{file} cannot take [{table}] at its end ({error}); write what it says of environments as tables: "
            '[environments.NAME] python = "PLACE"'
        ) from error
    return text


def _key(name: str) -> str:
    """The name as a key of TOML."""
    return name if name.replace("-", "").replace("_", "").isalnum() else json.dumps(name)
