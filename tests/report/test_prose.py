"""Sentences break between words on a terminal, and nowhere else."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from aebench.report.prose import say

WORDS = "one two three four five six"


def shown(words: str | Text, *, terminal: bool, width: int = 14) -> list[str]:
    """The lines that are written."""
    out = io.StringIO()
    say(words, Console(file=out, width=width, force_terminal=terminal, color_system=None))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("words", [WORDS, Text(WORDS, "bold")])
def test_a_terminal_gets_whole_words_and_a_program_one_line(words: str | Text) -> None:
    """Brackets are no markup."""
    assert ["one two three", "four five six"] == shown(words, terminal=True)
    assert [WORDS] == shown(words, terminal=False)
    assert ["a [red] one"] == shown("a [red] one", terminal=True)


def test_what_is_wider_than_the_terminal_is_not_broken() -> None:
    """A path in the sentence is copied as it is; a word as wide as the terminal fits."""
    words = f"see {'/a' * 8} for more"
    assert [words] == shown(words, terminal=True)
    assert ["see", "/a" * 7, "for more"] == shown(f"see {'/a' * 7} for more", terminal=True)
