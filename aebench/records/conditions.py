"""What a result was measured on: versions, processor, threads, GPU, driver, commit."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from aebench import __version__, registry
from aebench.records.machine import cores
from aebench.registry import frameworks, version

NOTED_PACKAGES = ("numpy", "safetensors", "keras", "jax", "triton")
NOTED_VARIABLES = (
    "GOMP_SPINCOUNT",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "CUDA_VISIBLE_DEVICES",
    "XLA_FLAGS",
)


# Of an environment: what decides how long a step takes, beside the frameworks' versions.
MACHINE = ("processor", "cores", "gpus", "variables")

# What every framework's process gets where nobody set it.
WORKER_VARIABLES = {"TF_CPP_MIN_LOG_LEVEL": "2"}
# And what it gets unless it is timed with nothing else running. GOMP_SPINCOUNT: how long an OpenMP thread spins for
# others before it sleeps. GNU's default is a few hundred thousand turns: on a machine that something else uses, too,
# each barrier then lasts a time slice. `stacked` in PyTorch on two cores, with one busy process beside it: 340 ms a
# step by default, 28 ms with a thousand turns. Alone it pays to spin: 0.89 of the time of a thousand turns.
SHARING_VARIABLES = {"GOMP_SPINCOUNT": "1000"}


def worker_variables(*, alone: bool = False) -> dict[str, str]:
    """The variables of a framework's process, where nobody set them; alone: nothing else runs beside it."""
    return WORKER_VARIABLES if alone else WORKER_VARIABLES | SHARING_VARIABLES


def environment(*, alone: bool = False) -> dict[str, Any]:
    """Plain data about this machine and what is installed; loads no framework. alone: as of `worker_variables`."""
    return {
        "aebench": __version__,
        "commit": _output("git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"),
        "modified": bool(_output("git", "-C", str(Path(__file__).parent), "status", "--porcelain")),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": gpus(),
        "frameworks": {name: version(framework) for name, framework in frameworks().items()},
        "packages": {name: found for name in NOTED_PACKAGES if (found := _version(name))},
        "variables": {
            **worker_variables(alone=alone),
            **{name: os.environ[name] for name in NOTED_VARIABLES if name in os.environ},
        },
    }


def versions_changed(then: Mapping[str, str | None], now: Mapping[str, str | None]) -> list[str]:
    """A line for each framework of now whose version was another then; one that was not there then is no change."""
    return [
        f"{name}: version {before} then, {found} now"
        for name, found in now.items()
        if (before := then.get(registry.plain(name))) not in (None, found)
    ]


def gpus() -> list[str]:
    """Name, memory and driver of each GPU that NVIDIA's tool shows; empty without one."""
    if shutil.which("nvidia-smi") is None:
        return []
    text = _output("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
    return text.splitlines() if text else []


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
