"""A clone of the checkout with commits in which every workload is slower by a known share, or nothing has changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from aebench.errors import why

ROOT = Path(__file__).parents[2]
FILE = Path("aebench/speed/workloads.py")
SOUND = "    return workload.ready()\n"
SLOWED = """    from aebench.speed.planted import Slowed

    return Slowed(workload, {share}).ready()
"""
NOTHING = "    # Nothing is planted here.\n"


def clone(root: Path, place: Path) -> tuple[Path, str]:
    """A clone of what is committed in the checkout, and the commit, its branch `main`. A second call takes it as is."""
    if not place.exists():
        _git(root, "clone", "--quiet", "--shared", "--no-checkout", str(root), str(place))
        _git(place, "checkout", "--quiet", "-B", "main", "HEAD")
        # Where an installed `aebench` has them: pytest takes the checkout as it is.
        (place / "aebench" / "implementations").symlink_to(Path("..") / "implementations")
    return place, _git(place, "rev-parse", "main")


def planted(place: Path, base: str, share: float) -> str:
    """The commit on top of base whose workloads take longer by the share of their own time; of 0, a comment more."""
    branch = f"slower-{share:g}"
    if _git(place, "branch", "--list", branch):
        return _git(place, "rev-parse", branch)
    _git(place, "checkout", "--quiet", "-B", branch, base)
    text = (place / FILE).read_text(encoding="utf-8")
    if text.count(SOUND) != 1:
        raise ValueError(f"{FILE} has no place, or several, at which workloads are made ready; expected: {SOUND!r}")
    (place / FILE).write_text(text.replace(SOUND, SLOWED.format(share=share) if share else NOTHING + SOUND))
    who = ("-c", "user.name=aebench", "-c", "user.email=aebench@localhost")
    _git(place, *who, "commit", "--quiet", "--no-verify", "--all", "-m", f"Every workload is {share:.0%} slower")
    return _git(place, "rev-parse", branch)


def check_out(place: Path, commit: str) -> None:
    """Make the clone's files those of the commit."""
    _git(place, "checkout", "--quiet", "--detach", commit)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], text=True, capture_output=True, check=False)
    if done.returncode:
        raise ValueError(f"git {arguments[0]}: {why(done.stderr)}")
    return done.stdout.strip()
