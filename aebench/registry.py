"""What is installed: frameworks and autoencoders, found through entry points. The only door to implementations."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from importlib import metadata

from aebench.errors import FrameworkError, UnknownNameError
from aebench.protocol import Framework
from aebench.spec import Autoencoder

ARBITER = "reference"


@cache
def frameworks() -> dict[str, Framework]:
    """Registered frameworks by name, the arbiter first; none of their heavy packages is imported."""
    found = {entry.name: entry.load()() for entry in metadata.entry_points(group="aebench.frameworks")}
    return dict(sorted(found.items(), key=lambda item: (item[0] != ARBITER, item[0] != "tensorflow", item[0])))


@cache
def autoencoders() -> dict[str, Autoencoder]:
    """Registered autoencoders by name: the source's in the order of the source, then those of other packages."""
    found = {entry.name: entry.load() for entry in metadata.entry_points(group="aebench.autoencoders")}
    return {name: found[name] for name in sorted(found, key=lambda n: (_SOURCE_ORDER.get(n, 99), n))}


@cache
def variants() -> dict[str, Framework]:
    """Every framework in every mode, by name: `pytorch`, which is eager, and beside it `pytorch-compiled`."""
    return {variant.name: variant for found in frameworks().values() for variant in found.variants()}


def timed() -> list[str]:
    """The installed frameworks in every mode, without the arbiter where there is another: whose speed matters."""
    names = installed(variants())
    return [name for name in names if name != ARBITER] or names


def installed(among: Mapping[str, Framework]) -> list[str]:
    """The names of those whose package is installed."""
    return [name for name, found in among.items() if version(found) is not None]


def plain(name: str) -> str:
    """The framework's name without a mode."""
    return next(plain for plain, found in frameworks().items() if name in [v.name for v in found.variants()])


def framework(name: str) -> Framework:
    """The framework of that name, in another mode than its first as NAME-MODE.

    Raises:
        UnknownNameError: there is none; says the nearest match.
        FrameworkError: it is not installed.
    """
    if name not in variants():
        raise UnknownNameError("framework", name, variants())
    found = variants()[name]
    if version(found) is None:
        raise FrameworkError(f"{name} is not installed here; get it with: {found.install}")
    return found


def autoencoder(name: str) -> Autoencoder:
    """The autoencoder of that name; UnknownNameError with the nearest match."""
    if name not in autoencoders():
        raise UnknownNameError("autoencoder", name, autoencoders())
    return autoencoders()[name]


def version(framework: Framework) -> str | None:
    """Version of the framework's package, None when it is not installed; nothing is imported."""
    for package in framework.packages:
        try:
            found = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
        if importlib.util.find_spec(framework.packages[0]) is not None:
            return found
    return None


_SOURCE_ORDER = {
    name: i
    for i, name in enumerate(
        (
            "linear", "stacked", "tied", "layerwise_separate", "layerwise_joint", "layerwise_cached", "pretrained",
            "denoising_gaussian", "denoising_dropout", "sparse", "variational", "variational_gamma",
        )
    )
}  # fmt: skip
