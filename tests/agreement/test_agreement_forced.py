"""Teacher-forced mode: every rung is fed the reference's arrays, so that what differs there was made there."""

from __future__ import annotations

from collections.abc import Callable

import climbs
import numpy as np
import pytest
from processes import Process

from aebench import registry
from aebench.agreement.compare import Agreement
from aebench.agreement.ladder import Climb
from aebench.arrays import Dtype
from aebench.audit import planted as faults
from aebench.records.trace import Place, Trace

Agreements = Callable[..., dict[tuple[str, str], Agreement]]
each_dtype = pytest.mark.parametrize("dtype", climbs.DTYPES)


@pytest.fixture
def parted(
    processes: dict[str, Process], referee: Callable[..., climbs.Refereed]
) -> Callable[[str, Climb, bool], list[Place]]:
    """(fault, climb, forced) -> every place that parts."""

    def of(key: str, climb: Climb, forced: bool) -> list[Place]:
        framework = faults.FAULTS[key].framework
        if framework not in processes:
            pytest.skip(f"{framework} is not installed")
        return processes[framework].call(climbs.partings, climb, key, referee(climb, forced))

    return of


def first_partings(found: dict[tuple[str, str], Agreement]) -> dict[tuple[str, str], str | None]:
    """Pair -> the message of its first parting."""
    return {pair: a.first_parting.problem for pair, a in found.items() if a.first_parting}


@each_dtype
def test_forced_frameworks_agree(dtype: Dtype, agreements: Agreements) -> None:
    """Fed the same teacher, all frameworks agree, the reference that follows it included."""
    assert first_partings(agreements(climbs.narrow_climb("linear", dtype), True)) == {}


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_tensorflow")
@each_dtype
@pytest.mark.parametrize("name", registry.autoencoders())
def test_forced_frameworks_agree_on_all(name: str, dtype: Dtype, agreements: Agreements) -> None:
    """The same for every autoencoder, over twenty steps, so that a run of ten follows the teacher's tenth."""
    assert first_partings(agreements(climbs.narrow_climb(name, dtype, steps=20), True)) == {}


@each_dtype
@pytest.mark.parametrize("name", registry.autoencoders())
def test_forced_pytorch_agrees_on_all(
    name: str, dtype: Dtype, sound: Callable[..., Trace], referee: Callable[..., climbs.Refereed],
) -> None:  # fmt: skip
    """PyTorch, which compiles nothing and so takes no time, agrees with the forced reference on all."""
    climb = climbs.narrow_climb(name, dtype)
    base, spreads, _ = referee(climb, True)
    found = climbs.compare(base, sound("pytorch", climb, True), base, spreads, climb.autoencoder, forced=True)
    assert found.first_parting is None


def test_a_later_phase_begins_with_the_teachers_parameters(
    sound: Callable[..., Trace], referee: Callable[..., climbs.Refereed]
) -> None:
    """In float64 the follower's phase 2 begins with the teacher's parameters, bit for bit, and its bound is zero."""
    climb = climbs.narrow_climb("layerwise_joint", "float64")
    teacher = referee(climb, True).teacher
    assert teacher is not None
    given, taken = (t.at("phase2", "init", 0) for t in (teacher, sound("pytorch", climb, True)))
    assert {name: np.array_equal(given[name], taken[name]) for name in given} == dict.fromkeys(given, True)


@each_dtype
def test_a_fault_of_phase_1_stays_there_when_forced(
    dtype: Dtype, parted: Callable[[str, Climb, bool], list[Place]]
) -> None:
    """Free, phase 2 parts as well, because it begins with what phase 1 made; forced, only phase 1 parts."""
    climb, key = climbs.narrow_climb("layerwise_joint", dtype), "pytorch-layerwise_joint-first_phase_twice_as_fast"
    free, forced = (parted(key, climb, mode) for mode in (False, True))
    assert {place.phase for place in free} == {"phase1", "phase2"}
    assert {place.phase for place in forced} == {"phase1"}
    assert free[0] == forced[0] == Place("phase1", "step", 1, "encoder1.weight")


def test_a_fault_of_one_step_stays_there_when_forced(parted: Callable[[str, Climb, bool], list[Place]]) -> None:
    """NaN at the second step: free, everything after it is NaN; forced, the third step is sound again."""
    climb, key = climbs.narrow_climb("sparse", "float64"), "pytorch-sparse-nan_at_the_second_step"
    free, forced = (parted(key, climb, mode) for mode in (False, True))
    assert {place.step for place in free} == {2, 3}
    assert forced == [Place("phase1", "trajectory", 2, "encoder1.weight")]


def test_what_only_gathers_parts_free_and_not_forced(parted: Callable[[str, Climb, bool], list[Place]]) -> None:
    """A drift below the bound of a single step: the free climb parts after some, the forced one at none."""
    climb, key = climbs.narrow_climb("linear", "float64", steps=10), "pytorch-linear-drift"
    free, forced = (parted(key, climb, mode) for mode in (False, True))
    assert free[0].array == "encoder1.weight"
    assert free[0].step > 2
    assert forced == []


@pytest.mark.parametrize("key", [key for key, fault in faults.FAULTS.items() if fault.forced])
def test_what_only_a_resumed_training_shows_needs_the_teacher(
    key: str, parted: Callable[[str, Climb, bool], list[Place]]
) -> None:
    """Lost optimiser state: a climb in one go never restores any, so only the forced one parts."""
    climb = climbs.narrow_climb(faults.FAULTS[key].autoencoder, "float64")
    assert parted(key, climb, False) == []
    assert parted(key, climb, True)[0].rung == "trajectory"


@pytest.mark.parametrize("key", [key for key, fault in faults.FAULTS.items() if fault.steps > 10])
def test_what_only_a_longer_run_shows_needs_more_than_ten_steps(
    key: str, parted: Callable[[str, Climb, bool], list[Place]]
) -> None:
    """Up to the tenth step every run is a single step, which hides what goes wrong between the steps of a run."""
    short, longer = (climbs.narrow_climb(faults.FAULTS[key].autoencoder, "float64", steps=n) for n in (10, 20))
    assert parted(key, short, False) == []
    assert {place.step for place in parted(key, longer, False)} == {20}
