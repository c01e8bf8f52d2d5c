"""What the asv benchmarks have in common: their parameters, what is not available here, and how a warm round is timed.

asv runs every row (a benchmark with its parameters) in a process of its own, which thereby holds one framework only.
It imports this folder from the checkout and `aebench`, with the workloads in it, from the commit under test. A commit
from before they stood there can only be measured with its own checkout of this folder.
"""

from __future__ import annotations

import os
import time
from functools import cache
from statistics import median

from aebench import registry
from aebench.errors import FrameworkError, UnknownNameError
from aebench.records import capture
from aebench.records.machine import gpus
from aebench.speed.workloads import SECONDS_TO_CALM_DOWN, Products, Traffic, Workload, images, seconds
from aebench.training import timing

# The values of each parameter of a benchmark.
Parameters = tuple[tuple[object, ...], ...]
AUTOENCODERS = tuple(registry.autoencoders())
# A reconstructing one and a variational one, for what takes a row for each of several sizes.
TWO = ("stacked", "variational")
FRAMEWORKS = tuple(name for name in registry.variants() if name != registry.ARBITER)
DEVICES = ("cpu", "gpu")
# What every command has in common, as far as the commit under test has it.
ROUNDS_TO_WARM: int = getattr(timing, "ROUNDS_TO_WARM", 2)
VARIABLES: dict[str, str] = capture.WORKER_VARIABLES | getattr(capture, "SHARING_VARIABLES", {})
# A tracked time is the least of so many rounds, and of more until so many seconds are over.
LEAST_ROUNDS = 7
SECONDS_OF_ROUNDS = 3.0


@cache
def require(framework: str, device: str = "cpu") -> None:
    """Do nothing where the framework runs on the device here; to be called before anything imports it.

    Raises:
        NotImplementedError: it does not, and why; asv shows the row as n/a.
    """
    os.environ.update({name: value for name, value in VARIABLES.items() if name not in os.environ})
    try:
        found = registry.framework(framework)
    except (FrameworkError, UnknownNameError) as error:
        raise NotImplementedError(str(error)) from None
    # Without any GPU that is known at once; to ask the framework takes its import, seconds for each row.
    if device == "gpu" and not gpus():
        raise NotImplementedError("no GPU here: nvidia-smi shows none")
    if device == "gpu" and device not in found.devices():
        raise NotImplementedError(f"{framework} finds no GPU; get a build that does with: pip install 'aebench[gpu]'")


@cache
def made(workload: Workload) -> Workload:
    """The workload, once everything is on the device and nothing has run; NotImplementedError as of `require`."""
    require(workload.framework, workload.device)
    try:
        images(workload)
    except FrameworkError as error:
        raise NotImplementedError(str(error)) from None
    return workload


@cache
def warm(workload: Workload) -> Workload:
    """The workload, once its first rounds, which compile, are over; NotImplementedError as of `require`.

    Kept: asv calls `setup` again before every sample of a `time_` benchmark.
    """
    made(workload)
    for _ in range(ROUNDS_TO_WARM):
        seconds(workload)
    return workload


def seconds_per_1000_images(workload: Workload) -> float:
    """The least of several warm rounds: what else the machine does can only add to one."""
    rounds: list[float] = []
    while len(rounds) < LEAST_ROUNDS or sum(rounds) < SECONDS_OF_ROUNDS:
        rounds.append(float(seconds(workload)))
    return min(rounds) / images(workload) * 1000


def times_the_ceiling(workload: Workload) -> float:
    """How many times as long as its matrix products and its optimiser's way through memory an epoch takes.

    Those by NumPy, or on a GPU by the framework itself, in turn with the epoch and in its process: a machine that is
    slow today is slow at both, so that commits measured at different times can be compared. The median of the rounds.
    """
    library = registry.ARBITER if workload.device == "cpu" else workload.framework
    where = {**vars(workload), "framework": library}
    limit = (Products(**where), Traffic(**where))
    ratios, elapsed = list[float](), 0.0
    while len(ratios) < 3 * LEAST_ROUNDS or elapsed < 3 * SECONDS_OF_ROUNDS:
        epoch = seconds(workload)
        time.sleep(SECONDS_TO_CALM_DOWN)
        least = sum(map(seconds, limit))
        time.sleep(SECONDS_TO_CALM_DOWN)
        ratios.append(epoch / least)
        elapsed += epoch + least
    return float(median(ratios))
