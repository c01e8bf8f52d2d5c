"""The file of a bundle: whole and of this version, or refused with the reason before anything of it is used."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from packing import Change, a_bit_changed, contents, repacked

from aebench.agreement import session
from aebench.errors import AebenchError, ResultError, UsageError
from aebench.processes.events import Silent
from aebench.records import archive, documents
from aebench.records.archive import MANIFEST, opened
from aebench.running.bundling import make
from aebench.running.options import Options

TRACE = "traces/linear-seed0-float64/reference.safetensors"


class Planted:
    """What a pickle runs when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("planted",)


PICKLE = pickle.dumps(Planted())


def refused(path: Path, why: str) -> None:
    """It is refused with that reason, in one line that names the file and what to do."""
    with pytest.raises(ResultError, match=why) as caught:
        opened(path)
    assert ("\n" in str(caught.value), str(path) in str(caught.value)) == (False, True)


def test_a_bundle_is_read_as_it_was_written(small: Path, tmp_path: Path) -> None:
    """Its members are those of the manifest, and come out as they went in; the same content makes the same bytes."""
    found = opened(small)
    assert {MANIFEST, *found.manifest.members} == set(contents(small))
    unpacked = {name: tmp_path / str(number) for number, name in enumerate(found.manifest.members)}
    for name, path in unpacked.items():
        found.unpack(name, path)
    archive.write(tmp_path / "again.zip", found.manifest, unpacked)
    assert small.read_bytes() == (tmp_path / "again.zip").read_bytes()


def test_a_bundle_that_is_cut_is_refused(small: Path, tmp_path: Path) -> None:
    """Planted fault: cut at any byte, of which every thousandth and the last hundred are tried."""
    whole, path = small.read_bytes(), tmp_path / "it.zip"
    for length in (*range(0, len(whole) - 100, 1000), *range(len(whole) - 100, len(whole))):
        path.write_bytes(whole[:length])
        refused(path, "is truncated or damaged")


