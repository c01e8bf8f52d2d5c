"""What runs in a peer's own process on behalf of the tests: its epochs, also with a fault planted in its text."""

from __future__ import annotations

import importlib
import inspect
from unittest import mock

from aebench import registry
from aebench.spec import Autoencoder
from aebench.speed.peers import Peer


def epochs(work: Peer, autoencoder: Autoencoder, n_epochs: int, edit: tuple[str, str] | None = None) -> list[float]:
    """The mean total of each of the first epochs, the peer reading this specification.

    edit: a passage that stands once in the peer's text, and what stands there instead.
    """
    with mock.patch.object(registry, "autoencoder", return_value=autoencoder):
        run, _ = edited(work, *edit) if edit else work.ready()
        return [run() for _ in range(n_epochs)]


def edited(work: Peer, old: str, new: str):
    """`ready` of the peer's text with another passage in it."""
    module = importlib.import_module(f"aebench.speed.peers.{work.name}")
    source = inspect.getsource(module)
    if source.count(old) != 1:
        raise ValueError(f"{work.name}: '{old}' stands {source.count(old)} times in its text, expected once")
    text: dict[str, object] = {"__name__": module.__name__}
    exec(compile(source.replace(old, new), module.__file__ or "", "exec"), text)
    return text["ready"](work)


def images_of_an_epoch(work: Peer) -> int:
    """How many images the peer says that an epoch trains on."""
    return work.ready()[1]
