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
# The rooms, lowest first: a module imports from its own room and from those above it in this list. `aebench` alone is
# what stands beside the rooms: what an autoencoder and a framework are.
ROOMS = (
    "aebench", "autoencoders", "data", "implementations", "records", "processes", "training",
    "agreement", "quality", "speed",
    "running", "comparison", "audit", "reproducing", "testing", "report", "api", "cli",
)  # fmt: skip
# These know nothing of each other.
APART = ({"agreement", "quality", "speed"}, {"autoencoders", "data", "implementations"})
# The command's own door: it stands beside the rooms and opens the lowest of them.
FRONT = "aebench.__main__"
HEAVY = {"torch": "pytorch", "tensorflow": "tensorflow", "keras": "tensorflow", "jax": "jax"}
# The programs that the suite's throughput is compared with: each imports its own framework, and only when it is run.
PEERS = {
    "aebench.speed.peers.jax_scan": {"jax", "optax"},
    "aebench.speed.peers.keras_fit": {"keras", "tensorflow"},
    "aebench.speed.peers.torch_dataloader": {"torch"},
}
# The faults that an audit plants in a framework's own process, where they make wrong functions of its functions.
PLANTED = {
    f"aebench.audit.planted.{path.stem}": {"torch", "tensorflow"}
    for path in (ROOT / "aebench" / "audit" / "planted").glob("*.py")
}
# Modules that may import these, and within functions only.
ELSEWHERE = {**PEERS, **PLANTED}
# What may be imported when the numbers of the specification are read, beyond the standard library.
LIGHT = {"numpy", "safetensors"}
DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow", "vl_convert": "vl-convert-python"}


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


def _room(module: str) -> str:
    """The room that a module of the package stands in; `aebench` for what stands beside the rooms."""
    first = next(iter(module.split(".")[1:]), "")
    return first if first in ROOMS or f"{module}.".count(".") > 2 else "aebench"


def _faults(sources: dict[str, str]) -> list[str]:
    """Every breach of the order of rooms in these modules, as sentences."""
    known, found = set(sources), []
    for module, source in sources.items():
        if module == FRONT:
            continue
        if _room(module) not in ROOMS:
            found.append(f"{module} stands in no room that is known: give its folder a place in ROOMS")
            continue
        for target, at_once in _imports(source, known):
            found += _foreign(module, target, at_once) if target.split(".")[0] != "aebench" else _own(module, target)
    return found


def _own(module: str, target: str) -> list[str]:
    here, there = _room(module), _room(target)
    if here != there and any({here, there} <= apart for apart in APART):
        return [f"{module} imports {target}: {here} and {there} know nothing of each other"]
    if there not in ROOMS or ROOMS.index(there) > ROOMS.index(here):
        return [f"{module} imports {target}, which stands below it"]
    if there == "implementations":
        same = target.split(".")[:3] == module.split(".")[:3]
        return [] if same else [f"{module} imports {target}: implementations are reached through the registry only"]
    return []


def _foreign(module: str, target: str, at_once: bool) -> list[str]:
    package = target.split(".")[0]
    if package in HEAVY:
        home = f"aebench.implementations.{HEAVY[package]}"
        inside = module == home or module.startswith(f"{home}.")
        own = package in ELSEWHERE.get(module, ()) and not at_once
        return [] if own or (inside and module != home) else [f"{module} imports {package}"]
    light = package in sys.stdlib_module_names or package in LIGHT or not at_once
    if ROOMS.index(_room(module)) <= ROOMS.index("implementations") and not light:
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
    """Every module imports from its own room or from one above, frameworks in their folders, also inside functions."""
    assert _faults(_sources("aebench", "implementations")) == []


def test_imports_run_in_no_circle() -> None:
    """No module needs itself while it is being imported."""
    assert _cycle(_sources("aebench", "implementations")) == []


def test_benchmarks_reach_frameworks_through_the_package() -> None:
    """What is timed imports no framework by itself, but for the peers: each its own, when it is made ready."""
    assert _heavy(_sources("benchmarks")) == []
    assert _heavy({m: s for m, s in _sources("aebench").items() if m.startswith("aebench.speed.peers")}) == []


