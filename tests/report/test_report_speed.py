"""What `bench` says, and the plot of shares of the ceiling, read off the figure's own lines."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from msgspec import structs
from pairs import case_of
from rich.console import Console

from aebench.records.blocks import Timed
from aebench.records.measurements import Case
from aebench.report.speed import draw, print_bench


def printed(case: Case) -> str:
    """What is said of the case, on a wide screen."""
    console = Console(file=io.StringIO(), width=160)
    print_bench([case], console)
    return console.file.getvalue()


def test_every_panel_shows_all_its_points(figures: list[Figure], tmp_path: Path) -> None:
    """The panels share a scale, which must hold the shares of the later ones, too."""
    shares = {"stacked": 0.5, "sparse": 2.0}
    sizes = [(name, batch) for name in shares for batch in (1, 10)]
    cases = [case_of({"pytorch": 1.0 / shares[name]}, name, batch=batch) for name, batch in sizes]
    assert tmp_path / "bench.png" == draw(cases, tmp_path / "bench.png")
    for axes, share in zip(figures[0].axes, shares.values(), strict=True):
        bottom, top = axes.get_ylim()
        assert pytest.approx([share, share]) == list(axes.lines[0].get_ydata())
        assert 0 == bottom <= share < top


def test_nothing_is_drawn_where_no_size_varies(tmp_path: Path) -> None:
    """One batch size is a table, not a plot."""
    assert draw([case_of({"pytorch": 2.0})], tmp_path / "bench.png") is None
    assert [] == list(tmp_path.iterdir())


def test_the_table_by_hand() -> None:
    """Half a second of 1,000 images, twice the ceiling's quarter; twice as fast as the other; 1 GiB; 3 s to compile."""
    text = printed(case_of({"tensorflow": 1.0, "pytorch": 0.5}, ceiling=0.25))
    row = next(line for line in text.splitlines() if line.startswith("pytorch"))
    assert "pytorch 500 (±0 %) 0.50 (0.50 … 0.50) 2.00 (2.00 … 2.00) 3.0 1.0 1,024" == " ".join(row.split())
    assert "ceiling: products by reference" in text


def test_a_block_that_was_lost_is_told_and_what_failed_is_named() -> None:
    """Below the table, with the reason."""
    case = case_of({"tensorflow": 1.0, "pytorch": 1.0})
    broken = Timed(name="pytorch", failure="its process ended")
    blocks = [structs.replace(it, subjects=[it.subjects[0], broken, *it.subjects[2:]]) for it in case.blocks]
    once, always = (structs.replace(case, blocks=found) for found in ([*blocks[:1], *case.blocks[1:]], blocks))
    assert "lost: pytorch, block 1: its process ended" in printed(once)
    assert "failed: pytorch: its process ended" in printed(always)
    assert "lost" not in printed(case) + printed(always)


def test_one_block_has_no_interval() -> None:
    """It is a number, and how sure that is nobody knows."""
    case = case_of({"pytorch": 1.0})
    assert "±" not in printed(structs.replace(case, blocks=case.blocks[:1]))
