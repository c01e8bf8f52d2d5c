"""Known differences between versions of a framework, in a file for people, `known.toml`: strict data, each with its
reason."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from aebench import registry
from aebench.errors import AebenchError, ResultError, UnknownNameError
from aebench.records.comparisons import What
from aebench.records.fields import Name, Part

FILE = "known.toml"
# What may be known of a row, and the part of a comparison that says it.
VERDICTS: dict[str, What] = {
    "moved": "numbers", "mended": "numbers", "parted": "numbers", "failed": "numbers",
    "worse": "quality", "better": "quality", "slower": "speed", "faster": "speed", "more": "memory", "less": "memory",
}  # fmt: skip
IMPORT = "import"
MENDING = 'an entry is written as [[known]] framework = "pytorch", versions = ">=2.14", row = "sparse/gradients" …'


class Known(Part):
    """One difference: the versions of a framework that have it, so that it shows between one of these and another.

    versions: as pip writes them, such as ">=2.14,<2.15". row: AUTOENCODER/RUNG, where RUNG is the first rung that moved
    or parted; AUTOENCODER/climb where it cannot be climbed; AUTOENCODER/METRIC or MEASURE; or "import". verdict: what
    a comparison then says. upstream: the issue where it is dealt with.

    Raises:
        UnknownNameError: there is no such framework or autoencoder.
        ValueError: the versions, the row, the verdict or the address are none, or there is no reason.
    """

    framework: Name
    versions: str
    row: str
    verdict: str
    reason: str
    upstream: str | None = None

    def __post_init__(self) -> None:
        if self.framework not in registry.variants():
            raise UnknownNameError("framework", self.framework, registry.variants())
        if self.verdict not in VERDICTS:
            raise UnknownNameError("verdict", self.verdict, VERDICTS)
        try:
            wrong = not SpecifierSet(self.versions)
        except InvalidSpecifier:
            wrong = True
        if wrong:
            raise ValueError(f"versions is '{self.versions}', expected something like '>=2.14,<2.15'")
        if self.autoencoder is not None:
            registry.autoencoder(self.autoencoder)
        if not self.of or (self.autoencoder is None) != (self.of == IMPORT):
            raise ValueError(f"row is '{self.row}', expected something like 'sparse/gradients', or 'import'")
        if not self.reason.strip():
            raise ValueError("the reason is empty")
        if self.upstream is not None and not self.upstream.startswith("https://"):
            raise ValueError(f"upstream is '{self.upstream}', expected the address of an issue")

    @property
    def autoencoder(self) -> str | None:
        """Whose row it is; None for the import, which all share."""
        return self.row.rpartition("/")[0] or None

    @property
    def of(self) -> str:
        """The rung, metric or measure."""
        return self.row.rpartition("/")[2]

    @property
    def what(self) -> What:
        """The part of a comparison that it belongs to."""
        return VERDICTS[self.verdict]

    def lies_between(self, base: str, head: str) -> bool:
        """Whether one of these versions has it and the other one has not; one that is no version has nothing."""
        try:
            one, other = Version(base), Version(head)
        except InvalidVersion:
            return False
        having = SpecifierSet(self.versions, prereleases=True)
        return having.contains(one) != having.contains(other)


class Content(Part):
    """What the file holds."""

    known: list[Known] = []

    def __post_init__(self) -> None:
        places = [(it.framework, it.versions, it.row, it.verdict) for it in self.known]
        if twice := next((it for it in places if places.count(it) > 1), None):
            raise ValueError(f"{' '.join(twice)} is known twice; leave one of the entries out")


def read(path: Path) -> list[Known]:
    """The known differences of the file.

    Raises:
        ResultError: the file is not there, or is no TOML of that form; says which entry is wrong, and how.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(content, Content).known
    except FileNotFoundError as error:
        raise ResultError(f"there is no {path}; name the file of known differences, or leave the option out") from error
    except OSError as error:
        raise ResultError(f"cannot read {path}: {error.strerror or error}; look at its permissions") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ResultError(f"{path} is no TOML: {error}") from error
    except (msgspec.ValidationError, AebenchError) as error:
        raise ResultError(f"{path}: {error}; {MENDING}") from error
