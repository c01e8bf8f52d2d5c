"""What a comparison is made of."""

from __future__ import annotations

from collections.abc import Sequence

from aebench.errors import UsageError
from aebench.processes.executors import Chosen
from aebench.records.comparisons import What

PARTS: tuple[What, ...] = ("numbers", "quality", "speed", "memory")
TIMED: tuple[What, ...] = ("speed", "memory")


def require_parts(only: Sequence[str]) -> tuple[What, ...]:
    """The parts by name, in their order.

    Raises:
        UsageError: one is none of them.
    """
    wrong = [part for part in only if part not in PARTS]
    if wrong:
        raise UsageError(f"no part of a comparison is called '{wrong[0]}'; expected some of {', '.join(PARTS)}")
    return tuple(part for part in PARTS if part in only) or PARTS


def require_untimed(only: Sequence[What], executor: Chosen | None) -> None:
    """UsageError where an executor is asked for what is timed."""
    if executor is not None and set(TIMED) & set(only):
        raise UsageError(
            "what is timed has its machine to itself, so speed and memory take no executor: add --only numbers,quality"
        )
