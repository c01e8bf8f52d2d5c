"""Sentences on a screen: broken between words on a terminal, one line each where a program reads them."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text


def say(words: str | Text, console: Console, style: str = "") -> None:
    """Show a sentence. One with a word that is wider than the terminal, such as a path, is left to the terminal, which
    copies it whole."""
    text = Text(words, style) if isinstance(words, str) else words
    fits = all(cell_len(word) <= console.width for word in text.plain.split())
    console.print(text, soft_wrap=not (console.is_terminal and fits))
