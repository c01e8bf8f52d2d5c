"""A case computes what its place on the ladder holds, and a script what its case does, to the bit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import remote_cases

from aebench import registry
from aebench.processes.worker import FrameworkProcess

NAMES = list(registry.autoencoders())
# Those that have between them what there is: phases with a cache, a corruption, noise, a sparsity, labels.
FEW = ["layerwise_cached", "denoising_gaussian", "variational", "sparse", "pretrained"]
EAGER, COMPILED = ("pytorch", "tensorflow-eager"), ("tensorflow", "pytorch-compiled")
MANY = [(EAGER[0], name) for name in NAMES] + [(EAGER[1], name) for name in FEW]
REST = [(EAGER[1], name) for name in NAMES if name not in FEW] + [(it, name) for it in COMPILED for name in NAMES]


@pytest.fixture(scope="module")
def subjects() -> Iterator[dict[str, FrameworkProcess]]:
    """A process of each framework in each mode, begun when it is first called."""
    found = {name: FrameworkProcess(name) for name in (*EAGER, *COMPILED)}
    yield found
    for process in found.values():
        process.close()


def required(subjects: dict[str, FrameworkProcess], name: str) -> FrameworkProcess:
    """The process of that name."""
    if registry.version(registry.variants()[name]) is None:
        pytest.skip(f"{name} is not installed")
    return subjects[name]


@pytest.mark.parametrize("name", ["linear", "layerwise_cached"])
def test_a_case_is_what_its_place_holds(name: str, subjects: dict[str, FrameworkProcess]) -> None:
    """Of every place of the ladder: to the bit what the trace has there; only what is handed on has no case."""
    unlike, without = required(subjects, "pytorch").call(remote_cases.unlike_the_trace, name, "float32")
    assert ([], {"init", "inputs", "resumed"}) == (unlike, without)


@pytest.mark.slow
@pytest.mark.parametrize("framework", EAGER)
@pytest.mark.parametrize("name", NAMES)
def test_every_case_is_what_its_place_holds(
    framework: str, name: str, subjects: dict[str, FrameworkProcess]
) -> None:  # fmt: skip
    """The same of all autoencoders in both frameworks, in float64."""
    unlike, without = required(subjects, framework).call(remote_cases.unlike_the_trace, name, "float64")
    assert ([], {"init", "inputs", "resumed"}) == (unlike, without)


@pytest.mark.parametrize(("framework", "name"), MANY)
def test_a_script_computes_what_the_model_does(
    framework: str, name: str, subjects: dict[str, FrameworkProcess]
) -> None:  # fmt: skip
    """Every kind of case in every phase: all that it gives, to the bit."""
    unlike, cases = required(subjects, framework).call(remote_cases.unlike_the_model, name, "float32")
    assert [] == unlike
    assert cases >= 7


@pytest.mark.slow
@pytest.mark.parametrize(("framework", "name"), REST)
def test_every_script_computes_what_the_model_does(
    framework: str, name: str, subjects: dict[str, FrameworkProcess]
) -> None:  # fmt: skip
    """The same of the others, and of all under each framework's compiler."""
    unlike, _ = required(subjects, framework).call(remote_cases.unlike_the_model, name, "float32")
    assert [] == unlike
