"""What tests hand in to executors, as module-level functions that a worker finds under their names."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def place(content: Mapping[str, Any]) -> dict[str, Any]:
    """Say who worked, and on what."""
    return {"process": os.getpid(), "number": content["number"]}


def lost(content: Mapping[str, Any]) -> dict[str, Any]:
    """Kill the worker so many times, counted by files in the folder, then work as `place` does."""
    folder = Path(content["folder"])
    before = len(list(folder.iterdir()))
    (folder / f"{before}-{os.getpid()}").touch()
    if before < content["times"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return place(content)


def waits(content: Mapping[str, Any]) -> dict[str, Any]:
    """Say that it has begun, by a file with its number, and work on for as long as the folder has a file `on`."""
    folder = Path(content["folder"])
    (folder / str(os.getpid())).touch()
    while (folder / "on").exists():
        time.sleep(0.05)
    return place(content)
