"""The releases of a package, asked of the index that pip is configured for."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from aebench.errors import UsageError, why

LISTED = re.compile(r"^Available versions: (.+)$", re.MULTILINE)
# What pip says of an index that does not answer; it lists what the others have all the same.
LOST = re.compile(r"^WARNING: Retrying .*", re.MULTILINE)
REASON = re.compile(r"\[Errno -?\d+\] [^'\")]+|\w*(?:Error|Timeout)\b")


@dataclass(frozen=True)
class Listed:
    """The releases that pip knows of. lost: what kept it from an index that it was to ask, too, in its own words."""

    versions: frozenset[Version]
    lost: str | None


def between(package: str, first: str, last: str) -> list[str]:
    """All releases from the first to the last, both of which there are. Pre-releases are left out, but for these two.

    Raises:
        UsageError: pip cannot say which there are; the first or the last is none, or is not the earlier.
    """
    lowest, highest = Version(first), Version(last)
    if lowest >= highest:
        raise UsageError(f"{first} is no release before {last}; name the earlier one first")
    listed = _listed(package)
    if listed.lost is not None:
        raise UsageError(
            f"an index did not answer ({listed.lost}), so nobody knows which releases of {package} there are; try "
            "again when it does, or leave it out of pip's configuration"
        )
    # A build of a release, such as 2.13.0+cpu, is that release, unless it is asked for.
    ends = (lowest, highest)
    found = sorted({Version(it.public) for it in listed.versions} | {it for it in listed.versions if it in ends})
    for wanted in ends:
        if wanted not in found:
            known = ", ".join(map(str, found))
            raise UsageError(f"the index has no release {wanted} of {package} for this interpreter; it has {known}")
    return [str(it) for it in found if lowest <= it <= highest and (it in ends or not it.is_prerelease)]


def _listed(package: str) -> Listed:
    """What `pip index versions` lists for this interpreter and platform."""
    command = [sys.executable, "-m", "pip", "index", "versions", "--pre", "--disable-pip-version-check"]
    command += ["--retries", "1", package]  # each that pip makes is a warning, and no warning means that all answered
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    match = LISTED.search(ended.stdout)
    if ended.returncode or match is None:
        raise UsageError(f"pip cannot say which releases of {package} there are: {why(ended.stderr)}")
    versions = frozenset(it for text in match[1].split(",") if (it := _version(text.strip())) is not None)
    lost = LOST.search(ended.stderr)
    return Listed(versions, lost and (REASON.findall(lost[0]) or [lost[0]])[-1])


def _version(text: str) -> Version | None:
    """The version; None for what is none, as very old releases of some packages are called."""
    try:
        return Version(text)
    except InvalidVersion:
        return None
