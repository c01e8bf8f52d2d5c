"""The zip file that a bundle is: written whole; looked through, from sizes to checksums, before anything is read of it.

Its members are JSON and safetensors, which hold data and no program. They are unpacked under names of the reader's
choice, never under those that stand in the file.
"""

from __future__ import annotations

import errno
import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aebench.errors import ResultError
from aebench.records import documents
from aebench.records.bundles import Bundle, Member
from aebench.records.fields import checked, plain
from aebench.records.store import whole

KIND, SUFFIX, MANIFEST = "bundle", ".zip", "manifest.json"
# Traces hardly shrink, images by 20 times at most. What promises more would fill the disk.
MOST_EXPANDED = 100
LARGEST_MANIFEST = 64 * 2**20  # bytes; that of twelve autoencoders has 100,000
BLOCK = 2**20
DIGEST = 16  # characters of a bundle's own checksum
# What damaged files make `zipfile` raise.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError, RuntimeError)
# The same content gives the same bytes, whenever it is packed.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Archive:
    """A bundle that was looked through, and is whole. digest: of its manifest, and with that of all that it holds."""

    path: Path
    manifest: Bundle
    digest: str

    def unpack(self, member: str, to: Path) -> None:
        """Leave the member's content at the path.

        Raises:
            ResultError: the file was changed since it was looked through.
            UnwritableError: it cannot be written.
        """
        with _opened(self.path) as packed, whole(to) as temporary, temporary.open("wb") as file:
            _copy(self.path, packed, member, self.manifest.members[member], file)

    def damaged(self, why: object) -> ResultError:
        """The error for a bundle whose members do not hold what they should."""
        return documents.damaged(self.path, KIND, why)


def write(path: Path, manifest: Bundle, members: Mapping[str, Path]) -> None:
    """Pack the manifest and its members, whole.

    Raises:
        UnwritableError: the folder cannot be written, or the disk is full.
    """
    with whole(path) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        packed.writestr(_entry(MANIFEST), documents.text(KIND, plain(manifest)))
        for name, source in members.items():
            with source.open("rb") as file, packed.open(_entry(name), "w", force_zip64=True) as target:
                while block := file.read(BLOCK):
                    target.write(block)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return entry


def measured(path: Path) -> Member:
    """The size and the checksum of a file that is to be packed."""
    with path.open("rb") as file:
        return Member(size=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def opened(path: Path) -> Archive:
    """The bundle at the path, after all of it was checked.

    Raises:
        ResultError: there is none, it is damaged or cut short, something else, or of a newer version; says which.
    """
    with _opened(path) as packed:
        _look_through(path, packed)
        text = packed.read(MANIFEST)
        try:
            content = documents.parsed(text.decode("utf-8"), path, KIND)
        except UnicodeDecodeError as error:
            raise documents.damaged(path, KIND, error) from error
        manifest = checked(content, Bundle)
        names = {entry.filename for entry in packed.infolist()} - {MANIFEST}
        for name in sorted(names ^ manifest.members.keys()):
            what = "it lacks" if name in manifest.members else "its manifest does not name its member"
            raise documents.damaged(path, KIND, f"{what} {name}")
        for name, member in manifest.members.items():
            _copy(path, packed, name, member, None)
    return Archive(path, manifest, hashlib.sha256(text).hexdigest()[:DIGEST])


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip file; whatever it raises while it is read becomes one line."""
    try:
        with zipfile.ZipFile(path) as packed:
            yield packed
    except IsADirectoryError as error:
        raise ResultError(f"{path} is a folder, and a bundle is a file; name the file") from error
    except FileNotFoundError as error:
        raise ResultError(f"no file {path}; `aebench bundle -o {path}` makes a bundle") from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # it names a place in itself that no file has
            raise documents.damaged(path, KIND, error) from error
        raise ResultError(f"cannot read {path}: {error.strerror or error}; look at its permissions") from error
    except BROKEN as error:
        raise documents.damaged(path, KIND, error) from error


def _look_through(path: Path, packed: zipfile.ZipFile) -> None:
    """What can be seen without unpacking anything.

    Raises:
        ResultError: it is no bundle, or promises what no bundle holds.
    """
    entries = packed.infolist()
    names = [entry.filename for entry in entries]
    if MANIFEST not in names:
        raise ResultError(f"{path} is a zip file of something else: it holds no {MANIFEST}; name a bundle of aebench")
    if len(set(names)) < len(names):
        raise documents.damaged(path, KIND, "it holds a member twice")
    if any(entry.flag_bits & 1 or entry.compress_type != zipfile.ZIP_DEFLATED for entry in entries):
        raise documents.damaged(path, KIND, "a member is encrypted, or not packed as those of bundles are")
    sizes, there = sum(entry.file_size for entry in entries), path.stat().st_size
    if sizes > MOST_EXPANDED * there or packed.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
        raise documents.damaged(path, KIND, f"its {there:,} bytes would unpack to {sizes:,}")


def _copy(path: Path, packed: zipfile.ZipFile, name: str, member: Member, target: BinaryIO | None) -> None:
    """Unpack one member, to nowhere without a target, and hold it against its size and checksum."""
    if packed.getinfo(name).file_size != member.size:
        raise documents.damaged(path, KIND, f"{name} is not of the size that its manifest says")
    digest = hashlib.sha256()
    with packed.open(name) as file:
        while block := file.read(BLOCK):
            digest.update(block)
            if target is not None:
                target.write(block)
    if digest.hexdigest() != member.sha256:
        raise documents.damaged(path, KIND, f"the checksum of {name} is not what its manifest says")