def test_a_bit_that_is_changed_is_seen(small: Path, tmp_path: Path) -> None:
    """Planted fault: any one bit; what is still read has the same content, as where a date was changed."""
    whole, path, expected, accepted = small.read_bytes(), tmp_path / "it.zip", opened(small).manifest, 0
    positions = range(7, len(whole), len(whole) // 200)
    for at in positions:
        path.write_bytes(a_bit_changed(whole, at))
        try:
            found = opened(path)
        except ResultError:
            continue
        assert expected == found.manifest
        accepted += 1
    assert accepted < len(positions) // 10


def test_an_array_with_one_bit_changed_is_seen(small: Path, tmp_path: Path) -> None:
    """Planted fault: packed anew, so that zip's own sums are right; the manifest's are not."""
    content = contents(small)[TRACE]
    path = repacked(small, tmp_path / "it.zip", {TRACE: a_bit_changed(content, len(content) - 3)})
    refused(path, f"the checksum of {TRACE} is not what its manifest says")


def _set(*where: Any, value: object) -> Change:
    def change(manifest: dict[str, Any]) -> None:
        part: Any = manifest
        for key in where[:-1]:
            part = part[key]
        part[where[-1]] = value

    return change


MEMBER = {"size": len(PICKLE), "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("members", "change", "why"),
    [
        ({}, _set("format", value="aebench-bundle/2"), "expected aebench-bundle/1: .* newer aebench"),
        ({}, _set("format", value="aebench-trial/2"), "it is of another kind"),
        ({MANIFEST: None, "manifest": b"{}"}, None, "is a zip file of something else"),
        ({"more.pickle": PICKLE}, None, r"its manifest does not name its member more\.pickle"),
        ({"../more": PICKLE}, None, r"its manifest does not name its member \.\./more"),
        ({"../more": PICKLE}, _set("members", "../more", value=MEMBER), r"members"),
        ({"/more": PICKLE}, _set("members", "/more", value=MEMBER), r"members"),
        ({"more": PICKLE}, _set("members", "more", value=MEMBER), "do not agree on more"),
        ({TRACE: None}, None, f"it lacks {TRACE}"),
        ({}, _set("members", TRACE, "size", value=1), f"{TRACE} is not of the size"),
        ({}, _set("members", TRACE, "sha256", value="0" * 64), f"the checksum of {TRACE}"),
        ({}, _set("members", TRACE, "sha256", value="../../x"), "sha256"),
        ({}, _set("climbs", value=[]), "do not agree on"),
        ({}, _set("climbs", 0, "specification", "layers", 0, "n_outputs", value=5), "encoder1"),
        ({}, _set("climbs", 0, "specification", "layers", 0, "n_outputs", value="5"), "n_outputs"),
        ({}, _set("climbs", 0, "dtype", value="float32"), "it holds a climb twice"),
        ({}, _set("climbs", 0, "traces", value={"pytorch": TRACE}), "lacks the trace of the reference"),
        ({}, _set("conditions", "subjects", value={}), "do not say who reference is"),
        ({}, _set("colour", value="red"), "unknown field `colour`"),
        ({}, _set("members", TRACE, "size", value=10**400), "size"),
    ],
)  # fmt: skip
def test_what_is_no_bundle_of_this_version_is_refused(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: dict[str, bytes | None],
    change: Change | None, why: str,
) -> None:  # fmt: skip
    """Planted fault: one thing is not as it should be; nothing is written and nothing runs."""
    monkeypatch.chdir(tmp_path)
    if MANIFEST in members:
        with zipfile.ZipFile(tmp_path / "it.zip", "w") as packed:
            packed.writestr("manifest", b"{}")
    else:
        repacked(small, tmp_path / "it.zip", members, change)
    refused(tmp_path / "it.zip", why)
    assert ["it.zip"] == os.listdir()


@pytest.mark.parametrize("name", ["../more", "/more", "a/../b", ".more", "a/.more", "a//b", "a/", "a b"])
def test_a_member_s_name_leads_nowhere_else(small: Path, tmp_path: Path, name: str) -> None:
    """Planted fault: everything in the bundle calls a member so; a plain name in the same places is accepted."""
    for called in ("more/plain.safetensors", name):
        members = {TRACE: None, called: contents(small)[TRACE]}
        path = repacked(small, tmp_path / "it.zip", members, partial(_renamed, called))
        if called != name:
            assert called in opened(path).manifest.members
    refused(path, "regex")


def _renamed(called: str, manifest: dict[str, Any]) -> None:
    """The member with the trace has another name, wherever it stands."""
    manifest |= json.loads(json.dumps(manifest).replace(TRACE, called))


def test_a_bundle_is_known_by_what_it_holds(small: Path, tmp_path: Path) -> None:
    """Its digest is the same wherever it lies, and another one where a condition is."""
    copied = tmp_path / "copied.zip"
    copied.write_bytes(small.read_bytes())
    changed = repacked(small, tmp_path / "changed.zip", {}, _set("conditions", "schedule", value="another"))
    digests = [opened(path).digest for path in (small, copied, changed)]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_a_manifest_has_its_limit(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: one byte more than may be unpacked of it."""
    size = len(contents(small)[MANIFEST])
    monkeypatch.setattr(archive, "LARGEST_MANIFEST", size)
    assert opened(small).manifest.climbs
    monkeypatch.setattr(archive, "LARGEST_MANIFEST", size - 1)
    refused(small, "would unpack to")


def test_what_promises_more_than_it_holds_is_not_unpacked(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted fault: 300 MB of zeros in 300 KB; it is refused though nothing of it can be read."""
    path = repacked(small, tmp_path / "it.zip", {TRACE: bytes(300 * 2**20)}, listed=True)
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    refused(path, "would unpack to")


def test_a_member_that_is_there_twice_is_refused(small: Path, tmp_path: Path) -> None:
    """Planted fault: of two of one name, one reader sees the first and another the last."""
    path = tmp_path / "it.zip"
    path.write_bytes(small.read_bytes())
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(MANIFEST, contents(small)[MANIFEST])
    refused(path, "it holds a member twice")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_is_packed_otherwise_is_refused(small: Path, tmp_path: Path, method: int) -> None:
    """Planted fault: no bundle has such a member."""
    with zipfile.ZipFile(tmp_path / "it.zip", "w", method) as packed:
        for name, content in contents(small).items():
            packed.writestr(name, content)
    refused(tmp_path / "it.zip", "not packed as those of bundles are")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip file", PICKLE, b"PK\x05\x06" + bytes(18)])
def test_what_is_no_zip_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Planted fault: whatever stands in the file, an empty zip file among it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it.zip").write_bytes(content)
    refused(tmp_path / "it.zip", "truncated or damaged|a zip file of something else")
    assert ["it.zip"] == os.listdir()


def test_a_bundle_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    """With the command that makes one; a folder cannot be read."""
    refused(tmp_path / "it.zip", "no file .* makes a bundle")
    (tmp_path / "it.zip").mkdir()
    refused(tmp_path / "it.zip", "is a folder, and a bundle is a file")


def test_a_bundle_that_was_changed_since_is_not_unpacked(small: Path, tmp_path: Path) -> None:
    """Planted fault: another file under its name, after it was looked through; nothing is left of the member."""
    path = tmp_path / "it.zip"
    path.write_bytes(small.read_bytes())
    found = opened(path)
    repacked(small, path, {TRACE: a_bit_changed(contents(small)[TRACE], 5000)})
    with pytest.raises(AebenchError, match="the checksum of"):
        found.unpack(TRACE, tmp_path / "trace")
    assert ["it.zip"] == os.listdir(tmp_path)


def test_the_manifest_says_what_is_held(small: Path) -> None:
    """Both dtypes of the autoencoder, narrow, and under which conditions."""
    content = documents.parsed(contents(small)[MANIFEST].decode(), small, "bundle")
    assert [("linear", "float64"), ("linear", "float32")] == [
        (climb["specification"]["name"], climb["dtype"]) for climb in content["climbs"]
    ]
    assert (False, {"reference"}) == (content["full"], set(content["conditions"]["subjects"]))
    assert json.loads(contents(small)[MANIFEST])["format"] == "aebench-bundle/1"


def test_a_bundle_is_never_written_over(tmp_path: Path) -> None:
    """Whatever is there; and two subjects that would have one name in it are refused."""
    path = tmp_path / "it.zip"
    with pytest.raises(UsageError, match="both be reference in the bundle"):
        make(Options(("linear",), ("reference", "reference@other")), path, Silent())
    with pytest.raises(UsageError, match=r"name ends in \.zip"):
        make(Options(("linear",), ("reference",)), tmp_path / "it", Silent())
    path.touch()
    with pytest.raises(UsageError, match="never written over"):
        make(Options(("linear",), ("reference",)), path, Silent())
    assert [("it.zip", 0)] == [(found.name, found.stat().st_size) for found in tmp_path.iterdir()]


def test_who_cannot_climb_leaves_no_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: a climb that raises; the message says whose, and nothing is written."""
    monkeypatch.setattr(session, "climb_as_arbiter", float)
    with pytest.raises(ResultError, match="no bundle was made, because reference could not climb linear: "):
        make(Options(("linear",), ("reference",)), tmp_path / "it.zip", Silent())
    assert [] == list(tmp_path.iterdir())