def _heavy(sources: dict[str, str]) -> list[str]:
    """Every import of a framework in these modules that is not a peer's or a planted fault's own, inside a function."""
    heavy, found = {*HEAVY, *(package for packages in PEERS.values() for package in packages)}, []
    for module, source in sources.items():
        for target, at_once in _imports(source, set()):
            package = target.split(".")[0]
            if package in heavy and (at_once or package not in ELSEWHERE.get(module, ())):
                found.append(f"{module} imports {package}" + (" at once" if at_once else ""))
    return found


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("benchmarks.cases", "def f():\n    import torch", ["benchmarks.cases imports torch"]),
        ("aebench.speed.peers", "def f():\n    import jax", ["aebench.speed.peers imports jax"]),
        (
            "aebench.speed.peers.keras_fit",
            "def f():\n    import torch",
            ["aebench.speed.peers.keras_fit imports torch"],
        ),
        ("aebench.speed.peers.jax_scan", "import optax", ["aebench.speed.peers.jax_scan imports optax at once"]),
        ("aebench.speed.peers.jax_scan", "def f():\n    from jax import lax", []),
    ],
)
def test_a_framework_in_the_benchmarks_is_noticed(module: str, source: str, expected: list[str]) -> None:
    """Planted fault: a framework outside the peers, another peer's, or one at a peer's top; its own, late, is right."""
    assert expected == _heavy({module: source})


PLANTED = {
    "torch in the harness": (
        "aebench.training.metrics", "import torch", "aebench.training.metrics imports torch",
    ),
    "torch late in the harness": (
        "aebench.training.metrics", "def f():\n    import torch.nn", "aebench.training.metrics imports torch",
    ),
    "torch by its name": (
        "aebench.training.metrics", "import importlib\nx = importlib.import_module('torch')",
        "aebench.training.metrics imports torch",
    ),
    "tensorflow in PyTorch's folder": (
        "aebench.implementations.pytorch.losses", "from tensorflow import nn",
        "aebench.implementations.pytorch.losses imports tensorflow",
    ),
    "torch where the registry looks": (
        "aebench.implementations.pytorch", "import torch", "aebench.implementations.pytorch imports torch",
    ),
    "upwards": (
        "aebench.spec", "from aebench.records.store import whole",
        "aebench.spec imports aebench.records.store, which stands below it",
    ),
    "upwards by the package": (
        "aebench.training.trial", "def f():\n    from aebench import running",
        "aebench.training.trial imports aebench.running, which stands below it",
    ),
    "report from the measuring": (
        "aebench.speed.shares", "import aebench.report.sweep",
        "aebench.speed.shares imports aebench.report.sweep, which stands below it",
    ),
    "speed from quality": (
        "aebench.quality.table", "from aebench.speed.shares import interval",
        "aebench.quality.table imports aebench.speed.shares: quality and speed know nothing of each other",
    ),
    "past the registry": (
        "aebench.training.metrics", "from aebench.implementations.reference.losses import l2_penalty",
        "aebench.training.metrics imports aebench.implementations.reference.losses: "
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
        "implementations and autoencoders know nothing of each other",
    ),
    "SciPy in the core": (
        "aebench.streams", "from scipy import special",
        "aebench.streams imports scipy; up to the implementations it is NumPy only",
    ),
    "a room without a place": (
        "aebench.utils.strings", "",
        "aebench.utils.strings stands in no room that is known: give its folder a place in ROOMS",
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
    # The plug-ins are loaded by pytest, which is there then and not needed otherwise; a peer is there or not timed; an
    # executor's package is an extra, and is told where it is missing; so is that for Parquet.
    extra = {"aebench.cli.pytest_plugin", "aebench.cli.pytest_timings", "aebench.testing.suite"}
    undeclared = {*extra, "aebench.processes.pools", "aebench.report.formats", *ELSEWHERE}
    sources = [s for name, s in _sources("aebench").items() if name not in undeclared]
    packages = {i.target.split(".")[0] for s in sources for i in _imports(s, set())}
    foreign = {p for p in packages if p not in sys.stdlib_module_names and p != "aebench"}
    assert {DISTRIBUTIONS.get(p, p) for p in foreign} <= declared


def test_every_package_is_installed() -> None:
    """Each folder with modules stands among the packages in pyproject.toml: what is left out there is in no wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {module.rpartition(".")[0] for module in _sources("aebench", "implementations")} - {""}
    assert folders == set(project["tool"]["setuptools"]["packages"])


LOOK = """
import sys
from aebench import registry
found = registry.frameworks(), registry.autoencoders(), [registry.version(f) for f in registry.frameworks().values()]
assert len(found[0]) >= 3 and len(found[1]) >= 12
print(sorted({"torch", "tensorflow", "keras", "jax"} & set(sys.modules)))
"""
EVERYTHING = """
import importlib, pkgutil, sys
import aebench
left_out = ("implementations", "__main__")
names = [m.name for m in pkgutil.walk_packages(aebench.__path__, "aebench.") if not any(n in m.name for n in left_out)]
assert len([name for name in names if "peers" in name]) == 4
for name in names:
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
