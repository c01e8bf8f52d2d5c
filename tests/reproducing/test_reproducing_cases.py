"""A case computes what its place on the ladder holds, and a script what its case does, to the bit."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import remote_cases

from aebench import registry
from aebench.flattening import flattened
from aebench.processes.worker import FrameworkProcess
from aebench.records.trace import Place
from aebench.reproducing.cases import Case, Kind
from aebench.reproducing.scripts import Script, checks

NAMES = list(registry.autoencoders())
EAGER, COMPILED = ("pytorch", "tensorflow-eager"), ("tensorflow", "pytorch-compiled")
# Between them there are phases with a cache, a corruption, noise, a sparsity and labels.
VARIED = ["layerwise_cached", "denoising_gaussian", "variational", "sparse", "pretrained"]
FEW = [*((EAGER[0], name) for name in VARIED), (EAGER[1], "sparse")]
REST = [(subject, name) for subject in (*EAGER, *COMPILED) for name in NAMES if (subject, name) not in FEW]


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


@pytest.mark.parametrize("name", ["layerwise_cached"])
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


@pytest.mark.parametrize("subject", COMPILED)
@pytest.mark.parametrize("name", NAMES)
def test_every_script_is_plain(subject: str, name: str) -> None:
    """Of every autoencoder, eager and compiled: the text compiles, imports no aebench, and binds all that it reads."""
    autoencoder = registry.autoencoder(name)
    kinds: tuple[Kind, ...] = ("forward", "gradients", "steps")
    for kind in kinds:
        place = Place(autoencoder.phases[-1].name, "step", 1, "array")
        case = Case(autoencoder, place, kind, "array", "float32", "cpu", {})
        tree = ast.parse(Script(case, subject, {}, "nobody", 0.0, 0.0, "A test.").text())
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not [module for module in modules if module.startswith("aebench")]
        assert set() == unknown(tree)


def unknown(tree: ast.Module) -> set[str]:
    """The names that a text reads and never binds, but for Python's own and annotations."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)} | {"__file__", *dir(builtins)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        if isinstance(node, ast.arg):
            bound.add(node.arg)
        if isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    return {node.id for node in names} - bound


def test_a_name_that_means_nothing_is_noticed() -> None:
    """Planted fault: a name that is read and not bound."""
    assert {"lost"} == unknown(ast.parse("import a\ndef f(x): return a.b(x, lost, len(x))"))


@pytest.mark.parametrize(("framework", "name"), FEW)
def test_a_script_computes_what_the_model_does(
    framework: str, name: str, subjects: dict[str, FrameworkProcess]
) -> None:  # fmt: skip
    """Every kind of case in every phase: all that it gives, to the bit."""
    unlike, cases = required(subjects, framework).call(remote_cases.unlike_the_model, name, "float32")
    assert [] == unlike
    assert cases >= 7


@pytest.mark.parametrize(
    ("framework", "expected"), [(EAGER[0], "aten.addmm.default"), (EAGER[1], "ReadVariableOp")]
)  # fmt: skip
def test_every_operation_is_noted(
    framework: str, expected: str, subjects: dict[str, FrameworkProcess]
) -> None:  # fmt: skip
    """Planted fault: another bias of the second layer first shows where it is read, behind the first layer's
    operations and before those of the gradients."""
    process = required(subjects, framework)
    found, operations = process.call(remote_cases.operation_after_a_change, "sparse", "decoder1.bias")
    name, number = re.fullmatch(r"(\S+), operation (\d+) of \d+: of the same inputs output 0 .*", found).groups()
    assert expected == name
    assert 3 < int(number) < operations - 10


@pytest.mark.parametrize("text", ["on_pytorch", "on_tensorflow"])
def test_an_autoencoder_from_outside_is_plain(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The texts of another package become one with those of aebench that they need."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "outside" / "convolutional"))
    package = "aebench_convolutional"
    found = flattened([(f"{package}.{text}", "Convolutional")], {"aebench", package}, checks)
    whole = "\n".join([*found.imports, *found.definitions])
    assert ["Convolution", "Network", "Convolutional"] == [
        name for name in re.findall(r"^class (\w+)", whole, re.M) if name in ("Convolution", "Network", "Convolutional")
    ]
    assert set() == unknown(ast.parse(whole))
    monkeypatch.delitem(sys.modules, package)


@pytest.mark.slow
@pytest.mark.parametrize(("framework", "name"), REST)
def test_every_script_computes_what_the_model_does(
    framework: str, name: str, subjects: dict[str, FrameworkProcess]
) -> None:  # fmt: skip
    """The same of the others, and of all under each framework's compiler."""
    unlike, _ = required(subjects, framework).call(remote_cases.unlike_the_model, name, "float32")
    assert [] == unlike
