"""What of this machine makes timings unsteady: what is set, what else runs, and how fast its cores are in turn.

Sources: what `pyperf system` looks at, and what the blocks of `aebench calibrate` have shown to matter.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from aebench.records.machine import Watch, machine, read
from aebench.speed import cores
from aebench.speed.blocks import THREAD_VARIABLES

ROOT = Path("/")
PROCESSORS = "sys/devices/system/cpu"
# The same work repeats to a hundredth on an idle core of a steady clock.
STEADY = 1.10
# Shares from which on something disturbs; of memory, what must be left.
STEAL, OTHERS, LEFT = 0.02, 0.25, 0.05
# A program that is named has so much of a core.
BUSY = 0.10


@dataclass(frozen=True)
class Seen:
    """One thing that was looked at, what it is here, and what to do about it; None: it disturbs nothing."""

    what: str
    found: str
    advice: str | None = None


def seen(seconds: float = 1.0, root: Path = ROOT) -> list[Seen]:
    """Everything, most of it read, the rest watched for so many seconds on each core."""
    programs, watch = _programs(), Watch()
    clocks = {core: _clock(core, seconds) for core in cores.cores()} if cores.held() else {}
    busy = watch.busy()
    return [
        *_settings(root), *_clocks(clocks),
        _share("other programs", busy.others, OTHERS, f"end them: {_named(programs, seconds)}"),
        _share("other machines of the host", busy.steal, STEAL, "take a machine of your own, or wait"),
        *_limits(), *_memory(), *_variables(),
    ]  # fmt: skip


def _settings(root: Path) -> Iterator[Seen]:
    """What is set for all processors: governor, boost, threads of a core, the power that they have."""
    folder = root / PROCESSORS
    governors = {read(path) for path in folder.glob("cpu[0-9]*/cpufreq/scaling_governor")} - {""}
    saving = governors - {"performance"}
    yield Seen(
        "governor", ", ".join(sorted(governors)) or "not told",
        "the clock follows the load: cpupower frequency-set -g performance" if saving else None,
    )  # fmt: skip
    off, on = read(folder / "intel_pstate" / "no_turbo"), read(folder / "cpufreq" / "boost")
    boosts = (off == "0" or on == "1") if off or on else None
    advice = "the clock depends on heat and on other cores: switch it off while you time"
    yield Seen("boost", {True: "on", False: "off", None: "not told"}[boosts], advice if boosts else None)
    siblings = {read(path) for path in folder.glob("cpu[0-9]*/topology/thread_siblings_list")} - {""}
    shared = sorted(each for each in siblings if "," in each or "-" in each)
    advice = "what runs on one thread slows the other: leave one of each idle"
    yield Seen("threads of one core", "; ".join(shared) or "none that is seen", advice if shared else None)
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if battery is not None:
        plugged = battery.power_plugged is not False
        yield Seen("power", "plugged in" if plugged else "battery", None if plugged else "plug the machine in")


def _clocks(clocks: dict[int, list[float]]) -> Iterator[Seen]:
    """How long the same work took on each core."""
    for core, spent in clocks.items():
        if not spent:
            yield Seen(f"core {core}", "not told")
            continue
        low, middle, high = (1e3 * float(np.quantile(spent, part)) for part in (0.1, 0.5, 0.9))
        advice = "its clock changes, or others share the core: `aebench calibrate` says what can be seen all the same"
        found = f"the same work took {middle:.3g} ms ({low:.3g} to {high:.3g}, a tenth beyond either)"
        yield Seen(f"core {core}", found, advice if high > STEADY * low else None)


def _clock(core: int, seconds: float) -> list[float]:
    """Processor time of the piece of work, again and again on that core."""
    with cores.Pace(core) as pace:
        time.sleep(seconds)
    return pace.samples


def _share(what: str, share: float | None, least: float, advice: str) -> Seen:
    if share is None:
        return Seen(what, "not told")
    return Seen(what, f"{share:.0%} of the processors' time", advice if share > least else None)


def _programs() -> dict[psutil.Process, float]:
    """Every other program, and its processor time so far."""
    found = {}
    for process in psutil.process_iter():
        if process.pid != os.getpid() and (spent := _spent(process)) is not None:
            found[process] = spent
    return found


def _spent(process: psutil.Process) -> float | None:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def _named(before: dict[psutil.Process, float], seconds: float) -> str:
    """Those that had most of the processors' time since then."""
    spent = {process: (_spent(process) or 0.0) - past for process, past in before.items()}
    most = sorted(spent, key=lambda process: -spent[process])[:3]
    named = [f"{_name(process)} ({process.pid})" for process in most if spent[process] > BUSY * seconds]
    return ", ".join(named) or "none of them stands out"


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return "one that has ended"


def _limits() -> Iterator[Seen]:
    """The quota of the control group, in processors."""
    here = machine()
    if here.quota is not None:
        found = f"{here.quota:g} processors' time for {here.cores} cores"
        yield Seen("quota", found, "a process is held back once it is used up: lift it, or use fewer threads")


def _memory() -> Iterator[Seen]:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    left = memory.available / memory.total
    short = "memory is short: end programs" if left < LEFT else None
    yield Seen("memory", f"{left:.0%} of {memory.total / 2**30:.3g} GiB is left", short)
    if swap.used > 0:
        yield Seen("swap", f"{swap.used / 2**20:,.0f} MiB are in use", "what was moved there comes back slowly")


def _variables() -> Iterator[Seen]:
    """Threads that variables ask for."""
    count = machine().cores or 1
    for name in THREAD_VARIABLES:
        value = os.environ.get(name)
        if value is not None:
            more = value.isdigit() and int(value) > count
            yield Seen(name, value, f"more threads than the {count} cores take turns: unset it" if more else None)
