"""Climbs that several tests look at, each taken once in a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import climbs
import pytest
from processes import Process

from aebench import registry
from aebench.agreement.compare import Agreement, compare
from aebench.agreement.ladder import Climb
from aebench.arrays import Dtype
from aebench.audit import planted as faults
from aebench.records.trace import Trace


@pytest.fixture(scope="session")
def referee(processes: dict[str, Process]) -> Callable[..., climbs.Refereed]:
    """(climb, forced) -> the reference's climb and spreads."""
    return lambda climb, forced=False: processes[registry.ARBITER].recall(climbs.refereed, climb, forced)


@pytest.fixture(scope="session")
def sound(processes: dict[str, Process], referee: Callable[..., climbs.Refereed]) -> Callable[..., Trace]:
    """(framework, climb, forced) -> the framework's own climb."""

    def climbed(framework: str, climb: Climb, forced: bool = False) -> Trace:
        if framework not in processes:
            pytest.skip(f"{framework} is not installed: {registry.frameworks()[framework].install}")
        if framework == registry.ARBITER:
            return referee(climb, forced).base
        process, teacher = processes[framework], referee(climb, forced).teacher
        return process.remember(("sound", climb, forced), lambda: process.call(climbs.climbed, climb, None, teacher))

    return climbed


@pytest.fixture(scope="session")
def agreements(
    referee: Callable[..., climbs.Refereed], sound: Callable[..., Trace]
) -> Callable[..., dict[tuple[str, str], Agreement]]:
    """(climb, forced) -> pair of frameworks -> their agreement."""

    def of(climb: Climb, forced: bool = False) -> dict[tuple[str, str], Agreement]:
        base, spreads, _ = referee(climb, forced)
        return {
            (a, b): compare(
                sound(a, climb, forced), sound(b, climb, forced), base, spreads, climb.autoencoder, forced=forced
            )
            for a, b in combinations(registry.frameworks(), 2)
        }

    return of


@pytest.fixture(scope="session")
def verdict(
    processes: dict[str, Process], referee: Callable[..., climbs.Refereed], sound: Callable[..., Trace]
) -> Callable[[faults.Fault, Dtype], climbs.Verdict]:
    """(fault, dtype) -> what the ladder says; all faults of one framework and autoencoder are climbed in one call."""

    def climbed(fault: faults.Fault) -> dict[tuple[str, Dtype], climbs.Verdict]:
        group = climbs.group_of(fault)
        framework, forced = group.framework, group.forced
        keys = [key for key, other in faults.FAULTS.items() if climbs.group_of(other) == group]
        if climbs.group_of(climbs.WRITTEN_OUT[framework]) == group:
            keys.append("written_out")
        taken = [group.climb(dtype) for dtype in climbs.DTYPES]
        sounds = {climb: (referee(climb, forced), sound(framework, climb, forced)) for climb in taken}
        return processes[framework].call(climbs.verdicts, keys, sounds)

    def of(fault: faults.Fault, dtype: Dtype) -> climbs.Verdict:
        if fault.framework not in processes:
            pytest.skip(f"{fault.framework} is not installed: {registry.frameworks()[fault.framework].install}")
        process = processes[fault.framework]
        found = process.remember(("verdicts", climbs.group_of(fault)), lambda: climbed(fault))
        return found[fault.name if fault.name == "written_out" else fault.key, dtype]

    return of


@pytest.fixture
def fresh_tensorflow(processes: dict[str, Process]) -> Iterator[None]:
    """A new process for TensorFlow before and after: with some nine hundred compiled programs one crashed."""
    if "tensorflow" in processes:
        processes["tensorflow"].close()
    yield
    if "tensorflow" in processes:
        processes["tensorflow"].close()
