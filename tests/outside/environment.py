"""An environment of its own for packages from outside: installed by pip, beside everything that this one has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent


class Environment:
    """A virtual environment with this one's packages in it, and others installed by pip."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        site = next((folder / "venv").glob("lib/python*/site-packages"))
        found = [path for path in sys.path if Path(path).name == "site-packages"]
        # `addsitedir` also takes up the .pth files there, by which a checkout is installed.
        lines = [f"import site; site.addsitedir({path!r})" for path in found]
        (site / "these.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def python(self) -> str:
        """The interpreter."""
        return str(self.folder / "venv" / "bin" / "python")

    def install(self, package: str) -> None:
        """Install the package of that folder beside this file, from a copy, as a user would."""
        copy = self.folder / "sources" / package
        shutil.copytree(HERE / package, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
        command = [
            self.python,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            str(copy),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def run(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """`python ARGUMENTS` there, in an empty folder unless one is named."""
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("AEBENCH_", "PYTEST_", "COLUMNS", "PYTHONPATH"))
        }
        cwd = folder or self.folder / "empty"
        cwd.mkdir(exist_ok=True)
        variables = {**kept, "COLUMNS": "200", "NO_COLOR": "1", "XDG_CACHE_HOME": str(self.folder / "cache")}
        return subprocess.run(
            [self.python, *arguments], capture_output=True, text=True, cwd=cwd, env=variables, timeout=580, check=False
        )

    def aebench(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`aebench ARGUMENTS` there."""
        return self.run("-m", "aebench", *arguments)
