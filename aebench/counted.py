"""How many of something there are, in words."""

from __future__ import annotations


def counted(count: int, thing: str) -> str:
    """`1 seed`, `1,000 seeds`: the thing is one whose plural ends in s."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
