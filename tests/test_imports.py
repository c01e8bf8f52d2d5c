"""Imports run one way, frameworks stay in their folders, and looking at what is installed loads none of them."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
# The order of design.md, rule 1: a module may import from its own row and from the rows above it.
ROWS = (
    "errors files cores streams spec checkpoint data trace protocol parameters schedule",
    "autoencoders",
    "implementations",
    "registry ceiling agreement metrics likelihood results environment equivalence",
    "pictures worker feeding trial climbing runner plan agreeing quality sweep bench benchmarks baselines gate",
    "report cli pytest_plugin __main__",
)
ROW = {name: i for i, row in enumerate(ROWS) for name in row.split()}
HEAVY = {"torch": "pytorch", "tensorflow": "tensorflow", "keras": "tensorflow", "jax": "jax"}
# The programs that the suite's throughput is compared with: each imports its own framework, and only when it is run.
PEERS = {
    "benchmarks.peers.jax_scan": {"jax", "optax"},
    "benchmarks.peers.keras_fit": {"keras", "tensorflow"},
    "benchmarks.peers.torch_dataloader": {"torch"},
}
# What may be imported when the numbers of the specification are read, beyond the standard library.
LIGHT = {"numpy", "safetensors"}
DISTRIBUTIONS = {"sklearn": "scikit-learn"}


class Import(NamedTuple):
    """One import: the module imported, and whether it happens when the importing module is imported."""

    target: str
    at_once: bool


def _sources(*folders: str) -> dict[str, str]:
    """Dotted module name -> text; `implementations/` is installed as `aebench.implementations`."""
    found = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = list(path.relative_to(ROOT).with_suffix("").parts)
            parts = ["aebench", *parts] if parts[0] == "implementations" else parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return found


def _imports(source: str, known: set[str]) -> list[Import]:
    """Every import of a text, at its top or inside a function, also by `import_module` of a literal name."""
    tree = ast.parse(source)
    late = {id(inner) for node in ast.walk(tree) if _is_late(node) for inner in ast.walk(node)}
    return [Import(name, id(node) not in late) for node in ast.walk(tree) for name in _targets(node, known)]


def _is_late(node: ast.AST) -> bool:
    typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    return typing_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def _targets(node: ast.AST, known: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        yield from (inner if (inner := f"{base}.{alias.name}") in known else base for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        yield from (x.value for x in node.args[:1] if isinstance(x, ast.Constant) and isinstance(x.value, str))


def _part(module: str) -> str:
    """The part of the house that a module of `aebench` belongs to: the name after the first dot."""
    return next(iter(module.split(".")[1:]), "")


def _faults(sources: dict[str, str]) -> list[str]:
    """Every breach of rule 1 in these modules, as sentences."""
    known, found = set(sources), []
    for module, source in sources.items():
        if module != "aebench" and _part(module) not in ROW:
            found.append(f"{module} has no place in the order of imports: give it one in ROWS, as design.md does")
            continue
        for target, at_once in _imports(source, known):
            found += _foreign(module, target, at_once) if target.split(".")[0] != "aebench" else _own(module, target)
    return found


def _own(module: str, target: str) -> list[str]:
    here, there = _part(module), _part(target)
    if not there:
        return []
    if ROW.get(there, 99) > ROW.get(here, 99):
        return [f"{module} imports {target}, which stands below it"]
    if there == "implementations":
        same = target.split(".")[:3] == module.split(".")[:3]
        return [] if same else [f"{module} imports {target}: implementations are reached through the registry only"]
    if here == "implementations" and there == "autoencoders":
        return [f"{module} imports {target}: an implementation is given its specification"]
    return []


def _foreign(module: str, target: str, at_once: bool) -> list[str]:
    package = target.split(".")[0]
    if package in HEAVY:
        home = f"aebench.implementations.{HEAVY[package]}"
        inside = module == home or module.startswith(f"{home}.")
        return [] if inside and module != home else [f"{module} imports {package}"]
    light = package in sys.stdlib_module_names or package in LIGHT or not at_once
    if ROW.get(_part(module), 0) <= ROW["implementations"] and not light:
        return [f"{module} imports {package}; up to the implementations it is NumPy only"]
    return []


def _cycle(sources: dict[str, str]) -> list[str]:
    """A circle of imports that happen at once, or nothing."""
    known = set(sources)
    graph = {m: {i.target for i in _imports(s, known) if i.at_once and i.target in known} for m, s in sources.items()}
    try:
        list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_imports_run_one_way() -> None:
    """Every module of the package imports from its own row of design.md or from above, frameworks in their folders."""
    assert _faults(_sources("aebench", "implementations")) == []


def test_imports_run_in_no_circle() -> None:
    """No module needs itself while it is being imported."""
    assert _cycle(_sources("aebench", "implementations")) == []


def test_benchmarks_reach_frameworks_through_the_package() -> None:
    """What is timed imports no framework by itself, but for the peers: each its own, when it is made ready."""
    assert _heavy(_sources("benchmarks")) == []


def _heavy(sources: dict[str, str]) -> list[str]:
    """Every import of a framework in these modules that is not a peer's own, inside a function."""
    heavy, found = {*HEAVY, *(package for packages in PEERS.values() for package in packages)}, []
    for module, source in sources.items():
        for target, at_once in _imports(source, set()):
            package = target.split(".")[0]
            if package in heavy and (at_once or package not in PEERS.get(module, ())):
                found.append(f"{module} imports {package}" + (" at once" if at_once else ""))
    return found


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("benchmarks.workloads", "def f():\n    import torch", ["benchmarks.workloads imports torch"]),
        ("benchmarks.peers", "def f():\n    import jax", ["benchmarks.peers imports jax"]),
        ("benchmarks.peers.keras_fit", "def f():\n    import torch", ["benchmarks.peers.keras_fit imports torch"]),
        ("benchmarks.peers.jax_scan", "import optax", ["benchmarks.peers.jax_scan imports optax at once"]),
        ("benchmarks.peers.jax_scan", "def f():\n    from jax import lax", []),
    ],
)
def test_a_framework_in_the_benchmarks_is_noticed(module: str, source: str, expected: list[str]) -> None:
    """Planted fault: a framework outside the peers, another peer's, or one at a peer's top; its own, late, is right."""
    assert expected == _heavy({module: source})


