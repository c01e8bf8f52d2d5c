"""The zip file that a bundle is: what other programs find in it, how it is known again, and what damage is called."""

from __future__ import annotations

import hashlib
import struct
import zipfile
from pathlib import Path

import pytest
from packing import contents, placeholder, repacked

from aebench.errors import ResultError, UnwritableError
from aebench.records import archive
from aebench.records.archive import MANIFEST, opened

# Where a member's entry in the directory at the end holds what, by the specification of zip files.
ENTRY, VERSION, FLAGS, PACKED_SIZE = b"PK\x01\x02", 6, 8, 20


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A bundle whose members hold nothing."""
    return placeholder(tmp_path / "made.zip", "pytorch")


def test_what_is_unpacked_by_others_can_be_read(made: Path) -> None:
    """Every member is a plain file that anybody may read and its owner write, and no clock stands in it."""
    with zipfile.ZipFile(made) as packed:
        entries = packed.infolist()
    assert MANIFEST == entries[0].filename
    assert {(0o644, (1980, 1, 1, 0, 0, 0), zipfile.ZIP_DEFLATED)} == {
        (entry.external_attr >> 16, entry.date_time, entry.compress_type) for entry in entries
    }


def test_a_bundle_is_known_by_its_manifest(made: Path, tmp_path: Path) -> None:
    """Literally: by 16 digits of its SHA-256; the same content that is packed otherwise is the same bundle."""
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, content in contents(made).items():
            packed.writestr(name, content)
    assert made.read_bytes() != other.read_bytes()
    expected = hashlib.sha256(contents(made)[MANIFEST]).hexdigest()[:16]
    assert [expected, expected] == [opened(path).digest for path in (made, other)]


def test_a_bundle_that_cannot_be_finished_is_not_there(made: Path, tmp_path: Path) -> None:
    """Planted fault: a member that is gone when its turn comes; nothing stands under the bundle's name, nor beside."""
    manifest = opened(made).manifest
    folder = tmp_path / "folder"
    with pytest.raises(UnwritableError, match=r"cannot write .*it\.zip"):
        archive.write(folder / "it.zip", manifest, dict.fromkeys(manifest.members, tmp_path / "gone"))
    assert [] == list(folder.iterdir())


@pytest.mark.parametrize(("size", "refused"), [(150_000, False), (300_000, True)])
def test_a_bundle_may_unpack_to_100_times_its_size(made: Path, tmp_path: Path, size: int, refused: bool) -> None:
    """Planted: zeros, in a file of a 75th of what it unpacks to, and in one of less than a 110th, which says so."""
    path = repacked(made, tmp_path / "it.zip", {"data": bytes(size)}, listed=True)
    times = sum(map(len, contents(path).values())) / path.stat().st_size
    assert 110 < times < 200 if refused else 60 < times < 90
    if not refused:
        assert opened(path).manifest.climbs
        return
    with pytest.raises(ResultError, match=rf"its {path.stat().st_size:,} bytes would unpack to 3\d\d,\d\d\d"):
        opened(path)


@pytest.mark.parametrize(
    ("at", "planted", "why"),
    [
        (FLAGS, struct.pack("<H", 1), "a member is encrypted, or not packed"),
        (VERSION, struct.pack("<H", 99), "zip file version 9.9"),
        (PACKED_SIZE, struct.pack("<L", 5), "is truncated or damaged"),
    ],
    ids=["encrypted", "of a later version", "cut"],
)
def test_what_is_said_of_a_member_is_looked_at(made: Path, tmp_path: Path, at: int, planted: bytes, why: str) -> None:
    """Planted fault: in the entry of one member; it is one line that names the file."""
    content, path = made.read_bytes(), tmp_path / "it.zip"
    place = content.index(ENTRY) + at
    path.write_bytes(content[:place] + planted + content[place + len(planted) :])
    with pytest.raises(ResultError, match=why) as caught:
        opened(path)
    assert (True, False) == (str(path) in str(caught.value), "\n" in str(caught.value))


def test_what_cannot_be_opened_says_why(made: Path) -> None:
    """A name below a file, which is no folder; the path stands in the message once."""
    with pytest.raises(ResultError) as caught:
        opened(made / "it.zip")
    assert f"cannot read {made / 'it.zip'}: Not a directory; look at its permissions" == str(caught.value)


def test_a_directory_that_is_nowhere_is_damage(made: Path) -> None:
    """Planted fault: a byte of the place where a zip file's directory begins; nobody's permissions are to be mended."""
    content = bytearray(made.read_bytes())
    content[-3] = 0x01
    made.write_bytes(content)
    with pytest.raises(ResultError, match=r"made\.zip is truncated or damaged"):
        opened(made)


def test_a_bundle_that_was_exchanged_since_is_damage(made: Path, tmp_path: Path) -> None:
    """It was opened, and holds something else when a member is unpacked."""
    archived = opened(made)
    with zipfile.ZipFile(made, "w") as other:
        other.writestr("other", "x")
    with pytest.raises(ResultError, match=r"made\.zip is truncated or damaged.*'data'"):
        archived.unpack("data", tmp_path / "data")
