"""The machine: what it is, how much of it this process may use, and what else it does meanwhile."""

from __future__ import annotations

import math
import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psutil

from aebench.records.conditions import Busy, Machine
from aebench.records.fields import Float

CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
PROCESSOR_INFO = Path("/proc/cpuinfo")
OWN_STATUS = Path("/proc/self/status")
PEAK_RESET = Path("/proc/self/clear_refs")
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
# Flags of the processor by which numerical libraries choose their kernels.
KERNEL_FLAGS = ("sse4", "avx", "fma", "f16c", "amx", "asimd", "sve", "bf16", "i8mm")


def cores() -> int:
    """Processor cores that this process may use: of the machine, of its affinity and of its control group's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = quota()
    return allowed if limit is None else min(allowed, max(1, math.ceil(limit)))


def quota(own: Path = OWN_GROUPS, mounted: Path = CONTROL_GROUPS) -> float | None:
    """Processors' worth of time that the process's control groups may use, the least of them; None without a limit.

    own: the file that names the process's groups. mounted: where their files lie (versions 1 and 2).
    """
    return min(_quotas(own, mounted), default=None)


def control_groups(own: Path = OWN_GROUPS, mounted: Path = CONTROL_GROUPS) -> Iterator[Path]:
    """The folders of the control groups that share out processors to this process, its own and those around it."""
    for line in read(own).splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        folder = mounted / ("cpu" if controllers else "")
        inner = folder / group.lstrip("/")
        # In a container the group's path is often the host's, and the mounted folder is the group itself.
        yield from (inner, *(place for place in inner.parents if place.is_relative_to(folder)))


def _quotas(own: Path, mounted: Path) -> Iterator[float]:
    for place in control_groups(own, mounted):
        most, _, period = read(place / "cpu.max").partition(" ")
        first = read(place / "cpu.cfs_quota_us"), read(place / "cpu.cfs_period_us")
        for limit, of in ((most, period), first):
            if limit.isdigit() and of.isdigit() and int(of):
                yield int(limit) / int(of)


@cache
def machine() -> Machine:
    """This machine, as far as it can be seen without privileges; looked at once in a process."""
    limit, (libc, version) = quota(), platform.libc_ver()
    return Machine(
        processor=_processor(),
        instruction_sets=_instruction_sets(),
        cores=cores(),
        quota=None if limit is None else Float(limit),
        memory_gib=Float(round(psutil.virtual_memory().total / 2**30, 1)),
        gpus=gpus(),
        governor=read(GOVERNOR) or None,
        system=platform.platform(),
        libc=f"{libc} {version}".strip() or None,
    )


class Watch:
    """What else the machine does from now on."""

    def __init__(self) -> None:
        self._before, self._own = psutil.cpu_times(), _own_seconds()

    def busy(self) -> Busy:
        """Load of the last minute; shares of the processors' time that went to other machines and programs since then.

        A process that this one started counts as its own once it has ended.
        """
        now = psutil.cpu_times()
        spent = {name: max(0.0, getattr(now, name) - getattr(self._before, name)) for name in now._fields}
        # Linux counts what guests use in `user`, too.
        total = sum(seconds for name, seconds in spent.items() if not name.startswith("guest"))
        idle = sum(spent.get(name, 0.0) for name in ("idle", "iowait", "steal"))
        others = max(0.0, total - idle - (_own_seconds() - self._own))
        return Busy(
            load=Float(round(os.getloadavg()[0], 2)),
            steal=_share(spent["steal"], total) if "steal" in spent else None,
            others=_share(others, total),
        )


def _own_seconds() -> float:
    """Processor time of this process and of those it has waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def peak_resident() -> int:
    """Most bytes that this process has held at once, since its start or since `forget_peak`.

    Linux's own count of this program; what `getrusage` says there begins with what the parent held at the start.
    """
    for line in read(OWN_STATUS).splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    # Linux counts in units of 1,024 bytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> bool:
    """From now on the peak is that of what comes; whether the system can do that, as Linux can."""
    try:
        PEAK_RESET.write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _share(part: float, whole: float) -> Float:
    return Float(round(part / whole, 4) if whole > 0 else 0.0)


def gpus() -> list[str]:
    """Name, memory and driver of each GPU that NVIDIA's tool shows; empty without one."""
    if shutil.which("nvidia-smi") is None:
        return []
    text = output("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
    return text.splitlines() if text else []


def output(*command: str) -> str | None:
    """What a command prints; None where it fails, is missing, or takes longer than ten seconds."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    return _field("model name") or platform.processor() or platform.machine()


def _instruction_sets() -> list[str]:
    flags = (_field("flags") or _field("Features") or "").split()
    return sorted({flag for flag in flags if flag.startswith(KERNEL_FLAGS)})


def _field(name: str) -> str | None:
    """The first processor's value of that name."""
    lines = (line.split(":", 1) for line in read(PROCESSOR_INFO).splitlines() if ":" in line)
    return next((value.strip() for key, value in lines if key.strip() == name), None)


def read(path: Path) -> str:
    """The file's text; empty where there is none or it is closed to us."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