PLANTED = {
    "torch in the harness": ("aebench.metrics", "import torch", "aebench.metrics imports torch"),
    "torch late in the harness": ("aebench.metrics", "def f():\n    import torch.nn", "aebench.metrics imports torch"),
    "torch by its name": (
        "aebench.metrics", "import importlib\nx = importlib.import_module('torch')", "aebench.metrics imports torch",
    ),
    "tensorflow in PyTorch's folder": (
        "aebench.implementations.pytorch.losses", "from tensorflow import nn",
        "aebench.implementations.pytorch.losses imports tensorflow",
    ),
    "torch where the registry looks": (
        "aebench.implementations.pytorch", "import torch", "aebench.implementations.pytorch imports torch",
    ),
    "upwards": (
        "aebench.spec", "from aebench.registry import version",
        "aebench.spec imports aebench.registry, which stands below it",
    ),
    "upwards by the package": (
        "aebench.streams", "def f():\n    from aebench import registry",
        "aebench.streams imports aebench.registry, which stands below it",
    ),
    "report from the gate": (
        "aebench.gate.verdict", "import aebench.report.figures",
        "aebench.gate.verdict imports aebench.report.figures, which stands below it",
    ),
    "past the registry": (
        "aebench.metrics", "from aebench.implementations.reference.losses import l2_penalty",
        "aebench.metrics imports aebench.implementations.reference.losses: "
        "implementations are reached through the registry only",
    ),
    "another framework's folder": (
        "aebench.implementations.pytorch.tied", "from aebench.implementations.reference.tied import Tied",
        "aebench.implementations.pytorch.tied imports aebench.implementations.reference.tied: "
        "implementations are reached through the registry only",
    ),
    "a specification in an implementation": (
        "aebench.implementations.pytorch.tied", "from aebench.autoencoders.tied import TIED",
        "aebench.implementations.pytorch.tied imports aebench.autoencoders.tied: "
        "an implementation is given its specification",
    ),
    "SciPy in the core": (
        "aebench.streams", "from scipy import special",
        "aebench.streams imports scipy; up to the implementations it is NumPy only",
    ),
    "a module without a place": (
        "aebench.utils", "",
        "aebench.utils has no place in the order of imports: give it one in ROWS, as design.md does",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_forbidden_import_is_noticed(fault: str) -> None:
    """Planted fault: each forbidden import in a module that had none makes exactly one complaint."""
    module, line, expected = PLANTED[fault]
    known = dict.fromkeys(_sources("aebench", "implementations"), "")
    assert [expected] == _faults({**known, module: line})


def test_a_circle_is_noticed() -> None:
    """Planted fault: two modules that import each other at once; inside a function it is no circle."""
    first, second = "from aebench.b import f", "from aebench import a"
    assert set(_cycle({"aebench.a": first, "aebench.b": second})) == {"aebench.a", "aebench.b"}
    assert _cycle({"aebench.a": first, "aebench.b": f"def f():\n    {second}"}) == []


def test_what_is_imported_is_declared() -> None:
    """Every package that the harness imports stands among the dependencies in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {entry.split(">")[0].split("=")[0].strip() for entry in project["dependencies"]}
    # The plug-in is loaded by pytest, which is there then and not needed otherwise.
    sources = [s for name, s in _sources("aebench").items() if name != "aebench.pytest_plugin"]
    packages = {i.target.split(".")[0] for s in sources for i in _imports(s, set())}
    foreign = {p for p in packages if p not in sys.stdlib_module_names and p != "aebench"}
    assert {DISTRIBUTIONS.get(p, p) for p in foreign} <= declared


LOOK = """
import sys
from aebench import registry
found = registry.frameworks(), registry.autoencoders(), [registry.version(f) for f in registry.frameworks().values()]
assert len(found[0]) >= 3 and len(found[1]) >= 12
print(sorted({"torch", "tensorflow", "keras", "jax"} & set(sys.modules)))
"""
EVERYTHING = """
import importlib, pkgutil, sys
import aebench, aebench.benchmarks
names = [m.name for m in pkgutil.walk_packages(aebench.__path__, "aebench.") if "implementations" not in m.name]
peers = [m.name for m in pkgutil.walk_packages(aebench.benchmarks.__path__, "aebench.benchmarks.") if "peers" in m.name]
assert len(peers) == 4
for name in (*names, *peers):
    importlib.import_module(name)
print(sorted({"torch", "tensorflow", "keras", "jax", "optax"} & set(sys.modules)))
"""


@pytest.mark.parametrize("script", [LOOK, EVERYTHING], ids=["registry", "every module"])
def test_no_framework_is_loaded_by_looking(script: str) -> None:
    """The registry, and every module of the harness, load neither TensorFlow nor PyTorch."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=100)
    assert done.returncode == 0, done.stderr
    expected = "[]"
    assert expected == done.stdout.strip()
