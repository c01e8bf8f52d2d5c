"""What `bench` says, and the plot of shares of the ceiling, read off the figure's own lines."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console

from aebench.report.speed import ROUNDS, draw, print_bench


def case(autoencoder: str, batch: int, seconds: float) -> dict[str, Any]:
    """Six rounds of an autoencoder at a batch size; the ceiling takes one second."""
    subject = {"name": "pytorch", "kind": "framework", ROUNDS: [seconds] * 6}
    where = {"autoencoder": autoencoder, "use": None, "batch": batch, "width": 1.0}
    return {**where, "ceiling": {ROUNDS: [1.0] * 6}, "subjects": [subject]}


def test_every_panel_shows_all_its_points(figures: list[Figure], tmp_path: Path) -> None:
    """The panels share a scale, which must hold the shares of the later ones, too."""
    shares = {"stacked": 0.5, "sparse": 2.0}
    cases = [case(name, batch, 1.0 / share) for name, share in shares.items() for batch in (1, 10)]
    assert tmp_path / "bench.png" == draw(cases, tmp_path / "bench.png")
    for axes, share in zip(figures[0].axes, shares.values(), strict=True):
        bottom, top = axes.get_ylim()
        assert [share, share] == list(axes.lines[0].get_ydata())
        assert 0 == bottom <= share < top


def test_nothing_is_drawn_where_no_size_varies(tmp_path: Path) -> None:
    """One batch size is a table, not a plot."""
    assert draw([case("stacked", 1, 2.0)], tmp_path / "bench.png") is None
    assert [] == list(tmp_path.iterdir())


def test_a_round_that_was_lost_is_told() -> None:
    """What was timed in a second process, and why, stands below the table."""
    found = case("stacked", 1, 2.0)
    found["subjects"][0] |= {"compile_seconds": 0.0, "lost": ["round 3: its process ended"]}
    console = Console(file=io.StringIO(), width=80)
    print_bench([{**found, "ceiling": None, "narrow": True}], console)
    assert "timed again: pytorch, round 3: its process ended" in console.file.getvalue()
