"""What is installed: frameworks and autoencoders, found through entry points. The only door to implementations."""

from __future__ import annotations

import ast
import fnmatch
import importlib.util
import os
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from aebench import plugins
from aebench.errors import FrameworkError, PluginError, UnknownNameError
from aebench.plugins import Broken, Kind, Plugin
from aebench.protocol import Framework
from aebench.spec import Autoencoder

ARBITER = "reference"
HERE = "here"
"""The environment that the harness runs in; `pytorch` is short for `pytorch@here`."""
ENVIRONMENT = "AEBENCH_ENVIRONMENT"
"""The variable that tells a framework's process the name of its environment."""
UNKNOWN_VERSION = "unknown"


@cache
def frameworks() -> dict[str, Framework]:
    """Registered frameworks by name, the arbiter first; none of their heavy packages is imported."""
    found = plugins.frameworks().sound
    return dict(sorted(found.items(), key=lambda item: (item[0] != ARBITER, item[0] != "tensorflow", item[0])))


@cache
def autoencoders() -> dict[str, Autoencoder]:
    """Registered autoencoders by name: the source's in the order of the source, then those of other packages."""
    found = plugins.autoencoders().sound
    return {name: found[name] for name in sorted(found, key=lambda n: (_SOURCE_ORDER.get(n, 99), n))}


@cache
def variants() -> dict[str, Framework]:
    """Every framework in every mode, by name: `pytorch`, which is eager, and beside it `pytorch-compiled`."""
    return {variant.name: variant for found in frameworks().values() for variant in found.variants()}


def broken() -> tuple[Broken, ...]:
    """What is registered and cannot be used, and why: it is in none of the above."""
    return (*plugins.frameworks().broken, *plugins.autoencoders().broken)


def timed() -> list[str]:
    """The installed frameworks in every mode, without the arbiter where there is another: whose speed matters."""
    names = installed(variants())
    return [name for name in names if name != ARBITER] or names


def installed(among: Mapping[str, Framework]) -> list[str]:
    """The names of those whose package is installed."""
    return [name for name, found in among.items() if version(found) is not None]


def bare(name: str) -> str:
    """A subject's name without its environment: `pytorch-compiled` of `pytorch-compiled@old`."""
    return name.partition("@")[0]


def environment(name: str) -> str:
    """The environment of a subject's name: `old` of `pytorch-compiled@old`, `here` where none is said."""
    return name.partition("@")[2] or HERE


def versions() -> dict[str, str | None]:
    """The version of every framework in every mode, None where it is not installed."""
    return {name: version(found) for name, found in variants().items()}


def plain(name: str) -> str:
    """The framework's name without a mode and without an environment."""
    return variants()[bare(name)].plain


def framework(name: str) -> Framework:
    """The framework of that name, in another mode than its first as NAME-MODE; of an environment as NAME@ENVIRONMENT.

    What another environment holds is known there only.

    Raises:
        UnknownNameError: there is none; says the nearest match.
        PluginError: it is registered, and broken.
        FrameworkError: it is not installed in this environment.
    """
    found = _named("framework", bare(name), variants())
    here = os.environ.get(ENVIRONMENT, HERE)
    if environment(name) == here and version(found) is None:
        where = "here" if here == HERE else f"in {here}"
        raise FrameworkError(f"{bare(name)} is not installed {where}; get it with: {found.install}")
    return found


def autoencoder(name: str) -> Autoencoder:
    """The autoencoder of that name.

    Raises:
        UnknownNameError: there is none; says the nearest match.
        PluginError: it is registered, and broken.
    """
    return _named("autoencoder", name, autoencoders())


def matching(pattern: str) -> list[str]:
    """The autoencoder of that name, or all those whose names are as a shell's pattern says, such as `layerwise_*`."""
    return fnmatch.filter(autoencoders(), pattern)


def called(pattern: str) -> list[str]:
    """As `matching`, of a pattern that has to fit.

    Raises:
        UnknownNameError: nothing does; says what there is.
        PluginError: it is registered, and broken.
    """
    return matching(pattern) or [autoencoder(pattern).name]


def in_order(names: Iterable[str]) -> list[str]:
    """The autoencoders, each once: those that are known here in their order, then others as they come."""
    found = dict.fromkeys(names)
    return [
        *(name for name in autoencoders() if name in found),
        *(name for name in found if name not in autoencoders()),
    ]


def offers(framework: str, autoencoder: str) -> bool:
    """Whether the framework, in whatever mode, has the autoencoder; False where either is unknown."""
    found = variants().get(bare(framework))
    return found is not None and autoencoder in autoencoders() and found.offers(autoencoder)


def offering(autoencoder: str, among: Iterable[str]) -> list[str]:
    """Those of the frameworks that have the autoencoder."""
    return [name for name in among if offers(name, autoencoder)]


def _named(kind: Kind, name: str, known: Mapping[str, Plugin]) -> Plugin:
    if name in known:
        return known[name]
    for it in broken():
        if it.kind == kind and it.name in (name, name.rpartition("-")[0]):
            raise PluginError(f"{kind} '{it.name}' of {it.package} is broken: {it.reason}")
    if not known:
        raise PluginError(
            f"no {kind} is registered here, not even aebench's own: it is imported from a folder that is not "
            "installed; run pip install -e . there, or pip install aebench"
        )
    raise UnknownNameError(kind, name, known)


def version(framework: Framework) -> str | None:
    """Version of the framework's package, with its build where the package says that; None when it is not installed.

    Found by what imports under the package's name, whatever the distribution is called. Nothing is imported.
    """
    package = framework.packages[0]
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        # A folder that happens to have the name is no package.
        return None
    return _written_version(Path(spec.origin).with_name("version.py")) or _distributed_version(package)


@cache
def _written_version(path: Path) -> str | None:
    """What the file says in `__version__ = '...'`, as `torch/version.py` does, with the build; None without it."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return None
    values = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "__version__" for target in node.targets)
    )
    return next((v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)), None)


@cache
def _distributed_version(package: str) -> str:
    """Version of the distribution that the package comes from: of several, the one that brings its `__init__.py`."""
    named = list(dict.fromkeys(metadata.packages_distributions().get(package, ())))
    first = f"{package}/__init__.py"
    bringing = [name for name in named if any(file.as_posix() == first for file in metadata.files(name) or ())]
    return metadata.version((bringing or named)[0]) if named else UNKNOWN_VERSION


_SOURCE_ORDER = {
    name: i
    for i, name in enumerate(
        (
            "linear", "stacked", "tied", "layerwise_separate", "layerwise_joint", "layerwise_cached", "pretrained",
            "denoising_gaussian", "denoising_dropout", "sparse", "variational", "variational_gamma",
        )
    )
}  # fmt: skip
