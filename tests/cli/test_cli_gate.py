"""`aebench gate` as a user calls it: what was accepted here, trained in another environment."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import other_environments

from aebench.records import documents


def test_an_environment_is_held_against_what_was_accepted(aebench: Callable[..., object], tmp_path: Path) -> None:
    """An equal one is identical; a second call trains nothing again; one that lacks everything is refused."""
    other_environments.make(tmp_path / "other")
    other_environments.make(tmp_path / "empty", packages=False)
    assert 0 == aebench("run", "linear", "-f", "reference", "-o", "run").returncode
    accepted = aebench("accept", "run", "-m", "first", "--to", "to")
    assert (0, True) == (accepted.returncode, "Of fewer than 5 seeds: linear." in " ".join(accepted.stdout.split()))
    (baseline,) = (tmp_path / "to" / "baselines").glob("*.json")
    itself = aebench("gate", str(baseline))
    assert (0, True) == (itself.returncode, f"Held against {baseline}" in itself.stdout), "without --to"
    named = aebench("gate", "linear", "--to", "to")
    assert (2, True) == (named.returncode, "aebench gate here linear" in named.stderr)
    first = aebench("gate", "./other", "--to", "to", "-o", "out", "--all")
    assert (0, "./other: nothing got worse than the baseline.") == (first.returncode, first.stdout.splitlines()[0])
    assert ["identical"] * 5 == re.findall(r"reference@other +\w+ +(\w+)", first.stdout)
    (trial,) = documents.read(tmp_path / "out" / "result.json", "run")["trials"]
    assert "reference@other" == trial["framework"]
    assert 20e6 < trial["speed"]["peak_bytes"] < 5e9
    again = aebench("gate", "./other", "--to", "to", "-o", "out")
    assert (0, True) == (again.returncode, "(before)" in again.stderr)
    planned = aebench("gate", "./other", "--to", "to", "--dry-run")
    assert (0, "linear: reference@other from 1 seed") == (planned.returncode, planned.stdout.splitlines()[0])
    lacking = aebench("gate", "./empty", "--to", "to")
    assert (2, True) == (lacking.returncode, "environment './empty' lacks what its processes need" in lacking.stderr)
