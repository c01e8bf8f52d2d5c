"""What packages register. A plug-in is taken, or left out with the reason: a broken one costs its own row only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Generic, Literal, TypeVar, get_args

from aebench.errors import AebenchError, PluginError
from aebench.networks import described
from aebench.protocol import Framework, Mode
from aebench.spec import Autoencoder

OURS = "aebench"
# A name is a folder, a column and the value of an option.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")

Kind = Literal["framework", "autoencoder"]
Plugin = TypeVar("Plugin", Framework, Autoencoder)


@dataclass(frozen=True)
class Broken:
    """A plug-in that was left out: its name, the distribution that registers it, and the reason in one line."""

    kind: Kind
    name: str
    package: str
    reason: str


@dataclass(frozen=True)
class Found(Generic[Plugin]):
    """The plug-ins of one kind: those that can be used, by name, and those that cannot."""

    sound: Mapping[str, Plugin]
    broken: tuple[Broken, ...]


@cache
def frameworks() -> Found[Framework]:
    """Everything under `aebench.frameworks`; none of the heavy packages is imported."""
    return _collected("framework", _framework)


@cache
def autoencoders() -> Found[Autoencoder]:
    """Everything under `aebench.autoencoders`."""
    found = _collected("autoencoder", _autoencoder)
    orphans = {name: it.pretraining for name, it in found.sound.items() if it.pretraining not in (None, *found.sound)}
    packages = {entry.name: _package(entry) for entry in metadata.entry_points(group="aebench.autoencoders")}
    broken = [
        Broken("autoencoder", name, packages[name], f"it starts from '{first}', which is not registered")
        for name, first in orphans.items()
    ]
    sound = {name: it for name, it in found.sound.items() if name not in orphans}
    return Found(sound, (*found.broken, *broken))


def _collected(kind: Kind, made: Callable[[metadata.EntryPoint], Plugin]) -> Found[Plugin]:
    """Every plug-in of the kind; a name of two packages is ours where one is ours, else of neither."""
    entries = [(entry, _package(entry)) for entry in metadata.entry_points(group=f"aebench.{kind}s")]
    sound: dict[str, Plugin] = {}
    broken = []
    for entry, package in entries:
        rivals = sorted({other for it, other in entries if it.name == entry.name})
        try:
            if not NAME.fullmatch(entry.name):
                raise PluginError("a name is a letter, then up to 39 letters, digits and underscores")
            if len(rivals) > 1 and package != OURS:
                raise PluginError(f"{' and '.join(rivals)} register one name; rename it, or uninstall one of them")
            sound[entry.name] = made(entry)
        except (Exception, SystemExit) as error:
            # Whatever the plug-in's own code does when it is imported and called.
            reason = str(error) if isinstance(error, AebenchError) else described(error)
            broken.append(Broken(kind, entry.name, package, reason))
    return Found(sound, tuple(broken))


def _package(entry: metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist else "a package without a name"


def _framework(entry: metadata.EntryPoint) -> Framework:
    found = entry.load()()
    if not isinstance(found, Framework):
        raise PluginError(f"{entry.value} makes no aebench.protocol.Framework, but {described(found)}")
    _require_name(entry, found.name)
    if not found.packages or not all(isinstance(it, str) and it for it in found.packages):
        raise PluginError(f"`packages` names the package that is imported; found {found.packages!r}")
    if not found.modes or not set(found.modes) <= set(get_args(Mode)) or len(set(found.modes)) < len(found.modes):
        raise PluginError(f"`modes` are some of {', '.join(get_args(Mode))}, each once; found {found.modes!r}")
    return found


def _autoencoder(entry: metadata.EntryPoint) -> Autoencoder:
    found = entry.load()
    if not isinstance(found, Autoencoder):
        raise PluginError(f"{entry.value} is no aebench.spec.Autoencoder, but {described(found)}")
    _require_name(entry, found.name)
    return found


def _require_name(entry: metadata.EntryPoint, name: str) -> None:
    if entry.name != name:
        raise PluginError(f"{entry.value} is registered as '{entry.name}' and calls itself {name!r}")
