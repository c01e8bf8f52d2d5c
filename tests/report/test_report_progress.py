"""A line for every finished piece, also where there is no terminal."""

from __future__ import annotations

import re
import sys

import pytest

from aebench.report.progress import Bars

LINE = r"\[  0:00\] stacked \[old\], agreement: PARTS: phase1, " + "far " * 100 + "away"


def test_without_a_terminal_each_finished_piece_is_a_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No bar, no colour, no line break within; on standard error, so that a table can be piped; at once."""
    with Bars() as bars:
        bars.begin("stacked", 2)
        bars.advance(1, 2)
        assert ("", "") == capsys.readouterr()
        bars.finished("stacked [old], agreement", "PARTS: phase1, " + "far " * 100 + "away")
        out, err = capsys.readouterr()
    assert "" == out
    assert re.fullmatch(LINE + "\n", err)


def test_on_a_terminal_the_line_stands_above_the_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same line, as it is."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with Bars() as bars:
        bars.begin("stacked", 2)
        bars.finished("stacked [old], agreement", "PARTS: phase1, " + "far " * 100 + "away")
    assert re.search(LINE, capsys.readouterr().err)
