"""Commits as environments: the checkout's package of that commit, over the packages that are installed here.

What differs between two commits is then the package alone. An environment is made once for a commit, and kept in the
user's cache: a commit does not change, and the packages beneath it are seen through links.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidName, canonicalize_name

from aebench.errors import UsageError, why
from aebench.plugins import OURS
from aebench.processes.environments import Environment
from aebench.processes.temporary import scratch
from aebench.records.capture import version_of
from aebench.records.machine import output

SHOWN = 10  # characters of a commit
DONE = "aebench-commit"  # a file in an environment that is whole
# What the aebench of a commit has to know, so that this one can talk with its processes.
TALKING = "from aebench.processes.inside import main"


def environment(said: str, folder: Path | None = None) -> Environment | None:
    """The environment of a commit, branch or tag of the repository around the folder; None where it names none.

    Raises:
        UsageError: the commit holds no package, or it cannot be installed.
    """
    root = _git(folder or Path.cwd(), "rev-parse", "--show-toplevel")
    commit = root and _git(Path(root), "rev-parse", "--verify", "--quiet", f"{said}^{{commit}}")
    if not root or not commit:
        return None
    project = _project(Path(root), commit, said)
    place = Path(platformdirs.user_cache_dir(OURS)) / "commits" / f"{project['name']}-{commit[:SHOWN]}-{_interpreter()}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if not (place / DONE).exists():
            shutil.rmtree(place, ignore_errors=True)
            try:
                _make(place, Path(root), commit, project)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
    own = project["name"] == OURS
    return Environment(commit[:SHOWN], place / "bin" / "python", said, own=own)


def _project(root: Path, commit: str, said: str) -> Mapping[str, Any]:
    """What the commit's pyproject.toml says of its package, with what building it needs under `requires`."""
    text = _git(root, "show", f"{commit}:pyproject.toml")
    try:
        content = tomllib.loads(text or "")
        name = canonicalize_name(content["project"]["name"], validate=True)  # a folder is called so
        requires = content.get("build-system", {}).get("requires", ["setuptools"])
        for requirement in requires:
            Requirement(requirement)
    except (tomllib.TOMLDecodeError, RecursionError, KeyError) as error:
        raise UsageError(
            f"commit {said} holds no package: no pyproject.toml with a [project] that has a name"
        ) from error
    except (InvalidName, InvalidRequirement, TypeError, AttributeError) as error:
        why = str(error).splitlines()[0]
        raise UsageError(f"commit {said} holds no package that can be built: its pyproject.toml: {why}") from error
    return {"name": name, "requires": requires}


def _make(place: Path, root: Path, commit: str, project: Mapping[str, Any]) -> None:
    """A virtual environment that sees the packages here, and the commit's package installed in it."""
    venv.create(place, symlinks=True, with_pip=False)
    (site,) = place.glob("lib/python*/site-packages")
    # Its own packages come first; path files in those places are not followed, so an editable clone is not seen.
    here = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    (site / "packages_here.pth").write_text("\n".join(here) + "\n", encoding="utf-8")
    with scratch() as source:
        archive = subprocess.run(["git", "-C", root, "archive", commit], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            try:
                files.extractall(source, filter="data")
            except tarfile.FilterError as error:
                raise UsageError(f"commit {commit[:SHOWN]} holds what cannot be unpacked safely: {error}") from error
        ready = all(_here(requirement) for requirement in project["requires"])
        command = [
            sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install", "--no-deps", "--quiet",
            "--disable-pip-version-check", *(["--no-build-isolation"] if ready else []), str(source),
        ]  # fmt: skip
        ended = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode:
        raise UsageError(f"commit {commit[:SHOWN]} does not build: {why(ended.stderr)}")
    if project["name"] == OURS:
        _require_talking(place, commit)
    (place / DONE).write_text(f"{commit}\n", encoding="utf-8")


def _require_talking(place: Path, commit: str) -> None:
    ended = subprocess.run([place / "bin" / "python", "-P", "-c", TALKING], capture_output=True, check=False)
    if ended.returncode:
        raise UsageError(
            f"the aebench of commit {commit[:SHOWN]} is too old to be asked by this one; compare later commits, or "
            "install both into environments and compare these: both are then measured by this aebench"
        )


def _here(requirement: str) -> bool:
    """Whether what builds the package is installed here, in a version that it allows."""
    wanted = Requirement(requirement)
    if wanted.marker is not None and not wanted.marker.evaluate():
        return True
    found = version_of(wanted.name)
    return found is not None and wanted.specifier.contains(found, prereleases=True)


def _interpreter() -> str:
    """Of this environment: another one's packages would be beneath the commit's."""
    return hashlib.sha256(sys.executable.encode()).hexdigest()[:8]


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says; None where it fails, or is not there."""
    return output("git", "-C", str(folder), *arguments)
