"""Bundles packed anew, with whatever a test wants in them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aebench import registry
from aebench.records import archive, capture
from aebench.records.archive import MANIFEST
from aebench.records.bundles import Bundle, Bundled
from aebench.records.conditions import Subject

Change = Callable[[dict[str, Any]], object]


def contents(path: Path) -> dict[str, bytes]:
    """Every member of a bundle, the manifest first."""
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def repacked(
    path: Path, to: Path, members: Mapping[str, bytes | None], change: Change | None = None, *, listed: bool = False
) -> Path:
    """The bundle with other members, or without those that are None; listed: the manifest says what they are."""
    held = {name: content for name, content in {**contents(path), **members}.items() if content is not None}
    manifest = json.loads(held[MANIFEST])
    for name, content in members.items() if listed else ():
        assert content is not None
        manifest["members"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if change is not None:
        change(manifest)
    held[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in held.items():
            packed.writestr(name, content)
    return to


def placeholder(path: Path, *subjects: str) -> Path:
    """A bundle that says that it holds a climb of `linear` by these subjects; its members hold nothing."""
    member = path.with_suffix(".member")
    member.write_bytes(b"")
    traces = {name: f"traces/{name}" for name in (registry.ARBITER, *subjects)}
    climb = Bundled(
        specification=registry.autoencoder("linear"), seed=0, dtype="float64", steps=10, dataset="curve", data="data",
        drawn="drawn", traces=traces,
    )  # fmt: skip
    held = dict.fromkeys(climb.members, member)
    described = {name: Subject(framework=name, version="1.0") for name in traces}
    manifest = Bundle(
        full=False, ladder="", conditions=capture.here(subjects=described), climbs=[climb],
        members={name: archive.measured(member) for name in held},
    )  # fmt: skip
    archive.write(path, manifest, held)
    member.unlink()
    return path


def a_bit_changed(content: bytes, at: int) -> bytes:
    """The bytes with the lowest bit of one of them the other way."""
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
