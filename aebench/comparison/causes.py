"""Why blocks vary, as far as that can be seen beside them: each cause a sentence, and none where none is to be seen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from aebench.comparison.noise import Noise
from aebench.comparison.verdicts import loaded
from aebench.counted import counted
from aebench.records.calibrations import Calibration, Control
from aebench.records.conditions import Machine
from aebench.speed.blocks import THREAD_VARIABLES

# Means over the blocks from which on something is a cause. Others: of two cores a half of one; steal and a quota hit a
# process in the middle of a round, so little of them is much.
OTHERS, STEAL, HELD_BACK, WAITING = 0.25, 0.02, 0.01, 0.01
# The least share of memory that may be left.
AVAILABLE = 0.05
# A fixed amount of work repeats to a hundredth on an idle core, and takes 1.7 times as long where another program
# works on the same core's other thread.
CLOCK = 0.10


def causes(noise: Noise, found: Calibration) -> list[str]:
    """What makes a row vary: what its own numbers show, then what could be seen of the machine."""
    return [*_shown(noise), *of_machine(found)]


def of_machine(found: Calibration) -> list[str]:
    """What could be seen of the machine beside all blocks, which take turns, so that it befalls them alike."""
    blocks, machine = found.blocks, found.conditions.machine
    return [
        *_taken(blocks), *_quota(blocks, machine), *_clock(blocks, machine),
        *_threads(found.threads, found.conditions.variables or {}, machine), *_memory(blocks),
    ]  # fmt: skip


def _shown(noise: Noise) -> Iterator[str]:
    if noise.order_matters:
        slower = math.expm1(noise.order)
        yield f"the process that began first was {abs(slower):.0%} {'slower' if slower > 0 else 'faster'}"
    if noise.form:
        yield noise.form


def _taken(blocks: Sequence[Control]) -> Iterator[str]:
    others, steal = (_mean(getattr(block.busy, name) for block in blocks) for name in ("others", "steal"))
    if load := loaded([block.busy for block in blocks]):
        yield f"{load}, and a comparison would be unusable"
    elif others > OTHERS:
        yield f"other programs had {others:.0%} of the processors' time"
    if steal > STEAL:
        yield f"the host gave {steal:.0%} of the processors' time to other machines"


def _quota(blocks: Sequence[Control], machine: Machine) -> Iterator[str]:
    held_back = _mean(block.circumstances.held_back for block in blocks)
    if held_back > HELD_BACK:
        quota = "" if machine.quota is None else f" of {machine.quota:g} processors"
        yield f"its control group's quota{quota} held it back in {held_back:.0%} of the scheduler's periods"


def _clock(blocks: Sequence[Control], machine: Machine) -> Iterator[str]:
    seconds = [float(second) for block in blocks for second in block.circumstances.clock]
    # Without the tenth at either end: one reading may be off, whatever the clock does.
    low, high = (float(np.quantile(seconds or [0.0], part)) for part in (0.1, 0.9))
    if high > (1.0 + CLOCK) * low:
        governor = f"; its governor is {machine.governor}" if machine.governor not in (None, "performance") else ""
        yield (
            f"the clock changed, or others shared the core: the same work took {1e3 * low:.3g} to "
            f"{1e3 * high:.3g} ms of processor time{governor}"
        )


def _threads(asked: int | None, variables: Mapping[str, str], machine: Machine) -> Iterator[str]:
    """Threads of an operation: as the user's variables say, which come first, or as asked for."""
    said = [int(variables[name]) for name in THREAD_VARIABLES if variables.get(name, "").isdigit()]
    threads = max(said, default=asked or 0)
    if machine.cores is not None and threads > machine.cores:
        yield f"{threads} threads took turns on {counted(machine.cores, 'core')}"


def _memory(blocks: Sequence[Control]) -> Iterator[str]:
    waiting = _mean(block.circumstances.waiting for block in blocks)
    if waiting > WAITING:
        yield f"programs waited for memory in {waiting:.0%} of the time"
    least = min((block.circumstances.available for block in blocks), default=1.0)
    if least < AVAILABLE:
        yield f"memory was short: {least:.1%} of it was left"


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else 0.0
