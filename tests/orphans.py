"""A process that is killed, and what becomes of the one that it had started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path


def left_by(script: str, folder: Path) -> int:
    """The process that the script names on its first line, once the script, which kills itself, has ended."""
    file = folder / "orphan.py"
    file.write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen([sys.executable, file], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        return int(parent.stdout.readline())


def runs(process: int) -> bool:
    """Whether it runs: one that has ended, and that nobody has asked about, does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def ends(process: int, seconds: float = 20.0) -> bool:
    """Whether it has ended within so many seconds."""
    deadline = time.monotonic() + seconds
    while runs(process) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not runs(process)
