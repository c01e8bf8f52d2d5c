"""Where the commands print: how wide it is, and whether in colour, in a pipe, in CI and on a terminal."""

from __future__ import annotations

import pytest

from aebench.cli.options import console

VARIABLES = ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TERM", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


@pytest.mark.parametrize(
    ("variables", "width", "colours"),
    [
        ({}, 160, False),
        ({"FORCE_COLOR": "1", "TERM": "xterm-256color"}, 160, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm-256color"}, 160, False),
        ({"TERM": "dumb"}, 160, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, 80, False),  # what rich takes a dumb terminal for
        ({"COLUMNS": "60"}, 60, False),
        ({"COLUMNS": "0"}, 160, False),
        ({"COLUMNS": ""}, 160, False),
        ({"COLUMNS": "-5"}, 160, False),
        ({"COLUMNS": "wide"}, 160, False),
        ({"COLUMNS": "60", "FORCE_COLOR": "1", "TERM": "xterm-256color"}, 60, True),
    ],
)
def test_a_pipe_is_as_wide_as_it_is_said_to_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    variables: dict[str, str], width: int, colours: bool,
) -> None:  # fmt: skip
    """Colours that are forced there, as in CI, make it no terminal of 80 columns; what is wider is broken, not cut."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    screen = console()
    screen.print("x" * (width + 1), style="red")
    shown = capsys.readouterr().out
    assert colours == ("\x1b[31m" in shown)
    assert [width, 1] == [line.count("x") for line in shown.splitlines()]
