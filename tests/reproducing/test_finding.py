"""Which place of a climb is reproduced, who is held to be right there, and whose script it becomes."""

from __future__ import annotations

import pytest

from aebench.agreement.bounds import Bound
from aebench.agreement.compare import Agreement, Comparison
from aebench.records.trace import Place
from aebench.registry import ARBITER
from aebench.reproducing.finding import Asked, _first

OLD, NEW, OTHER = "pytorch@old", "pytorch", "tensorflow"
FIRST, SECOND = Place("phase1", "forward", 0, "codings"), Place("phase1", "losses", 0, "total")


def pair(left: str, right: str, *shares: float) -> tuple[tuple[str, str], Agreement]:
    """The agreement of two, with these shares of the bounds at the first place and at the second."""
    comparisons = tuple(
        Comparison(place, 1e-6 * share, share, Bound(1.0, 1.0, "rounding"), "it parts" if share > 1.0 else None)
        for place, share in zip((FIRST, SECOND), shares, strict=True)
    )
    return (left, right), Agreement("linear", "float32", left, right, comparisons)


@pytest.mark.parametrize(
    ("asked", "agreements", "expected"),
    [
        # Of two versions the first is right, whoever is further off, unless only that one parts from the reference.
        ((OLD, NEW), [pair(ARBITER, OLD, 0, 4), pair(ARBITER, NEW, 0, 2), pair(OLD, NEW, 0.1, 5)],
         (SECOND, OLD, NEW, "parts")),
        ((OLD, NEW), [pair(ARBITER, OLD, 0, 1), pair(ARBITER, NEW, 0, 2), pair(OLD, NEW, 0.1, 5)],
         (SECOND, OLD, NEW, "parts")),
        ((OLD, NEW), [pair(ARBITER, OLD, 0, 4), pair(ARBITER, NEW, 0, 1), pair(OLD, NEW, 0.1, 5)],
         (SECOND, NEW, OLD, "parts")),
        # Nothing parts between them, but the second does from the reference, and the first does not.
        ((OLD, NEW), [pair(ARBITER, OLD, 0, 0.9), pair(ARBITER, NEW, 0, 1.1), pair(OLD, NEW, 0.1, 0.2)],
         (SECOND, ARBITER, NEW, "parts")),
        # Both do alike: what moved is what there is.
        ((OLD, NEW), [pair(ARBITER, OLD, 0, 1.2), pair(ARBITER, NEW, 0, 1.1), pair(OLD, NEW, 0, 0.2)],
         (SECOND, OLD, NEW, "moves")),
        ((OLD, NEW), [pair(OLD, NEW, 0.3, 0.2)], (FIRST, OLD, NEW, "moves")),
        ((OLD, NEW), [pair(OLD, NEW, 0, 0)], None),
        # Of two frameworks the reference is right, and who is further from it is not.
        ((NEW, OTHER), [pair(ARBITER, NEW, 0, 3), pair(ARBITER, OTHER, 0, 2), pair(NEW, OTHER, 0, 4)],
         (SECOND, ARBITER, NEW, "parts")),
        ((NEW, OTHER), [pair(ARBITER, NEW, 0, 2), pair(ARBITER, OTHER, 3, 3), pair(NEW, OTHER, 2, 4)],
         (FIRST, ARBITER, OTHER, "parts")),
        ((NEW, OTHER), [pair(ARBITER, NEW, 0, 0.5), pair(ARBITER, OTHER, 0, 0.5), pair(NEW, OTHER, 0, 0.4)], None),
        # In whatever order they climbed.
        ((NEW, OTHER), [pair(OTHER, NEW, 0, 2)], (SECOND, NEW, OTHER, "parts")),
        ((ARBITER, NEW), [pair(ARBITER, NEW, 0, 2)], (SECOND, ARBITER, NEW, "parts")),
        ((NEW, ARBITER), [pair(ARBITER, NEW, 2, 2)], (FIRST, ARBITER, NEW, "parts")),
        ((ARBITER, NEW), [pair(ARBITER, NEW, 0.9, 0.9)], None),
    ],
)  # fmt: skip
def test_the_first_place_and_who_is_right(
    asked: tuple[str, str],
    agreements: list[tuple[tuple[str, str], Agreement]],
    expected: tuple[Place, str, str, str] | None,
) -> None:
    """A parting before what moved; the reference is the judge where it takes part."""
    found = _first(Asked("linear", asked), dict(agreements))
    assert expected == (found and (found[0].place, *found[1:]))
