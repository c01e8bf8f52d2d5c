"""Every planted fault is found, at the rung where it belongs, and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import climbs
import numpy as np
import pytest
from processes import Process

from aebench.agreement.compare import DIGITS
from aebench.agreement.ladder import RUNGS
from aebench.arrays import Dtype
from aebench.audit import planted as faults

Verdicts = Callable[[faults.Fault, Dtype], climbs.Verdict]
each_fault = pytest.mark.parametrize("fault", faults.FAULTS.values(), ids=faults.FAULTS)
each_dtype = pytest.mark.parametrize("dtype", climbs.DTYPES)


def expected_array(fault: faults.Fault, dtype: Dtype) -> str:
    """The array that the first parting names in that dtype."""
    return fault.expect_float32 if dtype == "float32" and fault.expect_float32 else fault.expect


@each_dtype
@each_fault
def test_the_first_parting_is_where_the_fault_was_made(fault: faults.Fault, dtype: Dtype, verdict: Verdicts) -> None:
    """A fault parts first at its phase, rung and array; one that a dtype cannot show parts nowhere in it."""
    found, unseen = verdict(fault, dtype).parting, getattr(fault, dtype)
    expected = None if unseen else (fault.phase, fault.rung, expected_array(fault, dtype))
    actual = found and (found.place.phase, found.place.rung, found.place.array)
    assert expected == actual, unseen or (found and found.problem)


@each_dtype
@each_fault
def test_the_message_tells_where_and_who(fault: faults.Fault, dtype: Dtype, verdict: Verdicts) -> None:
    """The message names phase, rung and array, the framework and, where there are two numbers, both of them."""
    found = verdict(fault, dtype)
    if found.parting is None:
        assert getattr(fault, dtype)
        return
    message = found.parting.problem or ""
    start = f"{fault.phase}, rung {fault.rung}, step {found.parting.place.step}: {expected_array(fault, dtype)}"
    assert message.startswith(start)
    assert fault.framework in message
    if found.values:
        faulty, sound = (f"{value:.{DIGITS[dtype]}g}" for value in found.values)
        assert f"reference {sound}, {fault.framework} {faulty}; {fault.framework} parts from the reference" in message


@each_dtype
@each_fault
def test_beside_a_sound_framework_the_faulty_one_is_named(fault: faults.Fault, dtype: Dtype, verdict: Verdicts) -> None:
    """Of two frameworks the faulty one is said to be further from the reference, at the same place.

    Both may stray, so their bound is twice as wide: only what exceeds it by more is promised.
    """
    found = verdict(fault, dtype)
    if found.parting is None or found.parting.share < 2.5:
        return
    assert found.beside is not None
    assert found.parting.place == found.beside.place
    message = found.beside.problem or ""
    if np.isfinite(found.parting.share):
        assert f"; {fault.framework} is further from the reference" in message
    assert fault.framework in message


@each_dtype
@pytest.mark.parametrize("framework", climbs.WRITTEN_OUT)
def test_a_written_out_step_agrees_when_nothing_is_wrong_in_it(framework: str, dtype: Dtype, verdict: Verdicts) -> None:
    """The Adam that several faults are made of is sound itself, so what parts is the fault."""
    assert verdict(climbs.WRITTEN_OUT[framework], dtype).parting is None


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])
def test_faults_change_what_they_name_and_leave_nothing_behind(framework: str, processes: dict[str, Process]) -> None:
    """While it is planted each target is another; afterwards it is the sound one again."""
    if framework not in processes:
        pytest.skip(f"{framework} is not installed")
    keys = [key for key, fault in faults.FAULTS.items() if fault.framework == framework]
    assert processes[framework].call(climbs.unlike, keys) == []


def test_every_rung_has_faults_that_it_must_catch() -> None:
    """No rung is there in vain: each of the ladder's has a fault that shows there first."""
    assert set(RUNGS) == {fault.rung for fault in faults.FAULTS.values()}


def test_the_list_is_long_enough() -> None:
    """Dozens of faults, in both frameworks, each with a reason."""
    found = [fault.framework for fault in faults.FAULTS.values()]
    assert len(found) >= 100
    assert found.count("tensorflow") >= 8
    assert all(fault.why for fault in faults.FAULTS.values())


def test_a_fault_is_registered_once() -> None:
    """Two faults of one name in one framework and autoencoder would hide one another."""
    fault = next(iter(faults.FAULTS.values()))
    arguments = {f.name: getattr(fault, f.name) for f in dataclasses.fields(fault)}
    target, change = next(iter(arguments["changes"].items()))
    register = faults.planted(fault.framework, fault.autoencoder, target, fault.rung, fault.expect)
    with pytest.raises(ValueError, match="registered already"):
        register(change)
