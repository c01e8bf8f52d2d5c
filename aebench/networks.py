"""Where the network of an autoencoder in a framework is: beside the framework, or in the package that registers it.

A framework brings networks of its own in the folder of its class, `stacked` in `stacked.py` as the class `Stacked`. Any
other package names its own under the entry-point group `aebench.networks.FRAMEWORK`, as `NAME = "module:Class"`. To
find a network imports the packages around it at most; only `load`, in the framework's own process, imports its text.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from aebench.errors import FrameworkError

GROUP = "aebench.networks."
Network = TypeVar("Network")


def place(framework: str, home: str, autoencoder: str) -> str | None:
    """The network as `module:Class`; None where there is none, or more than one is registered.

    home: the module of the framework's class.
    """
    found = _places(framework, home, autoencoder)
    return found[0] if len(found) == 1 else None


def source(place: str) -> Path | None:
    """The file that a network's text stands in; None where it is no file, or its package cannot be imported."""
    found = _origin(place.partition(":")[0])
    return found if found and found.suffix == ".py" and found.is_file() else None


def load(framework: str, home: str, autoencoder: str, base: type[Network]) -> type[Network]:
    """The network's class; imports its text, and with it the framework.

    home: the module of the framework's class. base: the class that every network of the framework is made from.

    Raises:
        FrameworkError: there is no network, or more than one; it cannot be imported, or is made from something else.
    """
    found = _places(framework, home, autoencoder)
    if not found:
        raise FrameworkError(lacking(framework, autoencoder))
    if len(found) > 1:
        several = " and ".join(found)
        raise FrameworkError(f"{framework}: {autoencoder} is registered more than once, as {several}; uninstall one")
    try:
        network = metadata.EntryPoint(autoencoder, found[0], GROUP + framework).load()
    except Exception as error:
        raise FrameworkError(
            f"{framework}: the network of {autoencoder}, {found[0]}, cannot be loaded: {described(error)}"
        ) from error
    if not (isinstance(network, type) and issubclass(network, base)):
        raise FrameworkError(
            f"{framework}: the network of {autoencoder}, {found[0]}, is no {base.__module__}.{base.__name__}; "
            f"found {described(network)}"
        )
    return network


def lacking(framework: str, autoencoder: str) -> str:
    """Why there is no such network, as a sentence."""
    groups = sorted(group for group in metadata.entry_points().groups if group.startswith(GROUP))
    others = [g.removeprefix(GROUP) for g in groups if metadata.entry_points(group=g, name=autoencoder)]
    offered = f"its package offers it for {', '.join(others)} only" if others else "no package offers it"
    return f"{framework} has no {autoencoder}: {offered}"


def described(value: object) -> str:
    """An error, or a value of an unexpected kind, in one line."""
    if not isinstance(value, BaseException):
        return f"{type(value).__name__} {value!r}"[:100]
    lines = str(value).strip().splitlines()
    return f"{type(value).__name__}: {lines[0]}"[:300] if lines else type(value).__name__


def _places(framework: str, home: str, autoencoder: str) -> Sequence[str]:
    """The framework's own text, else whatever is registered."""
    package, network = _package(home), autoencoder.title().replace("_", "")
    if package and _defines(_origin(f"{package}.{autoencoder}"), network):
        return [f"{package}.{autoencoder}:{network}"]
    registered = metadata.entry_points(group=GROUP + framework, name=autoencoder)
    return list(dict.fromkeys(entry.value for entry in registered))


def _package(home: str) -> str:
    """The package that a module is or stands in; none for one at the top."""
    return home if hasattr(sys.modules.get(home), "__path__") else home.rpartition(".")[0]


def _origin(module: str) -> Path | None:
    """The file that a module would be imported from."""
    try:
        spec = find_spec(module)
    except Exception:
        # Whatever the packages around it do when they are imported.
        return None
    return Path(spec.origin) if spec and spec.has_location and spec.origin else None


@cache
def _defines(path: Path | None, name: str) -> bool:
    """Whether the text has such a class at its top: an autoencoder may be called `losses`."""
    if path is None or path.suffix != ".py":
        return False
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError):
        # It is there; `load` says what is wrong with it.
        return True
    return any(isinstance(node, ast.ClassDef) and node.name == name for node in tree.body)
